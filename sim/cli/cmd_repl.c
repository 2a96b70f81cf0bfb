#include "cli/cmd_repl.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "actors/companion.h"
#include "base/log.h"
#include "base/xmem.h"
#include "cli/api_endpoint.h"
#include "cli/clock_options.h"
#include "cli/options.h"
#include "cli/oracle_run.h"
#include "cli/paths.h"
#include "cli/run_choice.h"
#include "cli/target.h"
#include "cli/terminal.h"
#include "fleet/simulation.h"
#include "script/file_watch.h"
#include "script/repl.h"

#define PROMPT          "> "
#define MORE            ">> "
#define TIMELINE_PLACES 400

struct settings {
    const char *model, *mqtt, *vehicles_dir, *history;
    struct clock_options clock;
    struct api_endpoint_options api;
    struct target_options target;
    struct option_list topics; /* as topic_set_choose() takes them */
    uint64_t seed;
    bool insecure, no_shadows, quiet_events, verbose;
};

struct session {
    const struct settings *settings;
    struct target target;
    struct simulation *sim;
    struct script *script;
    struct repl *repl;
    struct file_watch *watch;
    struct terminal *terminal;
    struct api_endpoint api;
    ev_signal sigint, sigterm;
    bool greeted, failed;
    enum error_code aborted;
    int signal;
};

/* ---- events ---- */

static void on_print(void *ctx, const char *text)
{
    struct session *s = ctx;

    terminal_print(s->terminal, text);
}

static void greet(struct session *s)
{
    char *text;

    s->greeted = true;
    if (!terminal_interactive(s->terminal))
        return;
    text = xasprintf("a %s is online at %s; :help says what to do with it", s->settings->model,
                     s->target.uri);
    terminal_print(s->terminal, text);
    free(text);
}

static void on_saved(void *ctx)
{
    struct session *s = ctx;

    repl_reload(s->repl);
}

static void on_ready(void *ctx, bool failed)
{
    struct session *s = ctx;

    if (!s->greeted && failed) {
        s->aborted = ERROR_SCRIPT;
        loop_stop(s->sim->loop);
        return;
    }
    if (!s->greeted)
        greet(s);
    s->failed = s->failed || failed;
    if (s->watch == NULL)
        s->watch = file_watch_new(s->script, repl_owner(s->repl), on_saved, s);
    else
        file_watch_update(s->watch);
    terminal_read(s->terminal, PROMPT);
}

static void on_quit(void *ctx)
{
    struct session *s = ctx;

    loop_stop(s->sim->loop);
}

static void on_line(void *ctx, const char *text)
{
    struct session *s = ctx;

    if (text == NULL)
        loop_stop(s->sim->loop);
    else if (!repl_line(s->repl, text))
        terminal_read(s->terminal, MORE);
}

static char **on_complete(void *ctx, const char *text)
{
    struct session *s = ctx;

    return repl_complete(s->repl, text);
}

static void on_signal(struct ev_loop *ev, ev_signal *w, int events)
{
    struct session *s = w->data;

    (void)ev;
    (void)events;
    if (w->signum == SIGINT && terminal_interactive(s->terminal) && s->greeted) {
        bool busy = repl_busy(s->repl);
        repl_interrupt(s->repl);
        if (!busy)
            terminal_restart(s->terminal, PROMPT);
        return;
    }
    s->signal = w->signum;
    loop_stop(s->sim->loop);
}

static void on_broker_ended(void *ctx, const char *why)
{
    struct session *s = ctx;

    log_error("local cloud: %s", why);
    s->aborted = ERROR_TARGET;
    loop_stop(s->sim->loop);
}

static void on_leapt(void *ctx, int64_t wall_ms)
{
    struct session *s = ctx;

    target_set_clock(&s->target, wall_ms);
}

/* ---- the session ---- */

