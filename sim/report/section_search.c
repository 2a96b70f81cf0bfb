/* What a search has found, and what it found it by. */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "metrics/limit.h"
#include "metrics/xml.h"
#include "report/axis.h"
#include "report/numbers.h"
#include "report/sections.h"

#define TICKS 5

static const struct outcome {
    const char *name, *style, *words;
} outcomes[] = {
    {"held",    "good", "held"                                         },
    {"missed",  "bad",  "missed"                                       },
    {"tripped", "bad",  "ended early: too much failed"                 },
    {"invalid", "odd",  "says nothing: the simulator could not keep up"},
};

static struct outcome outcome_of(const cJSON *step)
{
    const char *name = json_str(step, "outcome", "?");

    for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++)
        if (strcmp(outcomes[i].name, name) == 0)
            return outcomes[i];
    return (struct outcome){name, "odd", name};
}

static const char *unit_of(const cJSON *search)
{
    return strcmp(json_str(search, "what", ""), "vehicles") == 0 ? " cars" : " commands/s";
}

static void put_value(struct buf *out, double value)
{
    if (value >= 100 || fabs(value - round(value)) < 1e-9)
        number_write(out, value);
    else
        buf_printf(out, "%.3g", value);
}

/* ---- the number ---- */

static void write_result(const cJSON *search, struct buf *out)
{
    const char *bound = json_str(search, "bound", "none");

    buf_append_str(out, "<p class=\"found\">");
    if (strcmp(bound, "none") == 0) {
        buf_append_str(out, "<b>nothing</b> held twice</p>\n");
        return;
    }
    buf_printf(out, "%s<b>", strcmp(bound, "at_least") == 0 ? "at least " : "");
    put_value(out, json_num(search, "result", 0));
    buf_printf(out, "%s</b> held twice", unit_of(search));
    double precision = json_num(search, "precision", 0);
    if (strcmp(bound, "at_least") == 0) {
        buf_append_str(out, "; more was not tried, or the simulator could not");
    } else if (precision > 0) {
        buf_append_str(out, "; what was less than ");
        number_share(out, precision);
        buf_append_str(out, " above did not");
    }
    buf_append_str(out, "</p>\n");
}

/* ---- the picture ---- */

struct scatter {
    const cJSON *steps;
    struct axis x, y;
    bool latency; /* y is one */
};

static double share_of(const struct axis *axis, bool log, double value)
{
    double v = log ? log10(fmax(value, 1)) : value;

    return 100 * fmin(fmax((v - axis->min) / (axis->max - axis->min), 0), 1);
}

static bool scatter_init(struct scatter *s, const cJSON *search, double limit)
{
    const cJSON *step;
    double x = 0, low = HUGE_VAL, high = 0;

    *s = (struct scatter){.steps = json_get(search, "steps"),
                          .latency = strcmp(json_str(search, "reached_unit", ""), "us") == 0};
    if (limit > 0)
        low = high = limit;
    cJSON_ArrayForEach(step, s->steps)
    {
        double reached = json_num(step, "reached", (double)NAN);
        x = fmax(x, json_num(step, "value", 0));
        low = fmin(low, reached);
        high = fmax(high, reached);
    }
    if (!(x > 0) || !isfinite(low) || !isfinite(high))
        return false;
    axis_values(&s->x, 0, x, TICKS);
    if (s->latency)
        axis_latency(&s->y, low, high);
    else
        axis_values(&s->y, fmin(low, 0), high > 0 ? high : 1, TICKS);
    return true;
}

static void write_axes(const struct scatter *s, double limit, struct buf *out)
{
    for (size_t i = 0; i < s->y.tick_count; i++)
        buf_printf(out, "<span class=\"level\" style=\"bottom:%.2f%%\"><small>%s</small></span>",
                   s->y.ticks[i].at * 100, s->y.ticks[i].label);
    for (size_t i = 0; i < s->x.tick_count; i++)
        buf_printf(out, "<span class=\"stand\" style=\"left:%.2f%%\"><small>%s</small></span>",
                   s->x.ticks[i].at * 100, s->x.ticks[i].label);
    if (limit > 0)
        buf_printf(out, "<span class=\"bound\" style=\"bottom:%.2f%%\"><small>limit</small></span>",
                   share_of(&s->y, s->latency, limit));
}

