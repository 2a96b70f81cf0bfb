/*
 * oracle_run.h — the oracle of a run: made as the command line asks, and told of in its results.
 */
#ifndef CLI_ORACLE_RUN_H
#define CLI_ORACLE_RUN_H

#include "fleet/simulation.h"
#include "metrics/verdicts.h"
#include "oracle/oracle.h"

/* `rules` as oracle_rules_parse() reads them, NULL: all; `quiet` 0: the default. Before the first
   car. False with ERROR_USAGE. */
bool oracle_run_open(struct simulation *sim, const char *rules, usec_t quiet, struct error *err);

/* What is told of it. */
struct oracle_tally {
    uint64_t counted[ORACLE_RULE_COUNT]; /* checks that the recorder knows */
};
/* What has been checked since it was last asked, for the recorder. */
void oracle_run_count(struct oracle_tally *tally, const struct simulation *sim);
/* The end: the suite "oracle", with a case for each rule that is on. */
void oracle_run_finish(struct oracle_tally *tally, const struct simulation *sim,
                       struct verdicts *verdicts);

#endif
