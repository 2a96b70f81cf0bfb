#include "cloud/provisioning/rotation_service.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"

#define DEPTH 8

/* Certificates of one thing that work at the same time: who asks again and again and never commits
   loses the oldest of them. */
#define ACTIVE_MAX 4

/* ORDER ROTATION_OPERATION */
static const struct {
    const char *before, *behind, *action;
} forms[ROTATION_OPERATION_COUNT] = {
    {"awslabs/things/",   "/certificate/create", NULL },
    {"awslabs/things/",   "/certificate/commit", NULL },
    {"cdf/certificates/", "/get",                "get"},
    {"cdf/certificates/", "/ack",                "ack"},
};

static bool parse(const char *topic, enum rotation_operation op, struct rotation_address *ret)
{
    size_t before = strlen(forms[op].before);

    if (strncmp(topic, forms[op].before, before) != 0)
        return false;
    const char *thing = topic + before;
    size_t len = strcspn(thing, "/");
    if (len > REGISTRY_NAME_MAX || strcmp(thing + len, forms[op].behind) != 0)
        return false;
    *ret = (struct rotation_address){.op = op};
    memcpy(ret->thing, thing, len);
    return registry_name_is_valid(ret->thing);
}

bool rotation_address_parse(const char *topic, struct rotation_address *ret)
{
    size_t len = strlen(topic);

    /* "/accepted" goes behind it. */
    if (len + 10 > sizeof ret->topic)
        return false;
    for (int op = 0; op < ROTATION_OPERATION_COUNT; op++)
        if (parse(topic, (enum rotation_operation)op, ret)) {
            memcpy(ret->topic, topic, len + 1);
            return true;
        }
    return false;
}

struct exchange {
    const struct rotation_service *service;
    const struct rotation_address *address;
    const char *client_id;
    int64_t now_ms;
    struct cloud_actions *out;
    struct registry_certificate *shown; /* by the asking connection */
    const char *job;                    /* that it names; NULL: none */
};

/* ---- answers ---- */

/* Takes the document's memory. NULL: there was none for it. */
static bool answer(struct exchange *x, const char *suffix, cJSON *document)
{
    const char *action = forms[x->address->op].action;
    char topic[ROTATION_TOPIC_SIZE + 16];
    struct text t;

    text_init(&t);
    if (document == NULL) {
        t.failed = true;
    } else {
        if (action != NULL) {
            cJSON_AddStringToObject(document, "deviceId", x->address->thing);
            cJSON_AddStringToObject(document, "action", action);
        }
        text_json(&t, document);
    }
    cJSON_Delete(document);
    snprintf(topic, sizeof topic, "%s/%s", x->address->topic, suffix);
    return cloud_actions_publish(x->out, x->client_id, topic, &t);
}

static bool reject(struct exchange *x, const char *why)
{
    cJSON *document = cJSON_CreateObject();

    cJSON_AddStringToObject(document, forms[x->address->op].action != NULL ? "message" : "errorMsg",
                            why);
    return answer(x, "rejected", document);
}

/* ---- the thing's certificates ---- */

/* Of those that are ACTIVE beside the two; NULL: none. */
static struct registry_certificate *oldest_other(const struct registry_thing *thing,
                                                 const struct registry_certificate *a,
                                                 const struct registry_certificate *b,
                                                 size_t *ret_count)
{
    struct registry_certificate *oldest = NULL;

    *ret_count = 0;
    for (size_t i = 0; i < thing->certificates.count; i++) {
        struct registry_certificate *c = thing->certificates.items[i];
        if (c == a || c == b || c->status != REGISTRY_ACTIVE)
            continue;
        ++*ret_count;
        if (oldest == NULL || c->created_ms < oldest->created_ms)
            oldest = c;
    }
    return oldest;
}

static void take_away(const struct rotation_service *s, const char *id)
{
    if (s->shelf.drop != NULL)
        s->shelf.drop(s->shelf.ctx, id);
}

/* What the old one may do, the new one may. */
static bool inherit(struct exchange *x, struct registry_thing *thing,
                    struct registry_certificate *fresh)
{
    const struct registry_list *policies = &x->shown->policies;
    size_t others = 0;

