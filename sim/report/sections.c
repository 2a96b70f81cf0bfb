#include "report/sections.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/timeunit.h"
#include "metrics/xml.h"
#include "report/plot.h"

#define OPEN_UP_TO 40 /* longer lists of scenarios begin closed */

static void put_number(struct buf *out, double value)
{
    char digits[32];
    int len = snprintf(digits, sizeof digits, "%.0f", value);

    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0 && digits[i - 1] != '-')
            buf_append_str(out, "\xe2\x80\xaf"); /* a narrow space that keeps the line together */
        buf_append(out, digits + i, 1);
    }
}

static void put_duration(struct buf *out, double usec)
{
    char text[32];

    duration_human(usec, text, sizeof text);
    xml_text(out, text);
}

static const cJSON *list_of(const struct report *r, const char *name)
{
    return json_get(r->summary, name);
}

static const char *first_child_name(const cJSON *object)
{
    return object != NULL && object->child != NULL ? object->child->string : NULL;
}

/* ---- head ---- */

struct ending {
    const char *word, *style;
};

static struct ending ending_of(const cJSON *summary)
{
    static const struct {
        int status;
        struct ending ending;
    } endings[] = {
        {0,   {"Passed", "good"}            },
        {1,   {"Failed", "bad"}             },
        {2,   {"Could not run", "bad"}      },
        {3,   {"Script error", "bad"}       },
        {4,   {"Target out of reach", "bad"}},
        {5,   {"Limit missed", "bad"}       },
        {6,   {"Invalid", "odd"}            },
        {124, {"Time limit reached", "odd"} },
    };

