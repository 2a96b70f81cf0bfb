#include "cli/cmd_run.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include "actors/companion.h"
#include "base/log.h"
#include "base/xmem.h"
#include "cli/options.h"
#include "cli/paths.h"
#include "cli/target.h"
#include "fleet/simulation.h"
#include "metrics/junit.h"
#include "metrics/recorder.h"
#include "metrics/run_results.h"
#include "metrics/table.h"
#include "script/scenario.h"

/* Descriptors that are not cars: broker pipes, companions, files. */
#define SPARE_DESCRIPTORS 256
#define LAG_PERIOD        (50 * USEC_PER_MSEC)

struct settings {
    const char *junit, *filter, *results, *name, *mqtt;
    const char *vehicles_dir;
    uint64_t seed, vehicles, jobs, keep_alive;
    usec_t timeout, time_limit;
    double time_scale;
    bool trace, insecure, quiet, verbose, list, no_results;
    struct target_options target;
    struct option_list patterns;
};

struct run {
    const struct settings *settings;
    struct target target;
    struct simulation *sim;
    struct script *script;
    struct runner *runner;
    struct junit *junit;
    struct run_results *results;
    FILE *trace;
    struct loop_timer second, lag, limit;
    usec_t lag_due;
    ev_signal sigint, sigterm;
    usec_t started;
    int signal;              /* that asked us to stop */
    enum error_code aborted; /* why the run ended early; ERROR_NONE: it did not */
    char *abort_reason;
    bool status_line; /* something stands on the terminal's last line */
};

/* ---- what people see while it runs ---- */

static void clear_status(struct run *run)
{
    if (run->status_line)
        fputs("\r\033[K", stderr);
    run->status_line = false;
}

static void print_status(struct run *run)
{
    const size_t *by = run->sim->by_state;
    size_t finished = runner_count(run->runner) - runner_tally(run->runner, SCENARIO_WAITING) -
                      runner_tally(run->runner, SCENARIO_RUNNING);

    if (!isatty(STDERR_FILENO) || run->settings->quiet)
        return;
    clear_status(run);
    fprintf(stderr, "%5.1f s  scenarios %zu/%zu  vehicles %zu online, %zu connecting, %zu asleep",
            (double)(clock_now() - run->started) / 1e6, finished, runner_count(run->runner),
            by[TCU_ONLINE], by[TCU_CONNECTING] + by[TCU_SYNCING] + by[TCU_BACKING_OFF],
            by[TCU_ASLEEP]);
    fflush(stderr);
    run->status_line = true;
}

static void print_repeat(const struct run *run, const struct scenario *s)
{
    printf("  again with: fleetsim run %s --filter '%s' --seed %" PRIu64, s->file, s->owner.name,
           run->settings->seed);
    if (run->settings->vehicles != 0)
        printf(" --vehicles %" PRIu64, run->settings->vehicles);
    putchar('\n');
}

static void print_verdict(struct run *run, const struct scenario *s)
{
    static const char *const words[SCENARIO_VERDICT_COUNT] = {"wait", "run",   "ok",
                                                              "FAIL", "ERROR", "skip"};

    clear_status(run);
    if (s->verdict == SCENARIO_PASSED && run->settings->quiet)
        return;
    printf("%-5s  %s  (%.2f s)  %s:%u\n", words[s->verdict], s->owner.name, (double)s->took / 1e6,
           s->file, s->line);
    if (s->message != NULL)
        printf("  %s%s%s\n", s->where != NULL ? s->where : "", s->where != NULL ? ": " : "",
               s->message);
    if (s->verdict == SCENARIO_FAILED || s->verdict == SCENARIO_ERRORED) {
        if (s->detail != NULL)
            fputs(s->detail, stdout);
        print_repeat(run, s);
    }
    fflush(stdout);
}

/* ---- events of the run ---- */

static enum junit_state junit_state_of(enum scenario_verdict verdict)
{
    switch (verdict) {
    case SCENARIO_PASSED:
        return JUNIT_PASSED;
    case SCENARIO_FAILED:
        return JUNIT_FAILED;
    case SCENARIO_SKIPPED:
        return JUNIT_SKIPPED;
    case SCENARIO_ERRORED:
    case SCENARIO_WAITING:
    case SCENARIO_RUNNING:
    case SCENARIO_VERDICT_COUNT:
        break;
    }
    return JUNIT_ERROR;
}

