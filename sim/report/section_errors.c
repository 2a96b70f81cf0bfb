/* What went wrong, by reason; and all that was counted. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "metrics/limit_share.h"
#include "metrics/names.h"
#include "metrics/recorder.h"
#include "metrics/xml.h"
#include "report/numbers.h"
#include "report/sections.h"

/* ---- errors ---- */

/* "connect.failed" beside "connect.failed.tls" would count twice. */
static bool has_details(const cJSON *counters, const char *name)
{
    const cJSON *c;
    size_t len = strlen(name);

    cJSON_ArrayForEach(c, counters) if (strncmp(c->string, name, len) == 0 &&
                                        c->string[len] == '.' && c->valuedouble > 0) return true;
    return false;
}

static bool is_error(const cJSON *counters, const cJSON *counter)
{
    return counter->valuedouble > 0 && metric_counter_is_trouble(counter->string) &&
           !has_details(counters, counter->string);
}

/* What it could have happened to; 0: that is not counted. */
static double whole_of(const cJSON *counters, const char *name)
{
    const struct share_whole *whole = share_whole_of(name);
    double sum = 0;

    for (size_t i = 0; whole != NULL && whole->parts[i] != NULL; i++)
        sum += json_num(counters, whole->parts[i], 0);
    return sum;
}

/* The help of a counter; of a detail, of what it is a detail of. */
static const char *help_of(const char *name)
{
    char whole[RECORDER_NAME_MAX];
    size_t rank = metric_counter_rank(name);

    if (rank == metric_counter_count)
        return "";
    size_t len = strlen(metric_counters[rank].name);
    if (metric_counters[rank].name[len - 1] != '.')
        return metric_counters[rank].help;
    snprintf(whole, sizeof whole, "%.*s", (int)len - 1, metric_counters[rank].name);
    rank = metric_counter_rank(whole);
    return rank < metric_counter_count ? metric_counters[rank].help : "";
}

static void write_error(const cJSON *counters, const cJSON *counter, struct buf *out)
{
    double whole = whole_of(counters, counter->string);

    buf_append_str(out, "<tr class=\"bad\"><th>");
    xml_text(out, counter->string);
    buf_append_str(out, "</th><td class=\"n\">");
    number_write(out, counter->valuedouble);
    buf_append_str(out, "</td><td class=\"n\">");
    if (whole > 0)
        number_share(out, fmin(counter->valuedouble / whole, 1));
    buf_append_str(out, "</td><td class=\"note\">");
    xml_text(out, help_of(counter->string));
    if (strncmp(counter->string, "connect.lost", strlen("connect.lost")) == 0 &&
        json_num(counters, "load.cut", 0) > 0) {
        buf_append_str(out, "; the load itself has cut ");
        number_write(out, json_num(counters, "load.cut", 0));
    }
    buf_append_str(out, "</td></tr>\n");
}

void section_errors(const struct report *r, struct buf *out)
{
    const cJSON *counters = json_get(r->summary, "counters"), *c;
    bool any = false;

    if (!report_has_fleet(r))
        return; /* its counters say it, and its failures more */
    cJSON_ArrayForEach(c, counters)
    {
        if (!is_error(counters, c))
            continue;
        if (!any)
            buf_append_str(out, "<section id=\"errors\">\n<h2>Errors</h2>\n<div class=\"wide\">"
                                "<table class=\"counters\">\n<thead><tr><th>reason</th><th "
                                "class=\"n\">count</th><th class=\"n\">of all</th><th></th></tr>"
                                "</thead>\n");
        any = true;
        write_error(counters, c, out);
    }
    if (any)
        buf_append_str(out, "</table></div>\n</section>\n");
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
