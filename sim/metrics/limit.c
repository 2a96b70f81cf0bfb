#include "metrics/limit.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/suggest.h"
#include "base/timeunit.h"
#include "metrics/limit_share.h"
#include "metrics/names.h"

#define PROBE       "probe/"
#define UNCORRECTED "/uncorrected"
#define SPACES      " \t\r\n"
#define RELATIONS   "<>="

/* ---- reading an expression ---- */

struct reader {
    const char *text; /* all of it */
    size_t at;
    struct error *err;
};

/* Characters, so that people can count them. */
static size_t column_of(const struct reader *r, size_t at)
{
    size_t column = 1;

    for (size_t i = 0; i < at; i++)
        column += ((unsigned char)r->text[i] & 0xc0) != 0x80;
    return column;
}

static bool trouble(const struct reader *r, size_t at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static bool trouble(const struct reader *r, size_t at, const char *fmt, ...)
{
    char what[320];
    va_list args;

    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    return error_set(r->err, ERROR_USAGE, "'%s', column %zu: %s", r->text, column_of(r, at), what);
}

static void skip_spaces(struct reader *r)
{
    r->at += strspn(r->text + r->at, SPACES);
}

/* Up to white space or a comparison; may be empty. */
static struct slice next_word(struct reader *r)
{
    skip_spaces(r);
    size_t len = strcspn(r->text + r->at, SPACES RELATIONS);
    struct slice word = slice_of(r->text + r->at, len);

    r->at += len;
    return word;
}

/* Digits with at most one point; the rest begins at *ret_end. */
static bool read_decimal(const char *text, double *ret, const char **ret_end)
{
    size_t len = strspn(text, "0123456789.");
    char *end;

    *ret = strtod(text, &end);
    *ret_end = text + len;
    return len > 0 && end == text + len;
}

/* ---- the metric ---- */

/* Without what stands before the names of a load's probe cars and probe app. */
static const char *bare_name(const char *name)
{
    return strncmp(name, PROBE, sizeof PROBE - 1) == 0 ? name + sizeof PROBE - 1 : name;
}

static bool is_stage(const char *name)
{
    char bare[RECORDER_NAME_MAX];
    size_t end = sizeof UNCORRECTED - 1;

    snprintf(bare, sizeof bare, "%s", bare_name(name));
    size_t len = strlen(bare);
    if (len > end && strcmp(bare + len - end, UNCORRECTED) == 0)
        bare[len - end] = '\0';
    return metric_stage_rank(bare) < metric_stage_count;
}

static bool is_counter(const char *name)
{
    return metric_counter_rank(bare_name(name)) < metric_counter_count;
}

static void offer(struct suggestion *near, const struct metric_name *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strpbrk(names[i].name + strlen(names[i].name) - 1, "./") == NULL)
            suggestion_offer(near, slice_str(names[i].name));
}

/* A metric of the run's own, or a mistake? */
static bool check_unknown(const struct reader *r, size_t at, const struct limit *limit, bool stage)
{
    struct suggestion near;

    const char *bare = bare_name(limit->metric);
    suggestion_init(&near, slice_str(bare));
    offer(&near, stage ? metric_stages : metric_counters,
          stage ? metric_stage_count : metric_counter_count);
    if (near.best[0] == '\0')
        return true;
    return trouble(r, at, "%s: no such %s (did you mean %.*s%s?)", limit->metric,
                   stage ? "stage" : "counter", (int)(bare - limit->metric), limit->metric,
                   near.best);
}

static bool check_metric(const struct reader *r, size_t at, const struct limit *limit,
                         bool has_statistic)
{
    const char *metric = limit->metric;

    if (is_stage(metric))
        return has_statistic ||
               trouble(r, at,
                       "%s is a stage: say which of its statistics (as '%s p99'; p50, p99.9, …, "
                       "mean, min, max or count)",
                       metric, metric);
    if (is_counter(metric))
        return !has_statistic ||
               trouble(r, at, "%s is a counter, it has no statistics (as '%s < 5'%s%s%s)", metric,
                       metric, share_whole_of(metric) != NULL ? " or '" : "",
                       share_whole_of(metric) != NULL ? metric : "",
                       share_whole_of(metric) != NULL ? " < 0.1%'" : "");
    return check_unknown(r, at, limit, has_statistic);
}

