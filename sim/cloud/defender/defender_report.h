/*
 * defender_report.h — a report of device-side metrics (contract 5), read and judged: either all its
 * names are long or all are short.
 *
 * What it says becomes values by the metrics' names, as behaviours name them: a number
 * ("aws:num-listening-tcp-ports", "aws:all-bytes-out", a custom number), or a list of numbers or
 * texts ("aws:listening-tcp-ports", "aws:destination-ip-addresses", a custom list).
 */
#ifndef CLOUD_DEFENDER_DEFENDER_REPORT_H
#define CLOUD_DEFENDER_DEFENDER_REPORT_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

struct defender_report {
    uint64_t id;
    cJSON *values; /* an object; the report's own */
};

/* NULL, or what is wrong with it: "no memory" too. An id that could be read is in ret->id
   nevertheless, else 0. */
const char *defender_report_read(const cJSON *document, struct defender_report *ret);
void defender_report_done(struct defender_report *report);

#endif
