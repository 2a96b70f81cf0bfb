/*
 * event_lines.h — a run as JSON lines, one event each, as it goes: run_started, scenario_started,
 * scenario_finished, run_finished. docs/results.md lists their members.
 */
#ifndef METRICS_EVENT_LINES_H
#define METRICS_EVENT_LINES_H

#include "base/buf.h"
#include "metrics/verdicts.h"

/* Of which attempt an event tells. */
struct event_turn {
    unsigned attempt; /* from 1 */
    bool again;       /* another one follows */
    uint64_t seed;    /* that repeats it */
    uint32_t first_vehicle;
};

struct event_run {
    const char *name, *command_line; /* command_line: or NULL */
    uint64_t seed;
    size_t scenarios; /* of a round */
    uint64_t rounds;
    bool shuffled;
};

/* All append one line. */
void event_run_started(const struct event_run *run, int64_t wall_ms, struct buf *out);
/* A case as it was declared, in a list. */
void event_case_listed(const struct verdict *v, struct buf *out);
void event_case_started(const struct verdict *v, const struct event_turn *turn, int64_t wall_ms,
                        struct buf *out);
/* `v` as it is after this attempt. */
void event_case_finished(const struct verdict *v, const struct event_turn *turn, int64_t wall_ms,
                         struct buf *out);
/* A case that is no scenario's. */
void event_check_finished(const struct verdict *v, int64_t wall_ms, struct buf *out);
/* `reason` (or NULL) says why it ended early. */
void event_run_finished(const struct verdicts *all, int exit_status, const char *reason,
                        int64_t wall_ms, struct buf *out);

#endif