static bool read_metric(struct reader *r, struct limit *limit)
{
    struct slice word = next_word(r);
    size_t at = r->at - word.len;

    if (word.len == 0)
        return trouble(r, at, "no stage or counter (as 'command.total p99 < 2s')");
    if (word.len >= sizeof limit->metric)
        return trouble(r, at, "names have at most %zu characters", sizeof limit->metric - 1);
    memcpy(limit->metric, word.data, word.len);
    limit->metric[word.len] = '\0';
    return true;
}

/* ---- the statistic ---- */

static bool read_percentile(const struct reader *r, size_t at, struct slice word,
                            struct limit *limit)
{
    char digits[16];
    const char *end;
    size_t len = word.len - 1;

    limit->statistic = LIMIT_PERCENTILE;
    if (len > 0 && len < sizeof digits) {
        memcpy(digits, word.data + 1, len);
        digits[len] = '\0';
        if (read_decimal(digits, &limit->percent, &end) && *end == '\0' && limit->percent <= 100)
            return true;
    }
    return trouble(r, at, "%.*s: not a percentile (p0 to p100, as p50, p99 or p99.9)",
                   SLICE_ARGS(word));
}

/* The word behind the metric, if there is one. */
static bool read_statistic(const struct reader *r, struct slice word, struct limit *limit)
{
    static const struct {
        const char *name;
        enum limit_statistic statistic;
    } statistics[] = {
        {"mean",  LIMIT_MEAN },
        {"min",   LIMIT_MIN  },
        {"max",   LIMIT_MAX  },
        {"count", LIMIT_COUNT},
    };
    size_t at = r->at - word.len;
    struct suggestion near;

    suggestion_init(&near, word);
    for (size_t i = 0; i < sizeof statistics / sizeof *statistics; i++) {
        suggestion_offer(&near, slice_str(statistics[i].name));
        if (!slice_is(word, statistics[i].name))
            continue;
        limit->statistic = statistics[i].statistic;
        return true;
    }
    if (word.data[0] == 'p')
        return read_percentile(r, at, word, limit);
    return trouble(r, at,
                   "%.*s: not a statistic (%s%s%sp50, p99, p99.9, …, mean, min, max or count)",
                   SLICE_ARGS(word), near.best[0] != '\0' ? "did you mean " : "", near.best,
                   near.best[0] != '\0' ? "? " : "");
}

/* ---- the comparison and its value ---- */

static bool read_relation(struct reader *r, struct limit *limit)
{
    static const struct {
        const char *text;
        enum limit_relation relation;
    } relations[] = {
        {"<",  LIMIT_BELOW   },
        {"<=", LIMIT_AT_MOST },
        {">",  LIMIT_ABOVE   },
        {">=", LIMIT_AT_LEAST},
        {"==", LIMIT_EQUAL   },
        {"=",  LIMIT_EQUAL   },
    };

    skip_spaces(r);
    size_t at = r->at;
    struct slice word = slice_of(r->text + at, strspn(r->text + at, RELATIONS));
    r->at += word.len;
    for (size_t i = 0; i < sizeof relations / sizeof *relations; i++) {
        if (slice_is(word, relations[i].text)) {
            limit->relation = relations[i].relation;
            return true;
        }
    }
    if (word.len == 0)
        return trouble(r, at, "a comparison is missing (<, <=, >, >= or ==)");
    return trouble(r, at, "%.*s: not a comparison (<, <=, >, >= or ==)", SLICE_ARGS(word));
}

static bool read_duration(const struct reader *r, size_t at, const char *text, struct limit *limit)
{
    usec_t bound;
    const char *end;
    double number;

    if (read_decimal(text, &number, &end) && *end == '\0')
        return trouble(r, at, "%s: a duration needs a unit (%sms or %ss?)", text, text, text);
    if (!duration_parse(text, &bound))
        return trouble(r, at, "%s: not a duration (as 250ms, 2s or 1m30s)", text);
    if (limit->relation == LIMIT_EQUAL)
        return trouble(r, at, "a duration is never exactly one value (use < or >)");
    limit->bound = (double)bound;
    return true;
}

