#include "cloud/operator/operator.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cloud/operator/operator_core.h"

#define PREFIX "fleetsim/"
#define DEPTH  24

/* ORDER OPERATOR_FAMILY */
static const struct {
    const char *name;
    const struct operator_verb *verbs;
} families[OPERATOR_FAMILY_COUNT] = {
    {"policies/", operator_policy_verbs},
    {"groups/",   operator_group_verbs },
    {"index/",    operator_index_verbs },
};

/* Behind the family: "<verb>" or "<name>/<verb>". */
static bool take_rest(const char *p, struct operator_address *ret)
{
    size_t len = strcspn(p, "/");

    if (p[len] == '/') {
        if (len == 0 || len >= sizeof ret->name)
            return false;
        memcpy(ret->name, p, len);
        ret->name[len] = '\0';
        p += len + 1;
    }
    len = strlen(p);
    if (len >= sizeof ret->verb)
        return false;
    memcpy(ret->verb, p, len + 1);
    return true;
}

bool operator_address_parse(const char *topic, struct operator_address *ret)
{
    size_t len = strlen(topic);

    /* "/accepted" goes behind it. */
    if (strncmp(topic, PREFIX, sizeof PREFIX - 1) != 0 || len + 10 > sizeof ret->topic)
        return false;
    for (enum operator_family f = 0; f < OPERATOR_FAMILY_COUNT; f++) {
        const char *rest = topic + sizeof PREFIX - 1;
        if (strncmp(rest, families[f].name, strlen(families[f].name)) != 0)
            continue;
        *ret = (struct operator_address){.family = f};
        memcpy(ret->topic, topic, len + 1);
        return take_rest(rest + strlen(families[f].name), ret);
    }
    return false;
}

/* ---- refusals ---- */

bool operator_refuse(struct operator_fault *fault, const char *code, const char *fmt, ...)
{
    va_list args;

    fault->code = code;
    va_start(args, fmt);
    vsnprintf(fault->error.text, sizeof fault->error.text, fmt, args);
    va_end(args);
    return false;
}

bool operator_bad(struct operator_fault *fault)
{
    fault->code = fault->error.code == ERROR_USAGE ? "InvalidRequest" : NULL;
    return false;
}

/* ---- reading ---- */

bool operator_read_page(const cJSON *document, int64_t most, struct operator_page *ret,
                        struct operator_fault *fault)
{
    double max = json_num(document, "maxResults", (double)most);

    *ret = (struct operator_page){.after = json_str(document, "nextToken", NULL)};
    if (!(max >= 1) || !(max <= (double)most))
        return operator_refuse(fault, "InvalidRequest", "maxResults: 1 to %lld", (long long)most);
    ret->max = (int64_t)max;
    return true;
}

const char *operator_text(const cJSON *document, const char *name, struct operator_fault *fault)
{
    const char *text = json_str(document, name, NULL);

    if (text == NULL)
        operator_refuse(fault, "InvalidRequest", "%s: missing (a text)", name);
    return text;
}

void operator_item(struct text *t)
{
    if (t->len != 0 && t->data[t->len - 1] != '[')
        text_str(t, ",");
}

void operator_names_take(const char *name, void *ctx)
{
    struct operator_names *names = ctx;
    size_t cap = names->cap != 0 ? 2 * names->cap : 64;

    if (names->count == names->cap && !names->failed) {
        const char **items = realloc(names->items, cap * sizeof *items);
        if (items == NULL) {
            names->failed = true;
            return;
        }
        names->items = items;
        names->cap = cap;
    }
    if (!names->failed)
        names->items[names->count++] = name;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void operator_names_sort(struct operator_names *names)
{
    if (names->count > 1)
        qsort(names->items, names->count, sizeof *names->items, by_name);
}

/* ---- serving ---- */

static const struct operator_verb *find_verb(const struct operator_address *address)
{
    const struct operator_verb *v = families[address->family].verbs;

    while (v->name != NULL &&
           (strcmp(v->name, address->verb) != 0 || v->named != (address->name[0] != '\0')))
        v++;
    return v->name != NULL ? v : NULL;
}

static bool answer(const struct operator_request *r, const char *token, const char *suffix,
                   struct text *t)
{
    char topic[OPERATOR_TOPIC_SIZE + 16];

    text_key(t, "timestamp");
    text_int(t, r->now_ms / 1000);
    if (token != NULL) {
        text_key(t, "clientToken");
        text_quoted(t, token);
    }
    text_str(t, "}");
    snprintf(topic, sizeof topic, "%s/%s", r->address->topic, suffix);
    return cloud_actions_publish(r->out, r->client_id, topic, t);
}

static bool reject(const struct operator_request *r, const char *token,
                   const struct operator_fault *fault)
{
    struct text t;

    text_init(&t);
    text_str(&t, "{\"code\":");
    text_quoted(&t, fault->code);
    text_key(&t, "message");
    text_quoted(&t, fault->error.text);
    return answer(r, token, "rejected", &t);
}

static bool run(struct operator_request *r, const cJSON *document, struct text *reply,
                struct operator_fault *fault)
{
    const struct operator_verb *verb = find_verb(r->address);

    if (verb == NULL)
        return operator_refuse(fault, "InvalidTopic", "%.60s: no such call", r->address->verb);
    if (!cJSON_IsObject(document))
        return operator_refuse(fault, "InvalidJson", "the payload is not a JSON object");
    return verb->run(r, document, reply, fault);
}

bool operator_serve(struct operator_request *r, struct slice payload)
{
    /* What is only asked needs no document. */
    struct slice given = payload.len != 0 ? payload : slice_str("{}");
    cJSON *document = json_is_utf8(given) ? json_parse(given, DEPTH) : NULL;
    const char *token = json_str(document, "clientToken", NULL);
    struct operator_fault fault = {.code = NULL};
    struct text reply;
    bool ok;

    text_init(&reply);
    text_str(&reply, "{");
    if (run(r, document, &reply, &fault)) {
        ok = answer(r, token, "accepted", &reply);
    } else {
        text_done(&reply);
        ok = fault.code != NULL && reject(r, token, &fault);
    }
    cJSON_Delete(document);
    return ok;
}
