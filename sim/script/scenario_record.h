/*
 * scenario_record.h — what is known of a scenario besides its verdict: tags and parameters, which
 * its declaration gave it, and the steps, soft failures and intentions of one run of it.
 *
 * Results and reports read it; the script's functions write it (steps.c, prelude/).
 *
 * Owns      all its texts, steps and failures: valid until scenario_record_done(), or until
 *           scenario_record_begin() for what a run left.
 * Times     are as the timelines tell them: microseconds since the loop was made, virtual ones in
 *           virtual time.
 * Threads   the simulation thread.
 */
#ifndef SCRIPT_SCENARIO_RECORD_H
#define SCRIPT_SCENARIO_RECORD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/timeunit.h"

/* ORDER SCENARIO_VERDICT */
enum scenario_verdict {
    SCENARIO_WAITING,
    SCENARIO_RUNNING,
    SCENARIO_PASSED,
    SCENARIO_FAILED,  /* an assertion did not hold, or time ran out */
    SCENARIO_ERRORED, /* an error in a script, or the run was aborted */
    SCENARIO_SKIPPED,
    SCENARIO_TODO, /* it failed, as t:todo() said it would */
    SCENARIO_VERDICT_COUNT
};
const char *scenario_verdict_name(enum scenario_verdict verdict); /* "passed", … */

/* ORDER SCENARIO_PARAM_ORIGIN */
enum scenario_param_origin {
    SCENARIO_PARAM_CASE,    /* of a row of its table of cases */
    SCENARIO_PARAM_DEFAULT, /* declared by its file or itself, and not given */
    SCENARIO_PARAM_GIVEN,   /* by --param */
    SCENARIO_PARAM_ORIGIN_COUNT
};

struct scenario_param {
    char *name, *value;
    bool bare; /* the value is a number or a boolean as JSON has it, else text */
    enum scenario_param_origin origin;
};

/* One t:step(). A step may hold others; several may run side by side. */
struct scenario_step {
    char *name;
    unsigned number; /* from 1, in the order in which they began */
    unsigned depth;  /* 0: in no other */
    struct scenario_step *parent;
    usec_t started, took;          /* `took` of what runs still: 0 */
    enum scenario_verdict verdict; /* RUNNING, PASSED, FAILED, ERRORED or SKIPPED */
    char *message;                 /* why not passed, one line, or NULL */
    char *where;                   /* "file:line", or NULL */
    size_t soft;                   /* expectations inside it that did not hold */
    struct scenario_step *next;    /* the one that began next */
    size_t open;                   /* private: steps in it that run */
};

/* A soft expectation that did not hold, or what went wrong in after(). */
struct scenario_failure {
    char *message;                    /* one line */
    char *where;                      /* "file:line", or NULL */
    const struct scenario_step *step; /* in which, or NULL */
    struct scenario_failure *next;    /* the one that came next */
};

#define SCENARIO_FAILURES_KEPT 1000

struct scenario_failures {
    struct scenario_failure *first, *last; /* the first ones */
    size_t count;                          /* all */
};

struct scenario_record {
    /* Of the declaration. */
    char **tags;
    size_t tag_count;
    struct scenario_param *params;
    size_t param_count;
    /* Of the run. */
    char *todo; /* why it is expected to fail, or NULL; with the verdict PASSED it did not */
    struct scenario_step *first_step, *last_step;
    size_t step_count;
    struct scenario_failures soft;  /* expectations that did not hold */
    struct scenario_failures after; /* what went wrong in after() */
};

/* Zeroed is empty. Frees all; empty afterwards. */
void scenario_record_done(struct scenario_record *r);
/* Forgets the last run; keeps what the declaration gave. */
void scenario_record_begin(struct scenario_record *r);
/* The same declaration for another run of the scenario; `to` is empty. */
void scenario_record_declare_as(struct scenario_record *to, const struct scenario_record *from);

/* ---- of the declaration ---- */

/* One that is there already is left alone. Copies the text, as all below. */
void scenario_record_tag(struct scenario_record *r, const char *tag);
bool scenario_record_has_tag(const struct scenario_record *r, const char *tag);
/* A later one of the same name takes the place of the first. */
void scenario_record_param(struct scenario_record *r, const char *name, const char *value,
                           bool bare, enum scenario_param_origin origin);
/* NULL if there is none. */
const struct scenario_param *scenario_record_find_param(const struct scenario_record *r,
                                                        const char *name);

/* ---- of the run ---- */

/* A step begins at `now`; `parent` may be NULL. */
struct scenario_step *scenario_record_step(struct scenario_record *r, struct scenario_step *parent,
                                           const char *name, usec_t now);
/* Ends it; what runs inside it is cut off, which is SKIPPED. `message` and `where` may be NULL; a
   step that holds a soft failure, its own or an inner step's, does not pass. No effect on one that
   has ended. */
void scenario_step_end(struct scenario_step *step, enum scenario_verdict verdict,
                       const char *message, const char *where, usec_t now);
/* What still runs ends with its scenario: `at` (or NULL) and what it is part of with this verdict,
   message and place; other steps are cut off. */
void scenario_record_end_steps(struct scenario_record *r, struct scenario_step *at,
                               enum scenario_verdict verdict, const char *message,
                               const char *where, usec_t now);
/* Is `inner` that step, or part of it? */
bool scenario_step_within(const struct scenario_step *inner, const struct scenario_step *step);
/* Appends "drive › brake". */
void scenario_step_path(const struct scenario_step *step, struct buf *out);
/* The innermost of the step and what it is part of that still runs; NULL if none does. */
struct scenario_step *scenario_step_running(struct scenario_step *step);

/* It is expected to fail; said again, the last reason counts. NULL: it is not. */
void scenario_record_todo(struct scenario_record *r, const char *reason);
/* `step` may be NULL. */
void scenario_record_failure(struct scenario_failures *to, const char *message, const char *where,
                             struct scenario_step *step);

#endif
