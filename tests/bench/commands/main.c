/* fleetsim-bench-commands — what one remote command costs the simulator; see commands.h. */
#include "tests/bench/commands/commands.h"

#include <getopt.h>
#include <inttypes.h>
#include <linux/perf_event.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/xmem.h"
#include "cli/oracle_run.h"
#include "metrics/histogram.h"
#include "metrics/recorder.h"
#include "script/runner.h"

#define LAG_PERIOD (10 * USEC_PER_MSEC)
#define POLL       (50 * USEC_PER_MSEC)
#define QUIET      USEC_PER_SEC /* before and between the phases */

/* ORDER PHASE */
enum phase { PHASE_CONNECT, PHASE_QUIET, PHASE_IDLE, PHASE_WARM_UP, PHASE_MEASURE, PHASE_DONE };

struct options {
    uint32_t vehicles;
    double rate, seconds, idle, warm_up;
    bool pretend, json;
    const char *vehicles_dir;
    const char *oracle; /* NULL: none */
};

struct sample {
    usec_t at, cpu;
    uint64_t commands, received, sent, instructions;
};

struct bench {
    const struct options *options;
    struct target target;
    struct source source;
    struct simulation *sim;
    struct script *script;
    struct runner *runner;
    struct pretend *pretend;
    struct loop_timer poll, lag;
    usec_t lag_due;
    enum phase phase;
    usec_t until;
    struct sample since;
    struct histogram lags;
    int counter; /* of instructions; -1: the system does not let us */
    double rss_before, heap_before;
    double kb_resident, kb_heap, kb_lua, idle_percent;
    bool ok;
};

static const char usage[] =
    "Usage: fleetsim-bench-commands [option...]\n"
    "Measures what a remote command by shadow (delta, Lua, report, accepted) costs the simulator:\n"
    "cars as `fleetsim run` makes them on a local cloud of their own, over mutual TLS. Another\n"
    "process sends the commands; only the simulator's processor time counts.\n"
    "\n"
    "  --vehicles N    cars (default 1000)\n"
    "  --rate R        commands per second (default 0: as fast as the cloud takes them)\n"
    "  --seconds S     length of the measurement (default 10)\n"
    "  --warm-up S     commands before it (default 2)\n"
    "  --idle S        first watch the idle fleet that long (default 0)\n"
    "  --pretend       no network: a cloud inside the process (its share is counted too)\n"
    "  --oracle RULES  the oracle looks on (default off)\n"
    "  --vehicles-dir DIR  where the parts of models are (default vehicles)\n"
    "  --json          one JSON object\n"
    "  --help\n"
    "\n"
    "Example: fleetsim-bench-commands --vehicles 10000 --rate 1000 --seconds 20\n";

static double rss_kb(void)
{
    unsigned long size = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "r");

    if (f == NULL)
        return 0;
    if (fscanf(f, "%lu %lu", &size, &resident) != 2)
        resident = 0;
    fclose(f);
    return (double)resident * (double)sysconf(_SC_PAGESIZE) / 1024;
}

static double heap_kb(const struct bench *b)
{
    struct mallinfo2 m = mallinfo2();

    return (double)(m.uordblks + m.hblkhd + pool_bytes(&b->script->pool)) / 1024;
}

