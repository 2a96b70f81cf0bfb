/*
 * cases.h — puts scenarios into the results: which case each is, and what became of it.
 */
#ifndef CLI_CASES_H
#define CLI_CASES_H

#include "metrics/verdicts.h"
#include "script/runner.h"

/* A case for the scenario, which keeps it as its `user`; unfinished. `rounds` of the run: 0 or 1:
   there is one, else the case's name says which. */
void cases_add(struct verdicts *all, struct scenario *s, uint64_t rounds);
/* The verdict and what it went through, into its case. */
void cases_finish(const struct scenario *s);
/* As results see it. */
void cases_view(const struct scenario *s, struct verdict *ret);

#endif
