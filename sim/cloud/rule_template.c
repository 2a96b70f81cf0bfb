#include "cloud/rule_template.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"

#define DEPTH_MAX 64

enum value { VALUE_NONE, VALUE_TOPIC, VALUE_LEVEL, VALUE_CLIENT, VALUE_TIME, VALUE_PAYLOAD };

/* What stands at p ("${…}"), and where it ends. */
static enum value value_at(const char *p, unsigned *ret_level, const char **ret_end)
{
    static const struct {
        const char *text;
        enum value value;
    } names[] = {
        {"${topic()}",     VALUE_TOPIC  },
        {"${clientid()}",  VALUE_CLIENT },
        {"${timestamp()}", VALUE_TIME   },
        {"${payload}",     VALUE_PAYLOAD},
    };
    char *end;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t len = strlen(names[i].text);
        if (strncmp(p, names[i].text, len) == 0) {
            *ret_end = p + len;
            return names[i].value;
        }
    }
    if (strncmp(p, "${topic(", 8) != 0 || p[8] < '1' || p[8] > '9')
        return VALUE_NONE;
    unsigned long level = strtoul(p + 8, &end, 10);
    if (level > 99 || strncmp(end, ")}", 2) != 0)
        return VALUE_NONE;
    *ret_level = (unsigned)level;
    *ret_end = end + 2;
    return VALUE_LEVEL;
}

bool rule_template_check(const char *text, bool payload, const char **ret_why)
{
    unsigned level;
    const char *end;

    for (const char *p = strstr(text, "${"); p != NULL; p = strstr(end, "${")) {
        enum value value = value_at(p, &level, &end);
        if (value == VALUE_NONE) {
            *ret_why = "an unknown ${…} (there are ${topic()}, ${topic(N)}, ${clientid()}, "
                       "${timestamp()}, and ${payload} in payloads)";
            return false;
        }
        if (value == VALUE_PAYLOAD && !payload) {
            *ret_why = "${payload}: not in a topic";
            return false;
        }
    }
    return true;
}

/* Levels are counted from 1. */
static struct slice level_of(const char *topic, unsigned level)
{
    while (level > 1 && topic != NULL) {
        topic = strchr(topic, '/');
        topic = topic != NULL ? topic + 1 : NULL;
        level--;
    }
    return topic != NULL ? slice_of(topic, strcspn(topic, "/")) : slice_of("", 0);
}

/* As plain text; the payload is not. */
static void put(enum value value, unsigned level, const struct rule_values *v, struct text *to)
{
    struct slice part;

    switch (value) {
    case VALUE_TOPIC:
        text_str(to, v->topic);
        break;
    case VALUE_LEVEL:
        part = level_of(v->topic, level);
        text_bytes(to, (const char *)part.data, part.len);
        break;
    case VALUE_CLIENT:
        text_str(to, v->client_id);
        break;
    case VALUE_TIME:
        text_int(to, v->now_ms);
        break;
    case VALUE_PAYLOAD:
        text_bytes(to, (const char *)v->payload.data, v->payload.len);
        break;
    case VALUE_NONE:
        break;
    }
}

void rule_template_expand(const char *text, const struct rule_values *values, struct text *to)
{
    unsigned level = 0;
    const char *end;

    for (;;) {
        const char *p = strstr(text, "${");
        if (p == NULL) {
            text_str(to, text);
            return;
        }
        text_bytes(to, text, (size_t)(p - text));
        enum value value = value_at(p, &level, &end);
        put(value, level, values, to);
        text = end;
    }
}

void rule_template_value(struct slice bytes, struct text *to)
{
    bool utf8 = json_is_utf8(bytes);
    cJSON *json = utf8 ? json_parse(bytes, DEPTH_MAX) : NULL;

    if (json != NULL) {
        text_json(to, json);
    } else if (utf8 && (bytes.len == 0 || memchr(bytes.data, '\0', bytes.len) == NULL)) {
        char *text = strndup(bytes.len != 0 ? (const char *)bytes.data : "", bytes.len);
        if (text != NULL)
            text_quoted(to, text);
        else
            to->failed = true;
        free(text);
    } else {
        text_str(to, "null");
    }
    cJSON_Delete(json);
}

/* Within a JSON string: quoted, without the quotes. */
static void put_escaped(enum value value, unsigned level, const struct rule_values *v,
                        struct text *to)
{
    struct text plain, quoted;

    text_init(&plain);
    text_init(&quoted);
    put(value, level, v, &plain);
    bool text = json_is_utf8(slice_of(plain.data, plain.len)) &&
                (plain.len == 0 || memchr(plain.data, '\0', plain.len) == NULL);
    text_quoted(&quoted, text && plain.data != NULL ? plain.data : "");
    if (plain.failed || quoted.failed)
        to->failed = true;
    else
        text_bytes(to, quoted.data + 1, quoted.len - 2);
    text_done(&plain);
    text_done(&quoted);
}

/* A string of its own, and not the name of a member? */
static bool is_whole(const char *text, const char *p, const char *end)
{
    bool opened = p > text && p[-1] == '"' && (p - text < 2 || p[-2] != '\\');

    return opened && *end == '"' && end[1] != ':';
}

void rule_template_expand_json(const char *text, const struct rule_values *values, struct text *to)
{
    unsigned level = 0;
    const char *end;

    for (;;) {
        const char *p = strstr(text, "${");
        if (p == NULL) {
            text_str(to, text);
            return;
        }
        enum value value = value_at(p, &level, &end);
        bool whole = (value == VALUE_PAYLOAD || value == VALUE_TIME) && is_whole(text, p, end);
        text_bytes(to, text, (size_t)(p - text) - (whole ? 1 : 0));
        if (whole && value == VALUE_PAYLOAD)
            rule_template_value(values->payload, to);
        else if (whole)
            text_int(to, values->now_ms);
        else
            put_escaped(value, level, values, to);
        text = whole ? end + 1 : end;
    }
}
