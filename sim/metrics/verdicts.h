/*
 * verdicts.h — what became of every case of a run: the one model that all result formats are
 * written from (junit.h, tap.h, event_lines.h, github.h, summary.h).
 *
 * A suite is a scenario file (or "limits", "oracle"), a case is one scenario, in one round. Cases
 * begin unfinished, so that a killed run tells what it was doing.
 *
 * Owns      copies of all texts.
 * Promises  suites and cases in the order in which they were added, so add them before they run.
 */
#ifndef METRICS_VERDICTS_H
#define METRICS_VERDICTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/timeunit.h"

/* ORDER VERDICT_STATE */
enum verdict_state {
    VERDICT_UNFINISHED, /* waiting or running */
    VERDICT_PASSED,
    VERDICT_FAILED, /* an assertion did not hold */
    VERDICT_ERROR,  /* something unexpected: a script error, a time-out, a crash */
    VERDICT_SKIPPED,
    VERDICT_TODO, /* it failed, as was expected */
    VERDICT_STATE_COUNT,
};
const char *verdict_state_name(enum verdict_state state); /* "passed", … */

struct verdicts;
struct verdict_suite;
struct verdict_case;

/* `name` is the run's. */
struct verdicts *verdicts_new(const char *name, int64_t started_wall_ms);
/* NULL is fine. */
void verdicts_free(struct verdicts *all);

/* `file` as the user wrote it, or NULL. Lives as long as `all`. */
struct verdict_suite *verdict_suite_add(struct verdicts *all, const char *name, const char *file);
/* Its cases are no scenarios: verdicts_count(), verdicts_flaky() and verdicts_each() pass them
   over, only who goes by suites sees them. */
void verdict_suite_set_aside(struct verdict_suite *suite);
/* The suite of that file, added if there is none. */
struct verdict_suite *verdict_suite_of(struct verdicts *all, const char *file);
void verdict_suite_add_property(struct verdict_suite *suite, const char *name, const char *value);

/* `classname` NULL: the suite's file with dots for slashes. `line` 0: unknown. */
struct verdict_case *verdict_case_add(struct verdict_suite *suite, const char *name,
                                      const char *classname, unsigned line);
/* The verdict; `message` is one line and `text` the long story (timeline, traceback); either may be
   NULL. A later call replaces the verdict. */
void verdict_case_finish(struct verdict_case *c, enum verdict_state state, usec_t duration,
                         const char *message, const char *text);
void verdict_case_set_assertions(struct verdict_case *c, uint64_t assertions);
/* Which round this is, from 1. */
void verdict_case_set_round(struct verdict_case *c, unsigned round);
/* "file:line" of what went wrong, or NULL. */
void verdict_case_set_where(struct verdict_case *c, const char *where);
void verdict_case_add_tag(struct verdict_case *c, const char *tag);
/* `bare`: the value is a number or boolean as JSON has it, else text. */
void verdict_case_add_param(struct verdict_case *c, const char *name, const char *value, bool bare);
/* Shown in the order added. */
void verdict_case_add_property(struct verdict_case *c, const char *name, const char *value);
/* Appends to its output; at most 1 MiB is kept. */
void verdict_case_add_output(struct verdict_case *c, const char *text);

struct verdict_step {
    const char *name;
    unsigned depth; /* 0: in no other; else in the last before it that is one less deep */
    usec_t began;   /* since its case */
    usec_t duration;
    enum verdict_state state;
    const char *message, *where; /* or NULL */
};
/* In the order in which they began; copied. After those of an earlier verdict are gone. */
void verdict_case_add_step(struct verdict_case *c, const struct verdict_step *step);

/* An attempt that failed, before the one that counts. */
struct verdict_attempt {
    enum verdict_state state;
    usec_t duration;
    const char *message, *detail; /* or NULL */
};
/* It is tried once more: its verdict becomes that of an earlier attempt, and it is unfinished, with
   no steps. */
void verdict_case_retry(struct verdict_case *c);

/* How many cases are in `state`. */
size_t verdicts_count(const struct verdicts *all, enum verdict_state state);
/* How many passed after they had failed. */
size_t verdicts_flaky(const struct verdicts *all);
/* Rises with every change; to see whether a file is stale. */
uint64_t verdicts_generation(const struct verdicts *all);
const char *verdicts_name(const struct verdicts *all);
int64_t verdicts_started_wall_ms(const struct verdicts *all);

struct verdict_property {
    char *name, *value;
    bool bare; /* of parameters: not text */
};

/* One case, as writers see it; all borrowed, texts NULL if absent. */
struct verdict {
    size_t id; /* from 1, in the order in which they were added */
    const char *suite, *file, *name, *classname;
    unsigned line, round;
    enum verdict_state state;
    bool flaky; /* passed after it had failed */
    usec_t duration;
    uint64_t assertions;
    const char *message, *where, *detail;
    char *const *tags;
    size_t tag_count;
    const struct verdict_property *params, *properties;
    size_t param_count, property_count;
    const struct verdict_step *steps;
    size_t step_count;
    const struct verdict_attempt *attempts; /* earlier ones */
    size_t attempt_count;
    const char *output; /* "" if there is none */
};
void verdict_of(struct verdict_case *c, struct verdict *ret);
/* Visits all cases in order. */
void verdicts_each(const struct verdicts *all, void (*fn)(void *arg, const struct verdict *v),
                   void *arg);

/* One suite, for writers that go by them. */
struct verdict_suite_view {
    const char *name, *file;
    const struct verdict_property *properties;
    size_t property_count;
    struct verdict_case *const *cases;
    size_t case_count;
};
size_t verdicts_suite_count(const struct verdicts *all);
void verdicts_suite_at(const struct verdicts *all, size_t i, struct verdict_suite_view *ret);

#endif
