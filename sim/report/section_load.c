/* What a load was to hold, and whether it was the load that was asked for. */
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "metrics/xml.h"
#include "report/numbers.h"
#include "report/sections.h"

#define APART_S     1.0 /* between runs that began together */
#define BAR_REACHES 1.5 /* times the limit, or as far as the value if that is more */

/* ---- limits ---- */

static void put_measure(const char *unit, const cJSON *value, struct buf *out)
{
    if (!cJSON_IsNumber(value))
        buf_append_str(out, "–");
    else if (strcmp(unit, "us") == 0)
        number_duration(out, value->valuedouble);
    else if (strcmp(unit, "share") == 0)
        number_share(out, value->valuedouble);
    else
        number_write(out, value->valuedouble);
}

/* The value, beside a mark where the limit is. */
static void write_bar(const cJSON *limit, bool held, struct buf *out)
{
    double value = json_num(limit, "value", 0), bound = json_num(limit, "limit", 0);
    double reach = fmax(bound * BAR_REACHES, value);

    buf_append_str(out, "<td class=\"margin\"><div>");
    if (reach > 0)
        buf_printf(out, "<i class=\"%s\" style=\"width:%.1f%%\"></i><b style=\"left:%.1f%%\"></b>",
                   held ? "good" : "bad", 100 * fmin(fmax(value / reach, 0.003), 1),
                   100 * fmin(fmax(bound / reach, 0), 1));
    buf_append_str(out, "</div></td>");
}

static void write_limit(const cJSON *limit, struct buf *out)
{
    bool held = cJSON_IsTrue(json_get(limit, "held"));
    const char *unit = json_str(limit, "unit", ""), *reason = json_str(limit, "reason", NULL);

    buf_printf(out, "<tr><td><span class=\"dot %s\"></span>%s</td><th>", held ? "good" : "bad",
               held ? "held" : "missed");
    xml_text(out, json_str(limit, "expression", "?"));
    if (reason != NULL) {
        buf_append_str(out, "<div class=\"note\">");
        xml_text(out, reason);
        buf_append_str(out, "</div>");
    }
    if (cJSON_IsTrue(json_get(limit, "doubtful")))
        buf_append_str(out, "<div class=\"note\">by less than the simulator itself was late</div>");
    buf_printf(out, "</th><td class=\"n %s\">", held ? "good" : "bad");
    put_measure(unit, json_get(limit, "value"), out);
    buf_append_str(out, "</td>");
    write_bar(limit, held, out);
    buf_append_str(out, "<td class=\"n note\">limit ");
    put_measure(unit, json_get(limit, "limit"), out);
    buf_append_str(out, "</td></tr>\n");
}

bool report_is_invalid(const struct report *r)
{
    return cJSON_GetArraySize(json_get(json_get(r->summary, "load"), "invalid")) > 0;
}

static void write_invalid(const struct report *r, struct buf *out)
{
    const cJSON *reasons = json_get(json_get(r->summary, "load"), "invalid"), *reason;

    if (!report_is_invalid(r))
        return;
    buf_append_str(out, "<div class=\"invalid\"><b>The numbers of this run say more about the "
                        "simulator than about the cloud:</b><ul>");
    cJSON_ArrayForEach(reason, reasons)
    {
        buf_append_str(out, "<li>");
        xml_text(out, cJSON_IsString(reason) ? reason->valuestring : "?");
        buf_append_str(out, "</li>");
    }
    buf_append_str(out, "</ul></div>\n");
}

void section_limits(const struct report *r, struct buf *out)
{
    const cJSON *limits = json_get(r->summary, "limits"), *limit;
    int count = cJSON_IsArray(limits) ? cJSON_GetArraySize(limits) : 0, held = 0;

    write_invalid(r, out);
    if (count == 0)
        return;
    cJSON_ArrayForEach(limit, limits) held += cJSON_IsTrue(json_get(limit, "held"));
    buf_printf(out,
               "<section id=\"limits\">\n<h2>Limits <span class=\"count\">%d of %d held</span>"
               "</h2>\n<div class=\"wide\"><table>\n",
               held, count);
    cJSON_ArrayForEach(limit, limits) write_limit(limit, out);
    buf_append_str(out, "</table></div>\n</section>\n");
}

/* ---- arrivals ---- */

static void put_count(struct buf *out, const cJSON *arrival, const char *name)
{
    buf_append_str(out, "<td class=\"n\">");
    number_write(out, json_num(arrival, name, 0));
    buf_append_str(out, "</td>");
}

static void write_arrival(const cJSON *arrival, struct buf *out)
{
    double due = json_num(arrival, "intended", 0), sent = json_num(arrival, "sent", 0);

    buf_append_str(out, "<tr><th>");
    xml_text(out, json_str(arrival, "what", "?"));
    buf_append_str(out, "</th><td>");
    xml_text(out, json_str(arrival, "pattern", ""));
    buf_printf(out, "</td><td class=\"n\">%.4g/s</td>", json_num(arrival, "rate_per_s", 0));
    put_count(out, arrival, "intended");
    put_count(out, arrival, "sent");
    buf_append_str(out, "<td class=\"n\">");
    if (due > 0)
        number_share(out, sent / due);
    buf_append_str(out, "</td>");
    put_count(out, arrival, "late");
    buf_append_str(out, "</tr>\n");
}

/* Of merged runs: were they in the same phases at the same time? */
static void write_phases(const cJSON *load, struct buf *out)
{
    const cJSON *different = json_get(load, "phases_different"), *d;
    double apart = json_num(load, "phases_apart_s", 0);

    if (apart > APART_S)
        buf_printf(out, " Its runs began the same phase up to %.1f s apart.", apart);
    if (cJSON_GetArraySize(different) > 0)
        buf_append_str(out, " <b>Not all went through the same phases.</b>");
    cJSON_ArrayForEach(d, different)
    {
        buf_append_str(out, " ");
        xml_text(out, cJSON_IsString(d) ? d->valuestring : "?");
        buf_append_str(out, ".");
    }
}

void section_load(const struct report *r, struct buf *out)
{
    const cJSON *arrivals = json_get(json_get(r->summary, "load"), "arrivals"), *arrival;

    if (!cJSON_IsArray(arrivals) || cJSON_GetArraySize(arrivals) == 0)
        return;
    buf_append_str(out,
                   "<section id=\"load\">\n<h2>Load</h2>\n<div class=\"wide\"><table "
                   "class=\"numbers\">\n<thead><tr><th></th><th>arrivals</th><th class=\"n\">"
                   "rate asked for</th><th class=\"n\">due</th><th class=\"n\">sent</th><th "
                   "class=\"n\">of those due</th><th class=\"n\">sent late</th></tr></thead>\n");
    cJSON_ArrayForEach(arrival, arrivals) write_arrival(arrival, out);
    buf_append_str(out, "</table></div>\n<p class=\"note\">Whatever is due is due, whatever became "
                        "of what came before: latencies count from the moment when a command was "
                        "due.");
    write_phases(json_get(r->summary, "load"), out);
    buf_append_str(out, "</p>\n</section>\n");
}