static void on_finished(void *ctx, struct scenario *s)
{
    struct run *run = ctx;
    char *message = NULL;

    if (s->message != NULL)
        message = xasprintf("%s%s%s", s->where != NULL ? s->where : "",
                            s->where != NULL ? ": " : "", s->message);
    junit_case_finish(s->user, junit_state_of(s->verdict), s->took, message, s->detail);
    junit_case_set_assertions(s->user, s->assertions);
    free(message);
    print_verdict(run, s);
}

static void on_all_done(void *ctx)
{
    struct run *run = ctx;

    loop_stop(run->sim->loop);
}

static void abort_run(struct run *run, enum error_code code, const char *reason)
{
    if (run->aborted != ERROR_NONE)
        return;
    run->aborted = code;
    run->abort_reason = xstrdup(reason);
    clear_status(run);
    log_error("%s", reason);
    runner_abort(run->runner, reason);
    loop_stop(run->sim->loop);
}

static void on_broker_ended(void *ctx, const char *why)
{
    char *reason = xasprintf("local cloud: %s", why);

    abort_run(ctx, ERROR_TARGET, reason);
    free(reason);
}

static void on_unreachable(void *ctx, const char *why)
{
    struct run *run = ctx;

    clear_status(run);
    log_warn("no vehicle could connect to %s yet: %s", run->target.uri, why);
}

static void on_signal(struct ev_loop *ev, ev_signal *w, int events)
{
    struct run *run = w->data;

    (void)ev;
    (void)events;
    if (run->signal != 0)
        _exit(128 + w->signum);
    run->signal = w->signum;
    abort_run(run, ERROR_TIMEOUT, "interrupted (once more: stop at once)");
}

static void on_time_limit(void *arg)
{
    abort_run(arg, ERROR_TIMEOUT, "time limit reached (--time-limit)");
}

static void flush_results(struct run *run)
{
    struct error err;

    if (!run_results_flush(run->results, &err)) {
        clear_status(run);
        log_warn("%s", err.text);
    }
    if (run->trace != NULL)
        fflush(run->trace);
}

static void on_second(void *arg)
{
    struct run *run = arg;

    flush_results(run);
    print_status(run);
    loop_timer_start(&run->second, USEC_PER_SEC);
}

/* How late the loop runs a timer is how long everything else waits. */
static void on_lag(void *arg)
{
    struct run *run = arg;
    usec_t now = clock_now();

    recorder_value(run->sim->recorder, "loop.lag", now > run->lag_due ? now - run->lag_due : 0);
    run->lag_due = now + LAG_PERIOD;
    loop_timer_start(&run->lag, LAG_PERIOD);
}

/* ---- setting up ---- */

static bool check_descriptors(uint64_t vehicles, struct error *err)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return true;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (vehicles + SPARE_DESCRIPTORS <= limit.rlim_max)
        return true;
    return error_set(
        err, ERROR_USAGE,
        "%" PRIu64 " vehicles need %" PRIu64 " file descriptors, the limit is %" PRIu64
        " (raise it: ulimit -n %" PRIu64 ", or --vehicles %" PRIu64 ")",
        vehicles, vehicles + SPARE_DESCRIPTORS, (uint64_t)limit.rlim_max,
        vehicles + SPARE_DESCRIPTORS,
        limit.rlim_max > SPARE_DESCRIPTORS ? (uint64_t)limit.rlim_max - SPARE_DESCRIPTORS : 0);
}

/* The larger the fleet, the less each car can remember of itself. */
static size_t timeline_places(uint64_t vehicles)
{
    return vehicles <= 200 ? 200 : vehicles <= 1000 ? 64 : vehicles <= 5000 ? 16 : 0;
}

static bool open_simulation(struct run *run, struct error *err)
{
    const struct settings *s = run->settings;
    struct simulation_options options = {
        .endpoint = run->target.uri,
        .pki_dir = run->target.pki_dir,
        .ca_file = run->target.ca_file,
        .insecure = s->insecure,
        .seed = s->seed,
        .time_scale = s->time_scale,
        .version = strcmp(s->mqtt, "5") == 0 ? MQTT_5 : MQTT_3_1_1,
        .keep_alive_s = (uint16_t)s->keep_alive,
        .timeline_places = timeline_places(s->vehicles),
        .trace = run->trace,
    };

    run->sim = simulation_new(&options, err);
    if (run->sim == NULL)
        return false;
    run->sim->unreachable = on_unreachable;
    run->sim->unreachable_ctx = run;
    struct script_options script = {
        .simulation = run->sim,
        .vehicles_dir = s->vehicles_dir,
        .app =
            {
                  .name = run->target.app_name,
                  .uri = run->target.uri,
                  .ca_file = run->target.ca_file,
                  .cert_file = run->target.app_cert,
                  .key_file = run->target.app_key,
                  .insecure = s->insecure,
                  },
    };
    run->script = script_new(&script, err);
    return run->script != NULL && companion_prepare(err);
}

