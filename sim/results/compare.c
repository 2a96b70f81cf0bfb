#include "results/compare.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/xmem.h"
#include "metrics/limit_share.h"
#include "metrics/names.h"
#include "results/bootstrap.h"
#include "results/past_run.h"

/* A run is cut into at most so many intervals: more would cost time and change nothing. */
#define INTERVALS_MAX 240
/* Of shares; less is never a change. */
#define LEAST_SHARE 0.0001
#define SEED        1

static const double percents[] = {50, 99};
static const char *const percent_names[] = {"p50", "p99"};
#define PERCENT_COUNT (sizeof percents / sizeof *percents)

const char *compare_change_name(enum compare_change change)
{
    static const char *const names[COMPARE_CHANGE_COUNT] = {"same", "better", "worse", "unknown"};

    return names[change];
}

/* ---- how strict ---- */

/* So many standard errors does a value leave with probability `alpha` in either direction. */
static double errors_of(double alpha)
{
    double low = 0, high = 40;

    for (int i = 0; i < 60; i++) {
        double middle = (low + high) / 2;
        if (erfc(middle / sqrt(2)) > alpha)
            low = middle;
        else
            high = middle;
    }
    return high;
}

static enum compare_change judge(double low, double high, double change, double least)
{
    if (low > 0 && change > least)
        return COMPARE_WORSE;
    if (high < 0 && change < -least)
        return COMPARE_BETTER;
    return COMPARE_SAME;
}

/* ---- stages ---- */

/* The intervals of one run: a bootstrap for each of its stages, in their order. */
struct gather {
    const struct past_run *run;
    double width; /* s */
    struct bootstrap *stages[RECORDER_STAGES_MAX];
};

static size_t stage_index(const struct past_run *run, const char *name)
{
    size_t i = 0;

    while (i < recorder_stage_count(run->totals) &&
           strcmp(recorder_stage_at(run->totals, i)->name, name) != 0)
        i++;
    return i;
}

static bool add_interval(void *arg, const struct hlog_entry *entry)
{
    struct gather *g = arg;
    double since = entry->start - (double)g->run->started_wall_ms / 1000;
    size_t i = stage_index(g->run, entry->tag);

    if (i < recorder_stage_count(g->run->totals))
        bootstrap_add(g->stages[i], since > 0 ? (uint64_t)(since / g->width) : 0, entry->histogram);
    return true;
}

static bool gather_intervals(struct gather *g, const struct past_run *run, struct error *err)
{
    double seconds = (double)run->duration / 1e6;

    *g = (struct gather){.run = run,
                         .width = seconds > INTERVALS_MAX ? ceil(seconds / INTERVALS_MAX) : 1};
    for (size_t i = 0; i < recorder_stage_count(run->totals); i++)
        g->stages[i] = bootstrap_new();
    return past_run_intervals(run, add_interval, g, err);
}

static void gather_done(struct gather *g)
{
    for (size_t i = 0; i < RECORDER_STAGES_MAX; i++)
        bootstrap_free(g->stages[i]);
}

/* What it says, it says of us. */
static bool is_own(const char *stage)
{
    static const char *const own[] = {"loop.lag", "command.schedule", "connect.queue", "schedule.",
                                      "task."};

    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (strncmp(stage, own[i], strlen(own[i])) == 0)
            return true;
    return false;
}

static void add_stage(struct comparison *c, const struct past_run *runs[2],
                      struct bootstrap *intervals[2], const char *stage)
{
    double errors[2][BOOTSTRAP_PERCENTS_MAX];
    bool known = true;

    for (int r = 0; r < 2; r++) {
        known &= bootstrap_intervals(intervals[r]) >= COMPARE_INTERVALS_MIN;
        bootstrap_errors(intervals[r], percents, PERCENT_COUNT, SEED, errors[r]);
    }
    for (size_t p = 0; p < PERCENT_COUNT; p++) {
        c->stages = xrealloc(c->stages, (c->stage_count + 1) * sizeof *c->stages);
        struct compare_stage *s = &c->stages[c->stage_count++];
        *s = (struct compare_stage){.statistic = percent_names[p], .own = is_own(stage)};
        snprintf(s->stage, sizeof s->stage, "%s", stage);
        s->a = (double)histogram_percentile(&recorder_stage(runs[0]->totals, stage)->total,
                                            percents[p]);
        s->b = (double)histogram_percentile(&recorder_stage(runs[1]->totals, stage)->total,
                                            percents[p]);
        /* For now the standard error; settle() makes an interval of it. */
        s->high = hypot(errors[0][p], errors[1][p]);
        s->change = known ? COMPARE_SAME : COMPARE_UNKNOWN;
    }
}