static bool read_share(const struct reader *r, size_t at, double percent, struct limit *limit)
{
    if (limit->statistic == LIMIT_COUNT)
        return trouble(r, at, "a number of samples is no share (as 'count > 1000')");
    if (share_whole_of(limit->metric) == NULL)
        return trouble(r, at,
                       "%s is no share of anything (give a number; docs/limits.md lists those "
                       "that are)",
                       limit->metric);
    if (percent > 100)
        return trouble(r, at, "a share is at most 100%%");
    limit->statistic = LIMIT_SHARE;
    limit->bound = percent / 100;
    return true;
}

static bool read_number(const struct reader *r, size_t at, const char *text, struct limit *limit)
{
    const char *unit;
    double number;

    if (!read_decimal(text, &number, &unit))
        return trouble(r, at, "%s: not a number%s", text,
                       limit->statistic == LIMIT_COUNT ? "" : " or percentage");
    if (strcmp(unit, "%") == 0)
        return read_share(r, at, number, limit);
    double factor = strcmp(unit, "k") == 0 ? 1e3 : strcmp(unit, "M") == 0 ? 1e6 : 1;
    if (factor == 1 && *unit != '\0')
        return trouble(r, at, "%s: not a number (as 5, 20k or 0.1%%)", text);
    limit->bound = number * factor;
    return true;
}

static bool read_value(struct reader *r, struct limit *limit)
{
    char value[LIMIT_TEXT_MAX];
    size_t len = 0;

    skip_spaces(r);
    size_t at = r->at;
    for (const char *p = r->text + at; *p != '\0'; p++)
        if (strchr(SPACES, *p) == NULL)
            value[len++] = *p;
    value[len] = '\0';
    if (len == 0)
        return trouble(r, at, "nothing to compare with (as '< 2s', '< 5' or '< 0.1%%')");
    return limit->statistic < LIMIT_COUNT ? read_duration(r, at, value, limit)
                                          : read_number(r, at, value, limit);
}

bool limit_parse(const char *text, struct limit *ret, struct error *err)
{
    struct reader r = {.text = text, .err = err};
    size_t len = strlen(text);

    if (len >= LIMIT_TEXT_MAX)
        return error_set(err, ERROR_USAGE, "a limit has at most %d characters", LIMIT_TEXT_MAX - 1);
    *ret = (struct limit){.statistic = LIMIT_TOTAL};
    size_t before = strspn(text, SPACES);
    while (len > before && strchr(SPACES, text[len - 1]) != NULL)
        len--;
    memcpy(ret->expression, text + before, len - before);
    if (!read_metric(&r, ret))
        return false;
    size_t at = r.at - strlen(ret->metric);
    struct slice word = next_word(&r);
    return check_metric(&r, at, ret, word.len != 0) &&
           (word.len == 0 || read_statistic(&r, word, ret)) && read_relation(&r, ret) &&
           read_value(&r, ret);
}

/* ---- judging ---- */

static bool holds(const struct limit *limit, double value)
{
    switch (limit->relation) {
    case LIMIT_BELOW:
        return value < limit->bound;
    case LIMIT_AT_MOST:
        return value <= limit->bound;
    case LIMIT_ABOVE:
        return value > limit->bound;
    case LIMIT_AT_LEAST:
        return value >= limit->bound;
    case LIMIT_EQUAL:
        return value >= limit->bound && value <= limit->bound;
    }
    return false;
}

static void reach(const struct limit *limit, double value, struct limit_reached *ret)
{
    ret->known = true;
    ret->value = value;
    ret->held = holds(limit, value);
}

static void judge_stage(const struct limit *limit, const struct recorder *rec,
                        struct limit_reached *ret)
{
    const struct recorder_stage *stage = recorder_stage(rec, limit->metric);
    const struct histogram *h = stage != NULL ? &stage->total : NULL;

