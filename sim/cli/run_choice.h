/*
 * run_choice.h — what the settings of a run, or of a session at a car, say of the simulation: which
 * broker, which clients, which topics, how much at once.
 */
#ifndef CLI_RUN_CHOICE_H
#define CLI_RUN_CHOICE_H

#include "cli/contact_choice.h"
#include "cli/run.h"
#include "fleet/simulation.h"
#include "script/runtime.h"

struct run_results;
struct runner;

/* From --topic. ERROR_USAGE for what is no template. */
bool run_choose_topics(const struct option_list *topics, struct topic_set *ret, struct error *err);
/* ERROR_USAGE if what only another cloud needs (`others`: besides what the target's options say) is
   given without an endpoint. */
bool run_check_foreign(const struct target_options *t, bool others, struct error *err);
/* "run", or "load". */
const char *run_command(const struct run_settings *s);
/* All but the topics. Borrows from settings and target. */
void run_simulation_options(const struct run_settings *s, const struct target *t,
                            struct simulation_options *ret);
/* How many scenarios at once, as far as there is a fleet for each: of the cars of their own (`own`,
   or NULL), or of the `vehicles_max` that there are descriptors for. 0: the runner's default. */
size_t run_choose_jobs(const struct run_settings *s, const struct credential_set *own,
                       uint64_t vehicles_max);
/* Says why there is no scenario to run; returns false. */
bool run_choose_none(const struct run_settings *s, struct error *err);
/* Companions go by the same TLS options as the cars, as far as Paho can. */
bool run_prepare_companions(const struct tls_options *tls, struct error *err);

/* Where updates come from. */
struct update_places run_choose_updates(const struct target *t);
/* Which shard of the fleet scripts are to be. */
struct script_shard run_choose_script_shard(const struct run_settings *s);
/* Says so in the results as well; nothing if it is none. */
void run_choose_shard_member(const struct run_settings *s, struct run_results *results);

/* Waits until it is to begin: with the other shards, or at a time. */
bool run_choose_start(const struct run_settings *s, struct error *err);

/* How many cars the cloud knows; 0: any. */
uint32_t run_choose_pool(const struct run_settings *s, const struct simulation *sim);
/* The exit status of a run that came to its end, by its scenarios and limits. */
int run_choose_status(const struct run_settings *s, const struct runner *runner);

#endif
