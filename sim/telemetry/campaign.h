/*
 * campaign.h — what to collect, and when: one rule of a car, be it built in or received from the
 * cloud. A document of JSON:
 *
 *     {"id": "speeding", "signals": ["driving.speed", "Vehicle.CurrentLocation.Latitude"],
 *      "when": "driving.speed > 50", "every": 1, "before": 10, "after": 5,
 *      "until": "2026-02-01T00:00:00Z"}
 *
 * Without "when" it collects by time ("every", in seconds) or by change ("onChange": true, or by
 * how much a number must have changed). With "when" it collects an event: from `before` seconds
 * before the condition begins to hold until `after` seconds after it ceased to. Signals are
 * collected every `every` seconds then, 1 if it does not say.
 *
 * Shared by reference count: samples that wait may outlive the campaign they were collected for.
 */
#ifndef TELEMETRY_CAMPAIGN_H
#define TELEMETRY_CAMPAIGN_H

#include "base/json_reader.h"
#include "base/timeunit.h"
#include "telemetry/batch.h"
#include "telemetry/condition.h"

/* What one campaign, and one document, may hold. */
enum { CAMPAIGN_SIGNALS_MAX = 256, CAMPAIGNS_MAX = 16, CAMPAIGN_HISTORY_MAX = 4096 };

struct campaign {
    char id[BATCH_CAMPAIGN_MAX]; /* "": built in */
    uint32_t *signals;
    size_t signal_count;
    usec_t every;           /* 0: not by time */
    bool on_change;         /* whenever one of its signals changes … */
    double least_change;    /* … if it is a number, by at least this */
    struct condition *when; /* NULL: always */
    usec_t before, after;   /* of an event */
    int64_t until_ms;       /* wall time; 0: without end */
    unsigned references;
};

/* With one reference. `need_id`: the cloud's need one. NULL with ERROR_FAILED. */
struct campaign *campaign_parse(const struct json_value *doc, const struct signal_schema *schema,
                                bool need_id, struct error *err);
struct campaign *campaign_keep(struct campaign *c);
/* NULL is fine. */
void campaign_drop(struct campaign *c);
/* Is it one of its signals? Position among them, or -1. */
int campaign_position(const struct campaign *c, size_t index);
/* Samples that its history holds. */
size_t campaign_history(const struct campaign *c);

/* Reads a list of signals: *ret is malloc'd. */
bool campaign_read_signals(const struct json_value *list, const struct signal_schema *schema,
                           uint32_t **ret, size_t *ret_count, struct error *err);
/* A member that is a number within limits, or `absent`. */
bool campaign_read_number(const struct json_value *doc, const char *name, double min, double max,
                          double *ret, struct error *err);

#endif
