/* companion_options.h — from what a user says to what Paho needs. */
#ifndef ACTORS_COMPANION_OPTIONS_H
#define ACTORS_COMPANION_OPTIONS_H

#include "actors/paho_link.h"

/* Looks for the files too. */
bool companion_options_check(const struct companion_options *o, struct error *err);
/* Checked options only. Free with companion_options_done(). */
void companion_options_copy(const struct companion_options *o, struct paho_link_options *ret);
void companion_options_done(struct paho_link_options *o);

#endif
