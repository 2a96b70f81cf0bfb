#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/timeunit.h"
#include "metrics/names.h"
#include "metrics/xml.h"
#include "report/sections.h"

#define KIND_PREFIX "command.total/"
#define MARKS_MAX   32

static const char *const percentiles[] = {"p50", "p90", "p99", "p99.9", "max"};

static void put_duration(struct buf *out, double usec)
{
    char text[32];

    duration_human(usec, text, sizeof text);
    xml_text(out, text);
}

/* ---- latency ---- */

/* One kind of command alone would only repeat the line above it. */
static bool stage_hidden(const cJSON *stages, const cJSON *stage)
{
    const cJSON *s;
    size_t kinds = 0;

    if (json_num(stage, "count", 0) <= 0)
        return true;
    if (strncmp(stage->string, KIND_PREFIX, strlen(KIND_PREFIX)) != 0)
        return false;
    cJSON_ArrayForEach(s, stages) kinds +=
        strncmp(s->string, KIND_PREFIX, strlen(KIND_PREFIX)) == 0;
    return kinds < 2;
}

struct scale {
    double from, to; /* decades: log10 of µs */
};

static double place(const struct scale *scale, double usec)
{
    return 100 * (log10(fmax(usec, 1)) - scale->from) / (scale->to - scale->from);
}

static struct scale scale_of(const cJSON *stages)
{
    struct scale scale = {.from = 9, .to = 0};
    const cJSON *s;

    cJSON_ArrayForEach(s, stages)
    {
        if (stage_hidden(stages, s))
            continue;
        scale.from = fmin(scale.from, log10(fmax(json_num(s, "min", 1), 1)));
        scale.to = fmax(scale.to, log10(fmax(json_num(s, "max", 1), 1)));
    }
    scale.from = floor(scale.from);
    scale.to = fmax(ceil(scale.to), scale.from + 1);
    return scale;
}

/* From the quickest to the slowest, stronger up to the 99th percentile, with a mark at the median.
 */
static void write_bar(const struct scale *scale, const cJSON *stage, struct buf *out)
{
    double min = place(scale, json_num(stage, "min", 1));
    double p99 = place(scale, json_num(stage, "p99", 1));
    double max = place(scale, json_num(stage, "max", 1));

    buf_printf(out,
               "<td class=\"spread\"><div><i class=\"all\" style=\"left:%.1f%%;width:%.1f%%\"></i>"
               "<i class=\"most\" style=\"left:%.1f%%;width:%.1f%%\"></i>"
               "<i class=\"half\" style=\"left:%.1f%%\"></i></div></td>",
               min, fmax(max - min, 0.5), min, fmax(p99 - min, 0.5),
               place(scale, json_num(stage, "p50", 1)));
}

static void write_stage(const struct scale *scale, const cJSON *stage, struct buf *out)
{
    size_t rank = metric_stage_rank(stage->string);

    buf_append_str(out, "<tr><th");
    xml_attribute(out, "title", rank < metric_stage_count ? metric_stages[rank].help : NULL);
    buf_append_str(out, ">");
    xml_text(out, stage->string);
    buf_append_str(out, "</th>");
    write_bar(scale, stage, out);
    buf_printf(out, "<td class=\"n\">%.0f</td>", json_num(stage, "count", 0));
    for (size_t i = 0; i < sizeof percentiles / sizeof *percentiles; i++) {
        buf_append_str(out, "<td class=\"n\">");
        put_duration(out, json_num(stage, percentiles[i], 0));
        buf_append_str(out, "</td>");
    }
    buf_append_str(out, "</tr>\n");
}

void section_latency(const struct report *r, struct buf *out)
{
    const cJSON *stages = json_get(r->summary, "stages_us"), *s;
    struct scale scale = scale_of(stages);
    bool any = false;

    cJSON_ArrayForEach(s, stages)
    {
        if (stage_hidden(stages, s))
            continue;
        if (!any) {
            buf_append_str(out, "<section id=\"latency\">\n<h2>Latency</h2>\n<div class=\"wide\">"
                                "<table class=\"numbers\">\n<thead><tr><th>stage</th><th "
                                "class=\"spread\">");
            put_duration(out, pow(10, scale.from));
            buf_append_str(out, " <span>");
            put_duration(out, pow(10, scale.to));
            buf_append_str(out, "</span></th><th class=\"n\">count</th>");
            for (size_t i = 0; i < sizeof percentiles / sizeof *percentiles; i++)
                buf_printf(out, "<th class=\"n\">%s</th>", percentiles[i]);
            buf_append_str(out, "</tr></thead>\n<tbody>\n");
        }
        any = true;
        write_stage(&scale, s, out);
    }
    if (any)
        buf_append_str(out, "</tbody></table></div>\n<p class=\"note\">Real time. Bars: from the "
                            "quickest to the slowest, stronger up to the 99th percentile, with a "
                            "mark at the median; logarithmic.</p>\n</section>\n");
}

