#include "cli/cmd_run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/log.h"
#include "cli/cloud_services.h"
#include "cli/facts.h"
#include "cli/limit_options.h"
#include "cli/metrics_endpoint.h"
#include "cli/options.h"
#include "cli/paths.h"
#include "cli/run.h"
#include "cli/watch.h"
#include "mqtt/profile.h"
#include "pki/identity.h"
#include "radio/radio_profile.h"
#include "script/runner.h"
#include "script/selection.h"

/* The command line's own state; nothing below reads it but through a pointer. */
static struct run_settings settings = {
    .name = "run", .mqtt = "5", .client = "native", .clock = CLOCK_OPTIONS_DEFAULT};
static bool verbose, watch;
static struct option_list endpoints, pins, tags, params, limits;
static const char *endpoint_policy = "order";

// clang-format off
static const struct option_spec options[] = {
    {"filter", 'f', OPTION_STRING, &settings.filter, "TEXT",
     "only scenarios whose name contains TEXT"},
    {"tag", 0, OPTION_LIST, &tags, "TAGS",
     "only scenarios with one of these tags (smoke,shadow), or with none of\nthem ('!slow'); "
     "repeated: all must hold"},
    {"param", 0, OPTION_LIST, &params, "NAME=VALUE",
     "gives a parameter that a scenario file declares a value; repeatable"},
    {"vehicles", 'n', OPTION_NUMBER, &settings.vehicles, "N",
     "size of every fleet in the scenarios"},
    {"first-vehicle", 0, OPTION_NUMBER, &settings.first_vehicle, "K",
     "start with vehicle K of the fleet (default 0)"},
    {"seed", 0, OPTION_NUMBER, &settings.seed, "N",
     "makes the run repeatable: identities, randomness (default: random)"},
    {"timeout", 't', OPTION_DURATION, &settings.timeout, "TIME",
     "of scenarios that set none themselves (default 30s)"},
    {"time-limit", 0, OPTION_DURATION, &settings.time_limit, "TIME",
     "of the whole run; exit status 124"},
    LIMIT_OPTIONS_ROWS(limits),
    {"jobs", 'j', OPTION_NUMBER, &settings.jobs, "N",
     "scenarios that run at once (default 64; in virtual time 8)"},
    {"shuffle", 0, OPTION_FLAG, &settings.shuffle, NULL,
     "in an order that follows from the seed, another one each round"},
    {"repeat", 'r', OPTION_NUMBER, &settings.repeat, "N",
     "run each scenario N times; round k has the seed + k - 1"},
    {"until-fail", 0, OPTION_FLAG, &settings.until_fail, NULL,
     "repeat (at most 1000 times, or --repeat) until one fails"},
    {"retries", 0, OPTION_NUMBER, &settings.retries, "N",
     "let what fails try again; what passes then is told as flaky"},
    {"fail-on-flaky", 0, OPTION_FLAG, &settings.fail_on_flaky, NULL,
     "exit status 1 for these, too"},
    {"fail-fast", 0, OPTION_FLAG, &settings.fail_fast, NULL,
     "after the first that fails begin no other"},
    {"junit", 0, OPTION_STRING, &settings.junit, "FILE",
     "also write the JUnit XML here"},
    {"tap", 0, OPTION_STRING, &settings.tap, "FILE",
     "write TAP 14 as scenarios end; - for stdout"},
    {"jsonl", 0, OPTION_STRING, &settings.jsonl, "FILE",
     "write JSON lines, one for each event; - for stdout"},
    {"results", 'o', OPTION_STRING, &settings.results, "DIR",
     "where runs leave their results (default results)"},
    {"no-results", 0, OPTION_FLAG, &settings.no_results, NULL,
     "leave no results behind"},
    METRICS_ENDPOINT_ROW(settings.metrics),
    {"no-check", 0, OPTION_FLAG, &settings.no_check, NULL,
     "run scripts even if `fleetsim check` finds errors in them"},
    {"name", 0, OPTION_STRING, &settings.name, "NAME",
     "of the run, in its results (default run)"},
    {"trace", 0, OPTION_FLAG, &settings.trace, NULL,
     "write every packet, state and signal to trace.jsonl"},
    {"list", 'l', OPTION_FLAG, &settings.list, NULL,
     "print the scenarios, with their tags, and run none (with --jsonl:\nas JSON lines)"},
    {"watch", 'w', OPTION_FLAG, &watch, NULL,
     "run again whenever a file of theirs is saved, until Ctrl-C"},
    {"mqtt", 'V', OPTION_STRING, &settings.mqtt, "VERSION",
     "5 or 3.1.1 (default 5)"},
    {"client", 0, OPTION_STRING, &settings.client, "CLIENT",
     "what the cars run on: native or paho (default native)"},
    {"profile", 0, OPTION_STRING, &settings.profile, "NAME",
     "keep cars within a broker's limits: aws or generic (default: aws for *.amazonaws.com)"},
    {"telemetry-key", 0, OPTION_STRING, &settings.telemetry_key, "FILE",
     "what sensitive telemetry is encrypted with (openssl rand -hex 32)"},
    {"radio", 0, OPTION_STRING, &settings.radio, "PROFILE",
     "mobile network of all cars: lte_good, lte_edge, 3g, … (default perfect; docs/radio.md)"},
    {"keep-alive", 'k', OPTION_NUMBER, &settings.keep_alive, "SECONDS",
     "of the cars' connections"},
    CLOCK_OPTIONS_ROWS(settings.clock),
    {"cloud", 0, OPTION_STRING, &settings.target.cloud_dir, "DIR",
     "use the `fleetsim cloud` that runs in DIR"},
    {"broker-conf", 0, OPTION_STRING, &settings.target.broker_conf, "FILE",
     "more lines for the local cloud's mosquitto.conf"},
    CLOUD_SERVICES_ROWS(settings.target.services),
    {"endpoint", 0, OPTION_LIST, &endpoints, "URI",
     "mqtts://host:port or wss://host:port/path of any other broker\n(needs --pki); several, "
     "with commas or repeated, for fail-over"},
    {"endpoint-policy", 0, OPTION_STRING, &endpoint_policy, "POLICY",
     "which of several a car tries first: order (the first) or\nspread (by its index; default "
     "order)"},
    {"app-endpoint", 0, OPTION_STRING, &settings.target.app_endpoint, "URI",
     "where companions connect (default: as the cars)"},
    {"websocket", 0, OPTION_FLAG, &settings.target.websocket, NULL,
     "the cars reach the local cloud over WebSocket"},
    {"pki", 0, OPTION_STRING, &settings.target.pki_dir, "DIR",
     "certificates made by `fleetsim pki init`"},
    {"certificates", 0, OPTION_STRING, &settings.target.certificates, "PATH",
     "the cars' own instead: a folder of PEM pairs named by thing, or a CSV\n(thing,cert,key); "
     "docs/aws.md"},
    {"app-cert", 0, OPTION_STRING, &settings.target.app_cert, "FILE",
     "the companions' own certificate"},
    {"app-key", 0, OPTION_STRING, &settings.target.app_key, "FILE",
     "and its key"},
    {"app-name", 0, OPTION_STRING, &settings.target.app_name, "NAME",
     "their client ids begin with it (default: the certificate's name)"},
    {"topic", 0, OPTION_LIST, &settings.topics, "KIND=TOPIC",
     "other topics at an endpoint: request=a/{thing}/b, config=…,\nresponse=…{thing}…{app}, "
     "telemetry=…{thing}…{kind}"},
    {"no-shadows", 0, OPTION_FLAG, &settings.no_shadows, NULL,
     "the endpoint has neither device shadows nor presence: what needs them\nis skipped"},
    {"reset-things", 0, OPTION_FLAG, &settings.reset_things, NULL,
     "what others have left of a car goes before it is switched on: its\nshadow, and what is retained on its config topic"},
    {"ca", 0, OPTION_STRING, &settings.target.ca_file, "FILE",
     "verifies the endpoint (default: the PKI's root)"},
    {"insecure", 0, OPTION_FLAG, &settings.insecure, NULL,
     "do not verify the endpoint's certificate"},
    {"tls-version", 0, OPTION_STRING, &settings.tls.version, "VERSION",
     "1.2, 1.3 or any (default any)"},
    {"ciphers", 0, OPTION_STRING, &settings.tls.ciphers, "LIST",
     "offered by the cars, and nothing else (OpenSSL's names)"},
    {"groups", 0, OPTION_STRING, &settings.tls.groups, "LIST",
     "of key exchange, best first, as X25519:P-256"},
    {"alpn", 0, OPTION_STRING, &settings.tls.alpn, "NAME",
     "protocol to ask for (on port 443: x-amzn-mqtt-ca)"},
    {"crl", 0, OPTION_STRING, &settings.tls.crl_file, "FILE",
     "refuse servers whose certificate these lists revoke"},
    {"resumption", 0, OPTION_FLAG, &settings.tls.resumption, NULL,
     "resume TLS sessions when cars connect again (costs memory)"},
    {"source-address", 0, OPTION_STRING, &settings.source_addresses, "LIST",
     "local addresses that the cars connect from, in turn"},
    {"connect-rate", 0, OPTION_NUMBER, &settings.connect_rate, "N",
     "connects that all cars together begin per second (default: no limit)"},
    {"connect-concurrency", 0, OPTION_NUMBER, &settings.connect_concurrency, "N",
     "connects of cars under way at once (default 100)"},
    {"pin", 0, OPTION_LIST, &pins, "PIN",
     "what commands come to, as 13:locks=refuse:DOOR_OPEN for cars whose VIN\nends in 13; "
     "tag:NAME:…, all:…, or @FILE with many (docs/outcomes.md)"},
    {"oracle", 0, OPTION_STRING, &settings.oracle, "RULES",
     "what the oracle looks at: on, off, rules with commas between, or all\nbut some with a '-' "
     "before each (default on; docs/oracle.md)"},
    {"oracle-quiet", 0, OPTION_DURATION, &settings.oracle_quiet, "TIME",
     "how long a car is quiet before its shadow must agree (default 5s)"},
    {"outcomes", 0, OPTION_FLAG, &settings.outcomes, NULL,
     "cars whose VIN ends in 90 to 99 refuse, delay, fail … (docs/outcomes.md)"},
    {"vehicles-dir", 0, OPTION_STRING, &settings.vehicles_dir, "DIR",
     "where the models are"},
    {"quiet", 'q', OPTION_FLAG, &settings.quiet, NULL,
     "print failures and the summary only"},
    {"verbose", 'v', OPTION_FLAG, &verbose, NULL,
     "log what happens inside"},
    {0},
};
// clang-format on

