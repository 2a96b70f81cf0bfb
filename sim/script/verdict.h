/*
 * verdict.h — what the end of a scenario comes to, and its story: soft expectations, t:todo(), what
 * ran after it, the step it was in, what its cars went through.
 *
 * Threads   the simulation thread.
 */
#ifndef SCRIPT_VERDICT_H
#define SCRIPT_VERDICT_H

#include "script/scenario.h"

/* Its message from now on; takes the text. */
void verdict_say(struct scenario *s, char *message);
/* Makes its detail: `prefix` (or NULL), then what cars went through: `only` that one, or the latest
   if it is NULL. */
void verdict_tell_cars(struct scenario *s, const char *prefix, const struct car *only);
/* Its message and story are the oracle's; false: the oracle has nothing to say. */
bool verdict_by_oracle(struct scenario *s);
/* Ends the steps that run: the one of `task` (or NULL) and those around it with this verdict and
   the scenario's message, which says then in which it was. */
void verdict_end_steps(struct scenario *s, const struct task *task, enum scenario_verdict verdict);
/* Its outcome is known: soft expectations fail what would have passed, t:todo() forgives. */
void verdict_settle(struct scenario *s);
/* What ran after it has ended: what went wrong there fails what would have passed, and hides
   nothing. */
void verdict_settle_after(struct scenario *s);

#endif
