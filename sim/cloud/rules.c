#include "cloud/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cloud/clients/filter.h"
#include "cloud/rule_template.h"

#define PREFIX    "$aws/rules/"
#define BUILT_IN  "republish"
#define NAME_MAX_ 128
#define DEPTH_MAX 64

struct rule {
    char *name;
    char *topic;                   /* filter; NULL: by basic ingest only */
    char *republish, *file, *http; /* NULL: not that */
    char *payload;                 /* template, JSON text; NULL: the message's own */
    bool lasting;                  /* in no file: it goes with the cloud's state */
};

static void free_rule(struct rule *rule)
{
    free(rule->name);
    free(rule->topic);
    free(rule->republish);
    free(rule->file);
    free(rule->http);
    free(rule->payload);
}

void rules_init(struct rules *r)
{
    *r = (struct rules){0};
}

void rules_done(struct rules *r)
{
    for (size_t i = 0; i < r->count; i++)
        free_rule(&r->items[i]);
    free(r->items);
    rules_init(r);
}

static struct rule *find(const struct rules *r, const char *name, size_t len)
{
    for (size_t i = 0; i < r->count; i++)
        if (strlen(r->items[i].name) == len && memcmp(r->items[i].name, name, len) == 0)
            return &r->items[i];
    return NULL;
}

/* ---- reading ---- */

static bool is_name(const char *name)
{
    size_t len = name != NULL ? strlen(name) : 0;

    return len > 0 && len <= NAME_MAX_ &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") == len;
}

static bool bad(struct error *err, const char *name, const char *why)
{
    return error_set(err, ERROR_USAGE, "rule %.64s: %s", name != NULL ? name : "(no name)", why);
}

static bool check_members(const cJSON *rule, const char *name, struct error *err)
{
    static const char *const texts[] = {"name", "topic", "republish", "file", "http"};

    for (const cJSON *m = rule->child; m != NULL; m = m->next) {
        bool known = strcmp(m->string, "payload") == 0;
        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
            if (strcmp(m->string, texts[i]) != 0)
                continue;
            known = true;
            if (!cJSON_IsString(m) || *m->valuestring == '\0')
                return error_set(err, ERROR_USAGE, "rule %.64s: %s: not a text",
                                 name != NULL ? name : "(no name)", m->string);
        }
        if (!known)
            return error_set(err, ERROR_USAGE,
                             "rule %.64s: %.64s: not a member (name, topic, republish, file, http, "
                             "payload)",
                             name != NULL ? name : "(no name)", m->string);
    }
    return true;
}

/* It goes into the head of a request: no blank or line end. */
static bool is_address(const char *url)
{
    static const char scheme[] = "http://";

    for (const char *p = url; *p != '\0'; p++)
        if ((unsigned char)*p <= ' ' || *p == 0x7f)
            return false;
    return strncmp(url, scheme, sizeof scheme - 1) == 0 && url[sizeof scheme - 1] != '\0';
}

static bool check_actions(const cJSON *rule, const char *name, struct error *err)
{
    const char *republish = json_str(rule, "republish", NULL);
    const char *http = json_str(rule, "http", NULL);
    const char *why;

    if (republish == NULL && http == NULL && json_get(rule, "file") == NULL)
        return bad(err, name, "it does nothing (give republish, file or http)");
    if (republish != NULL && !rule_template_check(republish, false, &why))
        return bad(err, name, why);
    if (republish != NULL && strpbrk(republish, "+#") != NULL)
        return bad(err, name, "republish: a topic has no wildcards");
    if (http != NULL && !is_address(http))
        return bad(err, name, "http: not an address (http://host:port/path)");
    return true;
}

static bool check(const struct rules *r, const cJSON *rule, struct error *err)
{
    const char *name = json_str(rule, "name", NULL);
    const char *topic = json_str(rule, "topic", NULL);

    if (!cJSON_IsObject(rule))
        return error_set(err, ERROR_USAGE, "rule: not an object");
    if (!check_members(rule, name, err))
        return false;
    if (!is_name(name))
        return bad(err, name, "name: 1 to 128 letters, digits and _");
    if (strcmp(name, BUILT_IN) == 0 || find(r, name, strlen(name)) != NULL)
        return bad(err, name, "name: there is one already");
    if (r->count == RULES_MAX)
        return bad(err, name, "too many rules (100 at most)");
    if (topic != NULL && (!filter_within_limits(topic) || !filter_is_valid(topic)))
        return bad(err, name, "topic: not a topic filter");
    return check_actions(rule, name, err);
}

