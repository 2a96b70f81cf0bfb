/*
 * violation.h — what the oracle found wrong with a scenario's cars, and what the scenario expects
 * it to find (t:expect_violation).
 *
 * Owns      all texts: valid until violations_done().
 * Threads   the simulation thread.
 */
#ifndef SCRIPT_VIOLATION_H
#define SCRIPT_VIOLATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/timeunit.h"
#include "oracle/oracle.h"

/* The first of them are kept; all are counted. */
#define VIOLATIONS_KEPT 50

struct violation {
    const char *rule; /* "shadow.delta-exact"; docs/oracle.md has a heading of that name */
    char *text;       /* what was expected and what was seen, one line */
    char *thing;      /* the car's */
    uint32_t vehicle; /* its index */
    usec_t at;        /* as the timelines tell time */
    bool expected;
    struct violation *next;
};

struct violations {
    struct violation *first; /* as they came */
    size_t unexpected, kept;
    /* Private part */
    struct violation **last;
    struct {
        bool on;
        int64_t count; /* exactly so many; below 0: at least one */
        uint64_t seen;
    } rules[ORACLE_RULE_COUNT];
};

void violations_init(struct violations *v);
void violations_done(struct violations *v);
/* Copies. `at` is as the timelines tell time. True if it was expected. */
bool violations_add(struct violations *v, const struct oracle_violation *violation,
                    const char *thing, uint32_t vehicle, usec_t at);
void violations_expect(struct violations *v, enum oracle_rule rule, int64_t count);
/* Has everything that is expected been seen? */
bool violations_met(const struct violations *v);
/* Appends what was not expected, a line each. */
void violations_write(const struct violations *v, struct buf *out);
/* The first that was not expected, or NULL. */
const struct violation *violations_first(const struct violations *v);
/* A sentence on what was not expected, or did not come; free() it. NULL: all is as expected. */
char *violations_complaint(const struct violations *v);

#endif
