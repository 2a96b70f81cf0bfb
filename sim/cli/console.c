#include "cli/console.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/load_run.h"
#include "cli/repeat.h"
#include "fleet/simulation.h"
#include "metrics/limits.h"
#include "metrics/recorder.h"
#include "metrics/table.h"

/* A packet's payload may be long; all of it is in the JUnit file and the trace. */
#define SHOWN_MAX   240
#define COMMAND_MAX ((size_t)1 << 20)

/* From so many cars on a run on a terminal is worth a picture. */
#define PICTURE_CARS 50

void console_clear(struct console *c)
{
    live_screen_clear();
    if (c->status_line)
        fputs("\r\033[K", stderr);
    c->status_line = false;
}

/* Where no terminal is, between two lines. */
#define TELL_EVERY (5 * USEC_PER_SEC)

/* Is it time to say how far the run has come? */
static bool begin_progress(struct console *c)
{
    usec_t last = c->told_at != 0 ? c->told_at : c->started;

    if (c->settings->quiet || (!isatty(STDERR_FILENO) && clock_now() - last < TELL_EVERY))
        return false;
    console_clear(c);
    fprintf(stderr, "%5.1f s  ", (double)(clock_now() - c->started) / 1e6);
    return true;
}

static void end_progress(struct console *c)
{
    c->status_line = isatty(STDERR_FILENO);
    if (!c->status_line)
        fputc('\n', stderr);
    fflush(stderr);
    c->told_at = clock_now();
}

void console_certificates(void *ctx, uint32_t made, uint32_t count)
{
    struct console *c = ctx;
    if (!begin_progress(c))
        return;
    fprintf(stderr, "certificates %" PRIu32 "/%" PRIu32, made, count);
    end_progress(c);
}

static void print_vehicles(const struct simulation *sim)
{
    const size_t *by = sim->by_state;
    size_t waiting = sim->gate.queued;

    fprintf(stderr, "vehicles %zu online, %zu connecting, %zu asleep", by[TCU_ONLINE],
            by[TCU_CONNECTING] - waiting + by[TCU_SYNCING] + by[TCU_BACKING_OFF], by[TCU_ASLEEP]);
    if (waiting > 0)
        fprintf(stderr, ", %zu queued", waiting);
}

/* A load has the live view, and so has a large fleet where there is a terminal. Once shown it
   stays, whatever becomes of the cars. */
static bool is_live(struct console *c, const struct load_run *load)
{
    bool large = c->sim->vehicle_count >= PICTURE_CARS && isatty(STDERR_FILENO);

    if (c->live == NULL && !c->settings->quiet && (large || load->flags != NULL)) {
        console_clear(c);
        c->live = live_screen_new();
    }
    return c->live != NULL && (load->flags != NULL || live_screen_is_terminal(c->live));
}

#define LIMITS_SHOWN 8

/* What the limits came to so far, with its texts. */
struct limits_so_far {
    struct live_limit shown[LIMITS_SHOWN];
    char values[LIMITS_SHOWN][32];
};

static size_t judge_limits(const struct console *c, struct limits_so_far *ret)
{
    struct limits *limits = c->settings->limits;
    size_t count = limits_count(limits);

    limits_judge(limits, c->sim->recorder);
    count = count < LIMITS_SHOWN ? count : LIMITS_SHOWN;
    for (size_t i = 0; i < count; i++) {
        const struct limit_reached *reached;
        const struct limit *limit = limits_at(limits, i, &reached);
        limit_value_text(limit, reached->value, ret->values[i], sizeof ret->values[i]);
        ret->shown[i] = (struct live_limit){.expression = limit->expression,
                                            .value = reached->known ? ret->values[i] : NULL,
                                            .held = reached->held};
    }
    return count;
}

static size_t scenarios_finished(const struct console *c)
{
    return runner_count(c->runner) - runner_tally(c->runner, SCENARIO_WAITING) -
           runner_tally(c->runner, SCENARIO_RUNNING);
}

static void show_live(struct console *c, const struct load_run *load)
{
    char doing[64];
    struct limits_so_far limits;
    bool is_load = load->host.load != NULL;
    struct live_moment m = {.title = load->flags != NULL ? "fleetsim load" : "fleetsim run",
                            .doing = is_load ? load_phase(load->host.load) : doing,
                            .elapsed = clock_now() - c->started,
                            .left = load_run_left(load),
                            .limits = limits.shown,
                            .limit_count = judge_limits(c, &limits)};

    snprintf(doing, sizeof doing, "scenarios %zu/%zu", scenarios_finished(c),
             runner_count(c->runner));
    live_moment_take(&m, c->sim);
    live_screen_show(c->live, &m);
}

static void print_scenarios(struct console *c)
{
    const struct recorder *rec = c->sim->recorder;
    uint64_t connects = recorder_counter(rec, "connect.succeeded");
    uint64_t sent = recorder_counter(rec, "commands.sent");
    size_t open = recorder_journeys_open(rec);
    usec_t since = clock_now() - (c->told_at != 0 ? c->told_at : c->started);

    fprintf(stderr, "scenarios %zu/%zu  ", scenarios_finished(c), runner_count(c->runner));
    print_vehicles(c->sim);
    if (connects > c->connects && since > 0)
        fprintf(stderr, "  %.0f connects/s",
                (double)(connects - c->connects) * 1e6 / (double)since);
    if (sent > 0)
        fprintf(stderr, "  commands %" PRIu64 " done, %zu open", sent - open, open);
    c->connects = connects;
}

