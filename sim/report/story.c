#include "report/story.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/timeunit.h"
#include "metrics/xml.h"
#include "report/story_look.h"
#include "report/story_picture.h"
#include "report/story_shadow.h"
#include "report/story_table.h"

#define STANDS_OUT_MAX 6
#define OPEN_UP_TO     3 /* stories; the others begin folded */

/* ---- head ---- */

static void put_text_in(struct buf *out, const char *before, const char *text, const char *after)
{
    if (text == NULL || text[0] == '\0')
        return;
    buf_append_str(out, before);
    xml_text(out, text);
    buf_append_str(out, after);
}

static void put_seconds(struct buf *out, double seconds)
{
    char text[32];

    duration_human(seconds > 0 ? seconds * 1e6 : 0, text, sizeof text);
    xml_text(out, text);
}

static double length_of(const cJSON *failure)
{
    return json_num(failure, "ended", 0) - json_num(failure, "began", 0);
}

static void put_place(struct buf *out, const cJSON *failure)
{
    double attempt = json_num(failure, "attempt", 1), round = json_num(failure, "round", 1);

    buf_append_str(out, "<span class=\"place\">");
    xml_text(out, json_str(failure, "file", ""));
    buf_printf(out, ":%.0f · %s after ", json_num(failure, "line", 0),
               strcmp(json_str(failure, "verdict", ""), "error") == 0 ? "error" : "failed");
    put_seconds(out, length_of(failure));
    if (strcmp(json_str(failure, "clock", ""), "virtual") == 0)
        buf_append_str(out, " of virtual time");
    if (round > 1)
        buf_printf(out, " · round %.0f", round);
    if (attempt > 1)
        buf_printf(out, " · attempt %.0f", attempt);
    buf_append_str(out, "</span>");
}

static void put_labels(struct buf *out, const cJSON *failure)
{
    const cJSON *tags = json_get(failure, "tags"), *parameters = json_get(failure, "parameters");
    const cJSON *item;

    if (cJSON_GetArraySize(tags) == 0 && cJSON_GetArraySize(parameters) == 0)
        return;
    buf_append_str(out, "<p class=\"labels\">");
    cJSON_ArrayForEach(item, parameters)
    {
        char *value = cJSON_IsString(item) ? NULL : cJSON_PrintUnformatted(item);
        buf_append_str(out, "<span>");
        put_text_in(out, "<b>", item->string, "</b> = ");
        xml_text(out, value != NULL ? value : item->valuestring != NULL ? item->valuestring : "");
        buf_append_str(out, "</span> ");
        cJSON_free(value);
    }
    cJSON_ArrayForEach(item, tags)
        put_text_in(out, "<span>", cJSON_IsString(item) ? item->valuestring : NULL, "</span> ");
    buf_append_str(out, "</p>\n");
}

static void put_message(struct buf *out, const cJSON *failure)
{
    buf_append_str(out, "<span class=\"message\">");
    put_text_in(out, "<span class=\"where\">", json_str(failure, "where", NULL), "</span> ");
    xml_text(out, json_str(failure, "message", "?"));
    buf_append_str(out, "</span>");
}

/* How it came there, and how to come there again. */
static void put_way(struct buf *out, const cJSON *failure)
{
    const cJSON *call, *calls = json_get(failure, "calls");

    if (cJSON_GetArraySize(calls) > 1) {
        buf_append_str(out, "<p class=\"note\">called from ");
        cJSON_ArrayForEach(call, calls)
            put_text_in(out, call == calls->child ? "<code>" : ", <code>",
                        cJSON_IsString(call) ? call->valuestring : NULL, "</code>");
        buf_append_str(out, "</p>\n");
    }
    put_text_in(out, "<pre class=\"command\">", json_str(failure, "repeat", NULL), "</pre>\n");
}

