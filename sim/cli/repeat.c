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

void repeat_write(const struct run_settings *s, const struct scenario *scenario, struct buf *out)
{
    buf_append_str(out, "fleetsim run ");
    shell_word(out, scenario->file);
    put_option(out, "filter", scenario->owner.name);
    for (size_t i = 0; i < s->param_count; i++)
        put_option(out, "param", s->params[i]);
    put_number(out, "seed", scenario->seed);
    put_number(out, "first-vehicle", scenario->owner.first_vehicle);
    put_number(out, "vehicles", s->vehicles);
    put_number(out, "keep-alive", s->keep_alive);
    put_option(out, "mqtt", strcmp(s->mqtt, "5") != 0 ? s->mqtt : NULL);
    put_option(out, "client", strcmp(s->client, "native") != 0 ? s->client : NULL);
    put_option(out, "profile", s->profile);
    if (s->timeout != 0)
        buf_printf(out, " --timeout %gs", (double)s->timeout / 1e6);
    if (s->clock.scale < 1 || s->clock.scale > 1)
        buf_printf(out, " --time-scale %g", s->clock.scale);
    put_option(out, "time", s->target.virtual_time ? s->clock.time : NULL);
    put_option(out, "start", s->clock.start);
    put_option(out, "radio", s->radio);
    for (size_t i = 0; i < s->pin_count; i++)
        put_option(out, "pin", s->pins[i]);
    if (s->outcomes)
        buf_append_str(out, " --outcomes");
    put_option(out, "oracle", s->oracle);
    if (s->oracle_quiet != 0)
        buf_printf(out, " --oracle-quiet %gs", (double)s->oracle_quiet / 1e6);
    put_option(out, "delivery", s->target.services.delivery);
    put_option(out, "quotas", s->target.services.quotas);
    put_option(out, "rules", s->target.services.rules);
    put_option(out, "broker-conf", s->target.broker_conf);
    put_option(out, "cloud", s->target.cloud_dir);
    put_option(out, "endpoint", s->target.endpoint);
    if (s->endpoint_policy != ENDPOINT_ORDER)
        put_option(out, "endpoint-policy", endpoint_policy_name(s->endpoint_policy));
    if (s->target.websocket)
        buf_append_str(out, " --websocket");
    put_option(out, "app-endpoint", s->target.app_endpoint);
    put_option(out, "pki", s->target.pki_dir);
    put_option(out, "ca", s->target.ca_file);
    if (s->insecure)
        buf_append_str(out, " --insecure");
}