    bool ok = registry_attach(fresh, thing);
    for (size_t i = 0; ok && i < policies->count; i++)
        ok = registry_attach_policy(fresh, policies->items[i]);
    struct registry_certificate *oldest = oldest_other(thing, x->shown, fresh, &others);
    if (ok && others + 2 > ACTIVE_MAX) {
        take_away(x->service, oldest->id);
        registry_certificate_set_status(x->service->registry, oldest, REGISTRY_INACTIVE, x->now_ms);
    }
    return ok;
}

/* Until it is committed. */
static bool note_job(struct exchange *x, struct registry_certificate *c)
{
    const struct rotation_jobs *jobs = &x->service->jobs;
    char job[ROTATION_JOB_SIZE];
    uint32_t number;

    return jobs->find == NULL || !jobs->find(jobs->ctx, x->address->thing, x->job, job, &number) ||
           registry_made_for(c, job, number);
}

/* NULL: no memory, and nothing is left of it. */
static struct registry_certificate *enter(struct exchange *x, struct registry_thing *thing,
                                          const char *id, const char *pem)
{
    struct registry *r = x->service->registry;
    /* The same key at the same time: the same certificate once more. */
    struct registry_certificate *c = registry_certificate(r, id);

    if (c == NULL)
        c = registry_certificate_add(r, id, pem, REGISTRY_ACTIVE, x->now_ms);
    if (c == NULL)
        return NULL;
    c->issued = true;
    if (inherit(x, thing, c) && note_job(x, c))
        return c;
    registry_certificate_remove(r, c);
    return NULL;
}

/* What is made, and how it is answered. */
struct making {
    char id[REGISTRY_ID_SIZE];
    struct text pem, key;
};

static cJSON *tell_certificate(const struct exchange *x, const struct making *m)
{
    cJSON *reply = cJSON_CreateObject();

    if (x->address->op == ROTATION_GET)
        cJSON_AddStringToObject(reply, "certificateId", m->id);
    cJSON_AddStringToObject(
        reply, x->address->op == ROTATION_GET ? "certificate" : "certificatePem", m->pem.data);
    return reply;
}

/* Both in one file. NULL: it could not be put there. */
static cJSON *tell_location(const struct exchange *x, struct making *m)
{
    const struct rotation_shelf *shelf = &x->service->shelf;
    cJSON *reply = NULL;
    struct text url;

    text_init(&url);
    text_str(&m->key, m->pem.data);
    if (!m->key.failed &&
        shelf->put(shelf->ctx, m->id, slice_of(m->key.data, m->key.len), x->now_ms, &url) &&
        !url.failed) {
        reply = cJSON_CreateObject();
        cJSON_AddStringToObject(reply, "location", url.data);
    }
    text_done(&url);
    return reply;
}

static enum issuer_result make(const struct exchange *x, const char *csr, struct making *m)
{
    const struct issuer *issuer = x->service->issuer;

    return csr != NULL ? issuer->sign(issuer->ctx, slice_str(csr), x->now_ms, &m->pem, m->id)
                       : issuer->make(issuer->ctx, x->now_ms, &m->pem, &m->key, m->id);
}

/* Nobody else has it. */
static void wipe(struct text *key)
{
    if (key->data != NULL)
        OPENSSL_cleanse(key->data, key->cap);
    text_done(key);
}

/* Nothing is left of one that nobody can get. */
static bool answer_location(struct exchange *x, struct making *m, struct registry_certificate *c)
{
    cJSON *reply = tell_location(x, m);

    if (reply != NULL)
        return answer(x, "accepted", reply);
    registry_certificate_remove(x->service->registry, c);
    return reject(x, "The certificate could not be put where it is downloaded from.");
}

static bool issue(struct exchange *x, struct registry_thing *thing, const char *csr)
{
    struct registry_certificate *c = NULL;
    struct making m = {0};
    bool ok;

    text_init(&m.pem);
    text_init(&m.key);
    enum issuer_result result = make(x, csr, &m);
    if (result == ISSUER_OK && !m.pem.failed)
        c = enter(x, thing, m.id, m.pem.data);
    if (result == ISSUER_BAD_REQUEST)
        ok = reject(x, "csr: damaged, or not signed by its own key.");
    else if (c != NULL && csr == NULL)
        ok = answer_location(x, &m, c);
    else
        ok = answer(x, "accepted", c != NULL ? tell_certificate(x, &m) : NULL);
    text_done(&m.pem);
    wipe(&m.key);
    return ok;
}

