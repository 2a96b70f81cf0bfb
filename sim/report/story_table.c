#include "report/story_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "metrics/xml.h"
#include "report/story_picture.h"

#define PAYLOAD_DEPTH 24
#define PRETTY_MAX    ((size_t)256 << 10)

/* ---- one line's details ---- */

static void put_value(struct buf *out, const cJSON *value)
{
    if (cJSON_IsString(value)) {
        xml_text(out, value->valuestring);
        return;
    }
    char *text = cJSON_PrintUnformatted(value);
    xml_text(out, text != NULL ? text : "");
    cJSON_free(text);
}

static void put_pair(struct buf *out, const char *name, const cJSON *value)
{
    if (value == NULL)
        return;
    buf_append_str(out, "<dt>");
    xml_text(out, name);
    buf_append_str(out, "</dt><dd>");
    if (cJSON_IsArray(value)) {
        const cJSON *item;
        cJSON_ArrayForEach(item, value)
        {
            put_value(out, item);
            if (item->next != NULL)
                buf_append_str(out, "<br/>");
        }
    } else {
        put_value(out, value);
    }
    buf_append_str(out, "</dd>");
}

static void put_members(struct buf *out, const cJSON *object)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, object) put_pair(out, item->string != NULL ? item->string : "", item);
}

/* Two blanks a level, as people write it. */
static void put_pretty(struct buf *out, const char *payload)
{
    cJSON *json = json_parse(slice_str(payload), PAYLOAD_DEPTH);
    char *text = cJSON_IsObject(json) || cJSON_IsArray(json) ? cJSON_Print(json) : NULL;

    for (char *p = text; p != NULL;) {
        char *tab = strchr(p, '\t');
        if (tab != NULL)
            *tab = '\0';
        xml_text(out, p);
        if (tab != NULL)
            buf_append_str(out, "  ");
        p = tab != NULL ? tab + 1 : NULL;
    }
    if (text == NULL)
        xml_text(out, payload);
    cJSON_free(text);
    cJSON_Delete(json);
}

static void put_payload(struct buf *out, const cJSON *event)
{
    const char *payload = json_str(event, "payload", NULL), *hex = json_str(event, "hex", NULL);
    struct buf pretty;

    if (payload == NULL && hex == NULL)
        return;
    buf_init(&pretty, PRETTY_MAX);
    if (payload != NULL)
        put_pretty(&pretty, payload);
    else
        for (size_t i = 0, len = strlen(hex); i < len; i++) {
            char digit[2] = {hex[i], '\0'};
            buf_append_str(&pretty, i > 0 && i % 64 == 0 ? "\n" : i > 0 && i % 2 == 0 ? " " : "");
            xml_text(&pretty, digit);
        }
    buf_append_str(out, "<pre>");
    buf_append_slice(out, buf_slice(&pretty));
    if (pretty.overflow || cJSON_IsTrue(json_get(event, "cut")))
        buf_append_str(out, "\n… the rest is not kept");
    buf_append_str(out, "</pre>");
    buf_done(&pretty);
}

static bool has_details(const cJSON *event)
{
    return json_get(event, "type") != NULL || json_get(event, "payload") != NULL;
}

static void put_details(struct buf *out, const cJSON *event)
{
    static const char *const named[] = {"topic", "qos", "id", "dup", "retain", "bytes"};

    buf_append_str(out, "<dl>");
    for (size_t i = 0; i < sizeof named / sizeof *named; i++)
        put_pair(out, strcmp(named[i], "qos") == 0 ? "QoS" : named[i], json_get(event, named[i]));
    put_members(out, json_get(event, "fields"));
    put_members(out, json_get(event, "properties"));
    buf_append_str(out, "</dl>");
    put_payload(out, event);
}

/* ---- the table ---- */

static void put_lanes(struct buf *out, const struct moments *all, const struct moment *m)
{
    const char *from = m->from == MOMENT_APP ? all->apps[m->app] : moment_lane_name(m->from);
    const char *to = m->to == MOMENT_APP ? all->apps[m->app] : moment_lane_name(m->to);

    xml_text(out, from);
    if (m->from != m->to) {
        buf_append_str(out, " → ");
        xml_text(out, to);
    }
}

static void put_line(struct buf *out, const struct moments *all, const struct moment *m)
{
    const char *type = json_str(m->event, "type", NULL);
    char time[32];

    story_time(m->t, time, sizeof time);
    buf_printf(out, "<tr class=\"%s\"><td class=\"n\">%s</td><td class=\"lanes\">",
               moment_tone_name(m->tone), time);
    put_lanes(out, all, m);
    buf_append_str(out, "</td><td>");
    bool more = has_details(m->event);
    if (more)
        buf_append_str(out, "<details><summary>");
    if (type != NULL && strcmp(type, "PUBLISH") == 0)
        buf_append_str(out, "<code>PUBLISH</code> ");
    xml_text(out, m->label);
    if (more) {
        buf_append_str(out, "</summary>");
        put_details(out, m->event);
        buf_append_str(out, "</details>");
    }
    buf_append_str(out, "</td></tr>\n");
}

void story_table(const cJSON *car, const struct moments *m, struct buf *out)
{
    double gone = json_num(car, "events_gone", 0);

    if (m->count == 0)
        return;
    buf_printf(out,
               "<details class=\"lines\"><summary>Line by line, packets decoded <span "
               "class=\"count\">%zu</span></summary>\n<div class=\"wide\"><table "
               "class=\"timeline\">\n",
               m->count);
    if (gone > 0)
        buf_printf(out,
                   "<tr class=\"group\"><th colspan=\"3\">%.0f earlier lines are not "
                   "kept</th></tr>\n",
                   gone);
    for (size_t i = 0; i < m->count; i++)
        put_line(out, m, &m->list[i]);
    buf_append_str(out, "</table></div></details>\n");
}
