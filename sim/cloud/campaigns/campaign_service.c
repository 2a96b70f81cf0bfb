#include "cloud/campaigns/campaign_service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cloud/campaigns/campaign_core.h"

#define DEPTH         64
#define DOCUMENTS_MAX 1000

void campaign_service_init(struct campaign_service *s, const struct registry *registry)
{
    *s = (struct campaign_service){.registry = registry};
    table_init(&s->cars);
}

void campaign_service_done(struct campaign_service *s)
{
    table_done(&s->cars, free);
    for (struct campaign_document *d = s->documents, *next; d != NULL; d = next) {
        next = d->next;
        cJSON_Delete(d->source);
        free(d);
    }
}

/* ---- documents ---- */

static struct campaign_document *find_any(const struct campaign_service *s, enum campaign_kind kind,
                                          const char *name)
{
    struct campaign_document *d = s->documents;

    while (d != NULL && (d->kind != kind || strcmp(d->name, name) != 0))
        d = d->next;
    return d;
}

const struct campaign_document *campaign_find(const struct campaign_service *s,
                                              enum campaign_kind kind, const char *name)
{
    const struct campaign_document *d = find_any(s, kind, name);

    return d != NULL && !d->is_gone ? d : NULL;
}

static size_t count_documents(const struct campaign_service *s, bool gone)
{
    size_t count = 0;

    for (const struct campaign_document *d = s->documents; d != NULL; d = d->next)
        count += d->is_gone == gone;
    return count;
}

/* The first of those that are gone; a car that still has it keeps it. */
static void forget_one(struct campaign_service *s)
{
    struct campaign_document **link = &s->documents;

    while (!(*link)->is_gone)
        link = &(*link)->next;
    struct campaign_document *d = *link;
    *link = d->next;
    free(d);
}

/* Takes the source (NULL: the document is gone), also when it fails: no memory. */
static bool put_document(struct campaign_service *s, enum campaign_kind kind, const char *name,
                         cJSON *source)
{
    struct campaign_document **end = &s->documents;
    struct campaign_document *d = find_any(s, kind, name);
    size_t len = strlen(name);

    if (d == NULL) {
        d = calloc(1, sizeof *d + len + 1);
        if (d == NULL) {
            cJSON_Delete(source);
            return false;
        }
        memcpy(d->name, name, len + 1);
        d->kind = kind;
        while (*end != NULL)
            end = &(*end)->next;
        *end = d;
    }
    cJSON_Delete(d->source);
    d->source = source;
    d->is_gone = source == NULL;
    if (d->is_gone && count_documents(s, true) > DOCUMENTS_MAX)
        forget_one(s);
    return true;
}

/* ---- what a document may say ---- */

static bool is_list_of_texts(const cJSON *list)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, list)
    {
        if (!cJSON_IsString(item))
            return false;
    }
    return list == NULL || cJSON_IsArray(list);
}

static bool is_topic(const cJSON *topic)
{
    return topic == NULL ||
           (cJSON_IsString(topic) && *topic->valuestring != '\0' && *topic->valuestring != '$' &&
            strlen(topic->valuestring) <= 256 && strpbrk(topic->valuestring, "+#") == NULL);
}

/* The name goes into the message; a name that is there must be it. */
static bool give_name(cJSON *message, const char *member, const char *name, struct error *err)
{
    const cJSON *given = json_get(message, member);

    if (given == NULL)
        return cJSON_AddStringToObject(message, member, name) != NULL ||
               error_set(err, ERROR_FAILED, "no memory");
    return (cJSON_IsString(given) && strcmp(given->valuestring, name) == 0) ||
           error_set(err, ERROR_USAGE, "%s: it is the name in the topic (leave it away)", member);
}

static bool check_campaign(cJSON *document, const char *name, struct error *err)
{
    cJSON *scheme = json_get(document, "scheme");
    const cJSON *const list[] = {scheme};
    size_t len;

    if (!cJSON_IsObject(scheme))
        return error_set(err, ERROR_USAGE, "scheme: a CollectionScheme is missing");
    if (!is_list_of_texts(json_get(document, "vehicles")))
        return error_set(err, ERROR_USAGE, "vehicles: not a list of things' names");
    if (!is_list_of_texts(json_get(document, "dimensions")))
        return error_set(err, ERROR_USAGE, "dimensions: not a list of attributes' names");
    if (!is_topic(json_get(document, "mqttTopic")))
        return error_set(err, ERROR_USAGE,
                         "mqttTopic: a topic without wildcards that does not begin with $");
    if (!give_name(scheme, "campaign_sync_id", name, err))
        return false;
    uint8_t *bytes = campaign_encode_schemes(list, 1, 0, &len, err);
    free(bytes);
    return bytes != NULL || error_prefix(err, "scheme");
}