/* False: no memory. A text that is not there is NULL. */
static bool take_text(const cJSON *rule, const char *member, char **ret)
{
    const char *text = json_str(rule, member, NULL);

    *ret = text != NULL ? strdup(text) : NULL;
    return text == NULL || *ret != NULL;
}

static bool take_file(const cJSON *rule, const char *folder, char **ret)
{
    const char *path = json_str(rule, "file", NULL);
    size_t size = path != NULL ? strlen(folder) + strlen(path) + 2 : 0;

    if (path == NULL || *path == '/')
        return take_text(rule, "file", ret);
    *ret = malloc(size);
    if (*ret != NULL)
        snprintf(*ret, size, "%s/%s", folder, path);
    return *ret != NULL;
}

static bool take_payload(const cJSON *rule, char **ret)
{
    const cJSON *payload = json_get(rule, "payload");
    struct text t;
    size_t len;

    if (payload == NULL)
        return true;
    text_init(&t);
    text_json(&t, payload);
    *ret = text_take(&t, &len);
    return *ret != NULL;
}

bool rules_add(struct rules *r, const cJSON *rule, const char *folder, struct error *err)
{
    struct rule made = {0};
    const char *why;

    if (!check(r, rule, err))
        return false;
    struct rule *items = realloc(r->items, (r->count + 1) * sizeof *items);
    if (items != NULL)
        r->items = items;
    bool ok = items != NULL && take_text(rule, "name", &made.name) &&
              take_text(rule, "topic", &made.topic) &&
              take_text(rule, "republish", &made.republish) &&
              take_text(rule, "http", &made.http) && take_file(rule, folder, &made.file) &&
              take_payload(rule, &made.payload);
    if (!ok)
        error_set(err, ERROR_USAGE, "rule: no memory");
    if (ok && made.payload != NULL && !rule_template_check(made.payload, true, &why))
        ok = bad(err, made.name, why);
    if (!ok) {
        free_rule(&made);
        return false;
    }
    r->items[r->count++] = made;
    return true;
}

bool rules_add_document(struct rules *r, struct slice text, const char *folder, struct error *err)
{
    cJSON *document = json_is_utf8(text) ? json_parse(text, DEPTH_MAX) : NULL;
    const cJSON *list = json_get(document, "rules");
    size_t before = r->count;
    bool ok = cJSON_IsArray(list);

    if (!ok)
        error_set(err, ERROR_USAGE, "not rules: expected {\"rules\":[…]} in JSON");
    for (const cJSON *rule = ok ? list->child : NULL; ok && rule != NULL; rule = rule->next)
        ok = rules_add(r, rule, folder, err);
    while (!ok && r->count > before)
        free_rule(&r->items[--r->count]);
    cJSON_Delete(document);
    return ok;
}

bool rules_remove(struct rules *r, const char *name)
{
    struct rule *rule = find(r, name, strlen(name));

    if (rule == NULL)
        return false;
    free_rule(rule);
    *rule = r->items[--r->count];
    return true;
}

/* ---- over a restart ---- */

void rules_remember(struct rules *r, const char *name)
{
    struct rule *rule = find(r, name, strlen(name));

    if (rule != NULL)
        rule->lasting = true;
}

static void save_member(struct text *to, const char *key, const char *value)
{
    if (value == NULL)
        return;
    text_key(to, key);
    text_quoted(to, value);
}

void rules_save(const struct rules *r, struct text *to)
{
    for (size_t i = 0; i < r->count; i++) {
        const struct rule *rule = &r->items[i];
        if (!rule->lasting)
            continue;
        text_str(to, "{\"rule\":{");
        save_member(to, "name", rule->name);
        save_member(to, "topic", rule->topic);
        save_member(to, "republish", rule->republish);
        save_member(to, "file", rule->file);
        save_member(to, "http", rule->http);
        if (rule->payload != NULL) {
            text_key(to, "payload");
            text_str(to, rule->payload);
        }
        text_str(to, "}}\n");
    }
}

