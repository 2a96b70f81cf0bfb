#include "cli/run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/xmem.h"
#include "cli/cases.h"
#include "cli/cmd_check.h"
#include "cli/console.h"
#include "cli/facts.h"
#include "cli/load_run.h"
#include "cli/metrics_endpoint.h"
#include "cli/options.h"
#include "cli/oracle_run.h"
#include "cli/outputs.h"
#include "cli/preflight.h"
#include "cli/repeat.h"
#include "cli/run_capacity.h"
#include "cli/run_choice.h"
#include "cli/run_files.h"
#include "cli/stop_signals.h"
#include "fleet/simulation.h"
#include "metrics/junit.h"
#include "metrics/limits.h"
#include "metrics/recorder.h"
#include "metrics/run_results.h"
#include "mqtt/topic_set.h"
#include "pki/credential_set.h"
#include "pki/fleet_file.h"
#include "radio/radio_profile.h"
#include "report/report.h"
#include "script/outcomes.h"
#include "script/params.h"
#include "telemetry/seal.h"

#define WARNING_DELAY (100 * USEC_PER_MSEC)

struct run {
    const struct run_settings *settings;
    struct target target;
    struct simulation *sim;
    struct script *script;
    struct runner *runner;
    struct params *params; /* of --param */
    struct verdicts *verdicts;
    struct run_results *results;
    struct run_files files;
    struct oracle_tally oracle;
    struct seal_key telemetry_key;                     /* read if settings name one */
    struct loop_timer second, limit, warning, refusal; /* of a scenario that was said no to */
    struct loop_lag lag;
    struct load_run load;
    struct stop_signals signals;
    int signal;              /* that asked us to stop */
    enum error_code aborted; /* why the run ended early; ERROR_NONE: it did not */
    char *abort_reason;
    char *unreachable; /* why the first attempt to connect failed; NULL: it did not */
    struct console console;
    struct outputs outputs;
    struct metrics_endpoint metrics;
    struct api_endpoint api;
    struct preflight preflight;
};

/* ---- events of the run ---- */

static void on_finished(void *ctx, struct scenario *s)
{
    struct run *run = ctx;

    cases_finish(s);
    outputs_ended(&run->outputs, s, false);
    console_verdict(&run->console, s);
}

static void on_added(void *ctx, struct scenario *s)
{
    struct run *run = ctx;

    cases_add(run->verdicts, s, run->settings->repeat);
}

static void on_started(void *ctx, struct scenario *s)
{
    struct run *run = ctx;

    outputs_started(&run->outputs, s);
}

static void on_retried(void *ctx, struct scenario *s, struct scenario *next)
{
    struct run *run = ctx;

    (void)next;
    cases_finish(s);
    outputs_ended(&run->outputs, s, true);
    verdict_case_retry(s->user);
    console_verdict(&run->console, s);
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
    console_clear(&run->console);
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

    /* A companion names the endpoint itself; so does everybody if there are several. */
    bool named = strncmp(why, run->sim->uri, strcspn(run->sim->uri, ",")) == 0;
    run->unreachable = named ? xstrdup(why) : xasprintf("%s: %s", run->target.uri, why);
    loop_timer_start(&run->warning, WARNING_DELAY);
}

/* By now we know whether it is our own broker that has ended, which is told by itself. */
static void on_warning(void *arg)
{
    struct run *run = arg;

    if (!target_alive(&run->target))
        return;
    console_clear(&run->console);
    log_warn("no connection yet: %s", run->unreachable);
}

static void on_signal(void *ctx, int number)
{
    struct run *run = ctx;

    run->signal = number;
    abort_run(run, ERROR_TIMEOUT, "interrupted (once more: stop at once)");
}

static void on_time_limit(void *arg)
{
    abort_run(arg, ERROR_TIMEOUT, "time limit reached (--time-limit)");
}

static void flush_results(struct run *run)
{
    struct error err;

    oracle_run_count(&run->oracle, run->sim);
    run->sim->cloud_process = target_broker_pid(&run->target);
    run_files_measure(&run->files, run->sim);
    if (!run_results_flush(run->results, &err)) {
        console_clear(&run->console);
        log_warn("%s", err.text);
    }
    while (!run_files_flush(&run->files, &err)) {
        console_clear(&run->console);
        log_warn("%s", err.text);
    }
    trace_flush(run->sim->trace);
}

static void on_second(void *arg)
{
    struct run *run = arg;

    flush_results(run);
    console_status(&run->console, &run->load);
    loop_timer_start(&run->second, run_files_until_second(&run->files));
}

/* ---- setting up ---- */

static void on_leapt(void *ctx, int64_t wall_ms)
{
    struct run *run = ctx;

    target_set_clock(&run->target, wall_ms);
}