static bool add_stages(struct comparison *c, const struct past_run *runs[2], struct error *err)
{
    struct gather g[2] = {0};
    bool ok = gather_intervals(&g[0], runs[0], err) && gather_intervals(&g[1], runs[1], err);

    for (size_t i = 0; ok && i < recorder_stage_count(runs[0]->totals); i++) {
        const struct recorder_stage *stage = recorder_stage_at(runs[0]->totals, i);
        const struct recorder_stage *other = recorder_stage(runs[1]->totals, stage->name);
        if (histogram_total(&stage->total) == 0 || other == NULL ||
            histogram_total(&other->total) == 0)
            continue;
        struct bootstrap *intervals[2] = {g[0].stages[i],
                                          g[1].stages[stage_index(runs[1], stage->name)]};
        add_stage(c, runs, intervals, stage->name);
    }
    gather_done(&g[0]);
    gather_done(&g[1]);
    return ok;
}

/* ---- counters ---- */

static void add_count(struct comparison *c, const struct past_run *runs[2], const char *counter)
{
    size_t rank = metric_counter_rank(counter);

    if (share_whole_of(counter) == NULL || rank == metric_counter_count ||
        !metric_counters[rank].trouble)
        return;
    for (size_t i = 0; i < c->count_count; i++)
        if (strcmp(c->counts[i].counter, counter) == 0)
            return;
    struct compare_count n = {.a = (double)recorder_counter(runs[0]->totals, counter),
                              .b = (double)recorder_counter(runs[1]->totals, counter),
                              .a_of = share_whole_sum(runs[0]->totals, counter),
                              .b_of = share_whole_sum(runs[1]->totals, counter)};
    if (n.a + n.b <= 0 || n.a_of <= 0 || n.b_of <= 0)
        return;
    snprintf(n.counter, sizeof n.counter, "%s", counter);
    c->counts = xrealloc(c->counts, (c->count_count + 1) * sizeof *c->counts);
    c->counts[c->count_count++] = n;
}

static void add_counts(struct comparison *c, const struct past_run *runs[2])
{
    for (int r = 0; r < 2; r++)
        for (size_t i = 0; i < recorder_counter_count(runs[r]->totals); i++)
            add_count(c, runs, recorder_counter_at(runs[r]->totals, i)->name);
}

/* ---- verdicts and settings ---- */

static const char *verdict_of(const cJSON *item)
{
    const cJSON *held = json_get(item, "held");

    if (held != NULL)
        return cJSON_IsTrue(held) ? "held" : "missed";
    return json_str(item, "verdict", "");
}

static bool is_fine(const char *verdict)
{
    return strcmp(verdict, "held") == 0 || strcmp(verdict, "passed") == 0;
}

/* Those of list `key` that are called the same in both and came to something else. */
static void add_verdicts(struct comparison *c, const struct past_run *runs[2], const char *key,
                         const char *name, const char *what)
{
    const cJSON *one, *two;

    cJSON_ArrayForEach(one, json_get(runs[0]->summary, key))
    {
        cJSON_ArrayForEach(two, json_get(runs[1]->summary, key))
        {
            if (strcmp(json_str(one, name, ""), json_str(two, name, "")) == 0 &&
                strcmp(json_str(one, "file", ""), json_str(two, "file", "")) == 0)
                break;
        }
        if (two == NULL || is_fine(verdict_of(one)) == is_fine(verdict_of(two)))
            continue;
        c->verdicts = xrealloc(c->verdicts, (c->verdict_count + 1) * sizeof *c->verdicts);
        c->verdicts[c->verdict_count++] = (struct compare_verdict){
            .name = xasprintf("%s %s", what, json_str(one, name, "")),
            .a = xstrdup(verdict_of(one)),
            .b = xstrdup(verdict_of(two)),
            .change = is_fine(verdict_of(one)) ? COMPARE_WORSE : COMPARE_BETTER,
        };
    }
}

static void add_setting(struct comparison *c, const char *name)
{
    /* Where they were run and left their results, and what was typed, differs always. */
    static const char *const ignored[] = {"command_line", "endpoint", "results", "name",  "junit",
                                          "cloud",        "meet",     "shard",   "shards"};

    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
        if (strcmp(ignored[i], name) == 0)
            return;
    for (size_t i = 0; i < c->setting_count; i++)
        if (strcmp(c->settings[i], name) == 0)
            return;
    c->settings = xrealloc(c->settings, (c->setting_count + 1) * sizeof *c->settings);
    c->settings[c->setting_count++] = xstrdup(name);
}

static void add_settings(struct comparison *c, const struct past_run *runs[2])
{
    const cJSON *s;

    if (strcmp(json_str(runs[0]->summary, "version", ""),
               json_str(runs[1]->summary, "version", "")) != 0)
        add_setting(c, "version");
    for (int i = 0; i < 4; i++) {
        const char *member = i < 2 ? "settings" : "options";
        const cJSON *others = json_get(runs[1 - i % 2]->summary, member);
        cJSON_ArrayForEach(s, json_get(runs[i % 2]->summary, member))
        {
            if (cJSON_IsString(s) && strcmp(json_str(others, s->string, ""), s->valuestring) != 0)
                add_setting(c, s->string);
        }
    }
}

