/*
 * limits.h — the limits that a run was given, judged together and told in its results: a table for
 * people, the suite "limits" of the verdicts (so JUnit XML, TAP …), a member of summary.json.
 *
 * Owns      copies of the expressions, and what each came to when it was last judged.
 * Promises  the order in which they were given.
 */
#ifndef METRICS_LIMITS_H
#define METRICS_LIMITS_H

#include <cjson/cJSON.h>

#include "base/buf.h"
#include "metrics/limit.h"
#include "metrics/run_results.h"
#include "metrics/verdicts.h"

/* Of a sentence of limits_doubt(). */
#define LIMITS_DOUBT_MAX (LIMIT_TEXT_MAX + 96)

struct limits;

/* NULL with ERROR_USAGE if one of them is none; "--limit" stands in front of the text. */
struct limits *limits_new(const char *const *expressions, size_t count, struct error *err);
/* NULL is fine, here and below: no limits. */
void limits_free(struct limits *l);
size_t limits_count(const struct limits *l);

/* Judges all by the totals of the run so far; returns how many are missed. */
size_t limits_judge(struct limits *l, const struct recorder *rec);
size_t limits_missed(const struct limits *l);
/* Some are missed, and each of these by less than the simulator itself was late: then why nothing
   is known, in a sentence. False: it is not so. */
bool limits_doubt(const struct limits *l, char *ret, size_t size);
/* `reached` as of the last limits_judge(); both borrowed. */
const struct limit *limits_at(const struct limits *l, size_t i,
                              const struct limit_reached **ret_reached);

/* Tells what they came to, if there are any: adds the suite "limits", set aside (verdicts.h), with
   a case for each, and the member "limits" of the summary. Either may be NULL. */
void limits_tell(const struct limits *l, struct verdicts *verdicts, struct run_results *results);
/* A new array for summary.json: "expression", "metric", "statistic" ("p99", …, "total", "share"),
   "value" (null: there is none), "limit", "unit", "held", "doubtful" and, without a value,
   "reason". */
cJSON *limits_json(const struct limits *l);
/* Appends the table, a line each, as table.h does; nothing if there are none. */
bool limits_table(const struct limits *l, bool colour, struct buf *out);

#endif
