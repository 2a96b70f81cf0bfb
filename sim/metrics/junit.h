/*
 * junit.h — test results in the JUnit XML that CI servers read (conventions of
 * github.com/testmoapp/junitxml).
 *
 * A suite is a scenario file (or "slo", "oracle"), a case is one scenario. Cases begin unfinished;
 * what is unfinished when the file is written is reported as <error>, so that a killed run tells
 * what it was doing.
 *
 * Owns      copies of all texts.
 * Promises  well-formed XML 1.0 whatever the texts hold; suites and cases in the order in which
 * they were added, so add them before they run; no host names.
 */
#ifndef METRICS_JUNIT_H
#define METRICS_JUNIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/timeunit.h"

/* ORDER JUNIT_STATE */
enum junit_state {
    JUNIT_UNFINISHED, /* waiting or running */
    JUNIT_PASSED,
    JUNIT_FAILED, /* an assertion did not hold */
    JUNIT_ERROR,  /* something unexpected: a script error, a time-out, a crash */
    JUNIT_SKIPPED,
    JUNIT_STATE_COUNT,
};

struct junit;
struct junit_suite;
struct junit_case;

/* `name` is the run's. */
struct junit *junit_new(const char *name, int64_t started_wall_ms);
/* NULL is fine. */
void junit_free(struct junit *j);

/* `file` as the user wrote it, or NULL. Lives as long as `j`. */
struct junit_suite *junit_suite_add(struct junit *j, const char *name, const char *file);
/* The suite of that file, added if there is none. */
struct junit_suite *junit_suite_of(struct junit *j, const char *file);
/* `classname` NULL: the suite's file with dots for slashes. `line` 0: unknown. */
struct junit_case *junit_case_add(struct junit_suite *suite, const char *name,
                                  const char *classname, unsigned line);
/* The verdict; `message` is one line and `text` the long story (timeline, traceback); either may be
   NULL. A later call replaces the verdict. */
void junit_case_finish(struct junit_case *c, enum junit_state state, usec_t duration,
                       const char *message, const char *text);
void junit_case_set_assertions(struct junit_case *c, uint64_t assertions);
/* Shown in the order added. */
void junit_case_add_property(struct junit_case *c, const char *name, const char *value);
void junit_suite_add_property(struct junit_suite *suite, const char *name, const char *value);
/* Appends to <system-out>; at most 1 MiB is kept. */
void junit_case_add_output(struct junit_case *c, const char *text);

/* How many cases are in `state`. */
size_t junit_count(const struct junit *j, enum junit_state state);
/* Rises with every change; to see whether the file is stale. */
uint64_t junit_generation(const struct junit *j);
const char *junit_state_name(enum junit_state state);

/* One case, as visitors see it; all texts borrowed, NULL if absent. */
struct junit_verdict {
    const char *suite, *file, *name;
    unsigned line;
    enum junit_state state;
    usec_t duration;
    const char *message, *detail;
};
/* Visits all cases in order. */
void junit_each(const struct junit *j, void (*fn)(void *arg, const struct junit_verdict *v),
                void *arg);

/* Appends the XML document. */
bool junit_write(const struct junit *j, struct buf *out);
/* Replaces the file atomically. */
bool junit_save(const struct junit *j, const char *path, struct error *err);

#endif