/* Busy neighbours change times, but not this. */
static int open_counter(void)
{
    struct perf_event_attr attr = {.type = PERF_TYPE_HARDWARE,
                                   .size = sizeof attr,
                                   .config = PERF_COUNT_HW_INSTRUCTIONS,
                                   .exclude_hv = 1};

    return (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
}

static uint64_t instructions(const struct bench *b)
{
    uint64_t n = 0;

    return b->counter >= 0 && read(b->counter, &n, sizeof n) == (ssize_t)sizeof n ? n : 0;
}

static struct sample take(const struct bench *b)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return (struct sample){.at = clock_now(),
                           .instructions = instructions(b),
                           .cpu = (usec_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * USEC_PER_SEC +
                                  (usec_t)(u.ru_utime.tv_usec + u.ru_stime.tv_usec),
                           .commands = b->pretend != NULL ? pretend_commands(b->pretend)
                                                          : *b->source.accepted,
                           .received = recorder_counter(b->sim->recorder, "messages.received"),
                           .sent = recorder_counter(b->sim->recorder, "messages.sent")};
}

/* ---- the course of it ---- */

static bool all_in_step(const struct bench *b)
{
    if (b->sim->by_state[TCU_ONLINE] < b->options->vehicles)
        return false;
    for (size_t i = 0; i < b->sim->table_size; i++)
        if (b->sim->table[i] != NULL && !tcu_in_step(b->sim->table[i]->tcu))
            return false;
    return true;
}

static void enter(struct bench *b, enum phase phase, double seconds)
{
    b->phase = phase;
    b->since = take(b);
    b->until = b->since.at + (usec_t)(seconds * 1e6);
}

static void begin_commands(struct bench *b)
{
    double n = b->options->vehicles;

    b->kb_resident = (rss_kb() - b->rss_before) / n;
    b->kb_heap = (heap_kb(b) - b->heap_before) / n;
    b->kb_lua = (double)b->script->memory / 1024 / n;
    if (b->pretend != NULL)
        pretend_start(b->pretend);
    else
        source_start(&b->source);
    enter(b, PHASE_WARM_UP, b->options->warm_up);
}

struct row {
    double per_s, cpu_us, per_core, received, sent, instructions;
    usec_t p50, p99, max;
};

static struct row measured(const struct bench *b)
{
    struct sample now = take(b);
    double seconds = (double)(now.at - b->since.at) / 1e6;
    double cpu = (double)(now.cpu - b->since.cpu) / 1e6;
    double commands = (double)(now.commands - b->since.commands);

    return (struct row){.per_s = commands / seconds,
                        .cpu_us = cpu * 1e6 / commands,
                        .per_core = commands / cpu,
                        .received = (double)(now.received - b->since.received) / commands,
                        .sent = (double)(now.sent - b->since.sent) / commands,
                        .instructions =
                            (double)(now.instructions - b->since.instructions) / commands,
                        .p50 = histogram_percentile(&b->lags, 50),
                        .p99 = histogram_percentile(&b->lags, 99),
                        .max = histogram_max(&b->lags)};
}

static void print_json(const struct bench *b, const struct row *r)
{
    printf("{\"cloud\":\"%s\",\"vehicles\":%u,\"rate\":%.0f,\"commands_per_s\":%.0f,"
           "\"cpu_us_per_command\":%.2f,\"commands_per_s_per_core\":%.0f,"
           "\"instructions_per_command\":%.0f,"
           "\"messages_received_per_command\":%.2f,\"messages_sent_per_command\":%.2f,\"lag_us_"
           "p50\":%" PRIu64 ",\"lag_us_p99\":%" PRIu64 ",\"lag_us_max\":%" PRIu64
           ",\"kb_resident\":%.2f,"
           "\"kb_heap\":%.2f,\"kb_lua\":%.2f,\"idle_percent_of_core\":%.2f}\n",
           b->pretend != NULL ? "pretend" : "mqtts", b->options->vehicles, b->options->rate,
           r->per_s, r->cpu_us, r->per_core, r->instructions, r->received, r->sent, r->p50, r->p99,
           r->max, b->kb_resident, b->kb_heap, b->kb_lua, b->idle_percent);
}

/* Per car. */
static double oracle_bytes(const struct bench *b)
{
    double bytes = 0;

    for (size_t i = 0; i < b->sim->table_size; i++)
        if (b->sim->table[i] != NULL)
            bytes += (double)oracle_car_bytes(b->sim->table[i]->oracle);
    return bytes / b->options->vehicles;
}

static void print_text(const struct bench *b, const struct row *r)
{
    printf("%u cars over %s\n"
           "  commands    %.0f/s, %.2f µs of CPU each: %.0f/s per core (%.0f instructions, %.2f "
           "messages in, %.2f out)\n"
           "  loop lag    p50 %" PRIu64 " µs, p99 %" PRIu64 " µs, max %" PRIu64 " µs\n"
           "  per car     %.1f KB resident, %.1f KB of heap, %.1f KB of it Lua\n",
           b->options->vehicles, b->pretend != NULL ? "nothing" : "mutual TLS", r->per_s, r->cpu_us,
           r->per_core, r->instructions, r->received, r->sent, r->p50, r->p99, r->max,
           b->kb_resident, b->kb_heap, b->kb_lua);
    if (b->sim->oracle != NULL)
        printf("  oracle      %.0f bytes per car\n", oracle_bytes(b));
    if (b->options->idle > 0)
        printf("  idle        %.2f %% of a core\n", b->idle_percent);
}

static void print(const struct bench *b)
{
    struct row row = measured(b);

    if (b->options->json)
        print_json(b, &row);
    else
        print_text(b, &row);
}

static void advance(struct bench *b)
{
    const struct options *o = b->options;

    switch (b->phase) {
    case PHASE_CONNECT:
        enter(b, PHASE_QUIET, (double)QUIET / 1e6);
        break;
    case PHASE_QUIET:
        if (o->idle > 0)
            enter(b, PHASE_IDLE, o->idle);
        else
            begin_commands(b);
        break;
    case PHASE_IDLE: {
        struct sample now = take(b);
        b->idle_percent = 100 * (double)(now.cpu - b->since.cpu) / (double)(now.at - b->since.at);
        begin_commands(b);
        break;
    }
    case PHASE_WARM_UP:
        histogram_clear(&b->lags);
        enter(b, PHASE_MEASURE, o->seconds);
        break;
    case PHASE_MEASURE:
        print(b);
        b->ok = true;
        if (b->pretend != NULL)
            pretend_stop(b->pretend);
        b->phase = PHASE_DONE;
        loop_stop(b->sim->loop);
        break;
    case PHASE_DONE:
        break;
    }
}

static void on_poll(void *arg)
{
    struct bench *b = arg;

    if (b->phase == PHASE_CONNECT ? all_in_step(b) : clock_now() >= b->until)
        advance(b);
    loop_timer_start(&b->poll, POLL);
}

/* How late the loop runs a timer is how long everything else waits. It wakes the loop, so an idle
   fleet is left alone. */
static void on_lag(void *arg)
{
    struct bench *b = arg;
    usec_t now = clock_now();

    if (b->phase == PHASE_MEASURE)
        histogram_record(&b->lags, now > b->lag_due ? now - b->lag_due : 0);
    b->lag_due = now + (b->phase < PHASE_WARM_UP ? POLL : LAG_PERIOD);
    loop_timer_start(&b->lag, b->lag_due - now);
}

/* ---- putting it together ---- */

static void on_finished(void *ctx, struct scenario *s)
{
    (void)ctx;
    fprintf(stderr, "fleetsim-bench-commands: %s\n", s->message != NULL ? s->message : "ended");
}

static void on_all_done(void *ctx)
{
    struct bench *b = ctx;

    loop_stop(b->sim->loop);
}

static bool assemble(struct bench *b, struct error *err)
{
    const struct options *o = b->options;
    struct target_options target = {.seed = 1, .vehicles = o->vehicles};

    if (!target_open(&b->target, &target, err))
        return false;
    if (!o->pretend && !source_fork(&b->source, &b->target, o->vehicles, o->rate))
        return error_set(err, ERROR_TARGET, "source: cannot be started");
    b->sim = simulation_new(
        &(struct simulation_options){.endpoint = o->pretend ? "mqtt://127.0.0.1:1" : b->target.uri,
                                     .pki_dir = b->target.pki_dir,
                                     .ca_file = o->pretend ? NULL : b->target.ca_file,
                                     .seed = 1,
                                     .time_scale = 1,
                                     .version = MQTT_5,
                                     .keep_alive_s = 60},
        err);
    if (b->sim == NULL || !oracle_run_open(b->sim, o->oracle != NULL ? o->oracle : "off", 0, err))
        return false;
    if (o->pretend)
        b->pretend = pretend_new(b->sim, o->vehicles);
    b->script = script_new(
        &(struct script_options){.simulation = b->sim, .vehicles_dir = o->vehicles_dir}, err);
    if (b->script == NULL)
        return false;
    b->runner = runner_new(b->script, &(struct runner_options){.vehicles = o->vehicles,
                                                               .vehicles_forced = true,
                                                               .finished = on_finished,
                                                               .all_done = on_all_done,
                                                               .ctx = b});
    return runner_load(b->runner, BENCH_COMMANDS_DIR "/fleet.lua", err);
}

static void run(struct bench *b)
{
    struct loop *loop = b->sim->loop;

    histogram_init(&b->lags);
    b->counter = open_counter();
    b->rss_before = rss_kb();
    b->heap_before = heap_kb(b);
    loop_timer_init(&b->poll, loop, on_poll, b);
    loop_timer_init(&b->lag, loop, on_lag, b);
    on_poll(b);
    on_lag(b);
    runner_start(b->runner);
    loop_run(loop);
    loop_timer_stop(&b->poll);
    loop_timer_stop(&b->lag);
    histogram_done(&b->lags);
}

static void release(struct bench *b)
{
    source_end(&b->source);
    runner_free(b->runner);
    script_free(b->script);
    pretend_free(b->pretend);
    target_close(&b->target);
    simulation_free(b->sim);
}

static bool number(const char *text, double low, double high, double *ret)
{
    char *end;

    *ret = strtod(text, &end);
    return *text != '\0' && *end == '\0' && *ret >= low && *ret <= high;
}

/* 0: go on; else exit status + 1. */
static int parse(struct options *o, int argc, char **argv)
{
    static const struct option longs[] = {
        {"vehicles",     required_argument, NULL, 'n'},
        {"rate",         required_argument, NULL, 'r'},
        {"seconds",      required_argument, NULL, 's'},
        {"warm-up",      required_argument, NULL, 'w'},
        {"idle",         required_argument, NULL, 'i'},
        {"pretend",      no_argument,       NULL, 'p'},
        {"vehicles-dir", required_argument, NULL, 'd'},
        {"oracle",       required_argument, NULL, 'o'},
        {"json",         no_argument,       NULL, 'j'},
        {"help",         no_argument,       NULL, 'h'},
        {NULL,           0,                 NULL, 0  }
    };
    double vehicles = o->vehicles;
    bool ok = true;

    for (int c; ok && (c = getopt_long(argc, argv, "n:h", longs, NULL)) != -1;) {
        switch (c) {
        case 'n':
            ok = number(optarg, 1, 100000, &vehicles);
            break;
        case 'r':
            ok = number(optarg, 0, 1e6, &o->rate);
            break;
        case 's':
            ok = number(optarg, 0.1, 3600, &o->seconds);
            break;
        case 'w':
            ok = number(optarg, 0, 3600, &o->warm_up);
            break;
        case 'i':
            ok = number(optarg, 0, 3600, &o->idle);
            break;
        case 'p':
            o->pretend = true;
            break;
        case 'd':
            o->vehicles_dir = optarg;
            break;
        case 'o':
            o->oracle = optarg;
            break;
        case 'j':
            o->json = true;
            break;
        case 'h':
            fputs(usage, stdout);
            return 1;
        default:
            ok = false;
        }
    }
    o->vehicles = (uint32_t)vehicles;
    if (ok && optind == argc)
        return 0;
    fputs("fleetsim-bench-commands: wrong usage (see --help)\n", stderr);
    return 3;
}

int main(int argc, char **argv)
{
    struct options o = {.vehicles = 1000, .seconds = 10, .warm_up = 2, .vehicles_dir = "vehicles"};
    struct bench b = {.options = &o, .target = {.lock = -1}};
    struct rlimit files;
    struct error err;

    int status = parse(&o, argc, argv);
    if (status != 0)
        return status - 1;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    if (assemble(&b, &err))
        run(&b);
    else
        fprintf(stderr, "fleetsim-bench-commands: %s\n", err.text);
    release(&b);
    return b.ok ? 0 : ERROR_TARGET;
}
