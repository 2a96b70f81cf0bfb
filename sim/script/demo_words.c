#include <stdio.h>
#include <string.h>

#include "script/demo_core.h"

#define LOOK_BACK 160 /* lines of a timeline: most say nothing to a person */

/* ---- documents ---- */

void demo_number(double value, char *ret, size_t size)
{
    snprintf(ret, size, value >= 1e5 || value <= -1e5 ? "%.0f" : "%g", value);
}

static void add_leaf(const cJSON *item, const char *path, char *ret, size_t size)
{
    size_t len = strlen(ret);
    char value[32] = "…";

    if (cJSON_IsString(item))
        snprintf(value, sizeof value, "%s", item->valuestring);
    else if (cJSON_IsNumber(item))
        demo_number(item->valuedouble, value, sizeof value);
    else if (cJSON_IsBool(item))
        snprintf(value, sizeof value, "%s", cJSON_IsTrue(item) ? "on" : "off");
    else if (cJSON_IsNull(item))
        snprintf(value, sizeof value, "withdrawn");
    snprintf(ret + len, size - len, "%s%s %s", len > 0 ? ", " : "", path, value);
}

static void add_leaves(const cJSON *json, const char *prefix, char *ret, size_t size, int depth)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, json)
    {
        char path[64];
        snprintf(path, sizeof path, "%s%s%s", prefix, *prefix != '\0' ? "." : "",
                 item->string != NULL ? item->string : "");
        if (cJSON_IsObject(item) && depth < 5)
            add_leaves(item, path, ret, size, depth + 1);
        else
            add_leaf(item, path, ret, size);
    }
}

void demo_flatten(const cJSON *json, char *ret, size_t size)
{
    ret[0] = '\0';
    add_leaves(json, "", ret, size, 0);
}

/* ---- lines ---- */

static bool says(struct slice text, const char *word)
{
    return text.len == strlen(word) && memcmp(text.data, word, text.len) == 0;
}

/* " desires ", or " desires in <shadow> ". */
static bool desires(struct slice text)
{
    static const char verb[] = " desires ";
    size_t len = sizeof verb - 1;

    return text.len >= len && memcmp(text.data, verb, len) == 0;
}

static bool ends_with(const char *text, const char *end)
{
    size_t a = strlen(text), b = strlen(end);

    return a >= b && strcmp(text + a - b, end) == 0;
}

/* "<head> <what the payload says below these members>"; false: there is nothing there. */
static bool say_document(struct scene_message *m, const char *head, const cJSON *json,
                         const char *const members[2])
{
    char leaves[sizeof m->text - 24];

    for (int i = 0; i < 2 && members[i] != NULL && json != NULL; i++)
        json = cJSON_GetObjectItemCaseSensitive(json, members[i]);
    if (!cJSON_IsObject(json))
        return false;
    demo_flatten(json, leaves, sizeof leaves);
    snprintf(m->text, sizeof m->text, "%.20s %s", head, leaves);
    return true;
}

static bool say_publish(struct scene_message *m, bool out, const char *topic, const cJSON *json)
{
    static const struct {
        bool out;
        const char *end, *head, *members[2];
    } known[] = {
        {false, "/update/delta", "the shadow asks for", {"state", NULL}      },
        {false, "/request",      "the app asks for",    {"command", NULL}    },
        {true,  "/update",       "the car reports",     {"state", "reported"}},
    };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].out == out && ends_with(topic, known[i].end))
            return say_document(m, known[i].head, json, known[i].members);
    if (out && strstr(topic, "/response/") != NULL) {
        const cJSON *status = cJSON_GetObjectItemCaseSensitive(json, "status");
        snprintf(m->text, sizeof m->text, "the car answers %s",
                 cJSON_IsString(status) ? status->valuestring : "");
        return true;
    }
    return false;
}

static bool say_packet(struct scene_message *m, const struct timeline_line *line)
{
    cJSON *packet = cJSON_CreateObject();
    bool said = false, out = line->kind == TIMELINE_OUT;

    mqtt_kept_json(line->packet, packet);
    const cJSON *topic = cJSON_GetObjectItemCaseSensitive(packet, "topic");
    const cJSON *payload = cJSON_GetObjectItemCaseSensitive(packet, "payload");
    if (cJSON_IsString(topic) && cJSON_IsString(payload)) {
        cJSON *json = cJSON_Parse(payload->valuestring);
        said = say_publish(m, out, topic->valuestring, json);
        cJSON_Delete(json);
    }
    cJSON_Delete(packet);
    m->way = out ? SCENE_FROM_CAR : SCENE_TO_CAR;
    return said;
}

static bool say_app(struct scene_message *m, const struct timeline_parts *parts)
{
    if (!desires(parts->between))
        return false;
    cJSON *json = cJSON_ParseWithLength((const char *)parts->rest.data, parts->rest.len);
    bool said = say_document(m, "the app wishes", json, (const char *const[2]){NULL, NULL});
    cJSON_Delete(json);
    m->way = SCENE_TO_CAR;
    return said;
}