/* Each step where it came to, with its number. */
static void write_scatter(const cJSON *search, struct buf *out)
{
    struct limit limit;
    struct error err;
    bool known = limit_parse(json_str(search, "expression", ""), &limit, &err);
    double bound = known ? limit.bound : 0;
    struct scatter s;
    const cJSON *step;
    unsigned number = 0;

    if (!scatter_init(&s, search, bound))
        return;
    buf_append_str(out, "<div class=\"scatter\"><div>");
    write_axes(&s, bound, out);
    cJSON_ArrayForEach(step, s.steps)
    {
        const cJSON *reached = json_get(step, "reached");
        number++;
        buf_printf(out, "<i class=\"%s\" style=\"left:%.2f%%;bottom:%.2f%%\">%u</i>",
                   outcome_of(step).style, share_of(&s.x, false, json_num(step, "value", 0)),
                   /* What came to nothing is beyond. */
                   cJSON_IsNumber(reached) ? share_of(&s.y, s.latency, reached->valuedouble) : 100,
                   number);
    }
    buf_printf(out, "</div><p class=\"note\">%s</p></div>\n", unit_of(search) + 1);
}

/* ---- the steps ---- */

static void put_reached(const cJSON *search, const cJSON *step, struct buf *out)
{
    const char *unit = json_str(search, "reached_unit", "");
    const cJSON *reached = json_get(step, "reached");

    if (!cJSON_IsNumber(reached))
        buf_append_str(out, "–");
    else if (strcmp(unit, "us") == 0)
        number_duration(out, reached->valuedouble);
    else if (strcmp(unit, "share") == 0)
        number_share(out, reached->valuedouble);
    else
        number_write(out, reached->valuedouble);
}

static void write_step(const cJSON *search, const cJSON *step, unsigned number, struct buf *out)
{
    struct outcome outcome = outcome_of(step);

    buf_printf(out, "<tr><td class=\"n\">%u</td><td class=\"n\">", number);
    put_value(out, json_num(step, "value", 0));
    buf_printf(out, "%s</td><td class=\"n %s\">", unit_of(search), outcome.style);
    put_reached(search, step, out);
    buf_printf(out, "</td><td><span class=\"dot %s\"></span>", outcome.style);
    const char *why = json_str(step, "why", NULL);
    xml_text(out, why != NULL ? "says nothing: " : outcome.words);
    xml_text(out, why != NULL ? why : "");
    buf_printf(out, "%s</td><td class=\"n note\">%.0f – %.0f s</td></tr>\n",
               cJSON_IsTrue(json_get(step, "again")) ? " (tried again)" : "",
               json_num(step, "from_s", 0), json_num(step, "to_s", 0));
}

void section_search(const struct report *r, struct buf *out)
{
    const cJSON *search = json_get(r->summary, "search"), *step;
    unsigned number = 0;

    if (!cJSON_IsObject(search))
        return;
    buf_append_str(out, "<section id=\"search\">\n<h2>The most that holds <span class=\"count\">");
    xml_text(out, json_str(search, "expression", "?"));
    buf_append_str(out, "</span></h2>\n<div class=\"wide\">");
    write_result(search, out);
    write_scatter(search, out);
    buf_append_str(out, "<table class=\"numbers\">\n<thead><tr><th class=\"n\">step</th><th "
                        "class=\"n\">tried</th><th class=\"n\">came to</th><th></th><th "
                        "class=\"n\">when</th></tr></thead>\n");
    cJSON_ArrayForEach(step, json_get(search, "steps")) write_step(search, step, ++number, out);
    buf_append_str(out, "</table></div>\n</section>\n");
}
