#include "cli/outputs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/xmem.h"
#include "cli/cases.h"
#include "metrics/github.h"
#include "metrics/tap.h"

#define TEXT_MAX ((size_t)64 << 20)

/* ---- opening ---- */

/* stdout as it was, for one format alone; what else is printed goes to stderr. */
static FILE *take_stdout(struct error *err)
{
    fflush(stdout);
    int own = dup(STDOUT_FILENO);
    FILE *file = own >= 0 ? fdopen(own, "w") : NULL;

    if (file == NULL || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
        error_set(err, ERROR_USAGE, "stdout: %s", strerror(errno));
        if (file != NULL)
            fclose(file);
        return NULL;
    }
    return file;
}

static bool open_file(FILE **ret, const char *option, const char *path, struct error *err)
{
    if (path == NULL)
        return true;
    *ret = strcmp(path, "-") == 0 ? take_stdout(err) : fopen(path, "we");
    if (*ret != NULL)
        return true;
    if (strcmp(path, "-") != 0)
        error_set(err, ERROR_USAGE, "%s: %s", path, strerror(errno));
    return error_prefix(err, "%s", option);
}

static bool is_dash(const char *path)
{
    return path != NULL && strcmp(path, "-") == 0;
}

bool outputs_open(struct outputs *o, const struct run_settings *s, struct error *err)
{
    const char *actions = getenv("GITHUB_ACTIONS"), *root = getenv("GITHUB_WORKSPACE");
    const char *summary = getenv("GITHUB_STEP_SUMMARY");

    *o = (struct outputs){.seed = s->seed};
    if (is_dash(s->tap) && is_dash(s->jsonl))
        return error_set(err, ERROR_USAGE,
                         "--tap - and --jsonl -: only one of them can have stdout (write the other "
                         "to a file)");
    o->github = actions != NULL && strcmp(actions, "true") == 0;
    o->github_root = root != NULL && *root != '\0' ? realpath(root, NULL) : NULL;
    o->github_summary = summary != NULL && *summary != '\0' ? summary : NULL;
    /* A list has no results: what earlier runs wrote there stays. */
    return open_file(&o->tap, "--tap", s->list ? NULL : s->tap, err) &&
           open_file(&o->events, "--jsonl", s->jsonl, err);
}

/* ---- writing ---- */

static void say(FILE *file, struct buf *text)
{
    fwrite(text->data, 1, buf_len(text), file);
    fflush(file);
    buf_done(text);
}

/* Between annotations a line that begins with "::" is what a script has printed: GitHub is told to
   take no commands until it sees a word that nobody can guess. */
static void pause_commands(const struct outputs *o, bool pause)
{
    if (*o->github_pause == '\0')
        return;
    printf(pause ? "::stop-commands::%s\n" : "::%s::\n", o->github_pause);
    fflush(stdout);
}

static void begin_pause(struct outputs *o)
{
    uint64_t word[2];

    if (!o->github || *o->github_pause != '\0' || getrandom(word, sizeof word, 0) != sizeof word)
        return;
    snprintf(o->github_pause, sizeof o->github_pause, "fleetsim%016" PRIx64 "%08" PRIx64, word[0],
             word[1] & UINT32_MAX);
    pause_commands(o, true);
}

void outputs_begin(struct outputs *o, const struct run_settings *s, size_t scenarios,
                   struct verdicts *verdicts)
{
    struct event_run run = {.name = s->name,
                            .command_line = s->command_line,
                            .seed = s->seed,
                            .scenarios = scenarios,
                            .rounds = s->repeat != 0 ? s->repeat : 1,
                            .shuffled = s->shuffle};
    struct buf text;

    o->verdicts = verdicts;
    begin_pause(o);
    if (o->tap != NULL) {
        buf_init(&text, TEXT_MAX);
        tap_begin(&text);
        say(o->tap, &text);
    }
    if (o->events != NULL) {
        buf_init(&text, TEXT_MAX);
        event_run_started(&run, clock_wall_ms(), &text);
        say(o->events, &text);
    }
}

void outputs_list(struct outputs *o, struct scenario *first)
{
    struct verdicts *all = verdicts_new("list", 0);
    struct verdict v;
    struct buf text;

    for (struct scenario *s = first; s != NULL && o->events != NULL; s = s->next) {
        cases_add(all, s, 1);
        cases_view(s, &v);
        buf_init(&text, TEXT_MAX);
        event_case_listed(&v, &text);
        say(o->events, &text);
        s->user = NULL;
    }
    verdicts_free(all);
}

