#include "report/story_words.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"

#define LEAVES_SHOWN  2
#define LEAVES_NAMED  12 /* of more, none is */
#define PAYLOAD_DEPTH 24

__attribute__((format(printf, 3, 4))) static void say(char *out, size_t size, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(out, size, fmt, ap);
    va_end(ap);
    out[json_utf8_prefix(slice_str(out))] = '\0';
}

/* ---- states ---- */

struct leaves {
    struct buf text;
    size_t first; /* length of the first one */
    size_t count;
};

static void put_value(struct buf *out, const cJSON *value)
{
    if (cJSON_IsString(value)) {
        buf_append_str(out, value->valuestring);
        return;
    }
    char *text = cJSON_PrintUnformatted(value);
    buf_append_str(out, text != NULL ? text : "");
    cJSON_free(text);
}

static void put_leaves(struct leaves *l, const cJSON *value, const char *path, int depth)
{
    const cJSON *child;

    if (cJSON_IsObject(value) && value->child != NULL && depth < PAYLOAD_DEPTH) {
        cJSON_ArrayForEach(child, value)
        {
            char longer[160];
            snprintf(longer, sizeof longer, "%s%s%s", path, path[0] != '\0' ? "." : "",
                     child->string);
            put_leaves(l, child, longer, depth + 1);
        }
        return;
    }
    if (l->count++ >= LEAVES_SHOWN)
        return;
    buf_printf(&l->text, "%s%s%s", l->count > 1 ? ", " : "", path, path[0] != '\0' ? " = " : "");
    put_value(&l->text, value);
    if (l->count == 1)
        l->first = buf_len(&l->text);
}

/* "locks.all = unlocked, climate.active = true", "locks.all = unlocked +3" */
static void summarise(const cJSON *state, char *out, size_t size)
{
    struct leaves l = {.count = 0};

    buf_init(&l.text, 4096);
    put_leaves(&l, state, "", 0);
    const char *text = buf_cstr(&l.text);
    if (l.count > LEAVES_NAMED)
        say(out, size, "%zu values", l.count);
    else if (l.count > LEAVES_SHOWN)
        say(out, size, "%.*s +%zu", (int)l.first, text, l.count - 1);
    else
        say(out, size, "%s", buf_cstr(&l.text));
    buf_done(&l.text);
}

void words_changes(const char *changes, char *out, size_t size)
{
    size_t len = 0;

    for (; *changes != '\0' && len + 4 < size; changes++) {
        if (*changes == '=') {
            memcpy(out + len, " = ", 3);
            len += 3;
        } else if (*changes != '"') {
            out[len++] = *changes;
        }
    }
    out[len] = '\0';
    out[json_utf8_prefix(slice_str(out))] = '\0';
}

void words_signal(const char *path, const char *value, char *out, size_t size)
{
    cJSON *json = json_parse(slice_str(value), 2);

    say(out, size, "%s = %s", path, cJSON_IsString(json) ? json->valuestring : value);
    cJSON_Delete(json);
}

/* ---- messages: each of what kind, by the end of its topic ---- */

struct message {
    const cJSON *json; /* NULL: no JSON, or cut */
    char *out;
    size_t size;
};

static enum moment_tone say_state(const struct message *m, const char *verb, const cJSON *state)
{
    char summary[128] = "…";

    if (state != NULL)
        summarise(state, summary, sizeof summary);
    say(m->out, m->size, "%s %s", verb, summary);
    return MOMENT_PLAIN;
}

static enum moment_tone on_update(const struct message *m)
{
    const cJSON *state = json_get(m->json, "state");
    const cJSON *desired = json_get(state, "desired"), *reported = json_get(state, "reported");

    if (desired != NULL && reported == NULL)
        return say_state(m, "desires", desired);
    return say_state(m, "reports", reported);
}

static enum moment_tone say_version(const struct message *m, const char *what)
{
    double version = json_num(m->json, "version", 0);

    if (version > 0)
        say(m->out, m->size, "%s v%.0f", what, version);
    else
        say(m->out, m->size, "%s", what);
    return MOMENT_FAINT;
}

