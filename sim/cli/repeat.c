#include "cli/repeat.h"

#include <inttypes.h>
#include <string.h>

#include "cli/shell_word.h"

static void put_option(struct buf *out, const char *name, const char *value)
{
    if (value == NULL)
        return;
    buf_printf(out, " --%s ", name);
    shell_word(out, value);
}

static void put_number(struct buf *out, const char *name, uint64_t value)
{
    if (value != 0)
        buf_printf(out, " --%s %" PRIu64, name, value);
}

static void put_list(struct buf *out, const char *name, const char *const *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        put_option(out, name, values[i]);
}

static void put_flag(struct buf *out, const char *name, bool value)
{
    if (value)
        buf_printf(out, " --%s", name);
}

/* What the cars are, and how time goes for them. */
static void put_cars(struct buf *out, const struct run_settings *s)
{
    put_number(out, "vehicles", s->vehicles);
    put_option(out, "vehicles-dir", s->vehicles_found ? NULL : s->vehicles_dir);
    put_number(out, "connect-rate", s->connect_rate);
    put_number(out, "connect-concurrency", s->connect_concurrency);
    put_number(out, "keep-alive", s->keep_alive);
    put_option(out, "mqtt", strcmp(s->mqtt, "5") != 0 ? s->mqtt : NULL);
    put_option(out, "client", strcmp(s->client, "native") != 0 ? s->client : NULL);
    put_option(out, "profile", s->profile);
    put_option(out, "telemetry-key", s->telemetry_key);
    if (s->timeout != 0)
        buf_printf(out, " --timeout %gs", (double)s->timeout / 1e6);
    if (s->clock.scale < 1 || s->clock.scale > 1)
        buf_printf(out, " --time-scale %g", s->clock.scale);
    put_option(out, "time", s->target.virtual_time ? s->clock.time : NULL);
    put_option(out, "start", s->clock.start);
    put_option(out, "radio", s->radio);
    put_list(out, "pin", s->pins, s->pin_count);
    put_flag(out, "outcomes", s->outcomes);
    put_option(out, "oracle", s->oracle);
    if (s->oracle_quiet != 0)
        buf_printf(out, " --oracle-quiet %gs", (double)s->oracle_quiet / 1e6);
}

static void put_tls(struct buf *out, const struct run_settings *s)
{
    put_option(out, "ca", s->target.ca_file);
    put_option(out, "artifacts-ca", s->target.artifacts_ca);
    put_flag(out, "insecure", s->insecure);
    put_option(out, "tls-version", s->tls.version);
    put_option(out, "ciphers", s->tls.ciphers);
    put_option(out, "groups", s->tls.groups);
    put_option(out, "alpn", s->tls.alpn);
    put_option(out, "crl", s->tls.crl_file);
    put_option(out, "ocsp", s->tls.ocsp);
    put_option(out, "ocsp-responder", s->tls.ocsp_responder);
    put_flag(out, "resumption", s->tls.resumption);
}

static void put_cloud(struct buf *out, const struct run_settings *s)
{
    const struct target_options *t = &s->target;

    put_option(out, "delivery", t->services.delivery);
    put_option(out, "quotas", t->services.quotas);
    put_option(out, "rules", t->services.rules);
    put_option(out, "policy", t->services.policy);
    put_option(out, "broker-conf", t->broker_conf);
    put_option(out, "cloud", t->cloud_dir);
    put_option(out, "endpoint", t->endpoint);
    if (s->endpoint_policy != ENDPOINT_ORDER)
        put_option(out, "endpoint-policy", endpoint_policy_name(s->endpoint_policy));
    put_flag(out, "websocket", t->websocket);
    put_option(out, "app-endpoint", t->app_endpoint);
    put_option(out, "pki", t->pki_dir);
    put_option(out, "certificates", t->certificates);
    put_option(out, "app-cert", t->app_cert);
    put_option(out, "app-key", t->app_key);
    put_option(out, "app-name", t->app_name);
    put_list(out, "topic", s->topics.items, s->topics.count);
    put_flag(out, "no-shadows", s->no_shadows);
    put_flag(out, "reset-things", s->reset_things);
    put_flag(out, "yes", s->yes);
    put_tls(out, s);
    put_option(out, "source-address", s->source_addresses);
}

void repeat_write(const struct run_settings *s, const struct scenario *scenario, struct buf *out)
{
    buf_append_str(out, "fleetsim run ");
    shell_word(out, scenario->file);
    put_option(out, "filter", scenario->owner.name);
    put_list(out, "param", s->params, s->param_count);
    put_number(out, "seed", scenario->seed);
    put_number(out, "first-vehicle", scenario->owner.first_vehicle);
    put_cars(out, s);
    put_cloud(out, s);
}
