#include "metrics/table.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "metrics/names.h"

#define BOLD        "\x1b[1m"
#define RED         "\x1b[31m"
#define PLAIN       "\x1b[0m"
#define CELL        10 /* columns of a cell with its gap */
#define KIND_PREFIX "command.total/"

/* Columns that UTF-8 text takes, for text without wide or combining characters. */
static size_t columns(const char *text)
{
    size_t n = 0;

    for (; *text != '\0'; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

static void put_spaces(struct buf *out, size_t n)
{
    buf_printf(out, "%*s", (int)n, "");
}

static void put_right(struct buf *out, const char *text, size_t width)
{
    size_t n = columns(text);

    put_spaces(out, n < width ? width - n : 1);
    buf_append_str(out, text);
}

/* Names come from scripts: nothing in them may steer the terminal. */
static void put_name(struct buf *out, const char *name, size_t width)
{
    put_spaces(out, 2);
    for (const char *p = name; *p != '\0'; p++) {
        bool c1 = (unsigned char)p[0] == 0xc2 && (unsigned char)p[1] < 0xa0; /* U+0080…U+009F */
        buf_append(out, (unsigned char)*p < ' ' || *p == 0x7f || c1 ? "?" : p, 1);
        p += c1 && p[1] != '\0';
    }
    put_spaces(out, width - columns(name));
}

static void put_duration(struct buf *out, usec_t value)
{
    char text[32];

    duration_human((double)value, text, sizeof text);
    put_right(out, text, CELL);
}

static bool is_kind(const char *name)
{
    return strncmp(name, KIND_PREFIX, strlen(KIND_PREFIX)) == 0;
}

/* One kind alone would only repeat the line above it. */
static bool hide_kinds(const struct recorder *rec)
{
    size_t kinds = 0;

    for (size_t i = 0; i < recorder_stage_count(rec); i++)
        kinds += is_kind(recorder_stage_at(rec, i)->name);
    return kinds < 2;
}

static bool stage_shown(const struct recorder_stage *stage, bool hide)
{
    return histogram_total(&stage->total) != 0 && !(hide && is_kind(stage->name));
}

/* Of interest in files only: by rule. */
static bool is_detail(const struct recorder_counter *c)
{
    static const char checks[] = "oracle.checks.";

    return strncmp(c->name, checks, sizeof checks - 1) == 0;
}

static size_t name_width(const struct recorder *rec)
{
    size_t width = strlen("counter");
    bool hide = hide_kinds(rec);

    for (size_t i = 0; i < recorder_stage_count(rec); i++) {
        const struct recorder_stage *stage = recorder_stage_at(rec, i);
        size_t n = stage_shown(stage, hide) ? columns(stage->name) : 0;
        width = n > width ? n : width;
    }
    for (size_t i = 0; i < recorder_counter_count(rec); i++) {
        const struct recorder_counter *c = recorder_counter_at(rec, i);
        size_t n = c->value != 0 && !is_detail(c) ? columns(c->name) : 0;
        width = n > width ? n : width;
    }
    return width;
}

static void put_heading(struct buf *out, const char *first, const char *const *rest, size_t width,
                        bool colour)
{
    buf_append_str(out, colour ? BOLD : "");
    put_name(out, first, width);
    for (; *rest != NULL; rest++)
        put_right(out, *rest, CELL);
    buf_printf(out, "%s\n", colour ? PLAIN : "");
}

static void put_stage(struct buf *out, const struct recorder_stage *stage, size_t width)
{
    const struct histogram *h = &stage->total;
    char count[24];

    put_name(out, stage->name, width);
    snprintf(count, sizeof count, "%" PRIu64, histogram_total(h));
    put_right(out, count, CELL);
    put_duration(out, histogram_percentile(h, 50));
    put_duration(out, histogram_percentile(h, 90));
    put_duration(out, histogram_percentile(h, 99));
    put_duration(out, histogram_percentile(h, 99.9));
    put_duration(out, histogram_max(h));
    buf_append_str(out, "\n");
}

static void put_stages(const struct recorder *rec, size_t width, bool colour, struct buf *out)
{
    static const char *const headings[] = {"count", "p50", "p90", "p99", "p99.9", "max", NULL};
    bool hide = hide_kinds(rec), any = false;

    for (size_t i = 0; i < recorder_stage_count(rec); i++) {
        const struct recorder_stage *stage = recorder_stage_at(rec, i);
        if (!stage_shown(stage, hide))
            continue;
        if (!any)
            put_heading(out, "stage", headings, width, colour);
        any = true;
        put_stage(out, stage, width);
    }
}

static void put_counters(const struct recorder *rec, size_t width, bool colour, struct buf *out)
{
    static const char *const headings[] = {"total", NULL};
    bool any = false;
    char value[24];

    for (size_t i = 0; i < recorder_counter_count(rec); i++) {
        const struct recorder_counter *c = recorder_counter_at(rec, i);
        if (c->value == 0 || is_detail(c))
            continue;
        if (!any && buf_len(out) != 0)
            buf_append_str(out, "\n");
        if (!any)
            put_heading(out, "counter", headings, width, colour);
        any = true;
        size_t rank = metric_counter_rank(c->name);
        bool red = colour && rank < metric_counter_count && metric_counters[rank].trouble;
        buf_append_str(out, red ? RED : "");
        put_name(out, c->name, width);
        snprintf(value, sizeof value, "%" PRIu64, c->value);
        put_right(out, value, CELL);
        buf_printf(out, "%s\n", red ? PLAIN : "");
    }
}

bool table_write(const struct recorder *rec, bool colour, struct buf *out)
{
    size_t width = name_width(rec);

    put_stages(rec, width, colour, out);
    put_counters(rec, width, colour, out);
    return !out->overflow;
}