static enum moment_tone on_accepted(const struct message *m)
{
    return say_version(m, "update accepted");
}

static enum moment_tone say_rejection(const struct message *m, const char *what)
{
    say(m->out, m->size, "%s rejected: %.0f %s", what, json_num(m->json, "code", 0),
        json_str(m->json, "message", ""));
    return MOMENT_BAD;
}

static enum moment_tone on_rejected(const struct message *m)
{
    return say_rejection(m, "update");
}

static enum moment_tone on_delta(const struct message *m)
{
    return say_state(m, "delta", json_get(m->json, "state"));
}

static enum moment_tone on_documents(const struct message *m)
{
    say(m->out, m->size, "documents");
    return MOMENT_FAINT;
}

static enum moment_tone on_get(const struct message *m)
{
    say(m->out, m->size, "asks for the shadow");
    return MOMENT_FAINT;
}

static enum moment_tone on_get_accepted(const struct message *m)
{
    return say_version(m, "shadow");
}

static enum moment_tone on_get_rejected(const struct message *m)
{
    double code = json_num(m->json, "code", 0);

    if (code < 404 || code > 404)
        return say_rejection(m, "get");
    say(m->out, m->size, "no shadow yet (404)");
    return MOMENT_FAINT;
}

static enum moment_tone on_delete(const struct message *m)
{
    say(m->out, m->size, "deletes the shadow");
    return MOMENT_PLAIN;
}

static enum moment_tone on_delete_accepted(const struct message *m)
{
    say(m->out, m->size, "delete accepted");
    return MOMENT_PLAIN;
}

static enum moment_tone on_delete_rejected(const struct message *m)
{
    return say_rejection(m, "delete");
}

static enum moment_tone on_request(const struct message *m)
{
    const cJSON *command = json_get(m->json, "command");

    return say_state(m, "request", command != NULL ? command : m->json);
}

static enum moment_tone say_response(const struct message *m)
{
    const char *status = json_str(m->json, "status", "?");
    const cJSON *reason = json_get(m->json, "statusReason");
    const char *code = json_str(reason, "reasonCode", "");

    if (code[0] != '\0')
        say(m->out, m->size, "%s %s", status, code);
    else
        say(m->out, m->size, "response %s", status);
    if (strcmp(status, "SUCCEEDED") == 0)
        return MOMENT_GOOD;
    return strcmp(status, "IN_PROGRESS") == 0 ? MOMENT_PLAIN : MOMENT_BAD;
}

static const struct {
    const char *end;
    enum moment_tone (*say)(const struct message *m);
} shadow_topics[] = {
    {"/update/accepted",  on_accepted       },
    {"/update/rejected",  on_rejected       },
    {"/update/delta",     on_delta          },
    {"/update/documents", on_documents      },
    {"/update",           on_update         },
    {"/get/accepted",     on_get_accepted   },
    {"/get/rejected",     on_get_rejected   },
    {"/get",              on_get            },
    {"/delete/accepted",  on_delete_accepted},
    {"/delete/rejected",  on_delete_rejected},
    {"/delete",           on_delete         },
};

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);

    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/* The shadow's name goes in front. */
static enum moment_tone say_shadow(const char *topic, const struct message *m, bool *ret_known)
{
    const char *shadow = strstr(topic, "/shadow/");
    struct message rest = *m;

    for (size_t i = 0; shadow != NULL && i < sizeof shadow_topics / sizeof *shadow_topics; i++) {
        if (!ends_with(topic, shadow_topics[i].end))
            continue;
        *ret_known = true;
        const char *name = shadow + strlen("/shadow/");
        if (strncmp(name, "name/", 5) == 0) {
            say(m->out, m->size, "%.*s: ", (int)strcspn(name + 5, "/"), name + 5);
            rest.out += strlen(m->out);
            rest.size -= strlen(m->out);
        }
        return shadow_topics[i].say(&rest);
    }
    *ret_known = false;
    return MOMENT_PLAIN;
}