void console_status(struct console *c, const struct load_run *load)
{
    if (is_live(c, load)) {
        show_live(c, load);
        return;
    }
    if (!begin_progress(c))
        return;
    print_scenarios(c);
    end_progress(c);
}

/* The length of `line` up to SHOWN_MAX bytes, not inside a UTF-8 character. */
static size_t shown_length(const char *line, size_t len)
{
    if (len <= SHOWN_MAX)
        return len;
    len = SHOWN_MAX;
    while (len > 0 && ((unsigned char)line[len] & 0xc0) == 0x80)
        len--;
    return len;
}

static void print_detail(const char *detail)
{
    while (*detail != '\0') {
        size_t len = strcspn(detail, "\n");
        size_t shown = shown_length(detail, len);
        printf("%.*s%s\n", (int)shown, detail, shown < len ? "…" : "");
        detail += len + (detail[len] == '\n');
    }
}

/* Which round, and which attempt, if there may be several. */
static void print_turn(const struct console *c, const struct scenario *s)
{
    bool attempts = s->attempt > 1 || (c->settings->retries != 0 && s->message != NULL);

    if (c->settings->repeat > 1)
        printf("  round %u", s->round);
    if (attempts)
        printf("%s attempt %u", c->settings->repeat > 1 ? "," : " ", s->attempt);
}

void console_verdict(struct console *c, const struct scenario *s)
{
    static const char *const words[SCENARIO_VERDICT_COUNT] = {"wait",  "run",  "ok",  "FAIL",
                                                              "ERROR", "skip", "todo"};

    console_clear(c);
    if (s->verdict == SCENARIO_PASSED && s->message == NULL && !scenario_is_flaky(s) &&
        c->settings->quiet)
        return;
    printf("%-5s  %s", scenario_is_flaky(s) ? "flaky" : words[s->verdict], s->owner.name);
    print_turn(c, s);
    printf("  (%.2f s)  %s:%u\n", (double)s->took / 1e6, s->file, s->line);
    if (s->message != NULL)
        printf("  %s%s%s\n", s->where != NULL ? s->where : "", s->where != NULL ? ": " : "",
               s->message);
    if (s->verdict == SCENARIO_FAILED || s->verdict == SCENARIO_ERRORED) {
        if (s->detail != NULL)
            print_detail(s->detail);
        struct buf command;
        buf_init(&command, COMMAND_MAX);
        repeat_write(c->settings, s, &command);
        printf("  again with: %s\n", buf_cstr(&command));
        buf_done(&command);
    }
    fflush(stdout);
}

void console_table(struct console *c)
{
    bool colour = isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL;
    struct buf table;

    console_clear(c);
    buf_init(&table, 1 << 20);
    if (table_write(c->sim->recorder, colour, &table))
        printf("\n%s", buf_cstr(&table));
    buf_clear(&table);
    if (limits_count(c->settings->limits) > 0 && limits_table(c->settings->limits, colour, &table))
        printf("\n%s%s", buf_cstr(&table),
               c->settings->shard.count == 0
                   ? ""
                   : "  (of this shard: fleetsim report merge judges the whole)\n");
    buf_done(&table);
}

void console_summary(struct console *c, const char *results)
{
    size_t total = runner_count(c->runner);

    printf("\n%zu scenario%s", total, total == 1 ? "" : "s");
    if (c->settings->repeat > 1)
        printf(" in %u round%s of %" PRIu64, runner_rounds(c->runner),
               runner_rounds(c->runner) == 1 ? "" : "s", c->settings->repeat);
    printf(": %zu passed", runner_tally(c->runner, SCENARIO_PASSED));
    if (runner_flaky(c->runner) > 0)
        printf(" (%zu flaky: only after a failure)", runner_flaky(c->runner));
    for (int v = SCENARIO_FAILED; v < SCENARIO_VERDICT_COUNT; v++)
        if (runner_tally(c->runner, (enum scenario_verdict)v) > 0)
            printf(", %zu %s", runner_tally(c->runner, (enum scenario_verdict)v),
                   scenario_verdict_name((enum scenario_verdict)v));
    printf("  (%.2f s", (double)(clock_now() - c->started) / 1e6);
    if (loop_is_virtual(c->sim->loop)) {
        char lived[32];
        duration_human((double)loop_simulated_now(c->sim->loop), lived, sizeof lived);
        printf(" for %s of virtual time", lived);
    }
    printf(", seed %" PRIu64 "%s)\n", c->settings->seed,
           c->settings->shuffle ? ", shuffled by it" : "");
    if (results != NULL)
        printf("results: %s\n", results);
    fflush(stdout);
}

static void print_listed(const struct scenario *s)
{
    printf("%s:%u: %s", s->file, s->line, s->owner.name);
    for (size_t i = 0; i < s->record.tag_count; i++)
        printf("%s%s", i == 0 ? "  [" : ", ", s->record.tags[i]);
    puts(s->record.tag_count > 0 ? "]" : "");
}

void console_list(const struct console *c)
{
    for (const struct scenario *s = runner_first(c->runner); s != NULL; s = s->next)
        print_listed(s);
}

void console_close(struct console *c)
{
    live_screen_free(c->live);
    c->live = NULL;
}
