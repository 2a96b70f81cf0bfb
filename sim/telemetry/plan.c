#include "telemetry/plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"

enum { DEPTH = 8, BATCH_MAX = 1000, WAITING_MAX = 1000000, KIND_MAX = 65, TOPIC_MAX = 512 };

struct plan *plan_keep(struct plan *p)
{
    p->references++;
    return p;
}

void plan_drop(struct plan *p)
{
    if (p == NULL || --p->references > 0)
        return;
    for (size_t i = 0; i < p->rule_count; i++)
        campaign_drop(p->rules[i]);
    free(p->secret);
    free(p->topic);
    free(p->kind);
    free(p);
}

/* ---- reading ---- */

static bool read_text(const struct json_value *doc, const char *name, size_t max, char **to,
                      struct error *err)
{
    struct json_value value;
    char text[TOPIC_MAX];

    if (!json_find(doc, name, &value))
        return true;
    if (!json_text(&value, text, max < sizeof text ? max : sizeof text) || text[0] == '\0')
        return error_set(err, ERROR_FAILED, "%s: a text of 1 to %zu bytes expected", name, max - 1);
    free(*to);
    *to = xstrdup(text);
    return true;
}

static bool read_flag(const struct json_value *doc, const char *name, bool *to, struct error *err)
{
    struct json_value value;

    if (!json_find(doc, name, &value))
        return true;
    *to = value.type == JSON_TRUE;
    return value.type == JSON_TRUE || value.type == JSON_FALSE ||
           error_set(err, ERROR_FAILED, "%s: true or false expected", name);
}

static bool read_encoding(const struct json_value *doc, struct plan *p, struct error *err)
{
    struct json_value value;

    if (json_find(doc, "format", &value) &&
        (value.type != JSON_STRING || !telemetry_format_find(value.text, &p->format)))
        return error_set(err, ERROR_FAILED, "format: json, cbor or compact expected");
    if (!json_find(doc, "compress", &value) || value.type == JSON_FALSE)
        return true;
    p->deflate = value.type == JSON_STRING && slice_is(value.text, "deflate");
    return p->deflate || error_set(err, ERROR_FAILED, "compress: only deflate is known");
}

static bool read_batch(const struct json_value *doc, struct plan *p, struct error *err)
{
    struct json_value batch = {.type = JSON_NULL};
    struct json_value offline = {.type = JSON_NULL};
    double count = 30;
    double seconds = 60;
    double samples = 1000;
    double qos = 1;

    json_find(doc, "batch", &batch);
    json_find(doc, "offline", &offline);
    if (!campaign_read_number(&batch, "count", 1, BATCH_MAX, &count, err) ||
        !campaign_read_number(&batch, "seconds", 0, 1e8, &seconds, err))
        return error_prefix(err, "batch");
    if (!campaign_read_number(&offline, "samples", 1, WAITING_MAX, &samples, err) ||
        !read_flag(&offline, "persist", &p->persist, err))
        return error_prefix(err, "offline");
    if (!campaign_read_number(doc, "qos", 0, 1, &qos, err))
        return false;
    p->qos = qos > 0;
    p->batch_max = (size_t)count;
    p->batch_age = (usec_t)llround(seconds * 1e6);
    p->waiting_max = (size_t)samples;
    return true;
}

static bool add_rule(const struct json_value *doc, struct plan *p, struct error *err)
{
    if (p->rule_count == CAMPAIGNS_MAX)
        return error_set(err, ERROR_FAILED, "more than %d rules", CAMPAIGNS_MAX);
    struct campaign *rule = campaign_parse(doc, p->schema, false, err);
    if (rule == NULL)
        return error_prefix(err, "rule %zu", p->rule_count + 1);
    p->rules[p->rule_count++] = rule;
    return true;
}

static bool read_rules(const struct json_value *doc, struct plan *p, struct error *err)
{
    struct json_value rules;
    struct json_value rule;

    if (!json_find(doc, "rules", &rules))
        return true;
    for (struct json_cursor c = json_enter(&rules); json_next(&c, &rule);)
        if (!add_rule(&rule, p, err))
            return false;
    return true;
}

static bool read_secret(const struct json_value *doc, struct plan *p, struct error *err)
{
    struct json_value list;
    uint32_t *signals = NULL;
    size_t count = 0;

    if (!json_find(doc, "encrypt", &list))
        return true;
    if (!p->has_key)
        return error_set(err, ERROR_FAILED, "encrypt: no key (--telemetry-key FILE, or key = …)");
    if (!campaign_read_signals(&list, p->schema, &signals, &count, err))
        return error_prefix(err, "encrypt");
    p->secret = xcalloc(signal_schema_count(p->schema), 1);
    for (size_t i = 0; i < count; i++)
        p->secret[signals[i]] = 1;
    free(signals);
    return true;
}

static bool read_all(const struct json_value *doc, struct plan *p, struct error *err)
{
    if (!read_encoding(doc, p, err) || !read_text(doc, "topic", TOPIC_MAX, &p->topic, err) ||
        !read_text(doc, "kind", KIND_MAX, &p->kind, err) || !read_batch(doc, p, err) ||
        !read_flag(doc, "campaigns", &p->receives, err) || !read_rules(doc, p, err) ||
        !read_secret(doc, p, err))
        return false;
    return p->rule_count != 0 || p->receives ||
           error_set(err, ERROR_FAILED, "nothing to collect (signals, rules or campaigns)");
}

struct plan *plan_parse(struct slice json, const struct signal_schema *schema,
                        const struct seal_key *key, struct error *err)
{
    struct plan *p = xcalloc(1, sizeof *p);
    struct json_value doc;

    p->references = 1;
    p->schema = schema;
    p->receives = true;
    p->kind = xstrdup("telemetry");
    p->has_key = key != NULL;
    if (key != NULL)
        p->key = *key;
    bool ok = (json_check(json, DEPTH, &doc) && doc.type == JSON_OBJECT) ||
              error_set(err, ERROR_FAILED, "an object expected");
    if (ok && read_all(&doc, p, err))
        return p;
    plan_drop(p);
    return NULL;
}

/* ---- topics ---- */

bool plan_topic(const struct plan *p, const struct plan_names *names, struct buf *out)
{
    const struct {
        const char *name, *value;
    } places[] = {
        {"{thing}", names->thing                  },
        {"{vin}",   names->vin                    },
        {"{kind}",  p->kind                       },
        {"{model}", signal_schema_model(p->schema)},
    };
    enum { PLACES = sizeof places / sizeof *places };

    const char *topic = p->topic != NULL ? p->topic : names->standard;
    for (const char *at = topic; *at != '\0';) {
        size_t i = 0;
        while (i < PLACES && strncmp(at, places[i].name, strlen(places[i].name)) != 0)
            i++;
        if (i < PLACES) {
            buf_append_str(out, places[i].value);
            at += strlen(places[i].name);
        } else {
            buf_append(out, at++, 1);
        }
    }
    return !out->overflow;
}
