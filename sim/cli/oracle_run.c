#include "cli/oracle_run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"
#include "fleet/vehicle_oracle.h"
#include "metrics/recorder.h"

bool oracle_run_open(struct simulation *sim, const char *rules, usec_t quiet, struct error *err)
{
    struct oracle_options options = {
        .loop = sim->loop, .quiet = quiet, .violated = vehicle_violated};
    struct topic_set own;
    bool any = false;

    topic_set_defaults(&own);
    if (strcmp(own.request, sim->tcu.topics.request) != 0 ||
        strcmp(own.response, sim->tcu.topics.response) != 0)
        options.topics = &sim->tcu.topics;
    if (!oracle_rules_parse(rules != NULL ? rules : "on", options.on, err))
        return false;
    for (int i = 0; i < ORACLE_RULE_COUNT; i++)
        any |= options.on[i];
    if (any)
        sim->oracle = oracle_new(&options);
    return true;
}

void oracle_run_count(struct oracle_tally *tally, const struct simulation *sim)
{
    if (sim->oracle == NULL)
        return;
    for (int i = 0; i < ORACLE_RULE_COUNT; i++) {
        enum oracle_rule rule = (enum oracle_rule)i;
        uint64_t checks = oracle_checks(sim->oracle, rule);
        if (checks == tally->counted[i])
            continue;
        recorder_count_by(sim->recorder, "oracle.checks", oracle_rule_name(rule),
                          checks - tally->counted[i]);
        tally->counted[i] = checks;
    }
}

static uint64_t unexpected(const struct simulation *sim, enum oracle_rule rule)
{
    char name[RECORDER_NAME_MAX];

    snprintf(name, sizeof name, "oracle.violations.%s", oracle_rule_name(rule));
    return recorder_counter(sim->recorder, name);
}

static void finish_case(struct verdict_case *c, const struct simulation *sim, enum oracle_rule rule)
{
    uint64_t broken = unexpected(sim, rule), checks = oracle_checks(sim->oracle, rule);
    char *message = NULL;

    verdict_case_set_assertions(c, checks);
    if (broken != 0)
        message = xasprintf("broken %" PRIu64 " time%s in %" PRIu64 " checks: %s (" ORACLE_DOCS
                            "#%s; the cases of the scenarios tell how)",
                            broken, broken == 1 ? "" : "s", checks, oracle_rule_text(rule),
                            oracle_rule_name(rule));
    else if (checks == 0)
        message = xstrdup("nothing to check");
    verdict_case_finish(c,
                        broken != 0   ? VERDICT_FAILED
                        : checks == 0 ? VERDICT_SKIPPED
                                      : VERDICT_PASSED,
                        0, message, NULL);
    free(message);
}

void oracle_run_finish(struct oracle_tally *tally, const struct simulation *sim,
                       struct verdicts *verdicts)
{
    oracle_run_count(tally, sim);
    if (sim->oracle == NULL)
        return;
    struct verdict_suite *suite = verdict_suite_add(verdicts, "oracle", NULL);
    verdict_suite_set_aside(suite);
    for (int i = 0; i < ORACLE_RULE_COUNT; i++) {
        enum oracle_rule rule = (enum oracle_rule)i;
        if (oracle_rule_on(sim->oracle, rule))
            finish_case(verdict_case_add(suite, oracle_rule_name(rule), "oracle", 0), sim, rule);
    }
}