    int status = (int)json_num(summary, "exit_status", -1);
    if (!cJSON_IsTrue(json_get(summary, "complete")) || status < 0)
        return (struct ending){"Unfinished", "odd"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (endings[i].status == status)
            return endings[i].ending;
    return (struct ending){"Interrupted", "odd"};
}

void section_title(const struct report *r, struct buf *out)
{
    xml_text(out, json_str(r->summary, "name", "run"));
    buf_printf(out, " – %s", ending_of(r->summary).word);
}

static void open_fact(struct buf *out, const char *name)
{
    buf_printf(out, "<div class=\"fact\"><dt>%s</dt><dd>", name);
}

static void close_fact(struct buf *out, const char *note)
{
    buf_append_str(out, "</dd>");
    if (note != NULL)
        buf_printf(out, "<dd class=\"note\">%s</dd>", note);
    buf_append_str(out, "</div>\n");
}

static void write_verdict_fact(const struct report *r, struct buf *out)
{
    const cJSON *verdicts = list_of(r, "verdicts"), *v;
    double total = 0;
    struct buf note;

    buf_init(&note, 1024);
    cJSON_ArrayForEach(v, verdicts)
    {
        total += v->valuedouble;
        if (v->valuedouble <= 0 || strcmp(v->string, "passed") == 0)
            continue;
        buf_printf(&note, "%s%.0f ", buf_len(&note) > 0 ? ", " : "", v->valuedouble);
        xml_text(&note, v->string);
    }
    double flaky = json_num(r->summary, "flaky", 0);
    if (flaky > 0)
        buf_printf(&note, "%s%.0f only after a failure", buf_len(&note) > 0 ? ", " : "", flaky);
    if (total > 0) {
        open_fact(out, "Scenarios passed");
        put_number(out, json_num(verdicts, "passed", 0));
        buf_append_str(out, " <small>of ");
        put_number(out, total);
        buf_append_str(out, "</small>");
        close_fact(out, buf_len(&note) > 0 ? buf_cstr(&note) : "nothing failed");
    }
    buf_done(&note);
}

static void write_time_fact(const struct report *r, struct buf *out)
{
    const char *lived = json_str(json_get(r->summary, "settings"), "simulated", NULL);
    struct buf note;

    buf_init(&note, 1024);
    open_fact(out, "Took");
    put_duration(out, json_num(r->summary, "duration_us", 0));
    if (lived != NULL) {
        buf_append_str(&note, "for ");
        xml_text(&note, lived);
        buf_append_str(&note, " of virtual time");
    }
    close_fact(out, buf_len(&note) > 0 ? buf_cstr(&note) : NULL);
    buf_done(&note);
}

static void write_command_facts(const struct report *r, struct buf *out)
{
    const cJSON *counters = list_of(r, "counters");
    const cJSON *total = json_get(list_of(r, "stages_us"), "command.total");
    double sent = json_num(counters, "commands.sent", 0);
    struct buf note;

    if (sent <= 0)
        return;
    buf_init(&note, 1024);
    put_number(&note, json_num(counters, "commands.succeeded", 0));
    buf_append_str(&note, " succeeded");
    open_fact(out, "Commands");
    put_number(out, sent);
    close_fact(out, buf_cstr(&note));
    buf_clear(&note);
    if (total != NULL) {
        buf_append_str(&note, "99 % within ");
        put_duration(&note, json_num(total, "p99", 0));
        open_fact(out, "Median command");
        put_duration(out, json_num(total, "p50", 0));
        close_fact(out, buf_cstr(&note));
    }
    buf_done(&note);
}

static void write_connect_fact(const struct report *r, struct buf *out)
{
    const cJSON *counters = list_of(r, "counters");
    double connects = json_num(counters, "connect.succeeded", 0);
    struct buf note;

    if (connects <= 0)
        return;
    buf_init(&note, 1024);
    put_number(&note,
               json_num(counters, "messages.sent", 0) + json_num(counters, "messages.received", 0));
    buf_append_str(&note, " messages");
    open_fact(out, "Connects");
    put_number(out, connects);
    close_fact(out, buf_cstr(&note));
    buf_done(&note);
}

void section_header(const struct report *r, struct buf *out)
{
    struct ending ending = ending_of(r->summary);
    const char *reason = json_str(r->summary, "reason", NULL);
    const char *command = json_str(json_get(r->summary, "settings"), "command_line", NULL);
    char started[32];

    snprintf(started, sizeof started, "%.16s", json_str(r->summary, "started", ""));
    for (char *p = started; *p != '\0'; p++)
        if (*p == 'T')
            *p = ' ';
    buf_append_str(out, "<header>\n<div class=\"head\"><h1>");
    xml_text(out, json_str(r->summary, "name", "run"));
    buf_printf(out, "</h1><span class=\"pill %s\">%s</span></div>\n<p class=\"sub\">", ending.style,
               ending.word);
    xml_text(out, started);
    buf_append_str(out, " UTC · seed ");
    xml_text(out, json_str(r->summary, "seed", "?"));
    buf_append_str(out, " · fleetsim ");
    xml_text(out, json_str(r->summary, "version", "?"));
    buf_append_str(out, "</p>\n");
    if (command != NULL) {
        buf_append_str(out, "<pre class=\"command\">");
        xml_text(out, command);
        buf_append_str(out, "</pre>\n");
    }
    if (reason != NULL) {
        buf_append_str(out, "<p class=\"reason\">");
        xml_text(out, reason);
        buf_append_str(out, "</p>\n");
    }
    buf_append_str(out, "<dl class=\"facts\">\n");
    write_verdict_fact(r, out);
    write_time_fact(r, out);
    write_command_facts(r, out);
    write_connect_fact(r, out);
    buf_append_str(out, "</dl>\n</header>\n");
}

/* ---- scenarios ---- */

bool report_is_trouble(const char *verdict)
{
    return strcmp(verdict, "failed") == 0 || strcmp(verdict, "error") == 0 ||
           strcmp(verdict, "unfinished") == 0;
}

static void write_scenario(const cJSON *s, struct buf *out)
{
    const char *verdict = json_str(s, "verdict", "?"), *message = json_str(s, "message", NULL);
    bool flaky = cJSON_IsTrue(json_get(s, "flaky"));

    buf_printf(out, "<tr><td><span class=\"dot %s\"></span>",
               report_is_trouble(verdict)                ? "bad"
               : strcmp(verdict, "passed") != 0 || flaky ? "odd"
                                                         : "good");
    xml_text(out, flaky ? "flaky" : verdict);
    buf_append_str(out, "</td><td>");
    xml_text(out, json_str(s, "name", "?"));
    if (message != NULL) {
        buf_append_str(out, "<div class=\"note\">");
        xml_text(out, message);
        buf_append_str(out, "</div>");
    }
    buf_append_str(out, "</td><td class=\"n\">");
    put_duration(out, json_num(s, "duration_us", 0));
    buf_append_str(out, "</td></tr>\n");
}

void section_scenarios(const struct report *r, struct buf *out)
{
    const cJSON *scenarios = list_of(r, "scenarios"), *s;
    const char *file = NULL;

    if (first_child_name(scenarios) == NULL && cJSON_GetArraySize(scenarios) == 0)
        return;
    int count = cJSON_GetArraySize(scenarios);
    buf_printf(out,
               "<section id=\"scenarios\">\n<details%s><summary><h2>Scenarios</h2> <span "
               "class=\"count\">%d</span></summary>\n<div class=\"wide\"><table>\n",
               count <= OPEN_UP_TO ? " open=\"open\"" : "", count);
    cJSON_ArrayForEach(s, scenarios)
    {
        const char *from = json_str(s, "file", "");
        if (file == NULL || strcmp(file, from) != 0) {
            buf_append_str(out, "<tr class=\"group\"><th colspan=\"3\">");
            xml_text(out, from);
            buf_append_str(out, "</th></tr>\n");
        }
        file = from;
        write_scenario(s, out);
    }
    buf_append_str(out, "</table></div></details>\n</section>\n");
}

/* ---- cars ---- */

void section_plots(const struct report *r, struct buf *out)
{
    if (r->set == NULL || r->set->count == 0)
        return;
    buf_append_str(out, "<section id=\"cars\">\n<h2>Cars</h2>\n");
    for (size_t i = 0; i < r->set->count; i++)
        plot_write(&r->set->series[i], out);
    if (r->set->bad_lines > 0)
        buf_printf(out, "<p class=\"note\">%zu lines of series.jsonl could not be read.</p>\n",
                   r->set->bad_lines);
    buf_append_str(out, "</section>\n");
}

/* ---- settings ---- */

void section_settings(const struct report *r, struct buf *out)
{
    const cJSON *setting;
    bool any = false;

    cJSON_ArrayForEach(setting, list_of(r, "settings"))
    {
        if (!any)
            buf_append_str(out, "<section id=\"settings\">\n<h2>Settings</h2>\n<div "
                                "class=\"wide\"><table>\n");
        any = true;
        char name[64];
        snprintf(name, sizeof name, "%s", setting->string);
        for (char *p = name; *p != '\0'; p++)
            if (*p == '_')
                *p = ' ';
        buf_append_str(out, "<tr><th>");
        xml_text(out, name);
        buf_append_str(out, "</th><td>");
        xml_text(out, cJSON_IsString(setting) ? setting->valuestring : "");
        buf_append_str(out, "</td></tr>\n");
    }
    if (any)
        buf_append_str(out, "</table></div>\n</section>\n");
}

void section_footer(const struct report *r, struct buf *out)
{
    buf_append_str(out, "<footer>fleetsim ");
    xml_text(out, json_str(r->summary, "version", ""));
    buf_append_str(out, " · beside this page: summary.json, junit.xml, latency.hlog");
    if (r->set != NULL && r->set->count > 0)
        buf_append_str(out, ", series.jsonl");
    if (r->failures != NULL && r->failures->count > 0)
        buf_append_str(out, ", failures.jsonl");
    buf_append_str(out, "</footer>");
}
