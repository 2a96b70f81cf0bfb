/*
 * runner.h — many scenarios on one loop: finds their files, begins them in their order, as many
 * side by side as may, again and again if asked, and ends them all.
 *
 * Order and neighbours never matter to a scenario: it has modules, cars (with numbers of their own
 * in the fleet), companions, randomness and, in virtual time, a day of its own. What may still
 * differ is how fast the machine is.
 *
 * A scenario runs in an instance of its file that nobody shares. Each round has instances of its
 * own, and so has each attempt.
 *
 * Owns      the scenarios. Borrows the script.
 * Threads   the simulation thread.
 */
#ifndef SCRIPT_RUNNER_H
#define SCRIPT_RUNNER_H

#include "script/scenario.h"

#define RUNNER_JOBS         64
#define RUNNER_JOBS_VIRTUAL 8
#define RUNNER_ROUNDS_MAX   100000

struct runner_options {
    const char *filter;      /* only scenarios whose name is this, or else contains it; NULL: all */
    const char *const *tags; /* expressions (selection.h) that must hold, checked; borrowed */
    size_t tag_count;
    struct params *params; /* of --param; NULL: none; borrowed */
    uint64_t seed;
    uint32_t vehicles;    /* size of a fleet that does not say it; 0: 10 */
    bool vehicles_forced; /* … and of one that does */
    usec_t timeout;       /* of scenarios that do not say it; 0: 30 s */
    size_t jobs;          /* how many run at once; 0: RUNNER_JOBS, or RUNNER_JOBS_VIRTUAL */
    unsigned rounds;      /* how often each runs; 0: once. Round k has the seed + k - 1 */
    unsigned retries;     /* how often one that failed may try again */
    bool shuffle;         /* in an order that follows from the seed, another one each round */
    bool fail_fast;       /* after the first that failed for good nothing begins */
    bool until_flaky;     /* … nor after one that passed only in the end */
    uint32_t pool;        /* how many cars the cloud knows; 0: any */
    /* Can this process have so many cars at once? Asked before a fleet is made; may be NULL. */
    bool (*fits)(void *ctx, uint64_t vehicles, struct error *err);
    /* Before each round but the first, when nobody runs: the cloud is to be as new; may be NULL. */
    bool (*renew)(void *ctx, struct error *err);
    /* A round has begun, and this is one of it; may be NULL. */
    void (*added)(void *ctx, struct scenario *s);
    void (*started)(void *ctx, struct scenario *s);
    /* It has failed, and `next` is its next attempt; may be NULL. */
    void (*retried)(void *ctx, struct scenario *s, struct scenario *next);
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
/* Makes the first round, so that it can be looked at before it runs. */
bool runner_prepare(struct runner *r, struct error *err);
/* All rounds that have begun; before the first one, what was declared. */
size_t runner_count(const struct runner *r);
struct scenario *runner_first(const struct runner *r);
size_t runner_tally(const struct runner *r, enum scenario_verdict verdict);
/* How many passed after they had failed. */
size_t runner_flaky(const struct runner *r);
/* How many rounds have begun. */
unsigned runner_rounds(const struct runner *r);
/* Why a round could not begin, so that not all that was asked for has run; ERROR_NONE: all could.
 */
enum error_code runner_trouble(const struct runner *r);
/* Calls fn for each file that scenarios were loaded from, or that they required. */
void runner_each_file(const struct runner *r, void (*fn)(void *ctx, const char *path), void *ctx);
/* Prepares, if that is still to be done. */
void runner_start(struct runner *r);
/* Ends all that run or wait: verdict ERRORED with this reason. all_done() is called. */
void runner_abort(struct runner *r, const char *reason);

#endif
