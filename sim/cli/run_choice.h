/*
 * run_choice.h — what the settings of a run say of the simulation: which broker, which clients,
 * which topics.
 */
#ifndef CLI_RUN_CHOICE_H
#define CLI_RUN_CHOICE_H

#include "cli/run.h"
#include "fleet/simulation.h"

/* From --topic. ERROR_USAGE for what is no template. */
bool run_choose_topics(const struct run_settings *s, struct topic_set *ret, struct error *err);
/* All but the topics. Borrows from settings and target. */
void run_simulation_options(const struct run_settings *s, const struct target *t,
                            struct simulation_options *ret);

#endif
