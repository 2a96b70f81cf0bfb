#include "cli/run_options.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/log.h"
#include "cli/paths.h"
#include "cli/run_choice.h"
#include "mqtt/profile.h"
#include "pki/identity.h"
#include "radio/radio_profile.h"

/* One text, as if they had come with commas. */
static bool check_endpoints(struct run_options *o, struct error *err)
{
    size_t len = 0;

    for (size_t i = 0; i < o->endpoints.count && len < sizeof o->endpoint; i++)
        len += (size_t)snprintf(o->endpoint + len, sizeof o->endpoint - len, "%s%s",
                                i > 0 ? "," : "", o->endpoints.items[i]);
    if (len >= sizeof o->endpoint)
        return error_set(err, ERROR_USAGE, "--endpoint: more than %zu characters",
                         sizeof o->endpoint - 1);
    if (o->endpoints.count > 0)
        o->settings.target.endpoint = o->endpoint;
    if (endpoint_policy_parse(o->endpoint_policy, &o->settings.endpoint_policy))
        return true;
    return error_set(err, ERROR_USAGE, "--endpoint-policy %s: not a policy (order or spread)",
                     o->endpoint_policy);
}

static bool check_radio(const struct run_settings *s, struct error *err)
{
    if (s->radio == NULL)
        return true;
    const struct radio_profile *profile = radio_profile_find(slice_str(s->radio));
    if (profile == NULL)
        return error_set(err, ERROR_USAGE, "--radio %s: not a profile (%s)", s->radio,
                         radio_profile_names());
    if (profile != radio_profile_at(0) && strcmp(s->client, "paho") == 0)
        return error_set(err, ERROR_USAGE,
                         "--client paho: its cars have no radio (leave out --radio, or run them on "
                         "the native client)");
    return true;
}

static bool check_cloud(const struct run_settings *s, struct error *err)
{
    const char *own = s->target.broker_conf != NULL ? "--broker-conf"
                                                    : cloud_services_chosen(&s->target.services);

    if (own == NULL || (s->target.cloud_dir == NULL && s->target.endpoint == NULL))
        return true;
    return error_set(err, ERROR_USAGE,
                     "%s: for a cloud of the run's own only (not with --cloud, --endpoint)", own);
}

static bool check_numbers(const struct run_settings *s, struct error *err)
{
    if (s->vehicles > 1000000)
        return error_set(err, ERROR_USAGE, "--vehicles %" PRIu64 ": too many (at most 1000000)",
                         s->vehicles);
    if (s->first_vehicle >= IDENTITY_MAX)
        return error_set(err, ERROR_USAGE, "--first-vehicle %" PRIu64 ": too high (below %u)",
                         s->first_vehicle, IDENTITY_MAX);
    if (s->keep_alive > UINT16_MAX)
        return error_set(err, ERROR_USAGE, "--keep-alive %" PRIu64 ": at most 65535 seconds",
                         s->keep_alive);
    return true;
}

/* What is left of the TLS options reaches Paho, some by OpenSSL's own configuration. */
static bool check_paho(const struct run_settings *s, struct error *err)
{
    struct tls_options others = s->tls;

    others.alpn = others.version = others.ciphers = others.groups = NULL;
    return strcmp(s->client, "paho") != 0 ||
           (!tls_options_chosen(&others) && s->source_addresses == NULL) ||
           error_set(err, ERROR_USAGE,
                     "--client paho: it takes no --crl, --ocsp, --resumption and "
                     "--source-address");
}

static bool check_settings(struct run_settings *s, struct error *err)
{
    if (!run_check_foreign(&s->target, s->topics.count != 0 || s->no_shadows, err))
        return false;
    if (strcmp(s->mqtt, "5") != 0 && strcmp(s->mqtt, "3.1.1") != 0)
        return error_set(err, ERROR_USAGE, "--mqtt %s: not a version (5 or 3.1.1)", s->mqtt);
    if (strcmp(s->client, "native") != 0 && strcmp(s->client, "paho") != 0)
        return error_set(err, ERROR_USAGE, "--client %s: not a client (native or paho)", s->client);
    const struct mqtt_profile *profile;
    if (s->profile != NULL && !mqtt_profile_find(s->profile, &profile))
        return error_set(err, ERROR_USAGE, "--profile %s: not a profile (aws or generic)",
                         s->profile);
    if (!contact_choice_check(s, err) || !check_radio(s, err) ||
        !metrics_endpoint_check(s->metrics, err))
        return false;
    if (s->tls.ocsp != NULL && strcmp(s->tls.ocsp, "off") == 0)
        s->tls.ocsp = NULL;
    if (!check_paho(s, err) || !check_cloud(s, err) ||
        !clock_options_check(&s->clock, &s->target, err))
        return false;
    if (!check_numbers(s, err) || !api_endpoint_check(&s->api, s->target.virtual_time, err))
        return false;
    if (s->seed == 0 && getrandom(&s->seed, sizeof s->seed, 0) == sizeof s->seed)
        s->seed %= 1000000000000u; /* twelve digits can be typed again */
    s->target.seed = s->seed;
    s->target.vehicles = (uint32_t)s->vehicles;
    return true;
}

bool run_options_check(struct run_options *o, struct error *err)
{
    struct run_settings *s = &o->settings;

    if (!check_endpoints(o, err) || !check_settings(s, err))
        return false;
    if (o->verbose)
        log_set_level(LOG_DEBUG);
    s->pins = o->pins.items;
    s->pin_count = o->pins.count;
    s->params = o->params.items;
    s->param_count = o->params.count;
    s->limits = limits_new(o->limits.items, o->limits.count, err);
    return s->limits != NULL;
}

void run_options_done(struct run_options *o)
{
    limits_free(o->settings.limits);
    o->settings.limits = NULL;
}

char *run_options_find_models(struct run_options *o)
{
    o->settings.vehicles_found = o->settings.vehicles_dir == NULL;
    char *found = o->settings.vehicles_found ? paths_vehicles() : NULL;

    if (o->settings.vehicles_found)
        o->settings.vehicles_dir = found != NULL ? found : "vehicles";
    return found;
}