static bool check_manifest(cJSON *document, const char *name, struct error *err)
{
    cJSON *manifest = json_get(document, "manifest");
    const cJSON *names = json_get(document, "names"), *item;
    size_t len;

    if (!cJSON_IsObject(manifest))
        return error_set(err, ERROR_USAGE, "manifest: a DecoderManifest is missing");
    cJSON_ArrayForEach(item, names)
    {
        if (!cJSON_IsString(item))
            return error_set(err, ERROR_USAGE, "names: the name of each signal is a text");
    }
    if (names != NULL && !cJSON_IsObject(names))
        return error_set(err, ERROR_USAGE, "names: an object, names by signals' numbers");
    if (!give_name(manifest, "sync_id", name, err))
        return false;
    uint8_t *bytes = campaign_encode_manifest(manifest, &len, err);
    free(bytes);
    return bytes != NULL || error_prefix(err, "manifest");
}

static bool check_template(cJSON *document, const char *name, struct error *err)
{
    cJSON *template = json_get(document, "template");
    const struct campaign_templates one = {.add = {template}, .add_count = 1};
    size_t len;

    if (!cJSON_IsObject(template))
        return error_set(err, ERROR_USAGE, "template: a StateTemplateInformation is missing");
    if (!is_list_of_texts(json_get(document, "vehicles")))
        return error_set(err, ERROR_USAGE, "vehicles: not a list of things' names");
    if (json_str(document, "manifest", NULL) == NULL)
        return error_set(err, ERROR_USAGE, "manifest: the decoder manifest's id is missing");
    if (!give_name(template, "state_template_sync_id", name, err))
        return false;
    uint8_t *bytes = campaign_encode_templates(&one, 0, &len, err);
    free(bytes);
    return bytes != NULL || error_prefix(err, "template");
}

/* ORDER CAMPAIGN_KIND */
static const struct {
    const char *record; /* what a saved line has its name under */
    bool (*check)(cJSON *document, const char *name, struct error *err);
} kinds[] = {
    {"campaign",        check_campaign},
    {"decoderManifest", check_manifest},
    {"stateTemplate",   check_template},
};

/* ---- an operator's requests ---- */

struct exchange {
    struct campaign_service *service;
    const struct campaign_address *address;
    const char *client_id;
    const cJSON *document;
    struct cloud_actions *out;
};

static bool end(const struct exchange *x, const char *suffix, struct text *t)
{
    const char *token = json_str(x->document, "clientToken", NULL);
    char topic[CAMPAIGN_TOPIC_SIZE + 16];

    if (token != NULL) {
        text_key(t, "clientToken");
        text_quoted(t, token);
    }
    text_str(t, "}");
    snprintf(topic, sizeof topic, "%s/%s", x->address->topic, suffix);
    return cloud_actions_publish(x->out, x->client_id, topic, t);
}

static bool reject(const struct exchange *x, const char *code, const char *message)
{
    struct text t;

    text_init(&t);
    text_str(&t, "{\"code\":");
    text_quoted(&t, code);
    text_key(&t, "message");
    text_quoted(&t, message);
    return end(x, "rejected", &t);
}

static bool accept(const struct exchange *x, const cJSON *source)
{
    struct text t;

    text_init(&t);
    text_str(&t, "{\"name\":");
    text_quoted(&t, x->address->name);
    if (source != NULL) {
        text_key(&t, "document");
        text_json(&t, source);
    }
    return end(x, "accepted", &t);
}