static bool on_create(struct exchange *x, struct registry_thing *thing, const cJSON *document)
{
    const struct issuer *issuer = x->service->issuer;
    bool by_location = x->address->op == ROTATION_GET && json_get(document, "csr") == NULL &&
                       x->service->shelf.put != NULL;
    const char *csr = json_str(document, "csr", NULL);

    x->job = x->address->op == ROTATION_CREATE ? json_str(document, "jobId", "") : NULL;
    if (issuer == NULL || issuer->sign == NULL || (by_location && issuer->make == NULL))
        return reject(x, "This cloud has nobody who signs.");
    if (csr == NULL && !by_location)
        return reject(x, "csr: a signing request (PKCS #10, PEM) is missing.");
    return issue(x, thing, csr);
}

static bool on_commit(struct exchange *x, struct registry_thing *thing, const cJSON *document)
{
    const char *named = json_str(document, "certificateId", x->shown->id);
    struct registry *r = x->service->registry;

    if (strcmp(named, x->shown->id) != 0)
        return reject(x, "certificateId: not of the certificate that this connection has shown "
                         "(connect with the new one, then commit).");
    if (!x->shown->issued)
        return reject(x, "The certificate of this connection is not a new one (ask for one, "
                         "connect with it, then commit).");
    registry_made_for(x->shown, NULL, 0);
    take_away(x->service, x->shown->id);
    for (size_t i = 0; i < thing->certificates.count; i++) {
        struct registry_certificate *c = thing->certificates.items[i];
        if (c != x->shown && c->status == REGISTRY_ACTIVE)
            registry_certificate_set_status(r, c, REGISTRY_INACTIVE, x->now_ms);
    }
    return answer(x, "accepted", cJSON_CreateObject());
}

/* The client must be the thing, by a certificate that is attached to it. */
static bool find_shown(struct exchange *x)
{
    const struct client *client = presence_find(x->service->presence, x->client_id);

    if (client == NULL || client->handle == NULL || strcmp(x->client_id, x->address->thing) != 0)
        return false;
    x->shown = registry_certificate(x->service->registry, client->principal);
    return x->shown != NULL && x->shown->status == REGISTRY_ACTIVE &&
           registry_is_attached(x->shown, x->address->thing);
}

bool rotation_service_request(const struct rotation_service *s,
                              const struct rotation_address *address, const char *client_id,
                              struct slice payload, int64_t now_ms, struct cloud_actions *out)
{
    struct exchange x = {
        .service = s, .address = address, .client_id = client_id, .now_ms = now_ms, .out = out};
    struct registry_thing *thing = registry_thing(s->registry, address->thing);

    if (thing == NULL || !find_shown(&x))
        return reject(&x, "Only a thing itself changes its certificate: by the client id that is "
                          "its name, and a certificate that is attached to it.");
    cJSON *document = payload.len == 0
                          ? cJSON_CreateObject()
                          : (json_is_utf8(payload) ? json_parse(payload, DEPTH) : NULL);
    bool ok;
    if (!cJSON_IsObject(document))
        ok = reject(&x, "The payload is not a JSON object.");
    else if (address->op == ROTATION_CREATE || address->op == ROTATION_GET)
        ok = on_create(&x, thing, document);
    else
        ok = on_commit(&x, thing, document);
    cJSON_Delete(document);
    return ok;
}

/* ---- what was made for nothing ---- */

static void look_at(const struct rotation_service *s, const char *thing, const char *shows,
                    struct registry_certificate *c, int64_t now_ms)
{
    bool is_shown = shows != NULL && strcmp(shows, c->id) == 0;

    c->shown |= is_shown;
    if (is_shown || s->jobs.is_open(s->jobs.ctx, thing, c->made_for, c->made_for_number) ||
        (c->shown && shows == NULL))
        return;
    registry_made_for(c, NULL, 0);
    take_away(s, c->id);
    if (c->status == REGISTRY_ACTIVE)
        registry_certificate_set_status(s->registry, c, REGISTRY_INACTIVE, now_ms);
}

void rotation_service_look(const struct rotation_service *s, const char *thing, int64_t now_ms)
{
    const struct client *client = presence_find(s->presence, thing);
    const char *shows = client != NULL && client->handle != NULL ? client->principal : NULL;
    const struct registry_thing *record = registry_thing(s->registry, thing);

    for (size_t i = 0; record != NULL && i < record->certificates.count; i++) {
        struct registry_certificate *c = record->certificates.items[i];
        if (c->made_for != NULL)
            look_at(s, thing, shows, c, now_ms);
    }
}