static void put_steps(struct buf *out, const cJSON *steps)
{
    const cJSON *step;

    if (cJSON_GetArraySize(steps) == 0)
        return;
    buf_append_str(out, "<ol class=\"steps\">");
    cJSON_ArrayForEach(step, steps)
    {
        const char *verdict = json_str(step, "verdict", "passed");
        double depth = json_num(step, "depth", 0);
        buf_printf(out, "<li class=\"%s%s\">",
                   strcmp(verdict, "passed") == 0    ? "good"
                   : strcmp(verdict, "skipped") == 0 ? "odd"
                                                     : "bad",
                   depth > 0 ? " inner" : "");
        xml_text(out, json_str(step, "name", "?"));
        buf_append_str(out, " <small>");
        put_seconds(out, json_num(step, "took", 0));
        if (strcmp(verdict, "passed") != 0)
            put_text_in(out, ", ", strcmp(verdict, "skipped") == 0 ? "cut off" : verdict, "");
        buf_append_str(out, "</small></li>");
    }
    buf_append_str(out, "</ol>\n");
}

/* Expectations that did not hold, and did not end it. */
static void put_soft(struct buf *out, const char *heading, const cJSON *failures)
{
    const cJSON *f;

    if (cJSON_GetArraySize(failures) == 0)
        return;
    buf_printf(out, "<p class=\"note\">%s</p><ul class=\"violations\">", heading);
    cJSON_ArrayForEach(f, failures)
    {
        buf_append_str(out, "<li>");
        put_text_in(out, "<span class=\"where\">", json_str(f, "where", NULL), "</span> ");
        xml_text(out, json_str(f, "message", ""));
        put_text_in(out, " <small>in step ", json_str(f, "step", NULL), "</small>");
        buf_append_str(out, "</li>");
    }
    buf_append_str(out, "</ul>\n");
}

static void put_violations(struct buf *out, const cJSON *violations)
{
    const cJSON *v;

    if (cJSON_GetArraySize(violations) == 0)
        return;
    buf_append_str(out, "<ul class=\"violations\">");
    cJSON_ArrayForEach(v, violations)
    {
        buf_append_str(out, "<li>");
        put_text_in(out, "<b>", json_str(v, "rule", "?"), "</b> ");
        xml_text(out, json_str(v, "text", ""));
        put_text_in(out, " <small>", json_str(v, "car", NULL), "</small>");
        buf_append_str(out, "</li>");
    }
    buf_append_str(out, "</ul>\n");
}

/* ---- a car ---- */

/* What an app is told of what the car said stands out only once. */
static bool stands_out(const struct moments *m, size_t i)
{
    const struct moment *one = &m->list[i];

    if (one->tone < MOMENT_ODD)
        return false;
    for (size_t k = i; one->to == MOMENT_APP && k-- > 0;)
        if (m->list[k].tone >= MOMENT_ODD && strcmp(m->list[k].label, one->label) == 0)
            return false;
    return true;
}

/* The last things that went wrong or were odd. */
static void put_outstanding(struct buf *out, const struct moments *m)
{
    size_t first = m->count, n = 0;

    while (first > 0 && n < STANDS_OUT_MAX)
        n += stands_out(m, --first);
    if (n == 0)
        return;
    buf_append_str(out, "<ul class=\"outstanding\">");
    for (; first < m->count; first++) {
        const struct moment *one = &m->list[first];
        char time[32];
        if (!stands_out(m, first))
            continue;
        story_time(one->t, time, sizeof time);
        buf_printf(out, "<li class=\"%s\"><b>%s</b> %s: ", moment_tone_name(one->tone), time,
                   one->from == MOMENT_ACTUATORS ? "command" : moment_lane_name(one->from));
        xml_text(out, one->label);
        buf_append_str(out, "</li>");
    }
    buf_append_str(out, "</ul>\n");
}

static bool was_in(const cJSON *car, const char *state)
{
    const cJSON *event;

    if (strcmp(json_str(car, "link", ""), state) == 0)
        return true;
    cJSON_ArrayForEach(event, json_get(car, "events"))
    {
        if (strcmp(json_str(event, "kind", ""), "state") == 0 &&
            (strcmp(json_str(event, "from", ""), state) == 0 ||
             strcmp(json_str(event, "to", ""), state) == 0))
            return true;
    }
    return false;
}