static bool say_line(struct scene_message *m, const struct timeline_line *line)
{
    m->way = SCENE_NOTE;
    switch ((int)line->kind) {
    case TIMELINE_IN:
    case TIMELINE_OUT:
        return line->packet != NULL && say_packet(m, line);
    case TIMELINE_APP:
        return say_app(m, &line->parts);
    case TIMELINE_STATE:
    case TIMELINE_NOTE:
    case TIMELINE_SMS:
    case TIMELINE_ORACLE:
        snprintf(m->text, sizeof m->text, "%s%.*s",
                 line->kind == TIMELINE_SMS ? "text message: " : "", (int)line->text.len,
                 (const char *)line->text.data);
        return true;
    default:
        return false;
    }
}

bool demo_words_of_command(const struct timeline *timeline, char *ret, size_t size)
{
    for (size_t i = timeline_count(timeline); i > 0; i--) {
        struct timeline_line line = timeline_at(timeline, i - 1);
        struct slice verb = line.parts.between, rest = line.parts.rest;
        if (line.kind != TIMELINE_APP || line.packet != NULL ||
            !(desires(verb) || says(verb, " requests ") || says(verb, " executes ")))
            continue;
        cJSON *json = cJSON_ParseWithLength((const char *)rest.data, rest.len);
        demo_flatten(json, ret, size);
        cJSON_Delete(json);
        return ret[0] != '\0';
    }
    return false;
}

/* How many bytes of a value are "true" or "false", and nothing else; 0: it is another. */
static size_t truth_of(struct slice text, size_t at, const char **ret_word)
{
    static const char *const words[][2] = {
        {"true",  "on" },
        {"false", "off"}
    };

    for (size_t i = 0; i < 2; i++) {
        size_t len = strlen(words[i][0]);
        if (at + len > text.len || memcmp(text.data + at, words[i][0], len) != 0 ||
            (at + len < text.len && text.data[at + len] != ','))
            continue;
        *ret_word = words[i][1];
        return len;
    }
    return 0;
}

/* "locks.all=\"unlocked\", climate.active=true" as people say it. */
static void copy_plainly(struct slice text, char *ret, size_t size)
{
    const char *word;
    size_t n = 0;

    for (size_t i = 0; i < text.len && n + 1 < size; i++) {
        char c = (char)text.data[i];
        size_t truth = c == '=' ? truth_of(text, i + 1, &word) : 0;
        if (truth > 0 && n + 1 + strlen(word) < size) {
            n += (size_t)snprintf(ret + n, size - n, " %s", word);
            i += truth;
        } else if (c != '"') {
            ret[n++] = (char)(c == '=' ? ' ' : c);
        }
    }
    ret[n] = '\0';
}

bool demo_words_of_order(const struct timeline *timeline, const char *what, const char *token,
                         char *ret, size_t size)
{
    size_t count = timeline_count(timeline), stop = count > LOOK_BACK ? count - LOOK_BACK : 0;
    char between[80];

    snprintf(between, sizeof between, " %.65s: ", token);
    for (size_t i = count; i > stop; i--) {
        struct timeline_line line = timeline_at(timeline, i - 1);
        if (line.kind != TIMELINE_ORDER || line.packet != NULL || !says(line.parts.subject, what) ||
            !says(line.parts.between, between))
            continue;
        copy_plainly(line.parts.rest, ret, size);
        return true;
    }
    return false;
}

static void say_time(usec_t at, char *ret, size_t size)
{
    int seconds = (int)(at / USEC_PER_SEC);

    if (seconds < 600)
        snprintf(ret, size, "%.2f s", (double)at / 1e6);
    else
        snprintf(ret, size, "%d:%02d", seconds / 60, seconds % 60);
}

/* The same things reported, with other numbers? What drives reports twice a second. */
static bool says_the_same_anew(const struct scene_message *before, const struct scene_message *m)
{
    static const char numbers[] = "0123456789.-+";
    const char *a = before->text, *b = m->text;

    if (before->way != SCENE_FROM_CAR || m->way != SCENE_FROM_CAR)
        return false;
    for (;; a++, b++) {
        a += strspn(a, numbers);
        b += strspn(b, numbers);
        if (*a != *b || *a == '\0')
            break;
    }
    /* Long ones are cut off anywhere. */
    return *a == *b || ((*a == '\0' || *b == '\0') && strlen(before->text) + 1 == sizeof m->text);
}

static void keep(struct scene_messages *kept, const struct scene_message *m)
{
    if (kept->count == 0 || !says_the_same_anew(&kept->message[0], m)) {
        if (kept->count < SCENE_MESSAGES)
            kept->count++;
        memmove(&kept->message[1], &kept->message[0],
                (size_t)(kept->count - 1) * sizeof kept->message[0]);
    }
    kept->message[0] = *m;
}

void demo_words(const struct timeline *timeline, size_t *told, struct scene_messages *kept)
{
    size_t count = timeline_count(timeline);
    size_t gone = count > 0 ? timeline_gone(timeline) : 0;
    size_t from = *told > gone ? *told - gone : 0;

    if (count > LOOK_BACK && from < count - LOOK_BACK)
        from = count - LOOK_BACK;
    for (size_t i = from; i < count; i++) {
        struct timeline_line line = timeline_at(timeline, i);
        struct scene_message m;
        memset(&m, 0, sizeof m);
        if (!say_line(&m, &line))
            continue;
        say_time(line.at, m.time, sizeof m.time);
        keep(kept, &m);
    }
    *told = gone + count;
}
