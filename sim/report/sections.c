#include "report/sections.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "metrics/xml.h"
#include "report/numbers.h"
#include "report/plot.h"

#define INVALID    6  /* exit status */
#define OPEN_UP_TO 40 /* longer lists of scenarios begin closed */

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
    /* Why it is invalid is told at length. */
    bool told = report_is_invalid(r) && json_num(r->summary, "exit_status", -1) == INVALID;
    if (reason != NULL && !told) {
        buf_append_str(out, "<p class=\"reason\">");
        xml_text(out, reason);
        buf_append_str(out, "</p>\n");
    }
    section_facts(r, out);
    buf_append_str(out, "</header>\n");
}

/* ---- scenarios ---- */

bool report_is_trouble(const char *verdict)
{
    return strcmp(verdict, "failed") == 0 || strcmp(verdict, "error") == 0 ||
           strcmp(verdict, "unfinished") == 0;
}

bool report_has_trouble(const struct report *r)
{
    const cJSON *s;

    cJSON_ArrayForEach(s, list_of(r, "scenarios")) if (strcmp(json_str(s, "verdict", "?"),
                                                              "passed") != 0) return true;
    return false;
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
    number_duration(out, json_num(s, "duration_us", 0));
    buf_append_str(out, "</td></tr>\n");
}

void section_scenarios(const struct report *r, struct buf *out)
{
    const cJSON *scenarios = list_of(r, "scenarios"), *s;
    const char *file = NULL;

    if (first_child_name(scenarios) == NULL && cJSON_GetArraySize(scenarios) == 0)
        return;
    if (report_is_load(r) && !report_has_trouble(r))
        return; /* its profile, which has done what it should */
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

/* A row for each text, its name with `from` as a space. */
static void write_texts(const cJSON *texts, char from, struct buf *out)
{
    const cJSON *text;

    buf_append_str(out, "<div class=\"wide\"><table>\n");
    cJSON_ArrayForEach(text, texts)
    {
        char name[64];
        snprintf(name, sizeof name, "%s", text->string != NULL ? text->string : "?");
        for (char *p = name; *p != '\0'; p++)
            if (*p == from)
                *p = ' ';
        buf_append_str(out, "<tr><th>");
        xml_text(out, name);
        buf_append_str(out, "</th><td>");
        xml_text(out, cJSON_IsString(text) ? text->valuestring : "");
        buf_append_str(out, "</td></tr>\n");
    }
    buf_append_str(out, "</table></div>\n");
}

void section_settings(const struct report *r, struct buf *out)
{
    const cJSON *settings = list_of(r, "settings"), *options = list_of(r, "options");

    if (cJSON_GetArraySize(settings) == 0)
        return;
    buf_append_str(out, "<section id=\"settings\">\n<h2>Machine and settings</h2>\n");
    write_texts(settings, '_', out);
    if (cJSON_IsObject(options) && options->child != NULL) {
        buf_printf(out,
                   "<details class=\"options\"><summary>Every option, as it was or as it is by "
                   "default <span class=\"count\">%d</span></summary>\n",
                   cJSON_GetArraySize(options));
        write_texts(options, '\0', out);
        buf_append_str(out, "</details>\n");
    }
    buf_append_str(out, "</section>\n");
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
    if (r->fleet != NULL && r->fleet->rows > 0)
        buf_append_str(out, ", timeline.csv");
    buf_append_str(out, "</footer>");
}