static void put_legend(struct buf *out, const cJSON *car, const struct moments *m)
{
    static const char *const states[][2] = {
        {"online",     "online"      },
        {"connecting", "connecting"  },
        {"syncing",    "syncing"     },
        {"syncing",    "provisioning"},
        {"backoff",    "backing off" },
        {"asleep",     "asleep"      },
        {"off",        "off"         },
    };

    buf_append_str(out, "<div class=\"legend\"><span>TCU:</span>");
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (was_in(car, states[i][1]))
            buf_printf(out, "<span class=\"%s\"><i></i>%s</span>", states[i][0], states[i][1]);
    if (m->radio)
        buf_append_str(out, "<span>radio:</span><span class=\"online\"><i></i>attached</span>"
                            "<span class=\"backoff\"><i></i>no coverage</span>");
    buf_append_str(out, "</div>\n");
}

/* Was it online, and nothing is known of what it said? */
static bool is_silent(const cJSON *car)
{
    const cJSON *event;
    bool online = false;

    cJSON_ArrayForEach(event, json_get(car, "events"))
    {
        const char *kind = json_str(event, "kind", "");
        if (strcmp(kind, "in") == 0 || strcmp(kind, "out") == 0)
            return false;
        online = online || strcmp(json_str(event, "to", ""), "online") == 0;
    }
    return online;
}

static void put_car_head(struct buf *out, const cJSON *car)
{
    const cJSON *radio = json_get(car, "radio");

    buf_printf(out, "<h4>Car %.0f <small>", json_num(car, "index", 0));
    xml_text(out, json_str(car, "name", "?"));
    put_text_in(out, " · ", json_str(car, "model", NULL), "");
    put_text_in(out, " · ", json_str(car, "link", NULL), " at that moment");
    if (radio != NULL) {
        put_text_in(out, " · radio ", json_str(radio, "network", NULL), ", ");
        xml_text(out, json_str(radio, "state", ""));
    }
    buf_append_str(out, "</small></h4>\n");
}

static void put_car(struct buf *out, const cJSON *failure, const cJSON *car, bool open)
{
    struct story_frame frame = {
        .failure = failure, .car = car, .began = json_num(failure, "began", 0)};
    struct moments m;

    moments_read(&m, failure, car);
    buf_printf(out, "<details class=\"car-story\"%s><summary>", open ? " open=\"open\"" : "");
    put_car_head(out, car);
    buf_append_str(out, "</summary>\n");
    put_outstanding(out, &m);
    story_picture(&frame, &m, out);
    put_legend(out, car, &m);
    if (is_silent(car))
        buf_append_str(out,
                       "<p class=\"note\">What the car sent and received is not known: cars on "
                       "the Paho client (--client paho) do not tell.</p>\n");
    story_table(car, &m, out);
    story_look(car, out);
    story_shadow(car, frame.began, out);
    story_signals(car, out);
    buf_append_str(out, "</details>\n");
    moments_done(&m);
}

static void put_other_cars(struct buf *out, const cJSON *others)
{
    const cJSON *state;
    double all = 0;

    cJSON_ArrayForEach(state, others) all += state->valuedouble;
    if (!(all > 0))
        return;
    buf_printf(out, "<p class=\"note\">%.0f more car%s of this scenario: ", all,
               all > 1 ? "s" : "");
    cJSON_ArrayForEach(state, others)
    {
        buf_printf(out, "%s%.0f ", state == others->child ? "" : ", ", state->valuedouble);
        xml_text(out, state->string != NULL ? state->string : "");
    }
    buf_append_str(out, ".</p>\n");
}

/* Is this line about that case of the summary, whose name may say its round? */
static bool is_of(const cJSON *failure, const cJSON *s)
{
    const char *scenario = json_str(failure, "scenario", ""), *name = json_str(s, "name", "?");
    size_t len = strlen(scenario);
    double rounds = json_num(failure, "round", 1) - json_num(s, "round", 1);

    return strcmp(json_str(failure, "file", ""), json_str(s, "file", "?")) == 0 &&
           strncmp(name, scenario, len) == 0 &&
           (name[len] == '\0' || strncmp(name + len, " (", 2) == 0) && fabs(rounds) < 0.5;
}

