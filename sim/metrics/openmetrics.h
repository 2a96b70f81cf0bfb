/*
 * openmetrics.h — what a run has measured, as Prometheus scrapes it: OpenMetrics 1.0 or the older
 * Prometheus text (0.0.4), with the same names in both.
 *
 * Durations are in seconds, sizes in bytes, counters end in _total. The names of stages are a
 * label, so that stages that scripts make are there, too; no label tells one car from another.
 * docs/monitoring.md has them all.
 *
 * Threads: those of the recorder.
 */
#ifndef METRICS_OPENMETRICS_H
#define METRICS_OPENMETRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/process_usage.h"
#include "metrics/recorder.h"

/* ORDER OPENMETRICS_FORM */
enum openmetrics_form {
    OPENMETRICS_1_0,     /* the specification of that name */
    OPENMETRICS_TEXT_0_4 /* what Prometheus had before */
};
/* For the Content-Type header. */
const char *openmetrics_content_type(enum openmetrics_form form);

/* A gauge with one label. */
struct openmetrics_count {
    const char *name; /* the label's value */
    uint64_t value;
};

struct openmetrics_counts {
    const struct openmetrics_count *items;
    size_t count; /* 0: the gauge is left out */
};

/* What the recorder does not know. */
struct openmetrics_facts {
    const char *version, *run, *command; /* of the program; the run's name; "run", "load" */
    const char *phase;                   /* of a load; NULL: it has none */
    usec_t lasted;                       /* since the run began */
    usec_t process_started_wall;         /* since the Unix epoch */
    struct openmetrics_counts vehicles;  /* by state */
    struct openmetrics_counts scenarios; /* by verdict */
    uint64_t queued;                     /* cars that wait for their turn to connect */
    struct process_usage usage;
};

/* False if `out` overflowed. Reads each histogram twice: about a millisecond for a usual run. */
bool openmetrics_write(const struct recorder *rec, const struct openmetrics_facts *facts,
                       enum openmetrics_form form, struct buf *out);

#endif
