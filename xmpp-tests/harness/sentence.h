/*
 * Which sentence does what.  A pattern is the sentence with holes: <client>
 * (a name from the script's blocks), <number>, <word> and <text> (in double
 * quotes; \" for a quote inside).
 */
#ifndef HARNESS_SENTENCE_H
#define HARNESS_SENTENCE_H

#include "play.h"

extern const struct sentence talk_sentences[];	  /* clients */
extern const struct sentence burst_sentences[];	  /* numbered messages */
extern const struct sentence adhoc_sentences[];	  /* commands */
extern const struct sentence control_sentences[]; /* Masthead, the server */

int sentence_say(struct play *p, const struct step *step);
/* Every pattern, a line each. */
void sentence_list(void);

#endif