static bool on_pause(void *ctx)
{
    return target_pause(&((struct run *)ctx)->target);
}

static bool on_resume(void *ctx, bool *ret_running, struct error *err)
{
    return target_resume(&((struct run *)ctx)->target, ret_running, err);
}

static bool open_simulation(struct run *run, struct error *err)
{
    const struct run_settings *s = run->settings;
    struct simulation_options options;
    struct topic_set topics;

    if (!run_choose_topics(&s->topics, &topics, err))
        return false;
    run_simulation_options(s, &run->target, &options);
    options.topics = &topics;
    run->sim = simulation_new(&options, err);
    if (run->sim == NULL)
        return false;
    run->console.sim = run->sim;
    run->sim->cloud_process = target_broker_pid(&run->target);
    if (!contact_choice_introduce(s, &run->target, run->sim, err) ||
        !oracle_run_open(run->sim, s->oracle, s->oracle_quiet, err) ||
        !preflight_begin(&run->preflight, s, run->sim, err))
        return false;
    run->sim->leapt = on_leapt;
    run->sim->leapt_ctx = run;
    run->sim->unreachable = on_unreachable;
    run->sim->unreachable_ctx = run;
    return true;
}

static bool open_script(struct run *run, struct error *err)
{
    const struct run_settings *s = run->settings;
    struct script_options script = {
        .simulation = run->sim,
        .vehicles_dir = s->vehicles_dir,
        .first_index = (uint32_t)s->first_vehicle,
        .shard = run_choose_script_shard(s),
        .reset_things = s->reset_things,
        .foreign_cloud = s->target.endpoint != NULL,
        .app =
            {
                  .name = run->target.app_name,
                  .uri = run->target.app_uri != NULL ? run->target.app_uri : run->sim->uri,
                  .ca_file = run->target.ca_file,
                  .cert_file = run->target.app_cert,
                  .key_file = run->target.app_key,
                  .insecure = s->insecure,
                  },
    };
    script.updates = run_choose_updates(&run->target);
    script.local_cloud = (struct local_cloud){
        s->target.endpoint == NULL, on_pause, on_resume, run, target_control, &run->target};
    if (s->telemetry_key != NULL) {
        if (!seal_key_load(s->telemetry_key, &run->telemetry_key, err))
            return false;
        script.telemetry_key = &run->telemetry_key;
    }
    run->script = script_new(&script, err);
    if (run->script != NULL)
        load_run_open(&run->load, s, run->script, &run->lag);
    return run->script != NULL &&
           outcomes_configure(run->script, s->pins, s->pin_count, s->outcomes, err) &&
           run_prepare_companions(&s->tls, err);
}

static void on_refusal(void *arg)
{
    struct run *run = arg;

    runner_abort(run->runner, run->abort_reason);
    loop_stop(run->sim->loop);
}

/* Scenarios are told by the error; the run ends when they have returned from here. */
static bool refuse(struct run *run, const struct error *err)
{
    if (run->aborted == ERROR_NONE) {
        run->aborted = err->code;
        run->abort_reason = xstrdup(err->text);
        loop_timer_start(&run->refusal, 0);
    }
    return false;
}

static bool on_fleet(void *ctx, uint64_t vehicles, struct error *err)
{
    struct run *run = ctx;

    return preflight_fits(&run->preflight, vehicles, err) &&
           (run->settings->load != NULL || preflight_wanted(&run->preflight, vehicles, err) ||
            refuse(run, err));
}

static bool on_planned(void *ctx, const struct load_plan *plan, struct error *err)
{
    struct run *run = ctx;

    return preflight_load(&run->preflight, plan, run_results_path(run->results), err) ||
           refuse(run, err);
}

static bool on_renew(void *ctx, struct error *err)
{
    return target_renew(&((struct run *)ctx)->target, err);
}

static bool load_scenarios(struct run *run, char **paths, int count, struct error *err)
{
    const struct run_settings *s = run->settings;
    struct capacity_car car = run_capacity_car(s);
    struct runner_options options = {
        .filter = s->filter,
        .tags = s->tags,
        .tag_count = s->tag_count,
        .seed = s->seed,
        .vehicles = (uint32_t)s->vehicles,
        .vehicles_forced = s->vehicles != 0,
        .timeout = s->timeout,
        .pool = run_choose_pool(s, run->sim),
        .jobs = run_choose_jobs(s, run->sim->own, capacity_of_descriptors(&car)),
        .rounds = (unsigned)s->repeat,
        .retries = (unsigned)s->retries,
        .shuffle = s->shuffle,
        .fail_fast = s->fail_fast || s->until_fail,
        .until_flaky = s->until_fail,
        .fits = on_fleet,
        .renew = on_renew,
        .added = on_added,
        .started = on_started,
        .retried = on_retried,
        .finished = on_finished,
        .all_done = on_all_done,
        .ctx = run,
    };

    run->load.planned = on_planned;
    run->load.planned_ctx = run;
    run->params = options.params = params_new(s->params, s->param_count, err);
    if (options.params == NULL)
        return false;
    run->runner = runner_new(run->script, &options);
    run->console.runner = run->runner;
    for (int i = 0; i < count; i++)
        if (!runner_load(run->runner, paths[i], err)) {
            params_blame(run->params, err);
            return false;
        }
    runner_settle_filter(run->runner);
    if (!params_check(run->params, err))
        return false;
    if (runner_count(run->runner) > 0)
        return true;
    return run_choose_none(s, err);
}