static struct event_turn turn_of(const struct scenario *s, bool again)
{
    return (struct event_turn){.attempt = s->attempt,
                               .again = again,
                               .seed = s->seed,
                               .first_vehicle = s->owner.first_vehicle};
}

void outputs_started(struct outputs *o, const struct scenario *s)
{
    struct event_turn turn = turn_of(s, false);
    struct verdict v;
    struct buf text;

    if (o->events == NULL)
        return;
    cases_view(s, &v);
    buf_init(&text, TEXT_MAX);
    event_case_started(&v, &turn, clock_wall_ms(), &text);
    say(o->events, &text);
}

/* What is told of a case once, when it has ended for good. */
static void tell_end(struct outputs *o, const struct verdict *v)
{
    struct buf text;

    if (o->tap != NULL) {
        buf_init(&text, TEXT_MAX);
        tap_case(v, ++o->told, &text);
        say(o->tap, &text);
    }
    if (o->github) {
        buf_init(&text, TEXT_MAX);
        github_annotate(v, o->github_root, &text);
        bool any = buf_len(&text) != 0;
        if (any)
            pause_commands(o, false);
        say(stdout, &text);
        if (any)
            pause_commands(o, true);
    }
}

void outputs_ended(struct outputs *o, const struct scenario *s, bool again)
{
    struct event_turn turn = turn_of(s, again);
    struct verdict v;
    struct buf text;

    cases_view(s, &v);
    if (o->events != NULL) {
        buf_init(&text, TEXT_MAX);
        event_case_finished(&v, &turn, clock_wall_ms(), &text);
        say(o->events, &text);
    }
    if (!again)
        tell_end(o, &v);
}

/* ---- closing ---- */

static bool close_file(FILE *file, const char *option, struct error *err)
{
    if (file == NULL)
        return true;
    bool bad = ferror(file) != 0;
    if (fclose(file) == 0 && !bad)
        return true;
    return error_set(err, ERROR_USAGE, "%s: it could not be written whole", option);
}

static bool append_summary(struct outputs *o, struct error *err)
{
    struct buf text;
    FILE *file = fopen(o->github_summary, "ae");

    if (file == NULL)
        return error_set(err, ERROR_USAGE, "GITHUB_STEP_SUMMARY %s: %s", o->github_summary,
                         strerror(errno));
    buf_init(&text, TEXT_MAX);
    github_summary(o->verdicts, o->seed, &text);
    say(file, &text);
    return close_file(file, "GITHUB_STEP_SUMMARY", err);
}

/* What is judged at the end, and by no scenario: the oracle's rules. */
static void tell_check(struct outputs *o, const struct verdict *v)
{
    struct buf text;

    if (o->events != NULL) {
        buf_init(&text, TEXT_MAX);
        event_check_finished(v, clock_wall_ms(), &text);
        say(o->events, &text);
    }
    tell_end(o, v);
}

static void tell_checks(struct outputs *o)
{
    struct verdict_suite_view suite;
    struct verdict v;

    for (size_t i = 0; i < verdicts_suite_count(o->verdicts); i++) {
        verdicts_suite_at(o->verdicts, i, &suite);
        for (size_t c = 0; c < suite.case_count && suite.file == NULL; c++) {
            verdict_of(suite.cases[c], &v);
            tell_check(o, &v);
        }
    }
}

static void say_end(struct outputs *o, int exit_status, const char *reason)
{
    struct buf text;

    tell_checks(o);
    if (o->tap != NULL) {
        buf_init(&text, TEXT_MAX);
        tap_end(o->told, reason, &text);
        say(o->tap, &text);
    }
    if (o->events != NULL) {
        buf_init(&text, TEXT_MAX);
        event_run_finished(o->verdicts, exit_status, reason, clock_wall_ms(), &text);
        say(o->events, &text);
    }
}

bool outputs_close(struct outputs *o, int exit_status, const char *reason, struct error *err)
{
    bool ok = true;

    if (o->verdicts != NULL) {
        say_end(o, exit_status, reason);
        ok = o->github_summary == NULL || append_summary(o, err);
    }
    pause_commands(o, false);
    ok = close_file(o->tap, "--tap", err) && ok;
    ok = close_file(o->events, "--jsonl", err) && ok;
    free(o->github_root);
    *o = (struct outputs){0};
    return ok;
}
