#include "cli/run_choice.h"

#include <string.h>

#include "actors/companion.h"

#include "cli/shard_meeting.h"
#include "metrics/limits.h"
#include "metrics/run_results.h"
#include "mqtt/profile.h"
#include "mqtt/topic_set.h"
#include "pki/credential_set.h"
#include "radio/radio_profile.h"
#include "script/runner.h"

/* Few need more. */
#define CARS_OF_A_SCENARIO 10

const char *run_command(const struct run_settings *s)
{
    return s->load != NULL ? "load" : "run";
}

bool run_choose_topics(const struct option_list *topics, struct topic_set *ret, struct error *err)
{
    bool ok = true;

    topic_set_defaults(ret);
    for (size_t i = 0; i < topics->count && ok; i++)
        ok = topic_set_choose(ret, topics->items[i], err);
    return ok;
}

bool run_check_foreign(const struct target_options *t, bool others, struct error *err)
{
    if (t->endpoint != NULL ||
        (t->certificates == NULL && t->app_cert == NULL && t->app_key == NULL && !others))
        return true;
    return error_set(
        err, ERROR_USAGE,
        "--certificates, --app-cert, --app-key, --topic, --no-shadows: for another cloud (give "
        "--endpoint; the local one has its own)");
}

/* The larger the fleet, the less each car can remember of itself. */
static size_t timeline_places(uint64_t vehicles)
{
    return vehicles <= 200 ? 200 : vehicles <= 1000 ? 64 : vehicles <= 5000 ? 16 : 0;
}

void run_simulation_options(const struct run_settings *s, const struct target *t,
                            struct simulation_options *ret)
{
    *ret = (struct simulation_options){
        .endpoint = t->uri,
        .endpoint_policy = s->endpoint_policy,
        .pki_dir = t->pki_dir,
        .pki_lasts = target_pki_lasts(t),
        .certificates = s->target.certificates,
        .ca_file = t->ca_file,
        .insecure = s->insecure,
        .tls = &s->tls,
        .source_addresses = s->source_addresses,
        .connect_rate = s->connect_rate,
        .connect_concurrency = (size_t)s->connect_concurrency,
        .seed = s->seed,
        .time_scale = s->clock.scale,
        .virtual_time = s->target.virtual_time,
        .epoch_ms = s->target.epoch_ms,
        .version = strcmp(s->mqtt, "5") == 0 ? MQTT_5 : MQTT_3_1_1,
        .keep_alive_s = (uint16_t)s->keep_alive,
        .timeline_places = timeline_places(s->vehicles),
        .client = strcmp(s->client, "paho") == 0 ? SIMULATION_PAHO : SIMULATION_NATIVE,
        .generic = s->profile != NULL,
        .no_shadows = s->no_shadows,
        .radio = s->radio != NULL ? radio_profile_find(slice_str(s->radio)) : NULL,
        .contact = contact_choice_of(s),
        .claim = s->claim_cert,
        .claim_key = s->claim_key,
    };
    if (s->profile != NULL)
        mqtt_profile_find(s->profile, &ret->profile);
}

size_t run_choose_jobs(const struct run_settings *s, const struct credential_set *own,
                       uint64_t vehicles_max)
{
    /* Cars of their own are few: not more scenarios than have some. */
    if (own != NULL && s->jobs == 0) {
        size_t each = s->vehicles != 0 ? (size_t)s->vehicles : CARS_OF_A_SCENARIO;
        size_t jobs = credential_set_count(own) / each;
        return jobs == 0 ? 1 : jobs < RUNNER_JOBS ? jobs : RUNNER_JOBS;
    }
    if (s->jobs != 0 || s->vehicles == 0 || vehicles_max / s->vehicles >= RUNNER_JOBS)
        return (size_t)s->jobs;
    return (size_t)(vehicles_max / s->vehicles);
}

bool run_choose_none(const struct run_settings *s, struct error *err)
{
    if (s->tag_count > 0)
        return error_set(err, ERROR_USAGE, "no scenario has the tags asked for%s%s%s",
                         s->filter != NULL ? " and matches '" : "",
                         s->filter != NULL ? s->filter : "", s->filter != NULL ? "'" : "");
    return error_set(err, ERROR_USAGE, "no scenario %s%s%s",
                     s->filter != NULL ? "matches '" : "found", s->filter != NULL ? s->filter : "",
                     s->filter != NULL ? "' (see them with --list)" : "");
}

bool run_prepare_companions(const struct tls_options *tls, struct error *err)
{
    struct paho_tls chosen = {
        .version = tls->version, .ciphers = tls->ciphers, .groups = tls->groups};
    bool any = tls->version != NULL || tls->ciphers != NULL || tls->groups != NULL;

    return companion_prepare(any ? &chosen : NULL, err);
}

struct script_shard run_choose_script_shard(const struct run_settings *s)
{
    return (struct script_shard){.index = s->shard.index,
                                 .count = s->shard.count,
                                 .first = (uint32_t)s->fleet_first,
                                 .size = (uint32_t)s->vehicles,
                                 .total = (uint32_t)s->fleet};
}

void run_choose_shard_member(const struct run_settings *s, struct run_results *results)
{
    if (s->shard.count == 0)
        return;
    cJSON *shard = cJSON_CreateObject();
    cJSON_AddNumberToObject(shard, "index", s->shard.index);
    cJSON_AddNumberToObject(shard, "count", s->shard.count);
    cJSON_AddNumberToObject(shard, "first_vehicle", (double)s->first_vehicle);
    cJSON_AddNumberToObject(shard, "vehicles", (double)s->vehicles);
    run_results_set_json(results, "shard", shard);
}

bool run_choose_start(const struct run_settings *s, struct error *err)
{
    struct shard_meeting meeting = {
        .dir = s->meet, .shard = s->shard, .name = s->name, .seed = s->seed};

    return (s->meet == NULL || shard_meet(&meeting, err)) &&
           (s->start_at_ms == 0 || start_at_wait(s->start_at_ms, err));
}

uint32_t run_choose_pool(const struct run_settings *s, const struct simulation *sim)
{
    if (sim->own != NULL)
        return (uint32_t)credential_set_count(sim->own);
    return s->target.endpoint != NULL ? simulation_known_cars(sim) : 0;
}

int run_choose_status(const struct run_settings *s, const struct runner *runner)
{
    if (runner_tally(runner, SCENARIO_FAILED) > 0)
        return ERROR_FAILED;
    if (runner_tally(runner, SCENARIO_ERRORED) > 0)
        return ERROR_SCRIPT;
    if (runner_trouble(runner) != ERROR_NONE)
        return (int)runner_trouble(runner);
    if (s->fail_on_flaky && runner_flaky(runner) > 0)
        return ERROR_FAILED;
    /* Of a shard the whole decides. */
    return limits_missed(s->limits) > 0 && s->shard.count == 0 ? ERROR_LIMIT : 0;
}

struct update_places run_choose_updates(const struct target *t)
{
    return (struct update_places){.artifacts_dir = t->updates.artifacts_dir,
                                  .artifacts_ca = t->updates.ca,
                                  .signing_dir = t->updates.signing_dir};
}