static void on_repeat(void *ctx, const struct scenario *s, struct buf *out)
{
    const struct run *run = ctx;

    repeat_write(run->settings, s, out);
}

static bool open_results(struct run *run, struct error *err)
{
    const struct run_settings *s = run->settings;

    run->verdicts = verdicts_new(s->name, clock_wall_ms());
    if (!runner_prepare(run->runner, err) || !outputs_open(&run->outputs, s, err))
        return false;
    if (s->no_results)
        return true;
    struct run_results_options options = {.root = s->results,
                                          .name = s->name,
                                          .command = run_command(s),
                                          .seed = s->seed,
                                          .folder = s->results_folder};
    run->results = run_results_open(&options, run->sim->recorder, run->verdicts, err);
    if (run->results == NULL)
        return false;
    run_results_set(run->results, "endpoint", run->target.uri);
    facts_tell(run->results, s);
    run_choose_shard_member(s, run->results);
    run->script->repeat = on_repeat;
    run->script->repeat_ctx = run;
    return run_files_open(&run->files, run_results_path(run->results), run->script, s->trace, err);
}

static bool open_metrics(struct run *run, struct error *err)
{
    const struct run_settings *s = run->settings;
    struct api_endpoint_source source = {
        .metrics = {run->sim, run->runner, s->name, run_command(s), run->console.started,
                    load_run_phase, &run->load},
        .script = run->script,
        .results = run_results_path(run->results),
        .target = &run->target,
        .own_cloud = s->target.endpoint == NULL
    };

    return metrics_endpoint_open(&run->metrics, s->metrics, &source.metrics, err) &&
           api_endpoint_open(&run->api, &s->api, &source, err);
}

static void run_loop(struct run *run)
{
    struct loop *loop = run->sim->loop;

    stop_signals_watch(&run->signals, loop->ev, on_signal, run);
    loop_timer_init(&run->second, loop, on_second, run);
    loop_timer_init(&run->limit, loop, on_time_limit, run);
    loop_timer_init(&run->warning, loop, on_warning, run);
    loop_timer_init(&run->refusal, loop, on_refusal, run);
    loop_timer_start(&run->second, run_files_until_second(&run->files));
    loop_lag_start(&run->lag, loop, run->sim->recorder);
    outputs_begin(&run->outputs, run->settings, runner_count(run->runner), run->verdicts);
    if (run->settings->time_limit != 0)
        loop_timer_start(&run->limit, run->settings->time_limit);
    target_watch(&run->target, loop, on_broker_ended, run);
    runner_start(run->runner);
    if (runner_tally(run->runner, SCENARIO_RUNNING) > 0)
        loop_run(loop);
    loop_timer_stop(&run->second);
    loop_lag_stop(&run->lag);
    loop_timer_stop(&run->limit);
    loop_timer_stop(&run->refusal);
    stop_signals_leave(&run->signals, loop->ev);
}

/* ---- the verdict ---- */

/* Scenarios fail as well when nobody can reach the cloud, but that is not the cars' fault. */
static bool never_reached(const struct run *run)
{
    const struct simulation *sim = run->sim;

    if (sim->car_reached || (sim->first_attempt == 0 && sim->companion_reached))
        return false;
    /* A host that drops packets never says no. */
    return run->unreachable != NULL ||
           (sim->first_attempt != 0 && clock_now() - sim->first_attempt >= USEC_PER_SEC);
}

static int exit_status(const struct run *run)
{
    if (run->signal != 0)
        return 128 + run->signal;
    if (run->aborted != ERROR_NONE)
        return (int)run->aborted;
    if (runner_tally(run->runner, SCENARIO_FAILED) > 0 && never_reached(run))
        return ERROR_TARGET;
    return run_choose_status(run->settings, run->runner);
}