static bool load_scenarios(struct run *run, char **paths, int count, struct error *err)
{
    const struct settings *s = run->settings;
    struct runner_options options = {
        .filter = s->filter,
        .seed = s->seed,
        .vehicles = (uint32_t)s->vehicles,
        .vehicles_forced = s->vehicles != 0,
        .timeout = s->timeout,
        .jobs = (size_t)s->jobs,
        .finished = on_finished,
        .all_done = on_all_done,
        .ctx = run,
    };

    run->runner = runner_new(run->script, &options);
    for (int i = 0; i < count; i++)
        if (!runner_load(run->runner, paths[i], err))
            return false;
    if (runner_count(run->runner) > 0)
        return true;
    return error_set(err, ERROR_USAGE, "no scenario %s%s%s",
                     s->filter != NULL ? "matches '" : "found", s->filter != NULL ? s->filter : "",
                     s->filter != NULL ? "' (see them with --list)" : "");
}

static bool open_results(struct run *run, struct error *err)
{
    const struct settings *s = run->settings;
    struct junit_suite *suite = NULL;
    const char *file = NULL;

    run->junit = junit_new(s->name, clock_wall_ms());
    for (struct scenario *sc = runner_first(run->runner); sc != NULL; sc = sc->next) {
        if (file == NULL || strcmp(file, sc->file) != 0)
            suite = junit_suite_add(run->junit, sc->file, sc->file);
        file = sc->file;
        sc->user = junit_case_add(suite, sc->owner.name, NULL, sc->line);
    }
    if (s->no_results)
        return true;
    struct run_results_options options = {
        .root = s->results, .name = s->name, .command = "run", .seed = s->seed};
    run->results = run_results_open(&options, run->sim->recorder, run->junit, err);
    if (run->results == NULL)
        return false;
    run_results_set(run->results, "endpoint", run->target.uri);
    run_results_set(run->results, "mqtt", s->mqtt);
    return true;
}

static bool open_trace(struct run *run, struct error *err)
{
    if (!run->settings->trace || run->results == NULL)
        return true;
    char *path = xasprintf("%s/trace.jsonl", run_results_path(run->results));
    run->trace = fopen(path, "we");
    bool ok = run->trace != NULL;
    if (!ok)
        error_set(err, ERROR_USAGE, "%s: %s", path, strerror(errno));
    free(path);
    run->sim->trace = run->trace;
    return ok;
}

static void watch_signals(struct run *run)
{
    struct ev_loop *ev = run->sim->loop->ev;

    ev_signal_init(&run->sigint, on_signal, SIGINT);
    ev_signal_init(&run->sigterm, on_signal, SIGTERM);
    run->sigint.data = run->sigterm.data = run;
    ev_signal_start(ev, &run->sigint);
    ev_signal_start(ev, &run->sigterm);
}

static void run_loop(struct run *run)
{
    struct loop *loop = run->sim->loop;

    watch_signals(run);
    loop_timer_init(&run->second, loop, on_second, run);
    loop_timer_init(&run->lag, loop, on_lag, run);
    loop_timer_init(&run->limit, loop, on_time_limit, run);
    loop_timer_start(&run->second, USEC_PER_SEC);
    run->lag_due = clock_now() + LAG_PERIOD;
    loop_timer_start(&run->lag, LAG_PERIOD);
    if (run->settings->time_limit != 0)
        loop_timer_start(&run->limit, run->settings->time_limit);
    target_watch(&run->target, loop, on_broker_ended, run);
    runner_start(run->runner);
    if (runner_tally(run->runner, SCENARIO_RUNNING) > 0)
        loop_run(loop);
    loop_timer_stop(&run->second);
    loop_timer_stop(&run->lag);
    loop_timer_stop(&run->limit);
    ev_signal_stop(loop->ev, &run->sigint);
    ev_signal_stop(loop->ev, &run->sigterm);
}

/* ---- the verdict ---- */