static bool open_simulation(struct session *s, struct error *err)
{
    const struct settings *o = s->settings;
    struct topic_set topics;
    struct simulation_options options = {
        .endpoint = s->target.uri,
        .pki_dir = s->target.pki_dir,
        .pki_lasts = target_pki_lasts(&s->target),
        .certificates = o->target.certificates,
        .topics = &topics,
        .no_shadows = o->no_shadows,
        .ca_file = s->target.ca_file,
        .insecure = o->insecure,
        .seed = o->seed,
        .time_scale = o->clock.scale,
        .virtual_time = o->target.virtual_time,
        .epoch_ms = o->target.epoch_ms,
        .version = strcmp(o->mqtt, "5") == 0 ? MQTT_5 : MQTT_3_1_1,
        .timeline_places = TIMELINE_PLACES,
    };

    if (!run_choose_topics(&o->topics, &topics, err))
        return false;
    s->sim = simulation_new(&options, err);
    if (s->sim == NULL || !oracle_run_open(s->sim, NULL, 0, err))
        return false;
    s->sim->leapt = on_leapt;
    s->sim->leapt_ctx = s;
    struct script_options script = {
        .simulation = s->sim,
        .vehicles_dir = o->vehicles_dir,
        .foreign_cloud = o->target.endpoint != NULL,
        .app = {.name = s->target.app_name,
                .uri = s->target.app_uri != NULL ? s->target.app_uri : s->sim->uri,
                .ca_file = s->target.ca_file,
                .cert_file = s->target.app_cert,
                .key_file = s->target.app_key,
                .insecure = o->insecure},
    };
    script.updates = run_choose_updates(&s->target);
    script.local_cloud.is_local = o->target.endpoint == NULL;
    s->script = script_new(&script, err);
    return s->script != NULL && companion_prepare(NULL, err);
}

static bool open_api(struct session *s, struct error *err)
{
    struct api_endpoint_source source = {
        .metrics = {.sim = s->sim, .run = "repl", .command = "repl", .started = clock_now()},
        .script = s->script,
        .target = &s->target,
        .own_cloud = s->settings->target.endpoint == NULL
    };

    return api_endpoint_open(&s->api, &s->settings->api, &source, err);
}

static char *history_path(const struct settings *o)
{
    const char *home = getenv("HOME");

    if (o->history != NULL)
        return *o->history != '\0' ? xstrdup(o->history) : NULL;
    return home != NULL ? xasprintf("%s/.fleetsim_history", home) : NULL;
}

static void watch_signal(struct session *s, ev_signal *w, int number)
{
    ev_signal_init(w, on_signal, number);
    w->data = s;
    ev_signal_start(s->sim->loop->ev, w);
}

static void talk(struct session *s)
{
    char *history = history_path(s->settings);
    struct terminal_options terminal = {
        .history = history, .line = on_line, .complete = on_complete, .ctx = s};

    s->terminal = terminal_new(s->sim->loop, &terminal);
    struct repl_options repl = {
        .model = s->settings->model,
        .seed = s->settings->seed,
        .events = !s->settings->quiet_events && terminal_interactive(s->terminal),
        .print = on_print,
        .ready = on_ready,
        .quit = on_quit,
        .ctx = s,
    };
    s->repl = repl_new(s->script, &repl);
    watch_signal(s, &s->sigint, SIGINT);
    watch_signal(s, &s->sigterm, SIGTERM);
    target_watch(&s->target, s->sim->loop, on_broker_ended, s);
    loop_run(s->sim->loop);
    ev_signal_stop(s->sim->loop->ev, &s->sigint);
    ev_signal_stop(s->sim->loop->ev, &s->sigterm);
    file_watch_free(s->watch);
    api_endpoint_close(&s->api);
    repl_free(s->repl);
    terminal_free(s->terminal);
    free(history);
}

/* A person has seen what went wrong; a script wants to be told. */
static int exit_status(const struct session *s, bool interactive)
{
    if (s->signal != 0)
        return 128 + s->signal;
    if (s->aborted != ERROR_NONE)
        return (int)s->aborted;
    return s->failed && !interactive ? ERROR_SCRIPT : 0;
}

static int run(const struct settings *settings)
{
    struct session s = {.settings = settings, .target = {.lock = -1}};
    struct error err;
    int status;

    if (target_open(&s.target, &settings->target, &err) && open_simulation(&s, &err) &&
        open_api(&s, &err)) {
        bool interactive = isatty(0) != 0;
        talk(&s);
        status = exit_status(&s, interactive);
    } else {
        status = options_fail(&err);
    }
    api_endpoint_close(&s.api);
    script_free(s.script);
    target_close(&s.target);
    simulation_free(s.sim);
    return status;
}

/* ---- the command line ---- */

static bool check(struct settings *o, struct error *err)
{
    if (!run_check_foreign(&o->target, o->topics.count != 0 || o->no_shadows, err))
        return false;
    if (strcmp(o->mqtt, "5") != 0 && strcmp(o->mqtt, "3.1.1") != 0)
        return error_set(err, ERROR_USAGE, "--mqtt %s: not a version (5 or 3.1.1)", o->mqtt);
    if (!clock_options_check(&o->clock, &o->target, err) ||
        !api_endpoint_check(&o->api, o->target.virtual_time, err))
        return false;
    if (o->seed == 0 && getrandom(&o->seed, sizeof o->seed, 0) == sizeof o->seed)
        o->seed %= 1000000000000u; /* twelve digits can be typed again */
    o->target.seed = o->seed;
    return true;
}

