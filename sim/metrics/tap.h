/*
 * tap.h — verdicts as TAP 14 (testanything.org), one case after the other as they end. Steps are
 * subtests; what is known of a case is YAML beside its test point. A flaky case is "ok", and says
 * so.
 *
 * The plan comes last: a run that was killed has none, so that no reader takes it for whole.
 */
#ifndef METRICS_TAP_H
#define METRICS_TAP_H

#include "base/buf.h"
#include "metrics/verdicts.h"

/* Appends the first line. */
void tap_begin(struct buf *out);
/* Appends a case that has finished; `number` counts them from 1. */
void tap_case(const struct verdict *v, size_t number, struct buf *out);
/* Appends the plan; `bail` (or NULL) says why the run ended early. */
void tap_end(size_t cases, const char *bail, struct buf *out);

#endif
