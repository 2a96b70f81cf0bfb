/* The percentiles of each stage. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "metrics/names.h"
#include "metrics/recorder.h"
#include "metrics/xml.h"
#include "report/numbers.h"
#include "report/sections.h"

#define UNCORRECTED "/uncorrected"
#define PROBE       "probe/"
#define WARM_UP     "warm_up/"

static const char *const percentiles[] = {"p50", "p90", "p99", "p99.9", "max"};
#define PERCENTILES (sizeof percentiles / sizeof *percentiles)

static bool begins(const char *name, const char *prefix)
{
    return strncmp(name, prefix, strlen(prefix)) == 0;
}

static bool is_uncorrected(const char *name)
{
    size_t len = strlen(name), end = strlen(UNCORRECTED);

    return len > end && strcmp(name + len - end, UNCORRECTED) == 0;
}

/* ---- which, and where ---- */

enum group { GROUP_CLOUD, GROUP_PROBES, GROUP_SIMULATOR, GROUP_COUNT };

static const char *const headings[GROUP_COUNT] = {
    NULL,
    "Probe cars and apps, apart from the load",
    "The simulator itself",
};

static enum group group_of(const char *name)
{
    static const char *const own[] = {"loop.lag", "task.lateness", "schedule.lateness",
                                      "command.schedule", "connect.queue"};

    if (begins(name, PROBE))
        return GROUP_PROBES;
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (strcmp(name, own[i]) == 0)
            return GROUP_SIMULATOR;
    return GROUP_CLOUD;
}

/* The same moments' latency, but from when it was sent; NULL: there is none. */
static const cJSON *uncorrected_of(const cJSON *stages, const char *name)
{
    char other[2 * RECORDER_NAME_MAX];

    snprintf(other, sizeof other, "%s" UNCORRECTED, name);
    const cJSON *stage = json_get(stages, other);
    return json_num(stage, "count", 0) > 0 ? stage : NULL;
}

/* One kind of command alone would only repeat the line above it. */
static bool stage_hidden(const cJSON *stages, const cJSON *stage)
{
    const cJSON *s;
    size_t kinds = 0;

    if (json_num(stage, "count", 0) <= 0 || begins(stage->string, WARM_UP) ||
        is_uncorrected(stage->string))
        return true;
    if (!metric_is_kind(stage->string))
        return false;
    cJSON_ArrayForEach(s, stages) kinds += metric_is_kind(s->string);
    return kinds < 2;
}

/* ---- the scale of the bars ---- */

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

/* ---- the table ---- */

struct latency_table {
    const cJSON *stages;
    struct scale scale;
};

/* Without what sets it apart. */
static const char *plain_name(const char *name)
{
    return name + (begins(name, PROBE) ? strlen(PROBE) : 0);
}

static void write_numbers(const cJSON *stage, struct buf *out)
{
    buf_append_str(out, "<td class=\"n\">");
    number_write(out, json_num(stage, "count", 0));
    buf_append_str(out, "</td>");
    for (size_t i = 0; i < PERCENTILES; i++) {
        buf_append_str(out, "<td class=\"n\">");
        number_duration(out, json_num(stage, percentiles[i], 0));
        buf_append_str(out, "</td>");
    }
}

static void write_stage(const struct latency_table *t, const cJSON *stage, struct buf *out)
{
    const char *name = plain_name(stage->string);
    size_t rank = metric_stage_rank(name);
    const cJSON *uncorrected = uncorrected_of(t->stages, stage->string);

    buf_append_str(out, "<tr><th");
    xml_attribute(out, "title", rank < metric_stage_count ? metric_stages[rank].help : NULL);
    buf_append_str(out, ">");
    xml_text(out, name);
    buf_append_str(out, "</th>");
    write_bar(&t->scale, stage, out);
    write_numbers(stage, out);
    buf_append_str(out, "</tr>\n");
    if (uncorrected == NULL)
        return;
    buf_append_str(out,
                   "<tr class=\"uncorrected\"><th title=\"from when it was sent, not from when "
                   "it was due\">uncorrected</th>");
    write_bar(&t->scale, uncorrected, out);
    write_numbers(uncorrected, out);
    buf_append_str(out, "</tr>\n");
}

/* In the order of docs/metrics.md, whatever set them apart; what is not there comes last. */
static bool write_group(const struct latency_table *t, enum group group, bool whole,
                        struct buf *out)
{
    const cJSON *s;
    bool any = false;

    for (size_t rank = 0; rank <= metric_stage_count; rank++) {
        cJSON_ArrayForEach(s, t->stages)
        {
            if (stage_hidden(t->stages, s) || group_of(s->string) != group ||
                metric_stage_rank(plain_name(s->string)) != rank)
                continue;
            if (!any && headings[group] != NULL && !whole)
                buf_printf(out, "<tr class=\"group\"><th colspan=\"%zu\">%s</th></tr>\n",
                           PERCENTILES + 3, headings[group]);
            any = true;
            write_stage(t, s, out);
        }
    }
    return any;
}

static void write_heading(const struct latency_table *t, struct buf *out)
{
    buf_append_str(out, "<section id=\"latency\">\n<h2>Latency</h2>\n<div class=\"wide\">"
                        "<table class=\"numbers\">\n<thead><tr><th>stage</th><th "
                        "class=\"spread\">");
    number_duration(out, pow(10, t->scale.from));
    buf_append_str(out, " <span>");
    number_duration(out, pow(10, t->scale.to));
    buf_append_str(out, "</span></th><th class=\"n\">count</th>");
    for (size_t i = 0; i < PERCENTILES; i++)
        buf_printf(out, "<th class=\"n\">%s</th>", percentiles[i]);
    buf_append_str(out, "</tr></thead>\n<tbody>\n");
}

void section_latency(const struct report *r, struct buf *out)
{
    const cJSON *stages = json_get(r->summary, "stages_us"), *s;
    struct latency_table t = {stages, scale_of(stages)};
    bool any = false, both = false;

    cJSON_ArrayForEach(s, stages)
    {
        any = any || !stage_hidden(stages, s);
        both = both || (!stage_hidden(stages, s) && uncorrected_of(stages, s->string) != NULL);
    }
    if (!any)
        return;
    write_heading(&t, out);
    bool before = false;
    for (unsigned group = 0; group < GROUP_COUNT; group++)
        before = write_group(&t, (enum group)group, !before, out) || before;
    buf_append_str(out, "</tbody></table></div>\n<p class=\"note\">Real time. Bars: from the "
                        "quickest to the slowest, stronger up to the 99th percentile, with a "
                        "mark at the median; logarithmic.");
    if (both)
        buf_append_str(out,
                       " Latencies count from the moment when something was due; "
                       "<i>uncorrected</i>, as most tools measure, from when it was sent: what "
                       "is between them hid in the sender's queue.");
    buf_append_str(out, "</p>\n</section>\n");
}
