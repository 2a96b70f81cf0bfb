/*
 * query.h — the query language of AWS IoT's fleet index, on one thing at a time:
 *
 *     thingName:car-* AND connectivity.connected:true
 *     attributes.model:compact* shadow.reported.battery.level<20 NOT thingGroupNames:recalled
 *     shadow.reported.version:("1.2" OR "1.3") attributes.year:[2020 TO 2024}
 *
 * Terms are FIELD:VALUE, FIELD<NUMBER (<=, >, >=), ranges, or a value alone, which any field may
 * have; AND, which may be left out, OR, NOT and '-', and parentheses, also behind a field. `*` and
 * `?` are wildcards in a value, `*` alone asks whether there is one, and '\' takes a character's
 * meaning away. Values are compared without case, as numbers where both are; names of fields are
 * compared exactly. Of a list any element counts.
 *
 * Threads   a query is only read.
 */
#ifndef CLOUD_REGISTRY_QUERY_H
#define CLOUD_REGISTRY_QUERY_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "base/error.h"

/* AWS's quotas of fleet indexing. */
#define QUERY_LENGTH_MAX 1000
#define QUERY_TERMS_MAX  12

struct query;

/* The error (ERROR_USAGE) says what, and at which character. */
struct query *query_parse(const char *text, struct error *err);
void query_free(struct query *query);
/* As it was written. */
const char *query_text(const struct query *query);

/* Does it ask for that field, or for any? */
bool query_asks(const struct query *query, const char *field);

/* What a thing has. */
struct query_source {
    /* The value of a field, or NULL; the caller frees it. `field` NULL: all there is. */
    cJSON *(*value)(void *ctx, const char *field);
    void *ctx;
};
bool query_matches(const struct query *query, const struct query_source *source);

#endif