static bool is_flaky(const struct report *r, const cJSON *failure)
{
    const cJSON *s;

    cJSON_ArrayForEach(s, json_get(r->summary, "scenarios"))
    {
        if (cJSON_IsTrue(json_get(s, "flaky")) && is_of(failure, s))
            return true;
    }
    return false;
}

static void put_failure(struct buf *out, const struct report *r, const cJSON *failure, bool open)
{
    const cJSON *cars = json_get(failure, "cars"), *car;
    bool flaky = is_flaky(r, failure);

    buf_printf(out, "<article class=\"failure story%s\"><details class=\"whole\"%s><summary><h3>",
               flaky ? " flaky" : "", open ? " open=\"open\"" : "");
    xml_text(out, json_str(failure, "scenario", "?"));
    buf_append_str(out, flaky ? " <small>flaky: it passed when it was tried again</small></h3>"
                              : "</h3>");
    put_place(out, failure);
    put_message(out, failure);
    buf_append_str(out, "</summary>\n");
    put_labels(out, failure);
    put_way(out, failure);
    put_violations(out, json_get(failure, "violations"));
    put_soft(out, "Expectations that did not hold:", json_get(failure, "soft"));
    put_soft(out, "Afterwards:", json_get(failure, "after"));
    put_steps(out, json_get(failure, "steps"));
    cJSON_ArrayForEach(car, cars) put_car(out, failure, car, car == cars->child);
    put_other_cars(out, json_get(failure, "other_cars"));
    buf_append_str(out, "</details></article>\n");
}

/* ---- what the file does not tell ---- */

static bool is_told(const struct report *r, const cJSON *s)
{
    for (size_t i = 0; r->failures != NULL && i < r->failures->count; i++)
        if (is_of(r->failures->failures[i], s))
            return true;
    return false;
}

static void put_untold(struct buf *out, const cJSON *s)
{
    const char *detail = json_str(s, "detail", "");

    buf_append_str(out, "<article class=\"failure\"><h3>");
    xml_text(out, json_str(s, "name", "?"));
    buf_append_str(out, "</h3><p class=\"place\">");
    xml_text(out, json_str(s, "file", ""));
    buf_printf(out, ":%.0f · ", json_num(s, "line", 0));
    xml_text(out, json_str(s, "verdict", "?"));
    buf_append_str(out, " after ");
    put_seconds(out, json_num(s, "duration_us", 0) / 1e6);
    buf_append_str(out, "</p><p class=\"message\">");
    xml_text(out, json_str(s, "message", "it had not finished"));
    buf_append_str(out, "</p>");
    if (detail[0] != '\0') {
        buf_append_str(out, "<details><summary>What led to it</summary><pre>");
        xml_text(out, detail);
        buf_append_str(out, "</pre></details>");
    }
    buf_append_str(out, "</article>\n");
}

void section_failures(const struct report *r, struct buf *out)
{
    const cJSON *s;
    struct buf all;

    buf_init(&all, (size_t)256 << 20);
    for (size_t i = 0; r->failures != NULL && i < r->failures->count; i++)
        put_failure(&all, r, r->failures->failures[i], i < OPEN_UP_TO);
    cJSON_ArrayForEach(s, json_get(r->summary, "scenarios"))
    {
        if (report_is_trouble(json_str(s, "verdict", "")) && !is_told(r, s))
            put_untold(&all, s);
    }
    if (r->failures != NULL && r->failures->bad_lines > 0)
        buf_printf(&all, "<p class=\"note\">%zu lines of failures.jsonl could not be read.</p>\n",
                   r->failures->bad_lines);
    if (r->failures != NULL && r->failures->more > 0)
        buf_printf(&all, "<p class=\"note\">%zu more failures are in failures.jsonl.</p>\n",
                   r->failures->more);
    if (buf_len(&all) > 0) {
        buf_append_str(out, "<section id=\"failures\">\n<h2>Failures</h2>\n");
        buf_append_slice(out, buf_slice(&all));
        buf_append_str(out, "</section>\n");
    }
    buf_done(&all);
}
