#include <stdio.h>
#include <string.h>

#include "base/timeunit.h"
#include "metrics/json_text.h"
#include "metrics/table_text.h"
#include "results/compare.h"

#define TIMES_FROM 10 /* percentages beyond that say little */
#define FORMAT     1  /* rises when a member changes its meaning */

/* ---- for people ---- */

static const char *const words[COMPARE_CHANGE_COUNT] = {"", "better", "WORSE", "too short to tell"};

static void begin_row(struct buf *out, enum compare_change change, bool colour)
{
    buf_append_str(out, colour && change == COMPARE_WORSE ? TABLE_RED : "");
}

static void end_row(struct buf *out, enum compare_change change, const char *note, bool colour)
{
    if (*words[change] != '\0')
        buf_printf(out, "  %s", words[change]);
    buf_append_str(out, note);
    buf_printf(out, "%s\n", colour && change == COMPARE_WORSE ? TABLE_PLAIN : "");
}

static void put_signed(struct buf *out, double usec)
{
    char text[32], all[48];

    duration_human(usec < 0 ? -usec : usec, text, sizeof text);
    snprintf(all, sizeof all, "%s%s", usec < 0 ? "-" : "+", text);
    table_right(out, all);
}

static void put_duration(struct buf *out, double usec)
{
    char text[32];

    duration_human(usec, text, sizeof text);
    table_right(out, text);
}

static void put_percent(struct buf *out, double from, double to)
{
    char text[32] = "";

    if (from > 0 && to / from >= TIMES_FROM)
        snprintf(text, sizeof text, "×%.1f", to / from);
    else if (from > 0)
        snprintf(text, sizeof text, "%+.1f %%", (to - from) / from * 100);
    table_right(out, text);
}

static void write_stage(const struct compare_stage *s, size_t width, bool colour, struct buf *out)
{
    char name[RECORDER_NAME_MAX + 8];

    snprintf(name, sizeof name, "%s %s", s->stage, s->statistic);
    begin_row(out, s->change, colour);
    table_name(out, name, width);
    put_duration(out, s->a);
    put_duration(out, s->b);
    put_percent(out, s->a, s->b);
    if (s->change == COMPARE_UNKNOWN) {
        table_right(out, "");
        table_right(out, "");
    } else {
        put_signed(out, s->low);
        put_signed(out, s->high);
    }
    bool changed = s->change == COMPARE_WORSE || s->change == COMPARE_BETTER;
    end_row(out, s->change, s->own && changed ? " (of the simulator itself)" : "", colour);
}

static bool stage_shown(const struct compare_stage *s, bool all)
{
    return all || s->change == COMPARE_WORSE || s->change == COMPARE_BETTER;
}

static size_t name_width(const struct comparison *c)
{
    size_t width = strlen("counter, of its whole");

    for (size_t i = 0; i < c->stage_count; i++) {
        size_t n = strlen(c->stages[i].stage) + 1 + strlen(c->stages[i].statistic);
        width = n > width ? n : width;
    }
    for (size_t i = 0; i < c->count_count; i++) {
        size_t n = strlen(c->counts[i].counter);
        width = n > width ? n : width;
    }
    return width;
}

static void write_stages(const struct comparison *c, size_t width, bool all, bool colour,
                         struct buf *out)
{
    static const char *const headings[] = {"A", "B", "change", "low", "high", NULL};
    size_t shown = 0;

    for (size_t i = 0; i < c->stage_count; i++) {
        if (!stage_shown(&c->stages[i], all))
            continue;
        if (shown++ == 0)
            table_heading(out, "stage", headings, width, colour);
        write_stage(&c->stages[i], width, colour, out);
    }
    if (shown > 0)
        buf_append_str(out, "\n");
}

static void write_counts(const struct comparison *c, size_t width, bool all, bool colour,
                         struct buf *out)
{
    static const char *const headings[] = {"A", "B", NULL};
    size_t shown = 0;
    char text[32];

    for (size_t i = 0; i < c->count_count; i++) {
        const struct compare_count *n = &c->counts[i];
        if (!all && n->change == COMPARE_SAME)
            continue;
        if (shown++ == 0)
            table_heading(out, "counter, of its whole", headings, width, colour);
        begin_row(out, n->change, colour);
        table_name(out, n->counter, width);
        snprintf(text, sizeof text, "%.3g %%", n->a / n->a_of * 100);
        table_right(out, text);
        snprintf(text, sizeof text, "%.3g %%", n->b / n->b_of * 100);
        table_right(out, text);
        end_row(out, n->change, "", colour);
    }
    if (shown > 0)
        buf_append_str(out, "\n");
}