/* ---- the judgement ---- */

static size_t tests_of(const struct comparison *c)
{
    size_t tests = c->count_count;

    for (size_t i = 0; i < c->stage_count; i++)
        tests += c->stages[i].change != COMPARE_UNKNOWN;
    return tests > 0 ? tests : 1;
}

static void settle_stage(struct comparison *c, struct compare_stage *s, double z)
{
    double change = s->b - s->a, error = s->high;
    double least = fmax(c->options.tolerance * s->a, COMPARE_LEAST_US);

    if (s->change == COMPARE_UNKNOWN) {
        s->high = 0;
        return;
    }
    s->low = change - z * error;
    s->high = change + z * error;
    s->change = judge(s->low, s->high, change, least);
}

/* Two proportions, with the pooled one's error. */
static void settle_count(const struct comparison *c, struct compare_count *n, double z)
{
    double share = (n->a + n->b) / (n->a_of + n->b_of);
    double change = n->b / n->b_of - n->a / n->a_of;
    double error = sqrt(fmax(share * (1 - share), 0) * (1 / n->a_of + 1 / n->b_of));
    double least = fmax(c->options.tolerance * n->a / n->a_of, LEAST_SHARE);

    n->change = judge(change - z * error, change + z * error, change, least);
}

static void tally(struct comparison *c, enum compare_change change)
{
    c->worse += change == COMPARE_WORSE;
    c->better += change == COMPARE_BETTER;
}

static void settle(struct comparison *c)
{
    double z = errors_of((1 - c->options.confidence) / (double)tests_of(c));

    for (size_t i = 0; i < c->stage_count; i++) {
        settle_stage(c, &c->stages[i], z);
        tally(c, c->stages[i].own ? COMPARE_SAME : c->stages[i].change);
    }
    for (size_t i = 0; i < c->count_count; i++) {
        settle_count(c, &c->counts[i], z);
        tally(c, c->counts[i].change);
    }
    for (size_t i = 0; i < c->verdict_count; i++)
        tally(c, c->verdicts[i].change);
}

static struct past_run *open_whole(const char *dir, struct error *err)
{
    struct past_run *run = past_run_open(dir, err);

    if (run == NULL)
        return NULL;
    if (!run->complete)
        error_set(err, ERROR_INVALID, "%s: not whole: %s (nothing can be said of it)", dir,
                  run->trouble);
    else if (run->exit_status == ERROR_INVALID)
        error_set(err, ERROR_INVALID, "%s: the run was invalid: %s (nothing can be said of it)",
                  dir, json_str(run->summary, "reason", "it does not say why"));
    else
        return run;
    past_run_free(run);
    return NULL;
}

/* Nothing that both have in common, or nothing for long enough. */
static bool check_known(const struct comparison *c, struct error *err)
{
    for (size_t i = 0; i < c->stage_count; i++)
        if (c->stages[i].change != COMPARE_UNKNOWN)
            return true;
    return error_set(err, ERROR_USAGE,
                     "%s: no stage was measured in %d seconds or more of both runs: too short to "
                     "tell a change from noise (let them run longer)",
                     c->b_dir, COMPARE_INTERVALS_MIN);
}

static bool fill(struct comparison *c, const struct past_run *runs[2], struct error *err)
{
    if (!add_stages(c, runs, err) || !check_known(c, err))
        return false;
    add_counts(c, runs);
    add_verdicts(c, runs, "limits", "expression", "limit");
    add_verdicts(c, runs, "scenarios", "name", "scenario");
    add_settings(c, runs);
    settle(c);
    return true;
}

struct comparison *compare_runs(const char *a, const char *b, const struct compare_options *options,
                                struct error *err)
{
    struct comparison *c = xcalloc(1, sizeof *c);
    struct past_run *first = open_whole(a, err);
    struct past_run *second = first != NULL ? open_whole(b, err) : NULL;

    c->a_dir = xstrdup(a);
    c->b_dir = xstrdup(b);
    c->options = *options;
    bool ok = second != NULL && fill(c, (const struct past_run *[]){first, second}, err);
    past_run_free(first);
    past_run_free(second);
    if (ok)
        return c;
    comparison_free(c);
    return NULL;
}

void comparison_free(struct comparison *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < c->verdict_count; i++) {
        free(c->verdicts[i].name);
        free(c->verdicts[i].a);
        free(c->verdicts[i].b);
    }
    for (size_t i = 0; i < c->setting_count; i++)
        free(c->settings[i]);
    free(c->stages);
    free(c->counts);
    free(c->verdicts);
    free(c->settings);
    free(c->a_dir);
    free(c->b_dir);
    free(c);
}
