/*
 * summary.h — a run in one JSON document (summary.json). docs/metrics.md describes its members.
 */
#ifndef METRICS_SUMMARY_H
#define METRICS_SUMMARY_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "metrics/recorder.h"
#include "metrics/verdicts.h"

struct summary {
    const char *name, *command;
    uint64_t seed;
    int64_t started_wall_ms;
    usec_t duration;
    usec_t started; /* on the clock of the journeys, to make their marks relative */
    bool complete;  /* false in what a killed run leaves */
    bool has_verdict;
    int exit_status;
    const char *reason;    /* or NULL */
    const cJSON *settings; /* an object, or NULL */
    const cJSON *members;  /* further ones of the document: an object, or NULL */
    const struct recorder *recorder;
    const struct verdicts *verdicts; /* or NULL */
};

/* A new object; free with cJSON_Delete(). */
cJSON *summary_json(const struct summary *s);

#endif
