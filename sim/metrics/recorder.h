/*
 * recorder.h — what a run measured: latencies by stage, counters, and the journey of each command.
 *
 * Owns      one histogram per stage for the run and one for the current interval; all counters; the
 *           journeys that are open, just ended, or among the slowest.
 * Threads   the simulation thread only. Others hand in their moments through loop_post(), stamped
 *           where they happened.
 * Promises  memory is bounded: by RECORDER_STAGES_MAX, RECORDER_COUNTERS_MAX and
 *           RECORDER_JOURNEYS_MAX; what is beyond is counted as "metrics.dropped".
 *
 * A journey that was ended still takes marks for RECORDER_LINGER, because the vehicle's side and
 * the companion's side reach the simulation thread on different ways.
 */
#ifndef METRICS_RECORDER_H
#define METRICS_RECORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/timeunit.h"
#include "metrics/histogram.h"
#include "metrics/journey.h"

#define RECORDER_NAME_MAX     64 /* with the NUL; longer names are cut */
#define RECORDER_STAGES_MAX   128
#define RECORDER_COUNTERS_MAX 256
#define RECORDER_JOURNEYS_MAX 262144
#define RECORDER_KINDS_MAX    32 /* kinds of command with a "command.total/<kind>" of their own */
#define RECORDER_SLOWEST      20
#define RECORDER_LINGER       (2 * USEC_PER_SEC)
#define RECORDER_PROBE        "probe/"   /* names of what probe cars and probe apps measure */
#define RECORDER_WARM_UP      "warm_up/" /* tags in the log of what came before the measurement */

struct recorder;

struct recorder_stage {
    char name[RECORDER_NAME_MAX];
    struct histogram total;
    struct histogram interval; /* since recorder_interval_done() */
};

struct recorder_counter {
    char name[RECORDER_NAME_MAX];
    uint64_t value;
};

struct recorder *recorder_new(void);
/* NULL is fine. */
void recorder_free(struct recorder *rec);

/* One sample of a stage, by name ("connect.tls", see docs/metrics.md); unknown names make a stage.
 */
void recorder_value(struct recorder *rec, const char *stage, usec_t value);
/* Adds to a counter, by name; unknown names make one. */
void recorder_count(struct recorder *rec, const char *counter, uint64_t n);
/* The same for "counter.detail", e.g. connect.failed and tls; counts the plain counter as well. */
void recorder_count_by(struct recorder *rec, const char *counter, const char *detail, uint64_t n);
/* Adds a whole histogram to a stage: another shard's, or one read from a log. */
void recorder_merge(struct recorder *rec, const char *stage, const struct histogram *from);

/* What is recorded from now on is a warm-up, until recorder_start_anew(). */
void recorder_warm_up(struct recorder *rec);
/* Is what is recorded under this name now not part of the measurement? Connects always are. */
bool recorder_is_warming_up(const struct recorder *rec, const char *name);
/* The measurement begins: stages and counters start anew, except those of connects, of provisioning
   and of the oracle. Commands intended before `now` give no samples and count in no outcome. */
void recorder_start_anew(struct recorder *rec, usec_t now);
/* Connects start anew as well. */
void recorder_start_all_anew(struct recorder *rec, usec_t now);

/* What a log has told of a stage to three digits only: its lowest and highest value so far. */
void recorder_set_extremes(struct recorder *rec, const char *stage, usec_t min, usec_t max);

/* A command is on its way. `token` names it uniquely among those under way (copied); `kind` may be
   NULL. False if the token is already under way or too many are (counted): nothing was begun. */
bool recorder_journey_begin(struct recorder *rec, const char *token, uint32_t vehicle_index,
                            const char *kind, usec_t intended, usec_t sent);
/* The same for a command of a probe: its stages and counters are apart, under RECORDER_PROBE. */
bool recorder_journey_begin_probe(struct recorder *rec, const char *token, uint32_t vehicle_index,
                                  const char *kind, usec_t intended, usec_t sent);
/* The first mark wins; unknown tokens are ignored. */
void recorder_journey_mark(struct recorder *rec, const char *token, enum journey_mark mark,
                           usec_t at);
/* Ends it at `at`: counts the outcome and gives a sample to each stage whose two marks are present.
   A stage that would end before it began gives none and counts "journeys.anomalies". Unknown and
   already ended tokens are ignored. */
void recorder_journey_end(struct recorder *rec, const char *token, enum journey_outcome outcome,
                          usec_t at);
/* Whoever wants to hear of what happens; kept by value where it listens. Any may be NULL. */
struct recorder_listener {
    /* A journey has got a mark. */
    void (*marked)(void *ctx, const struct journey *journey);
    /* A journey has ended. */
    void (*ended)(void *ctx, const struct journey *journey);
    /* Stages and counters are about to start anew: those that recorder_starts_anew(). */
    void (*anew)(void *ctx);
    void *ctx;
    struct recorder_listener *next; /* the recorder's */
};
/* To be asked by anew(): is what has this name among them? */
bool recorder_starts_anew(const struct recorder *rec, const char *name);
/* Until recorder_unlisten(). */
void recorder_listen(struct recorder *rec, struct recorder_listener *listener);
/* Idempotent. */
void recorder_unlisten(struct recorder *rec, struct recorder_listener *listener);
/* NULL if the token is unknown (or its journey is over for longer than RECORDER_LINGER). */
const struct journey *recorder_journey(const struct recorder *rec, const char *token);
/* Ends all that are open, e.g. as JOURNEY_LOST when the run stops. */
void recorder_journey_end_all(struct recorder *rec, enum journey_outcome outcome, usec_t at);
/* Counts one more thing of it, as its outcome is counted: only if it is measured, and apart if it
   is a probe's. Unknown tokens are ignored. */
void recorder_journey_count(struct recorder *rec, const char *token, const char *counter);
size_t recorder_journeys_open(const struct recorder *rec);
/* Lets go of journeys that ended RECORDER_LINGER ago; run_results_flush() calls it. */
void recorder_sweep(struct recorder *rec, usec_t now);

/* Stages and counters in the order of docs/metrics.md, others after them by name. Pointers stay
   valid until recorder_free(), positions until a new name appears. */
size_t recorder_stage_count(const struct recorder *rec);
const struct recorder_stage *recorder_stage_at(const struct recorder *rec, size_t i);
/* NULL if it has never been recorded. */
const struct recorder_stage *recorder_stage(const struct recorder *rec, const char *name);
size_t recorder_counter_count(const struct recorder *rec);
const struct recorder_counter *recorder_counter_at(const struct recorder *rec, size_t i);
/* 0 for a counter that has never been counted. */
uint64_t recorder_counter(const struct recorder *rec, const char *name);
/* Starts a new interval for this stage. */
void recorder_interval_done(struct recorder *rec, const struct recorder_stage *stage);

/* The slowest journeys that ended, slowest first; those without result rank by when they were given
   up. Returns how many there are (at most RECORDER_SLOWEST). */
size_t recorder_slowest(const struct recorder *rec,
                        const struct journey *ret[static RECORDER_SLOWEST]);

#endif
