#include "report/story_moments.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/xmem.h"
#include "report/story_words.h"

#define EVENTS_MAX 2000

const char *moment_lane_name(enum moment_lane lane)
{
    static const char *const names[MOMENT_LANE_COUNT] = {
        "app", "cloud", "radio", "TCU", "actuators", "script", "oracle",
    };
    return (unsigned)lane < MOMENT_LANE_COUNT ? names[lane] : "?";
}

const char *moment_tone_name(enum moment_tone tone)
{
    static const char *const names[MOMENT_TONE_COUNT] = {"quiet", "faint", "plain",
                                                         "fine",  "odd",   "bad"};
    return (unsigned)tone < MOMENT_TONE_COUNT ? names[tone] : "?";
}

__attribute__((format(printf, 2, 3))) static void label(struct moment *m, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(m->label, sizeof m->label, fmt, ap);
    va_end(ap);
    m->label[json_utf8_prefix(slice_str(m->label))] = '\0';
}

static const char *text_of(const struct moment *m, const char *name)
{
    return json_str(m->event, name, "");
}

static bool is(const struct moment *m, const char *name, const char *value)
{
    return strcmp(text_of(m, name), value) == 0;
}

/* ---- packets ---- */

static bool flag(const struct moment *m, const char *name)
{
    return cJSON_IsTrue(json_get(m->event, name));
}

static void read_publish(struct moment *m)
{
    const char *topic = text_of(m, "topic"), *payload = text_of(m, "payload");

    m->tone = words_publish(topic, payload, m->label, sizeof m->label);
    if (flag(m, "dup") && m->tone < MOMENT_ODD) {
        m->tone = MOMENT_ODD;
        size_t len = strlen(m->label);
        snprintf(m->label + len, sizeof m->label - len, " (sent again)");
    }
}

/* Packets besides PUBLISH that are no news unless they say no. */
static bool is_routine(const char *type)
{
    static const char *const routine[] = {"PUBACK", "PUBREC",   "PUBREL",  "PUBCOMP",
                                          "SUBACK", "UNSUBACK", "PINGREQ", "PINGRESP"};

    for (size_t i = 0; i < sizeof routine / sizeof *routine; i++)
        if (strcmp(type, routine[i]) == 0)
            return true;
    return false;
}

static void read_other_packet(struct moment *m, bool outgoing)
{
    const char *type = text_of(m, "type");
    const cJSON *fields = json_get(m->event, "fields");
    const char *code = json_str(fields, "code", "");
    int filters = cJSON_GetArraySize(json_get(fields, "filters"));

    if (type[0] == '\0') {
        label(m, "%s", text_of(m, "text"));
        m->tone = MOMENT_BAD;
    } else if (flag(m, "bad")) {
        label(m, "%s %s", type, code);
        m->tone = MOMENT_BAD;
    } else if (is_routine(type)) {
        label(m, "%s", type);
        m->tone = MOMENT_QUIET;
    } else if (filters > 0) {
        label(m, "%s %d filter%s", type, filters, filters == 1 ? "" : "s");
    } else if (strcmp(type, "CONNACK") == 0) {
        bool present = cJSON_IsTrue(json_get(fields, "session present"));
        label(m, "CONNACK%s", present ? ", session resumed" : "");
    } else if (strcmp(type, "DISCONNECT") == 0) {
        label(m, "DISCONNECT %s", code);
        m->tone = outgoing ? MOMENT_PLAIN : MOMENT_BAD;
    } else {
        label(m, "%s", type);
    }
}

static void read_packet(struct moment *m, bool outgoing)
{
    m->from = outgoing ? MOMENT_TCU : MOMENT_CLOUD;
    m->to = outgoing ? MOMENT_CLOUD : MOMENT_TCU;
    m->tone = MOMENT_FAINT;
    if (is(m, "type", "PUBLISH"))
        read_publish(m);
    else
        read_other_packet(m, outgoing);
}

static void read_in(struct moment *m)
{
    read_packet(m, false);
}

static void read_out(struct moment *m)
{
    read_packet(m, true);
}

/* ---- what is no packet ---- */

static void read_state(struct moment *m)
{
    m->from = m->to = MOMENT_TCU;
    label(m, "%s", text_of(m, "to"));
    m->tone = is(m, "to", "online")        ? MOMENT_GOOD
              : is(m, "to", "backing off") ? MOMENT_BAD
              : is(m, "to", "off")         ? MOMENT_ODD
                                           : MOMENT_PLAIN;
}

static void read_signal(struct moment *m)
{
    const char *value = text_of(m, "value");

    m->from = m->to = MOMENT_ACTUATORS;
    words_signal(text_of(m, "path"), value, m->label, sizeof m->label);
    /* Numbers drift; what has names is switched by somebody. */
    m->tone = value[0] == '"' || value[0] == 't' || value[0] == 'f' ? MOMENT_PLAIN : MOMENT_FAINT;
}

static void read_order(struct moment *m)
{
    const char *what = text_of(m, "what"), *detail = text_of(m, "detail");

    m->from = m->to = MOMENT_ACTUATORS;
    m->tone = MOMENT_PLAIN;
    if (strcmp(what, "done") == 0) {
        bool good = strcmp(detail, "SUCCEEDED") == 0;
        m->tone = good ? MOMENT_GOOD : MOMENT_BAD;
        label(m, "%s", detail);
    } else if (strcmp(what, "cancelled") == 0) {
        m->tone = MOMENT_BAD;
        label(m, "cancelled");
    } else {
        char changes[140];
        words_changes(detail, changes, sizeof changes);
        label(m, "acts: %s", changes);
    }
}