static enum moment_tone say_topic(const char *topic, const struct message *m)
{
    bool known;
    enum moment_tone tone = say_shadow(topic, m, &known);

    if (known)
        return tone;
    if (strncmp(topic, "cmd/", 4) == 0 && ends_with(topic, "/request"))
        return on_request(m);
    if (strncmp(topic, "cmd/", 4) == 0 && strstr(topic, "/response/") != NULL)
        return say_response(m);
    if (strncmp(topic, "dt/", 3) == 0) {
        say(m->out, m->size, "telemetry: %s", strrchr(topic, '/') + 1);
        return MOMENT_FAINT;
    }
    say(m->out, m->size, "%s", topic);
    return MOMENT_PLAIN;
}

enum moment_tone words_publish(const char *topic, const char *payload, char *out, size_t size)
{
    cJSON *json = json_parse(slice_str(payload), PAYLOAD_DEPTH);
    struct message m = {.json = json, .size = size};

    m.out = out;
    enum moment_tone tone = say_topic(topic, &m);

    cJSON_Delete(json);
    return tone;
}

/* What a command service says of its commands. */
static enum moment_tone tone_of(const char *what)
{
    static const char *const bad[] = {"cannot send", "FAILED",  "REJECTED",
                                      "TIMED_OUT",   "EXPIRED", "requests once more"};

    if (strcmp(what, "SUCCEEDED") == 0)
        return MOMENT_GOOD;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (strcmp(what, bad[i]) == 0)
            return strncmp(what, "requests", 8) == 0 ? MOMENT_ODD : MOMENT_BAD;
    return MOMENT_PLAIN;
}

/* "desires", or "desires in comfort", whose name goes in front as it does of messages. */
static enum moment_tone say_wish(const char *what, const struct message *m)
{
    static const char in[] = "desires in ";
    struct message rest = *m;

    if (strncmp(what, in, sizeof in - 1) == 0) {
        say(m->out, m->size, "%s: ", what + sizeof in - 1);
        rest.out += strlen(m->out);
        rest.size -= strlen(m->out);
    }
    return say_state(&rest, "desires", m->json);
}

static enum moment_tone say_app(const char *what, const char *payload, const struct message *m)
{
    bool known;

    if (m->json != NULL && strcmp(what, "requests") == 0)
        return say_state(m, what, m->json);
    if (strncmp(what, "desires", 7) == 0)
        return say_wish(what, m);
    if (strcmp(what, "receives response") == 0 && m->json != NULL)
        return say_response(m);
    if (strcmp(what, "sees connected") == 0) {
        say(m->out, m->size, "presence: connected");
        return MOMENT_FAINT;
    }
    if (strcmp(what, "sees disconnected") == 0) {
        bool wanted = strcmp(payload, "CLIENT_INITIATED_DISCONNECT") == 0;
        say(m->out, m->size, "presence: disconnected%s%s", wanted ? "" : " ",
            wanted ? "" : payload);
        return wanted ? MOMENT_PLAIN : MOMENT_ODD;
    }
    if (strncmp(what, "sees ", 5) == 0) {
        const char *verb = strrchr(what, ' ') + 1;
        char topic[160];
        if (verb > what + 5)
            snprintf(topic, sizeof topic, "/shadow/name/%.*s/%.40s", (int)(verb - what - 6),
                     what + 5, verb);
        else
            snprintf(topic, sizeof topic, "/shadow/%.40s", verb);
        enum moment_tone tone = say_shadow(topic, m, &known);
        if (known)
            return tone;
    }
    say(m->out, m->size, "%s %s", what, payload);
    return tone_of(what);
}

enum moment_tone words_app(const char *what, const char *payload, char *out, size_t size)
{
    cJSON *json = json_parse(slice_str(payload), PAYLOAD_DEPTH);
    struct message m = {.json = json, .size = size};

    m.out = out;
    enum moment_tone tone = say_app(what, payload, &m);

    cJSON_Delete(json);
    return tone;
}