static int exit_status(const struct run *run)
{
    if (run->signal != 0)
        return 128 + run->signal;
    if (run->aborted != ERROR_NONE)
        return (int)run->aborted;
    if (runner_tally(run->runner, SCENARIO_FAILED) > 0)
        return ERROR_FAILED;
    if (runner_tally(run->runner, SCENARIO_ERRORED) > 0)
        return ERROR_SCRIPT;
    return 0;
}

static void print_summary(struct run *run)
{
    size_t total = runner_count(run->runner);
    struct buf table;

    clear_status(run);
    buf_init(&table, 1 << 20);
    if (table_write(run->sim->recorder, isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL,
                    &table))
        printf("\n%s", buf_cstr(&table));
    buf_done(&table);
    printf("\n%zu scenario%s: %zu passed", total, total == 1 ? "" : "s",
           runner_tally(run->runner, SCENARIO_PASSED));
    for (int v = SCENARIO_FAILED; v < SCENARIO_VERDICT_COUNT; v++)
        if (runner_tally(run->runner, (enum scenario_verdict)v) > 0)
            printf(", %zu %s", runner_tally(run->runner, (enum scenario_verdict)v),
                   scenario_verdict_name((enum scenario_verdict)v));
    printf("  (%.2f s, seed %" PRIu64 ")\n", (double)(clock_now() - run->started) / 1e6,
           run->settings->seed);
    if (run->results != NULL)
        printf("results: %s\n", run_results_path(run->results));
    fflush(stdout);
}

static int finish(struct run *run)
{
    int status = exit_status(run);
    struct error err;

    recorder_journey_end_all(run->sim->recorder, JOURNEY_LOST, clock_now());
    run_results_set_verdict(run->results, status, run->abort_reason);
    if (run->settings->junit != NULL && !junit_save(run->junit, run->settings->junit, &err)) {
        log_error("%s", err.text);
        status = status != 0 ? status : (int)err.code;
    }
    print_summary(run);
    if (!run_results_close(run->results, &err)) {
        log_error("%s", err.text);
        status = status != 0 ? status : (int)err.code;
    }
    run->results = NULL;
    return status;
}

static void release(struct run *run)
{
    run_results_close(run->results, NULL);
    runner_free(run->runner);
    script_free(run->script);
    junit_free(run->junit);
    if (run->trace != NULL)
        fclose(run->trace);
    target_close(&run->target);
    simulation_free(run->sim);
    free(run->abort_reason);
}

static void print_list(const struct run *run)
{
    for (const struct scenario *s = runner_first(run->runner); s != NULL; s = s->next)
        printf("%s:%u: %s\n", s->file, s->line, s->owner.name);
}

static int run_scenarios(const struct settings *settings, char **paths, int count)
{
    struct run run = {.settings = settings, .started = clock_now()};
    struct error err;
    int status;

    bool ok = check_descriptors(settings->vehicles, &err) &&
              target_open(&run.target, &settings->target, &err) && open_simulation(&run, &err) &&
              load_scenarios(&run, paths, count, &err);
    if (ok && settings->list) {
        print_list(&run);
        status = 0;
    } else if (ok && open_results(&run, &err) && open_trace(&run, &err)) {
        run_loop(&run);
        status = finish(&run);
    } else {
        status = options_fail(&err);
    }
    release(&run);
    return status;
}

/* ---- the command line ---- */

static bool check_settings(struct settings *s, struct error *err)
{
    if (strcmp(s->mqtt, "5") != 0 && strcmp(s->mqtt, "3.1.1") != 0)
        return error_set(err, ERROR_USAGE, "--mqtt %s: not a version (5 or 3.1.1)", s->mqtt);
    if (s->vehicles > 1000000)
        return error_set(err, ERROR_USAGE, "--vehicles %" PRIu64 ": too many (at most 1000000)",
                         s->vehicles);
    if (s->keep_alive > UINT16_MAX)
        return error_set(err, ERROR_USAGE, "--keep-alive %" PRIu64 ": at most 65535 seconds",
                         s->keep_alive);
    if (s->time_scale <= 0)
        return error_set(err, ERROR_USAGE, "--time-scale: must be above 0");
    if (s->seed == 0 && getrandom(&s->seed, sizeof s->seed, 0) == sizeof s->seed)
        s->seed %= 1000000000000u; /* twelve digits can be typed again */
    s->target.seed = s->seed;
    s->target.vehicles = (uint32_t)s->vehicles;
    return true;
}