static void write_verdicts(const struct comparison *c, bool colour, struct buf *out)
{
    for (size_t i = 0; i < c->verdict_count; i++) {
        const struct compare_verdict *v = &c->verdicts[i];
        begin_row(out, v->change, colour);
        table_name(out, v->name, 0);
        buf_printf(out, ": %s, then %s", v->a, v->b);
        end_row(out, v->change, "", colour);
    }
    if (c->verdict_count > 0)
        buf_append_str(out, "\n");
}

static void write_end(const struct comparison *c, struct buf *out)
{
    size_t compared = c->stage_count + c->count_count + c->verdict_count, unknown = 0;

    for (size_t i = 0; i < c->stage_count; i++)
        unknown += c->stages[i].change == COMPARE_UNKNOWN;
    for (size_t i = 0; i < c->setting_count; i++)
        buf_printf(out, "%s%s", i == 0 ? "not the same in both: " : ", ", c->settings[i]);
    buf_append_str(out, c->setting_count > 0 ? "\n" : "");
    buf_printf(out, "%zu worse, %zu better, of %zu compared", c->worse, c->better,
               compared - unknown);
    if (unknown > 0)
        buf_printf(out, " (%zu more too short to tell)", unknown);
    buf_printf(out, ": %g %% confidence, changes above %g %%\n", c->options.confidence * 100,
               c->options.tolerance * 100);
}

void comparison_write(const struct comparison *c, bool all, bool colour, struct buf *out)
{
    size_t width = name_width(c);

    buf_printf(out, "A %s\nB %s\n\n", c->a_dir, c->b_dir);
    write_stages(c, width, all, colour, out);
    write_counts(c, width, all, colour, out);
    write_verdicts(c, colour, out);
    write_end(c, out);
}

/* ---- for programs ---- */

static cJSON *stage_json(const struct compare_stage *s)
{
    cJSON *o = cJSON_CreateObject();

    json_add_text(o, "stage", s->stage);
    json_add_text(o, "statistic", s->statistic);
    cJSON_AddNumberToObject(o, "a_us", s->a);
    cJSON_AddNumberToObject(o, "b_us", s->b);
    if (s->change != COMPARE_UNKNOWN) {
        cJSON_AddNumberToObject(o, "low_us", s->low);
        cJSON_AddNumberToObject(o, "high_us", s->high);
    }
    cJSON_AddBoolToObject(o, "of_the_simulator", s->own);
    json_add_text(o, "change", compare_change_name(s->change));
    return o;
}

static cJSON *count_json(const struct compare_count *n)
{
    cJSON *o = cJSON_CreateObject();

    json_add_text(o, "counter", n->counter);
    cJSON_AddNumberToObject(o, "a", n->a);
    cJSON_AddNumberToObject(o, "b", n->b);
    cJSON_AddNumberToObject(o, "a_of", n->a_of);
    cJSON_AddNumberToObject(o, "b_of", n->b_of);
    json_add_text(o, "change", compare_change_name(n->change));
    return o;
}

static cJSON *verdict_json(const struct compare_verdict *v)
{
    cJSON *o = cJSON_CreateObject();

    json_add_text(o, "name", v->name);
    json_add_text(o, "a", v->a);
    json_add_text(o, "b", v->b);
    json_add_text(o, "change", compare_change_name(v->change));
    return o;
}

cJSON *comparison_json(const struct comparison *c)
{
    cJSON *o = cJSON_CreateObject();

    cJSON_AddNumberToObject(o, "format", FORMAT);
    json_add_text(o, "a", c->a_dir);
    json_add_text(o, "b", c->b_dir);
    cJSON_AddNumberToObject(o, "confidence", c->options.confidence);
    cJSON_AddNumberToObject(o, "tolerance", c->options.tolerance);
    cJSON_AddNumberToObject(o, "worse", (double)c->worse);
    cJSON_AddNumberToObject(o, "better", (double)c->better);
    cJSON *stages = cJSON_AddArrayToObject(o, "stages");
    for (size_t i = 0; i < c->stage_count; i++)
        cJSON_AddItemToArray(stages, stage_json(&c->stages[i]));
    cJSON *counts = cJSON_AddArrayToObject(o, "counters");
    for (size_t i = 0; i < c->count_count; i++)
        cJSON_AddItemToArray(counts, count_json(&c->counts[i]));
    cJSON *verdicts = cJSON_AddArrayToObject(o, "verdicts");
    for (size_t i = 0; i < c->verdict_count; i++)
        cJSON_AddItemToArray(verdicts, verdict_json(&c->verdicts[i]));
    cJSON *settings = cJSON_AddArrayToObject(o, "settings_that_differ");
    for (size_t i = 0; i < c->setting_count; i++) {
        cJSON *name = cJSON_CreateString(c->settings[i]);
        cJSON_AddItemToArray(settings, name);
    }
    return o;
}
