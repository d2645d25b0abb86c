/*
 * Whether a stanza is what a script expects.
 *
 * The stanza itself may carry more attributes and children than the script
 * names; elements inside it may not, unless they say scansion:strict='false'
 * (and the stanza may be judged as strictly with scansion:strict='true').  An
 * <error/> is loose without saying so.
 * Children may come in any order.  A child with scansion:absent='true' must
 * not be there.  In attributes and text, {scansion:any} stands for anything,
 * and {scansion:capture:NAME} for anything the first time and for the same
 * from then on.
 */
#ifndef HARNESS_MATCH_H
#define HARNESS_MATCH_H

#include "node.h"
#include "vars.h"

/* 1: it matches, and captures are set.  0: it does not. */
int match(const struct node *want, const struct node *got, struct vars *v);

/* Whether `text` is what `pattern` describes; captures as above. */
int match_text(const char *pattern, const char *text, struct vars *v);

#endif