    if (h == NULL || histogram_total(h) == 0) {
        if (limit->statistic == LIMIT_COUNT && (stage != NULL || is_stage(limit->metric)))
            reach(limit, 0, ret);
        else
            snprintf(ret->why, sizeof ret->why, "%s has no samples", limit->metric);
        return;
    }
    reach(limit,
          limit->statistic == LIMIT_PERCENTILE ? (double)histogram_percentile(h, limit->percent)
          : limit->statistic == LIMIT_MEAN     ? histogram_mean(h)
          : limit->statistic == LIMIT_MIN      ? (double)histogram_min(h)
          : limit->statistic == LIMIT_MAX      ? (double)histogram_max(h)
                                               : (double)histogram_total(h),
          ret);
}

static bool was_counted(const struct recorder *rec, const char *counter)
{
    for (size_t i = 0; i < recorder_counter_count(rec); i++)
        if (strcmp(recorder_counter_at(rec, i)->name, counter) == 0)
            return true;
    return false;
}

static void judge_counter(const struct limit *limit, const struct recorder *rec,
                          struct limit_reached *ret)
{
    const struct share_whole *whole = share_whole_of(limit->metric);
    double value = (double)recorder_counter(rec, limit->metric);

    if (!is_counter(limit->metric) && !was_counted(rec, limit->metric)) {
        snprintf(ret->why, sizeof ret->why, "nothing counted %s", limit->metric);
        return;
    }
    if (limit->statistic == LIMIT_TOTAL) {
        reach(limit, value, ret);
        return;
    }
    assert(whole != NULL); /* or it had not been read */
    double all = share_whole_sum(rec, limit->metric);
    if (all > 0)
        reach(limit, value / all, ret);
    else
        snprintf(ret->why, sizeof ret->why, "there were no %s", whole->name);
}

/* ---- whose fault it is ---- */

static double statistic_of(const struct limit *limit, const struct histogram *h)
{
    switch (limit->statistic) {
    case LIMIT_MEAN:
        return histogram_mean(h);
    case LIMIT_MIN:
        return (double)histogram_min(h);
    case LIMIT_MAX:
        return (double)histogram_max(h);
    case LIMIT_PERCENTILE:
    case LIMIT_COUNT:
    case LIMIT_TOTAL:
    case LIMIT_SHARE:
        break;
    }
    return (double)histogram_percentile(h, limit->percent);
}

/* What the simulator was late with its schedule, with what cars do, and with packets: each may be a
   part of what was measured. */
static void doubt(const struct limit *limit, const struct recorder *rec, struct limit_reached *ret)
{
    static const char *const own[] = {"schedule.lateness", "task.lateness", "loop.lag"};
    bool at_most = limit->relation == LIMIT_BELOW || limit->relation == LIMIT_AT_MOST;

    if (ret->held || !ret->known || !at_most || limit->statistic >= LIMIT_COUNT ||
        strcmp(limit->metric, "command.schedule") == 0)
        return;
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        const struct recorder_stage *s = recorder_stage(rec, own[i]);
        if (strcmp(limit->metric, own[i]) == 0)
            return;
        if (s != NULL && histogram_total(&s->total) > 0)
            ret->late += statistic_of(limit, &s->total);
    }
    ret->doubtful = ret->value - limit->bound <= ret->late;
}

void limit_judge(const struct limit *limit, const struct recorder *rec, struct limit_reached *ret)
{
    *ret = (struct limit_reached){0};
    if (limit->statistic <= LIMIT_COUNT)
        judge_stage(limit, rec, ret);
    else
        judge_counter(limit, rec, ret);
    doubt(limit, rec, ret);
}

/* ---- telling ---- */

const char *limit_unit(const struct limit *limit)
{
    return limit->statistic < LIMIT_COUNT    ? "us"
           : limit->statistic == LIMIT_SHARE ? "share"
                                             : "count";
}

void limit_value_text(const struct limit *limit, double value, char *ret, size_t size)
{
    if (limit->statistic < LIMIT_COUNT)
        duration_human(value, ret, size);
    else if (limit->statistic == LIMIT_SHARE)
        snprintf(ret, size, "%.4g %%", value * 100);
    else
        snprintf(ret, size, "%.0f", value);
}
