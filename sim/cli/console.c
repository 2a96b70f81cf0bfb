#include "cli/console.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fleet/simulation.h"
#include "metrics/table.h"

/* What no shell takes for anything else. */
#define PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=+,@%"

/* A packet's payload may be long; all of it is in the JUnit file and the trace. */
#define SHOWN_MAX 240

void console_clear(struct console *c)
{
    if (c->status_line)
        fputs("\r\033[K", stderr);
    c->status_line = false;
}

void console_status(struct console *c)
{
    const size_t *by = c->sim->by_state;
    size_t total = runner_count(c->runner);
    size_t finished = total - runner_tally(c->runner, SCENARIO_WAITING) -
                      runner_tally(c->runner, SCENARIO_RUNNING);

    if (!isatty(STDERR_FILENO) || c->settings->quiet)
        return;
    console_clear(c);
    fprintf(stderr, "%5.1f s  scenarios %zu/%zu  vehicles %zu online, %zu connecting, %zu asleep",
            (double)(clock_now() - c->started) / 1e6, finished, total, by[TCU_ONLINE],
            by[TCU_CONNECTING] + by[TCU_SYNCING] + by[TCU_BACKING_OFF], by[TCU_ASLEEP]);
    fflush(stderr);
    c->status_line = true;
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

/* One word for the shell, whatever is in it. */
static void print_word(const char *text)
{
    if (*text != '\0' && text[strspn(text, PLAIN)] == '\0') {
        fputs(text, stdout);
        return;
    }
    putchar('\'');
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            fputs("'\\'", stdout);
        putchar(*text);
    }
    putchar('\'');
}

static void print_option(const char *name, const char *value)
{
    if (value == NULL)
        return;
    printf(" --%s ", name);
    print_word(value);
}

static void print_number(const char *name, uint64_t value)
{
    if (value != 0)
        printf(" --%s %" PRIu64, name, value);
}

/* The command that gives this scenario the same cars and the same randomness again. */
static void print_repeat(const struct run_settings *s, const struct scenario *scenario)
{
    printf("  again with: fleetsim run ");
    print_word(scenario->file);
    print_option("filter", scenario->owner.name);
    print_number("seed", s->seed);
    print_number("first-vehicle", scenario->owner.first_vehicle);
    print_number("vehicles", s->vehicles);
    print_number("keep-alive", s->keep_alive);
    print_option("mqtt", strcmp(s->mqtt, "5") != 0 ? s->mqtt : NULL);
    if (s->timeout != 0)
        printf(" --timeout %gs", (double)s->timeout / 1e6);
    if (s->time_scale < 1 || s->time_scale > 1)
        printf(" --time-scale %g", s->time_scale);
    print_option("time", s->target.virtual_time ? s->time : NULL);
    print_option("start", s->start);
    print_option("cloud", s->target.cloud_dir);
    print_option("endpoint", s->target.endpoint);
    print_option("pki", s->target.pki_dir);
    print_option("ca", s->target.ca_file);
    fputs(s->insecure ? " --insecure\n" : "\n", stdout);
}

void console_verdict(struct console *c, const struct scenario *s)
{
    static const char *const words[SCENARIO_VERDICT_COUNT] = {"wait", "run",   "ok",
                                                              "FAIL", "ERROR", "skip"};

    console_clear(c);
    if (s->verdict == SCENARIO_PASSED && c->settings->quiet)
        return;
    printf("%-5s  %s  (%.2f s)  %s:%u\n", words[s->verdict], s->owner.name, (double)s->took / 1e6,
           s->file, s->line);
    if (s->message != NULL)
        printf("  %s%s%s\n", s->where != NULL ? s->where : "", s->where != NULL ? ": " : "",
               s->message);
    if (s->verdict == SCENARIO_FAILED || s->verdict == SCENARIO_ERRORED) {
        if (s->detail != NULL)
            print_detail(s->detail);
        print_repeat(c->settings, s);
    }
    fflush(stdout);
}

void console_summary(struct console *c, const char *results)
{
    size_t total = runner_count(c->runner);
    struct buf table;

    console_clear(c);
    buf_init(&table, 1 << 20);
    if (table_write(c->sim->recorder, isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL, &table))
        printf("\n%s", buf_cstr(&table));
    buf_done(&table);
    printf("\n%zu scenario%s: %zu passed", total, total == 1 ? "" : "s",
           runner_tally(c->runner, SCENARIO_PASSED));
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
    printf(", seed %" PRIu64 ")\n", c->settings->seed);
    if (results != NULL)
        printf("results: %s\n", results);
    fflush(stdout);
}

void console_list(const struct console *c)
{
    for (const struct scenario *s = runner_first(c->runner); s != NULL; s = s->next)
        printf("%s:%u: %s\n", s->file, s->line, s->owner.name);
}
