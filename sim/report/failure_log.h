/*
 * failure_log.h — the stories of a run's failures: failures.jsonl in the run's folder, one JSON
 * object per line. docs/report.md describes it.
 *
 * Owns      the file, made with the first failure.
 * Threads   the simulation thread.
 * Promises  a line is on the disk when failure_log_add() returns, so that a killed run keeps it;
 *           trouble with the disk is told once and never stops the run.
 */
#ifndef REPORT_FAILURE_LOG_H
#define REPORT_FAILURE_LOG_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "base/error.h"

#define FAILURES_FILE "failures.jsonl"
/* So many are told with what their cars went through; the rest only say what broke. */
#define FAILURES_IN_FULL 20

struct failure_log;

struct failure_log *failure_log_new(const char *path);
/* NULL is fine. */
void failure_log_free(struct failure_log *log);
/* Is there room for another one in full? */
bool failure_log_has_room(const struct failure_log *log);
/* Takes the object. */
void failure_log_add(struct failure_log *log, cJSON *failure);
/* False with err when trouble is new. NULL is fine. */
bool failure_log_check(struct failure_log *log, struct error *err);

#endif
