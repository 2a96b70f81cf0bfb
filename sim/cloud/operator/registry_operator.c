#include "cloud/operator/registry_core.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cloud/jobs/job_request.h"

#define DEPTH    20
#define PAGE_MAX 250

/* ---- answers ---- */

static void write_end(const struct registry_exchange *x, struct text *t)
{
    text_key(t, "timestamp");
    text_int(t, x->now_ms / 1000);
    if (x->token != NULL) {
        text_key(t, "clientToken");
        text_quoted(t, x->token);
    }
    text_str(t, "}");
}

static bool answer(const struct registry_exchange *x, const char *suffix, struct text *t)
{
    char topic[REGISTRY_TOPIC_SIZE + 16];

    write_end(x, t);
    snprintf(topic, sizeof topic, "%s/%s", x->address->topic, suffix);
    return cloud_actions_publish(x->out, x->client_id, topic, t);
}

bool registry_accept(const struct registry_exchange *x, struct text *t)
{
    return answer(x, "accepted", t);
}

bool registry_reject(struct registry_exchange *x, const char *code, const char *message)
{
    struct text t;

    x->changed = false;
    text_init(&t);
    text_str(&t, "{\"code\":");
    text_quoted(&t, code);
    text_key(&t, "message");
    text_quoted(&t, message);
    return answer(x, "rejected", &t);
}

bool registry_accept_named(const struct registry_exchange *x, const char *key, const char *name)
{
    struct text t;

    text_init(&t);
    text_str(&t, "{");
    text_key(&t, key);
    text_quoted(&t, name);
    return registry_accept(x, &t);
}

bool registry_not_found(struct registry_exchange *x, const char *what)
{
    char text[80];

    snprintf(text, sizeof text, "there is no such %s", what);
    return registry_reject(x, "ResourceNotFound", text);
}

/* ---- lists ---- */

/* Names of a table in their order; NULL: no memory. */
struct names {
    const char **items;
    size_t count;
};

static void collect(const char *key, const void *value, void *ctx)
{
    struct names *names = ctx;

    (void)value;
    names->items[names->count++] = key;
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool list_names(const struct table *table, struct names *ret)
{
    *ret = (struct names){.items = calloc(table->count + 1, sizeof *ret->items)};
    if (ret->items == NULL)
        return false;
    table_each(table, collect, ret);
    qsort(ret->items, ret->count, sizeof *ret->items, compare);
    return true;
}

static bool send_page(struct registry_exchange *x, const cJSON *document,
                      const struct registry_listing *list, const struct names *names)
{
    static const int64_t sizes[2] = {1, PAGE_MAX}, places[2] = {0, INT32_MAX};
    int64_t size = PAGE_MAX, from = 0;
    struct job_error error;
    struct text t;

    if (!job_request_number(document, "maxResults", sizes, &size, &error) ||
        !job_request_number(document, "nextToken", places, &from, &error))
        return registry_reject(x, error.code, error.text);
    text_init(&t);
    text_str(&t, "{");
    text_key(&t, list->member);
    text_str(&t, "[");
    size_t i = (size_t)from;
    for (; i < names->count && size > 0; i++) {
        size_t before = t.len;
        text_bytes(&t, ",", t.len != 0 && t.data[t.len - 1] == '}');
        if (list->write(x, document, &t, table_get(list->table, names->items[i])))
            size--;
        else
            text_cut(&t, before);
    }
    text_str(&t, "]");
    if (i < names->count) {
        char next[24];
        snprintf(next, sizeof next, "%zu", i);
        text_key(&t, "nextToken");
        text_quoted(&t, next);
    }
    return registry_accept(x, &t);
}

bool registry_send_list(struct registry_exchange *x, const cJSON *document,
                        const struct registry_listing *list)
{
    struct names names;

    if (!list_names(list->table, &names))
        return false;
    bool ok = send_page(x, document, list, &names);
    free(names.items);
    return ok;
}

/* ---- PEM ---- */

bool registry_identify(struct registry_exchange *x, const cJSON *document, const char **ret_pem,
                       char ret_id[REGISTRY_ID_SIZE], bool *ret_answered)
{
    const char *pem = json_str(document, "certificatePem", NULL);
    enum issuer_result result = ISSUER_BAD_REQUEST;

    *ret_answered = false;
    if (x->issuer == NULL) {
        *ret_answered = registry_reject(x, "InternalFailure", "nobody reads certificates here");
        return false;
    }
    if (pem != NULL)
        result = x->issuer->identify(x->issuer->ctx, slice_str(pem), ret_id);
    if (result == ISSUER_BAD_REQUEST)
        *ret_answered =
            registry_reject(x, "InvalidRequest", "certificatePem: no certificate in PEM");
    *ret_pem = pem;
    return result == ISSUER_OK;
}

/* ---- dispatch ---- */

bool registry_operator_request(struct registry_exchange *x, struct slice payload)
{
    /* ORDER REGISTRY_OPERATION */
    static bool (*const handlers[REGISTRY_OPERATION_COUNT])(struct registry_exchange * x,
                                                            const cJSON *document) = {
        registry_on_thing_list,
        registry_on_thing_create,
        registry_on_thing_get,
        registry_on_thing_update,
        registry_on_thing_delete,
        registry_on_thing_attach,
        registry_on_thing_detach,
        registry_on_certificate_list,
        registry_on_certificate_register,
        registry_on_certificate_get,
        registry_on_certificate_update,
        registry_on_certificate_delete,
        registry_on_certificate_attach_policy,
        registry_on_certificate_detach_policy,
        registry_on_authority_list,
        registry_on_authority_register,
        registry_on_authority_get,
        registry_on_authority_update,
        registry_on_authority_delete,
    };
    /* What is only asked needs no document. */
    struct slice text = payload.len != 0 ? payload : slice_str("{}");
    cJSON *document = json_is_utf8(text) ? json_parse(text, DEPTH) : NULL;

    x->changed = cJSON_IsObject(document) && registry_address_changes(x->address);
    x->token = json_str(document, "clientToken", NULL);
    bool ok = cJSON_IsObject(document)
                  ? handlers[x->address->op](x, document)
                  : registry_reject(x, "InvalidJson", "the payload is not a JSON object");
    cJSON_Delete(document);
    return ok;
}