bool rules_load(struct rules *r, const cJSON *record)
{
    const cJSON *rule = json_get(record, "rule");
    const char *name = json_str(rule, "name", "");
    struct error err;

    /* One that has come with this start takes its place. */
    const struct rule *given = rule != NULL ? find(r, name, strlen(name)) : NULL;
    if (given != NULL && !given->lasting)
        return true;
    if (rule == NULL || !rules_add(r, rule, ".", &err))
        return false;
    rules_remember(r, name);
    return true;
}

/* ---- acting ---- */

static bool as_line(const struct rules_message *m, struct slice body, int64_t now_ms,
                    struct text *to)
{
    text_str(to, "{\"topic\":");
    text_quoted(to, m->topic);
    if (m->client_id != NULL) {
        text_key(to, "clientId");
        text_quoted(to, m->client_id);
    }
    text_key(to, "timestamp");
    text_int(to, now_ms);
    text_key(to, "payload");
    rule_template_value(body, to);
    text_str(to, "}\n");
    return !to->failed;
}

static bool republish(struct rules *r, const struct rule *rule, const struct rule_values *values,
                      struct slice body, struct cloud_actions *out)
{
    struct text topic, payload;

    text_init(&topic);
    text_init(&payload);
    rule_template_expand(rule->republish, values, &topic);
    bool good = !topic.failed && topic.len != 0 && strpbrk(topic.data, "+#") == NULL &&
                topic_within_limits(topic.data);
    r->dropped += good ? 0 : 1;
    text_bytes(&payload, (const char *)body.data, body.len);
    bool ok = !topic.failed && (!good || cloud_actions_publish(out, NULL, topic.data, &payload));
    if (!good)
        text_done(&payload);
    text_done(&topic);
    return ok;
}

static bool to_sinks(const struct rule *rule, const struct rules_message *m, struct slice body,
                     int64_t now_ms, struct cloud_actions *out)
{
    struct text t;
    bool ok = true;

    if (rule->file != NULL) {
        text_init(&t);
        ok = as_line(m, body, now_ms, &t) &&
             cloud_actions_sink(out, CLOUD_ACTION_FILE, rule->file, &t);
        text_done(&t);
    }
    if (rule->http != NULL && ok) {
        text_init(&t);
        text_bytes(&t, (const char *)body.data, body.len);
        ok = cloud_actions_sink(out, CLOUD_ACTION_POST, rule->http, &t);
    }
    return ok;
}

static bool act(struct rules *r, const struct rule *rule, const struct rules_message *m,
                int64_t now_ms, struct cloud_actions *out)
{
    const struct rule_values values = {.topic = m->topic,
                                       .client_id = m->client_id != NULL ? m->client_id : "",
                                       .payload = m->payload,
                                       .now_ms = now_ms};
    struct slice body = m->payload;
    struct text made;

    text_init(&made);
    if (rule->payload != NULL) {
        rule_template_expand_json(rule->payload, &values, &made);
        body = slice_of(made.data, made.len);
    }
    bool ok = !made.failed && to_sinks(rule, m, body, now_ms, out) &&
              (rule->republish == NULL || republish(r, rule, &values, body, out));
    text_done(&made);
    return ok;
}

bool rules_apply(struct rules *r, const struct rules_message *m, int64_t now_ms,
                 struct cloud_actions *out)
{
    bool ok = true;

    for (size_t i = 0; i < r->count; i++) {
        const struct rule *rule = &r->items[i];
        if (rule->topic != NULL && filter_matches(rule->topic, m->topic))
            ok &= act(r, rule, m, now_ms, out);
    }
    return ok;
}

bool rules_ingest(struct rules *r, const struct rules_message *message, int64_t now_ms,
                  struct cloud_actions *out)
{
    const char *name = message->topic + strlen(PREFIX);
    size_t len = strcspn(name, "/");
    struct rule *rule = find(r, name, len);
    struct rules_message m = *message;

    if (rule == NULL)
        return true;
    m.topic = name + len + 1;
    return act(r, rule, &m, now_ms, out);
}

bool rules_is_ingest(const char *topic)
{
    size_t len = strlen(PREFIX);

    if (strncmp(topic, PREFIX, len) != 0)
        return false;
    const char *rest = strchr(topic + len, '/');
    return rest != NULL && rest != topic + len && rest[1] != '\0';
}

const char *rules_republished(const char *topic)
{
    size_t len = strlen(PREFIX BUILT_IN "/");

    return strncmp(topic, PREFIX BUILT_IN "/", len) == 0 && topic[len] != '\0' ? topic + len : NULL;
}
