/* The slowest commands, each as a waterfall of what it waited for. */
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "metrics/xml.h"
#include "report/axis.h"
#include "report/numbers.h"
#include "report/sections.h"

#define MARKS_MAX 32

/* What lies before a moment, by whom it was waited for; colours of the page. */
static const struct leg {
    const char *name, *tone;
    const char *marks[5]; /* moments that end it */
} legs[] = {
    {"simulator, late", "c7", {"sent"}                                        },
    {"cloud accepts",   "c2", {"accepted"}                                    },
    {"wake-up",         "c3", {"sms_sent", "woken", "booted"}                 },
    {"connect",         "c4", {"tcp_up", "tls_done", "connacked", "connected"}},
    {"to the car",      "c5", {"received"}                                    },
    {"actuators",       "c0", {"started", "acted"}                            },
    {"report",          "c6", {"reported", "report_accepted"}                 },
    {"to the app",      "c1", {"seen"}                                        },
};
#define LEGS (sizeof legs / sizeof *legs)

/* LEGS: of none. */
static size_t leg_of(const char *mark)
{
    for (size_t i = 0; i < LEGS; i++)
        for (size_t m = 0; m < sizeof legs[i].marks / sizeof *legs[i].marks; m++)
            if (legs[i].marks[m] != NULL && strcmp(legs[i].marks[m], mark) == 0)
                return i;
    return LEGS;
}

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
        size_t leg = leg_of(marks[i]->string);
        buf_printf(out, "<i class=\"%s\" style=\"left:%.2f%%;width:%.2f%%\"",
                   leg < LEGS ? legs[leg].tone : "c7", 100 * fmax(from, 0) / widest,
                   fmax(100 * (to - from) / widest, 0.15));
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

static void write_command(const cJSON *c, double widest, struct buf *out)
{
    double at = json_num(c, "intended_us", -1);

    buf_append_str(out, "<tr><th>");
    xml_text(out, json_str(c, "kind", "command"));
    buf_printf(out, "</th><td>car %.0f</td><td class=\"n\">", json_num(c, "vehicle", 0));
    if (at >= 0)
        buf_printf(out, "at %.1f s", at / 1e6);
    buf_append_str(out, "</td><td>");
    xml_text(out, json_str(c, "outcome", "?"));
    buf_append_str(out, "</td><td class=\"falls\">");
    write_waterfall(c, widest, out);
    buf_append_str(out, "</td><td class=\"n\">");
    number_duration(out, json_num(c, "total_us", 0));
    buf_append_str(out, "</td></tr>\n");
}

/* The legs that occur, in their colours. */
static void write_legend(const cJSON *list, struct buf *out)
{
    const cJSON *c, *mark;
    bool seen[LEGS + 1] = {false};

    cJSON_ArrayForEach(c, list) cJSON_ArrayForEach(mark, json_get(c, "marks_us"))
        seen[leg_of(mark->string != NULL ? mark->string : "")] = true;
    buf_append_str(out, "<div class=\"legend\">");
    for (size_t i = 0; i < LEGS; i++)
        if (seen[i])
            buf_printf(out, "<span class=\"%s\"><i></i>%s</span>", legs[i].tone, legs[i].name);
    buf_append_str(out, "</div>\n");
}

void section_slowest(const struct report *r, struct buf *out)
{
    const cJSON *list = json_get(r->summary, "slowest_commands"), *c;
    double widest = 0;

    cJSON_ArrayForEach(c, list) widest = fmax(widest, json_num(c, "total_us", 0));
    if (widest <= 0)
        return;
    buf_printf(out,
               "<section id=\"slowest\">\n<details%s><summary><h2>Slowest commands</h2> "
               "<span class=\"count\">%d</span></summary>\n",
               report_is_load(r) ? " open=\"open\"" : "", cJSON_GetArraySize(list));
    write_legend(list, out);
    buf_append_str(out, "<div class=\"wide\"><table>\n");
    cJSON_ArrayForEach(c, list) write_command(c, widest, out);
    buf_append_str(out, "</table></div></details>\n</section>\n");
}
