/*
 * search_run.h — the search for what a cloud carries, step by step on a load: which rate of
 * commands, or which number of cars, still holds a limit.
 *
 * Each step brings the load to a value, lets it settle, measures, and waits for what is under way.
 * It is held if the limit is, if at most SEARCH_FAILURES of the commands failed, and if the
 * simulator kept up. A step in which much fails is ended early, and the target is left alone until
 * nothing is under way.
 *
 * Threads   the simulation thread.
 */
#ifndef LOAD_SEARCH_RUN_H
#define LOAD_SEARCH_RUN_H

#include "load/load.h"
#include "load/search.h"
#include "load/validity.h"
#include "metrics/limit.h"

#define SEARCH_FAILURES 0.01

/* ORDER SEARCH_WHAT */
enum search_what { SEARCH_COMMANDS, SEARCH_VEHICLES, SEARCH_WHAT_COUNT };
const char *search_what_name(enum search_what what); /* "commands", "vehicles" */
bool search_what_parse(const char *name, enum search_what *ret);

struct search_run_options {
    enum search_what what;
    struct limit limit;
    struct load_budget budget;
    struct search_options range;
};

struct search_run {
    struct load *load;
    struct search_run_options options;
    struct search search;
    struct search_step step; /* the one under way */
};

/* Of a load whose fleet is there. */
void search_run_init(struct search_run *c, struct load *load,
                     const struct search_run_options *options);
/* The next step begins, before the load is brought to that value; connects count from now on. */
bool search_run_next(struct search_run *c, double *ret, bool *ret_again);
/* It has settled: what counts begins. */
void search_run_measure(struct search_run *c);
/* Is it so bad that the step has to end? NULL: no; else why. */
const char *search_run_trip(const struct search_run *c);
/* What was measured has ended, and nothing is under way any more. */
enum search_outcome search_run_judge(struct search_run *c, bool tripped);
/* The member "search" of summary.json; the caller owns it. */
cJSON *search_run_json(const struct search_run *c);

#endif