static bool on_put(const struct exchange *x)
{
    const struct campaign_address *a = x->address;
    struct error err = {.code = ERROR_FAILED};
    cJSON *source = cJSON_Duplicate(x->document, true);

    if (source == NULL)
        return false;
    cJSON_DeleteItemFromObjectCaseSensitive(source, "clientToken");
    bool fits = kinds[a->kind].check(source, a->name, &err);
    if (!fits || !accept(x, NULL)) {
        cJSON_Delete(source);
        return !fits && err.code == ERROR_USAGE && reject(x, "InvalidRequest", err.text);
    }
    return put_document(x->service, a->kind, a->name, source);
}

static bool on_show(const struct exchange *x)
{
    const struct campaign_document *d =
        campaign_find(x->service, x->address->kind, x->address->name);

    return d != NULL ? accept(x, d->source)
                     : reject(x, "ResourceNotFound", "there is none of that name");
}

static bool on_delete(const struct exchange *x)
{
    if (campaign_find(x->service, x->address->kind, x->address->name) == NULL)
        return reject(x, "ResourceNotFound", "there is none of that name");
    return accept(x, NULL) && put_document(x->service, x->address->kind, x->address->name, NULL);
}

static bool on_list(const struct exchange *x)
{
    const char *comma = "";
    struct text t;

    text_init(&t);
    text_str(&t, "{\"names\":[");
    for (const struct campaign_document *d = x->service->documents; d != NULL; d = d->next) {
        if (d->is_gone || d->kind != x->address->kind)
            continue;
        text_str(&t, comma);
        text_quoted(&t, d->name);
        comma = ",";
    }
    text_str(&t, "]");
    return end(x, "accepted", &t);
}

static bool on_operator(const struct exchange *x)
{
    /* ORDER CAMPAIGN_OPERATION */
    static bool (*const calls[])(const struct exchange *x) = {on_put, on_show, on_delete, on_list};

    if (!cJSON_IsObject(x->document))
        return reject(x, "InvalidJson", "the request is no JSON object");
    if (x->address->op == CAMPAIGN_PUT && count_documents(x->service, false) >= DOCUMENTS_MAX &&
        campaign_find(x->service, x->address->kind, x->address->name) == NULL)
        return reject(x, "LimitExceeded", "there are 1,000 documents");
    return calls[x->address->op - CAMPAIGN_PUT](x);
}

bool campaign_service_request(struct campaign_service *s, const struct campaign_address *address,
                              const char *client_id, struct slice payload, int64_t now_ms,
                              struct cloud_actions *out)
{
    const struct campaign_turn turn = {
        .service = s, .vehicle = address->name, .payload = payload, .now_ms = now_ms, .out = out};

    if (address->op == CAMPAIGN_CHECKIN)
        return campaign_check_in(&turn);
    if (address->op == CAMPAIGN_DATA)
        return campaign_take_data(&turn);
    cJSON *document = payload.len == 0        ? cJSON_CreateObject()
                      : json_is_utf8(payload) ? json_parse(payload, DEPTH)
                                              : NULL;
    const struct exchange x = {
        .service = s, .address = address, .client_id = client_id, .document = document, .out = out};
    bool ok = on_operator(&x);
    cJSON_Delete(document);
    return ok;
}

/* ---- what outlives the broker ---- */

void campaign_service_save(const struct campaign_service *s, struct text *to)
{
    for (const struct campaign_document *d = s->documents; d != NULL; d = d->next) {
        text_str(to, "{");
        text_quoted(to, kinds[d->kind].record);
        text_str(to, ":");
        text_quoted(to, d->name);
        if (d->source != NULL) {
            text_key(to, "document");
            text_json(to, d->source);
        }
        text_str(to, "}\n");
    }
}

bool campaign_service_load(struct campaign_service *s, const cJSON *record)
{
    const cJSON *document = json_get(record, "document");
    enum campaign_kind k = 0;
    struct error err;

    while (k < CAMPAIGN_KIND_COUNT && json_str(record, kinds[k].record, NULL) == NULL)
        k++;
    const char *name = k < CAMPAIGN_KIND_COUNT ? json_str(record, kinds[k].record, "") : "";
    if (*name == '\0' || strlen(name) > CAMPAIGN_NAME_MAX)
        return false;
    cJSON *source = cJSON_Duplicate(document, true);
    if ((document == NULL || source != NULL) &&
        (source == NULL || kinds[k].check(source, name, &err)))
        return put_document(s, k, name, source);
    cJSON_Delete(source);
    return false;
}