/* The page is made of the files, so they come first. */
static bool close_results(struct run *run, struct error *err)
{
    struct error trouble;
    bool any = run->results != NULL;
    char *dir = any ? xstrdup(run_results_path(run->results)) : NULL;

    if (any && loop_is_virtual(run->sim->loop)) {
        char *lived = facts_days(loop_simulated_now(run->sim->loop));
        run_results_set(run->results, "simulated", lived);
        free(lived);
    }
    run_files_measure_rest(&run->files);
    bool ok = run_results_close(run->results, err);
    run->results = NULL;
    while (!run_files_flush(&run->files, &trouble))
        log_warn("%s", trouble.text);
    if (any && !report_make(dir, &trouble))
        log_warn("%s", trouble.text);
    free(dir);
    return ok;
}

static const char *reason_of(const struct run *run, int status)
{
    if (run->abort_reason != NULL)
        return run->abort_reason;
    const char *reason = load_run_reason(&run->load, status);
    if (reason != NULL)
        return reason;
    return status == ERROR_TARGET  ? run->unreachable
           : status == ERROR_LIMIT ? "a limit was missed (--limit)"
                                   : NULL;
}

static int finish(struct run *run)
{
    struct error err;

    recorder_journey_end_all(run->sim->recorder, JOURNEY_LOST, clock_now());
    limits_judge(run->settings->limits, run->sim->recorder);
    int status = load_run_judge(&run->load, exit_status(run));
    if (status == ERROR_TARGET && run->aborted == ERROR_NONE && run->unreachable == NULL)
        on_unreachable(run, "no answer (is it the right host, and no firewall between?)");
    if (loop_timer_active(&run->warning) && run->aborted == ERROR_NONE)
        on_warning(run);
    loop_timer_stop(&run->warning);
    oracle_run_finish(&run->oracle, run->sim, run->verdicts);
    limits_tell(run->settings->limits, run->settings->shard.count == 0 ? run->verdicts : NULL,
                run->results);
    load_run_tell(&run->load, run->results);
    run_results_set_verdict(run->results, status, reason_of(run, status));
    if (run->settings->junit != NULL && !junit_save(run->verdicts, run->settings->junit, &err)) {
        log_error("%s", err.text);
        status = status != 0 ? status : (int)err.code;
    }
    if (!outputs_close(&run->outputs, status, run->abort_reason, &err)) {
        log_error("%s", err.text);
        status = status != 0 ? status : (int)err.code;
    }
    console_table(&run->console);
    load_run_print(&run->load);
    console_summary(&run->console, run_results_path(run->results));
    if (!close_results(run, &err)) {
        log_error("%s", err.text);
        status = status != 0 ? status : (int)err.code;
    }
    return status;
}

static void release(struct run *run)
{
    console_close(&run->console);
    metrics_endpoint_close(&run->metrics);
    api_endpoint_close(&run->api);
    run_results_close(run->results, NULL);
    outputs_close(&run->outputs, 0, NULL, NULL);
    if (run->settings->read != NULL && run->runner != NULL)
        runner_each_file(run->runner, run->settings->read, run->settings->read_ctx);
    runner_free(run->runner);
    params_free(run->params);
    script_free(run->script);
    verdicts_free(run->verdicts);
    if (run->sim != NULL)
        trace_free(run->sim->trace);
    run_files_close(&run->files);
    target_close(&run->target);
    simulation_free(run->sim);
    free(run->abort_reason);
    free(run->unreachable);
    load_run_close(&run->load);
}

static int list(struct run *run)
{
    struct error err;

    if (!outputs_open(&run->outputs, run->settings, &err))
        return options_fail(&err);
    console_list(&run->console);
    outputs_list(&run->outputs, runner_first(run->runner));
    return outputs_close(&run->outputs, 0, NULL, &err) ? 0 : options_fail(&err);
}

int run_scenarios(const struct run_settings *settings, char **paths, int count)
{
    struct run run = {
        .settings = settings,
        .target = {.lock = -1             },
        .console = { .settings = settings, .started = clock_now()},
    };
    struct error err;
    int status;

    struct capacity_car car = run_capacity_car(settings);
    struct fleet_progress progress = {.made = console_certificates, .ctx = &run.console};
    struct target_options target = settings->target;

    target.progress = &progress;
    stop_signals_catch();
    bool ok = capacity_check_descriptors(&car, settings->vehicles, &err) &&
              (settings->no_check || settings->list ||
               check_before_run(settings->vehicles_dir, paths, &err)) &&
              target_open(&run.target, &target, &err) && open_simulation(&run, &err) &&
              open_script(&run, &err) && load_scenarios(&run, paths, count, &err) &&
              run_choose_start(settings, &err);
    if (stop_signals_caught() != 0) {
        status = 128 + stop_signals_caught();
    } else if (ok && settings->list) {
        status = list(&run);
    } else if (ok && open_results(&run, &err) && open_metrics(&run, &err)) {
        run_loop(&run);
        status = finish(&run);
    } else {
        status = options_fail(&err);
    }
    release(&run);
    return status;
}
