/* Sentences for what is wrong with a form's answers. */
#ifndef DAEMON_FAULT_H
#define DAEMON_FAULT_H

#include "text/catalogue.h"
#include "xmpp/form.h"

/* What is wrong with the field, in that language: what form_blame said, or
 * the text for the fault that the form found itself. */
void fault_text(struct catalogue *c, const char *lang,
    const struct form_field *field, char r[CATALOGUE_TEXT_MAX]);

#endif