static bool contains(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

static void read_note(struct moment *m)
{
    const char *what = text_of(m, "what"), *detail = text_of(m, "detail");

    m->from = m->to = MOMENT_TCU;
    label(m, "%s%s%s", what, detail[0] != '\0' ? ": " : "", detail);
    m->tone = contains(what, "lost") || contains(what, "failed") || contains(what, "reject") ||
                      contains(what, "not ") || contains(what, "expired")
                  ? MOMENT_BAD
                  : MOMENT_ODD;
}

static void read_radio(struct moment *m)
{
    const char *to = text_of(m, "to");

    m->from = m->to = MOMENT_RADIO;
    label(m, "%s", to);
    m->tone = strcmp(to, "no coverage") == 0 || strcmp(to, "detached") == 0 ? MOMENT_BAD
              : strcmp(to, "attached") == 0                                 ? MOMENT_GOOD
                                                                            : MOMENT_PLAIN;
}

static void read_sms(struct moment *m)
{
    const char *what = text_of(m, "what");
    size_t len = strlen(what);

    if (len > 4 && strcmp(what + len - 4, " at ") == 0)
        len -= 4;
    bool arrives = strncmp(what, "delivered", 9) == 0;
    m->from = MOMENT_CLOUD;
    m->to = arrives ? MOMENT_TCU : MOMENT_CLOUD;
    label(m, "SMS %.*s", (int)(len < 100 ? len : 100), what);
    m->tone = contains(what, "lost") || contains(what, "expired")      ? MOMENT_BAD
              : contains(what, "waits") || contains(what, "once more") ? MOMENT_ODD
                                                                       : MOMENT_PLAIN;
}

static void read_app(struct moment *m)
{
    const char *what = text_of(m, "what"), *payload = text_of(m, "payload");
    bool hears = strncmp(what, "sees", 4) == 0 || strncmp(what, "receives", 8) == 0;
    bool says = strncmp(what, "desires", 7) == 0 || strncmp(what, "requests", 8) == 0;

    m->from = hears ? MOMENT_CLOUD : MOMENT_APP;
    m->to = says ? MOMENT_CLOUD : MOMENT_APP;
    /* Ids of its own begin with its name. */
    const char *app = text_of(m, "app");
    size_t len = strlen(app);
    char id[80];
    if (len > 0 && strncmp(payload, app, len) == 0 && payload[len] == '-') {
        snprintf(id, sizeof id, "#%s", payload + len + 1);
        payload = id;
    }
    m->tone = words_app(what, payload, m->label, sizeof m->label);
}

static void read_script(struct moment *m)
{
    m->from = m->to = MOMENT_SCRIPT;
    m->tone = MOMENT_PLAIN;
    label(m, "%s", text_of(m, "text"));
}

static void read_oracle(struct moment *m)
{
    m->from = m->to = MOMENT_ORACLE;
    m->tone = MOMENT_BAD;
    label(m, "%s", text_of(m, "text"));
}

/* ---- all of them ---- */

static const struct {
    const char *kind;
    void (*read)(struct moment *m);
} readers[] = {
    {"in",     read_in    },
    {"out",    read_out   },
    {"state",  read_state },
    {"signal", read_signal},
    {"order",  read_order },
    {"note",   read_note  },
    {"radio",  read_radio },
    {"sms",    read_sms   },
    {"app",    read_app   },
    {"script", read_script},
    {"oracle", read_oracle},
};

static size_t app_index(struct moments *m, const char *app)
{
    for (size_t i = 0; i < m->app_count; i++)
        if (strcmp(m->apps[i], app) == 0)
            return i;
    if (m->app_count == MOMENT_APPS_MAX)
        return MOMENT_APPS_MAX - 1;
    m->apps[m->app_count] = app;
    return m->app_count++;
}

static bool read_one(struct moments *all, struct moment *m, double began)
{
    const char *kind = text_of(m, "kind");
    double t = json_num(m->event, "t", 0);

    m->t = isfinite(t) ? t - began : 0;
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++) {
        if (strcmp(kind, readers[i].kind) != 0)
            continue;
        readers[i].read(m);
        if (m->from == MOMENT_APP || m->to == MOMENT_APP)
            m->app = app_index(all, text_of(m, "app"));
        all->radio = all->radio || m->from == MOMENT_RADIO;
        return true;
    }
    return false;
}

bool moment_is_said(const struct moment *m)
{
    return m->from == MOMENT_SCRIPT || m->from == MOMENT_ORACLE;
}

/* What apps do is stamped on their own threads, so it may stand a little late. */
static void sort(struct moments *m)
{
    for (size_t i = 1; i < m->count; i++) {
        struct moment moved = m->list[i];
        size_t k = i;
        for (; k > 0 && m->list[k - 1].t > moved.t; k--)
            m->list[k] = m->list[k - 1];
        m->list[k] = moved;
    }
}

void moments_read(struct moments *m, const cJSON *failure, const cJSON *car)
{
    const cJSON *events = json_get(car, "events"), *event;
    double began = json_num(failure, "began", 0);
    int size = cJSON_GetArraySize(events);

    began = isfinite(began) ? began : 0;
    *m = (struct moments){.radio = json_get(car, "radio") != NULL};
    m->list = xcalloc((size_t)(size < EVENTS_MAX ? size : EVENTS_MAX) + 1, sizeof *m->list);
    cJSON_ArrayForEach(event, events)
    {
        struct moment *next = &m->list[m->count];
        *next = (struct moment){.event = event};
        if (read_one(m, next, began) && ++m->count == EVENTS_MAX)
            break;
    }
    sort(m);
}

void moments_done(struct moments *m)
{
    free(m->list);
    *m = (struct moments){0};
}