static const char examples[] = "  fleetsim run scenarios/\n"
                               "  fleetsim run scenarios/fleet_unlock.lua --vehicles 1000\n"
                               "  fleetsim run scenarios/ --filter SMS --trace\n"
                               "  fleetsim run scenarios/ --tag smoke --tag '!slow'\n"
                               "  fleetsim run scenarios/language/params.lua --param count=5\n"
                               "  fleetsim run scenarios/ --junit junit.xml --seed 42\n"
                               "  fleetsim run scenarios/fleet_unlock.lua --vehicles 1000 --limit "
                               "'command.total p99 < 2s'\n"
                               "  fleetsim run scenarios/ --cloud /tmp/cloud        a running "
                               "`fleetsim cloud --dir /tmp/cloud`\n";

static const struct command_spec command = {
    .name = "fleetsim run",
    .arguments = "SCENARIO…",
    .summary = "Runs Lua scenarios (files or folders) against simulated cars. Without --cloud or\n"
               "--endpoint it starts a local cloud of its own and ends it afterwards.",
    .options = options,
    .examples = examples,
};

/* One text, as if they had come with commas. */
static bool check_endpoints(struct run_settings *s, struct error *err)
{
    static char joined[4096];
    size_t len = 0;

    for (size_t i = 0; i < endpoints.count && len < sizeof joined; i++)
        len += (size_t)snprintf(joined + len, sizeof joined - len, "%s%s", i > 0 ? "," : "",
                                endpoints.items[i]);
    if (len >= sizeof joined)
        return error_set(err, ERROR_USAGE, "--endpoint: more than %zu characters",
                         sizeof joined - 1);
    if (endpoints.count > 0)
        s->target.endpoint = joined;
    if (endpoint_policy_parse(endpoint_policy, &s->endpoint_policy))
        return true;
    return error_set(err, ERROR_USAGE, "--endpoint-policy %s: not a policy (order or spread)",
                     endpoint_policy);
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

/* One run after the other leaves no results, unless they are asked for. */
static bool check_watch(struct run_settings *s, struct error *err)
{
    bool to_stdout = (s->tap != NULL && strcmp(s->tap, "-") == 0) ||
                     (s->jsonl != NULL && strcmp(s->jsonl, "-") == 0);

    if (watch && (s->list || to_stdout))
        return error_set(err, ERROR_USAGE,
                         "--watch: not with --list, --tap - or --jsonl - (give files)");
    s->no_results = s->no_results || (watch && s->results == NULL);
    return true;
}

#define UNTIL_FAIL_ROUNDS 1000
#define RETRIES_MAX       100

static bool check_rounds(struct run_settings *s, struct error *err)
{
    if (s->repeat > RUNNER_ROUNDS_MAX)
        return error_set(err, ERROR_USAGE, "--repeat %" PRIu64 ": at most %d rounds", s->repeat,
                         RUNNER_ROUNDS_MAX);
    if (s->retries > RETRIES_MAX)
        return error_set(err, ERROR_USAGE, "--retries %" PRIu64 ": at most %d", s->retries,
                         RETRIES_MAX);
    if (s->until_fail && s->repeat == 0)
        s->repeat = UNTIL_FAIL_ROUNDS;
    return true;
}

static bool check_tags(struct run_settings *s, struct error *err)
{
    s->tags = tags.items;
    s->tag_count = tags.count;
    for (size_t i = 0; i < tags.count; i++)
        if (!selection_check(tags.items[i], err))
            return false;
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

static bool check_foreign(const struct run_settings *s, struct error *err)
{
    const struct target_options *t = &s->target;

    if (t->endpoint != NULL || (t->certificates == NULL && t->app_cert == NULL &&
                                t->app_key == NULL && s->topics.count == 0 && !s->no_shadows))
        return true;
    return error_set(
        err, ERROR_USAGE,
        "--certificates, --app-cert, --app-key, --topic, --no-shadows: for another cloud (give "
        "--endpoint; the local one has its own)");
}

static bool check_settings(struct run_settings *s, struct error *err)
{
    if (!check_foreign(s, err))
        return false;
    if (strcmp(s->mqtt, "5") != 0 && strcmp(s->mqtt, "3.1.1") != 0)
        return error_set(err, ERROR_USAGE, "--mqtt %s: not a version (5 or 3.1.1)", s->mqtt);
    if (strcmp(s->client, "native") != 0 && strcmp(s->client, "paho") != 0)
        return error_set(err, ERROR_USAGE, "--client %s: not a client (native or paho)", s->client);
    const struct mqtt_profile *profile;
    if (s->profile != NULL && !mqtt_profile_find(s->profile, &profile))
        return error_set(err, ERROR_USAGE, "--profile %s: not a profile (aws or generic)",
                         s->profile);
    if (!check_radio(s, err) || !check_tags(s, err) || !metrics_endpoint_check(s->metrics, err))
        return false;
    /* These reach Paho, some by OpenSSL's own configuration. */
    struct tls_options others = s->tls;
    others.alpn = others.version = others.ciphers = others.groups = NULL;
    if (strcmp(s->client, "paho") == 0 &&
        (tls_options_chosen(&others) || s->source_addresses != NULL))
        return error_set(err, ERROR_USAGE,
                         "--client paho: it takes no --crl, --resumption and --source-address");
    if (!check_cloud(s, err) || !clock_options_check(&s->clock, &s->target, err))
        return false;
    if (!check_numbers(s, err) || !check_rounds(s, err))
        return false;
    if (s->seed == 0 && getrandom(&s->seed, sizeof s->seed, 0) == sizeof s->seed)
        s->seed %= 1000000000000u; /* twelve digits can be typed again */
    s->target.seed = s->seed;
    s->target.vehicles = (uint32_t)s->vehicles;
    return true;
}

int cmd_run(int argc, char **argv)
{
    struct error err;
    int first;

    switch (options_parse(&command, argc, argv, &first, &err)) {
    case OPTIONS_HELP_SHOWN:
        return 0;
    case OPTIONS_BAD:
        return options_fail(&err);
    case OPTIONS_OK:
        break;
    }
    if (first == argc)
        error_set(&err, ERROR_USAGE, "no scenario given (try `fleetsim run scenarios/`)");
    if (first == argc || !check_watch(&settings, &err) || !check_endpoints(&settings, &err) ||
        !check_settings(&settings, &err))
        return options_fail(&err);
    if (verbose)
        log_set_level(LOG_DEBUG);
    settings.pins = pins.items;
    settings.pin_count = pins.count;
    settings.params = params.items;
    settings.param_count = params.count;
    settings.limits = limits_new(limits.items, limits.count, &err);
    if (settings.limits == NULL)
        return options_fail(&err);
    char *found = settings.vehicles_dir == NULL ? paths_vehicles() : NULL;
    if (settings.vehicles_dir == NULL)
        settings.vehicles_dir = found != NULL ? found : "vehicles";
    char *line = facts_command_line(argc, argv);
    settings.command_line = line;
    int status = watch ? watch_scenarios(&settings, argv + first, argc - first)
                       : run_scenarios(&settings, argv + first, argc - first);
    limits_free(settings.limits);
    free(line);
    free(found);
    return status;
}
