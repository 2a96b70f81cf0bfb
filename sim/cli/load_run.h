/*
 * load_run.h — what `fleetsim load` does besides what `fleetsim run` does: tells the profile what
 * the command line wants, shows how far it is, says whether the simulator could keep up, and what
 * was measured.
 *
 * Borrows   settings, script and recorder. Threads   the simulation thread.
 */
#ifndef CLI_LOAD_RUN_H
#define CLI_LOAD_RUN_H

#include <cjson/cJSON.h>

#include "cli/loop_lag.h"
#include "cli/run.h"
#include "load/flags.h"
#include "load/plan.h"
#include "script/load.h"

struct limits;
struct run_results;
struct simulation;

struct load_run {
    const struct load_flags *flags; /* NULL: this is no load */
    struct load_host host;
    struct simulation *sim;
    struct limits *limits; /* of the run; NULL: none, or all shards together judge them */
    struct loop_lag *lag;  /* stopped when the load ends: taking a fleet apart is none of it */
    cJSON *json;           /* the member "load" of summary.json, once it has ended; or NULL */
    cJSON *search;         /* likewise "search" */
    struct load_reasons reasons;
    char *story;           /* what was measured, in lines; NULL: nothing */
    struct load_plan plan; /* once it is known */
    usec_t planned_at;     /* when; 0: not yet */
    /* Told the plan before the first car: may it be? */
    bool (*planned)(void *ctx, const struct load_plan *plan, struct error *err);
    void *planned_ctx;
};

/* Without settings.load nothing happens, here and in the following. */
void load_run_open(struct load_run *l, const struct run_settings *s, struct script *script,
                   struct loop_lag *lag);
/* The phase that it is in; NULL: none. Takes a struct load_run. */
const char *load_run_phase(void *load_run);
/* How long it will still go on, without what waits for answers; 0: nobody knows. */
usec_t load_run_left(const struct load_run *l);
/* ERROR_INVALID in the place of 0 or of a missed limit, if the simulator could not keep up: then
   nothing is known of the cloud. Else the status itself. */
int load_run_judge(const struct load_run *l, int status);
/* Why, for ERROR_INVALID and for a search that found nothing; else NULL. */
const char *load_run_reason(const struct load_run *l, int status);
/* Gives the results their member "load", once. */
void load_run_tell(struct load_run *l, struct run_results *results);
/* On stdout. */
void load_run_print(const struct load_run *l);
/* Zeroes are fine. */
void load_run_close(struct load_run *l);

#endif