/* The command line's own state; nothing below reads it but through a pointer. */
static struct settings settings = {
    .model = "compact_ev", .mqtt = "5", .clock = CLOCK_OPTIONS_DEFAULT};

// clang-format off
static const struct option_spec options[] = {
    {"model", 'm', OPTION_STRING, &settings.model, "NAME",
     "the car's model (default compact_ev)"},
    {"vehicles-dir", 0, OPTION_STRING, &settings.vehicles_dir, "DIR",
     "where the models are"},
    {"cloud", 0, OPTION_STRING, &settings.target.cloud_dir, "DIR",
     "use the `fleetsim cloud` that runs in DIR"},
    {"endpoint", 0, OPTION_STRING, &settings.target.endpoint, "URI",
     "mqtts://host:port of any other broker (needs --pki or --certificates)"},
    {"app-endpoint", 0, OPTION_STRING, &settings.target.app_endpoint, "URI",
     "where the app connects (default: as the car)"},
    {"pki", 0, OPTION_STRING, &settings.target.pki_dir, "DIR",
     "certificates made by `fleetsim pki init`"},
    {"certificates", 0, OPTION_STRING, &settings.target.certificates, "PATH",
     "the car's own instead: a folder of PEM pairs named by thing, or a CSV\n(thing,cert,key); "
     "docs/aws.md"},
    {"app-cert", 0, OPTION_STRING, &settings.target.app_cert, "FILE",
     "the app's own certificate"},
    {"app-key", 0, OPTION_STRING, &settings.target.app_key, "FILE",
     "and its key"},
    {"app-name", 0, OPTION_STRING, &settings.target.app_name, "NAME",
     "its client id begins with it (default: the certificate's name)"},
    {"topic", 0, OPTION_LIST, &settings.topics, "KIND=TOPIC",
     "other topics at an endpoint: request=a/{thing}/b, config=…,\nresponse=…{thing}…{app}, "
     "telemetry=…{thing}…{kind}"},
    {"no-shadows", 0, OPTION_FLAG, &settings.no_shadows, NULL,
     "the endpoint has neither device shadows nor presence"},
    {"ca", 0, OPTION_STRING, &settings.target.ca_file, "FILE",
     "verifies the endpoint (default: the PKI's root)"},
    {"insecure", 0, OPTION_FLAG, &settings.insecure, NULL,
     "do not verify the endpoint's certificate"},
    {"mqtt", 'V', OPTION_STRING, &settings.mqtt, "VERSION",
     "5 or 3.1.1 (default 5)"},
    {"seed", 0, OPTION_NUMBER, &settings.seed, "N",
     "the car's identity and randomness (default: random)"},
    CLOCK_OPTIONS_ROWS(settings.clock),
    API_ENDPOINT_ROWS(settings.api),
    {"no-events", 0, OPTION_FLAG, &settings.quiet_events, NULL,
     "do not tell when the car's state changes"},
    {"history", 0, OPTION_STRING, &settings.history, "FILE",
     "keeps the lines (default ~/.fleetsim_history); empty: none"},
    {"verbose", 'v', OPTION_FLAG, &settings.verbose, NULL,
     "log what happens inside"},
    {0},
};
// clang-format on
static const struct command_spec command = {
    "fleetsim repl", "",
    "Lua, line by line, at a car that is online, with an app beside it. Without --cloud or\n"
    "--endpoint it starts a local cloud of its own and ends it afterwards. Models and parts\n"
    "are reloaded when their files are saved. Virtual time stands still between lines.",
    options,
    "  fleetsim repl\n"
    "  fleetsim repl --model combustion_van --time virtual --start 2026-01-12T06:30\n"
    "  fleetsim repl --api :9465                     and at http://127.0.0.1:9465/v1 as well\n"
    "  fleetsim repl --cloud lab                     a running `fleetsim cloud --dir lab`\n"
    "  fleetsim repl --endpoint mqtts://….amazonaws.com:8883 --certificates things/ \\\n"
    "    --app-cert app.pem --app-key app.key\n"
    "  echo 'car.state.locks' | fleetsim repl        exit status 3 if a line fails\n"};

int cmd_repl(int argc, char **argv)
{
    struct settings *o = &settings;
    struct error err;
    int status;

    if (!options_take(&command, argc, argv, NULL, &status))
        return status;
    if (!check(o, &err))
        return options_fail(&err);
    log_set_level(o->verbose ? LOG_DEBUG : LOG_WARN);
    char *found = o->vehicles_dir == NULL ? paths_vehicles() : NULL;
    if (o->vehicles_dir == NULL)
        o->vehicles_dir = found != NULL ? found : "vehicles";
    status = run(o);
    free(found);
    return status;
}