static const char examples[] = "  fleetsim run scenarios/\n"
                               "  fleetsim run scenarios/fleet_unlock.lua --vehicles 1000\n"
                               "  fleetsim run scenarios/ --filter SMS --trace\n"
                               "  fleetsim run scenarios/ --junit junit.xml --seed 42\n"
                               "  fleetsim run scenarios/ --cloud /tmp/cloud        a running "
                               "`fleetsim cloud --dir /tmp/cloud`\n";

int cmd_run(int argc, char **argv)
{
    struct settings s = {.name = "run", .mqtt = "5", .time_scale = 1};
    const struct option_spec options[] = {
        {"filter",                                              'f', OPTION_STRING, &s.filter, "TEXT",
         "only scenarios whose name contains TEXT"},
        {"vehicles",                                        'n', OPTION_NUMBER, &s.vehicles, "N", "size of every fleet in the scenarios"},
        {"seed",                                               0, OPTION_NUMBER, &s.seed, "N",
         "makes the run repeatable: identities, randomness (default: random)"},
        {"timeout",                                                     't', OPTION_DURATION, &s.timeout, "TIME",
         "of scenarios that set none themselves (default 30s)"},
        {"time-limit",           0, OPTION_DURATION, &s.time_limit, "TIME",
         "of the whole run; exit status 124"},
        {"jobs",                                          'j', OPTION_NUMBER, &s.jobs, "N", "scenarios that run at once (default 64)"},
        {"junit",               0, OPTION_STRING, &s.junit, "FILE", "also write the JUnit XML here"},
        {"results",                                                'o', OPTION_STRING, &s.results, "DIR",
         "where runs leave their results (default results)"},
        {"no-results",                                        0, OPTION_FLAG, &s.no_results, NULL, "leave no results behind"},
        {"name",                                                  0, OPTION_STRING, &s.name, "NAME", "of the run, in its results (default run)"},
        {"trace",                                                     0, OPTION_FLAG, &s.trace, NULL,
         "write every packet, state and signal to trace.jsonl"},
        {"list",'l', OPTION_FLAG, &s.list, NULL, "print the scenarios and run none"},
        {"mqtt",                                           'V', OPTION_STRING, &s.mqtt, "VERSION", "5 or 3.1.1 (default 5)"},
        {"keep-alive", 'k', OPTION_NUMBER, &s.keep_alive, "SECONDS", "of the cars' connections"},
        {"time-scale",                                          0, OPTION_REAL, &s.time_scale, "X",
         "simulated seconds per second (default 1)"},
        {"cloud",                                      0, OPTION_STRING, &s.target.cloud_dir, "DIR",
         "use the `fleetsim cloud` that runs in DIR"},
        {"endpoint",                                               0, OPTION_STRING, &s.target.endpoint, "URI",
         "mqtts://host:port of any other broker (needs --pki)"},
        {"pki",                                                     0, OPTION_STRING, &s.target.pki_dir, "DIR",
         "certificates made by `fleetsim pki init`"},
        {"ca",         0, OPTION_STRING, &s.target.ca_file, "FILE",
         "verifies the endpoint (default: the PKI's root)"},
        {"insecure",                                              0, OPTION_FLAG, &s.insecure, NULL, "do not verify the endpoint's certificate"},
        {"vehicles-dir",            0, OPTION_STRING, &s.vehicles_dir, "DIR", "where the models are"},
        {"quiet",                                               'q', OPTION_FLAG, &s.quiet, NULL, "print failures and the summary only"},
        {"verbose",                                        'v', OPTION_FLAG, &s.verbose, NULL, "log what happens inside"},
        {0                                              },
    };
    const struct command_spec command = {
        .name = "fleetsim run",
        .arguments = "SCENARIO…",
        .summary =
            "Runs Lua scenarios (files or folders) against simulated cars. Without --cloud or\n"
            "--endpoint it starts a local cloud of its own and ends it afterwards.",
        .options = options,
        .examples = examples,
    };
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
    if (first == argc || !check_settings(&s, &err))
        return options_fail(&err);
    if (s.verbose)
        log_set_level(LOG_DEBUG);
    char *found = s.vehicles_dir == NULL ? paths_vehicles() : NULL;
    if (s.vehicles_dir == NULL)
        s.vehicles_dir = found != NULL ? found : "vehicles";
    int status = run_scenarios(&s, argv + first, argc - first);
    free(found);
    return status;
}
