/*
 * runner.h — many scenarios on one loop: finds their files, begins them in their order, as many
 * side by side as may, and ends them all.
 *
 * Owns      the scenarios. Borrows the script.
 * Threads   the simulation thread.
 */
#ifndef SCRIPT_RUNNER_H
#define SCRIPT_RUNNER_H

#include "script/scenario.h"

#define RUNNER_JOBS 64

struct runner_options {
    const char *filter; /* only scenarios whose name is this, or else contains it; NULL: all */
    uint64_t seed;
    uint32_t vehicles;    /* size of a fleet that does not say it; 0: 10 */
    bool vehicles_forced; /* … and of one that does */
    usec_t timeout;       /* of scenarios that do not say it; 0: 30 s */
    size_t jobs;          /* how many run at once; 0: RUNNER_JOBS */
    /* Can this process have so many cars at once? Asked before a fleet is made; may be NULL. */
    bool (*fits)(void *ctx, uint64_t vehicles, struct error *err);
    void (*started)(void *ctx, struct scenario *s);
    void (*finished)(void *ctx, struct scenario *s);
    void (*all_done)(void *ctx);
    void *ctx;
};

struct runner;

struct runner *runner_new(struct script *script, const struct runner_options *options);
/* Ends what runs, without a word. */
void runner_free(struct runner *r);
/* A file, or a folder with its *.lua by name, subfolders included. */
bool runner_load(struct runner *r, const char *path, struct error *err);
/* After the last runner_load(): a name that is the filter rules out those that only contain it. */
void runner_settle_filter(struct runner *r);
size_t runner_count(const struct runner *r);
struct scenario *runner_first(const struct runner *r);
size_t runner_tally(const struct runner *r, enum scenario_verdict verdict);
void runner_start(struct runner *r);
/* Ends all that run or wait: verdict ERRORED with this reason. all_done() is called. */
void runner_abort(struct runner *r, const char *reason);

#endif