/* ---- the slowest commands ---- */

static size_t sorted_marks(const cJSON *marks, const cJSON *ret[MARKS_MAX])
{
    const cJSON *mark;
    size_t count = 0;

    cJSON_ArrayForEach(mark, marks)
    {
        if (count == MARKS_MAX || !cJSON_IsNumber(mark))
            continue;
        size_t i = count++;
        for (; i > 0 && ret[i - 1]->valuedouble > mark->valuedouble; i--)
            ret[i] = ret[i - 1];
        ret[i] = mark;
    }
    return count;
}

static void write_waterfall(const cJSON *command, double widest, struct buf *out)
{
    const cJSON *marks[MARKS_MAX];
    size_t count = sorted_marks(json_get(command, "marks_us"), marks);

    buf_append_str(out, "<div class=\"fall\">");
    for (size_t i = 1; i < count; i++) {
        double from = marks[i - 1]->valuedouble, to = marks[i]->valuedouble;
        buf_printf(out, "<i class=\"c%zu\" style=\"left:%.2f%%;width:%.2f%%\"", i % 8,
                   100 * fmax(from, 0) / widest, fmax(100 * (to - from) / widest, 0.15));
        struct buf title;
        buf_init(&title, 1024);
        buf_printf(&title, "%s: %.3f ms after %s", marks[i]->string, (to - from) / 1000,
                   marks[i - 1]->string);
        xml_attribute(out, "title", buf_cstr(&title));
        buf_done(&title);
        buf_append_str(out, "></i>");
    }
    buf_append_str(out, "</div>");
}

void section_slowest(const struct report *r, struct buf *out)
{
    const cJSON *list = json_get(r->summary, "slowest_commands"), *c;
    double widest = 0;

    cJSON_ArrayForEach(c, list) widest = fmax(widest, json_num(c, "total_us", 0));
    if (widest <= 0)
        return;
    buf_append_str(out, "<section id=\"slowest\">\n<details><summary><h2>Slowest commands</h2> "
                        "<span class=\"count\">");
    buf_printf(out, "%d</span></summary>\n<div class=\"wide\"><table>\n", cJSON_GetArraySize(list));
    cJSON_ArrayForEach(c, list)
    {
        buf_append_str(out, "<tr><th>");
        xml_text(out, json_str(c, "kind", "command"));
        buf_printf(out, "</th><td>car %.0f</td><td>", json_num(c, "vehicle", 0));
        xml_text(out, json_str(c, "outcome", "?"));
        buf_append_str(out, "</td><td class=\"falls\">");
        write_waterfall(c, widest, out);
        buf_append_str(out, "</td><td class=\"n\">");
        put_duration(out, json_num(c, "total_us", 0));
        buf_append_str(out, "</td></tr>\n");
    }
    buf_append_str(out, "</table></div></details>\n</section>\n");
}

/* ---- counters ---- */

static void write_counter(const cJSON *counter, struct buf *out)
{
    size_t rank = metric_counter_rank(counter->string);
    bool known = rank < metric_counter_count;

    buf_printf(out, "<tr%s><th>", known && metric_counters[rank].trouble ? " class=\"bad\"" : "");
    xml_text(out, counter->string);
    buf_printf(out, "</th><td class=\"n\">%.0f</td><td class=\"note\">", counter->valuedouble);
    xml_text(out, known ? metric_counters[rank].help : "");
    buf_append_str(out, "</td></tr>\n");
}

void section_counters(const struct report *r, struct buf *out)
{
    const cJSON *counter;
    bool any = false;

    cJSON_ArrayForEach(counter, json_get(r->summary, "counters"))
    {
        if (counter->valuedouble <= 0)
            continue;
        if (!any)
            buf_append_str(out, "<section id=\"counters\">\n<h2>Counters</h2>\n<div "
                                "class=\"wide\"><table class=\"counters\">\n");
        any = true;
        write_counter(counter, out);
    }
    if (any)
        buf_append_str(out, "</table></div>\n</section>\n");
}
