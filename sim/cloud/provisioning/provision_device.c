/* What a device with a claim asks: CreateKeysAndCertificate, CreateCertificateFromCsr and
   RegisterThing (contract 4.1). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cbor.h"
#include "base/json.h"
#include "cloud/provisioning/provision_core.h"

#define DEPTH          20
#define TOKEN_LIFE     ((int64_t)3600 * 1000)
#define TOKENS_MAX     100000
#define PARAMETERS_MAX 50

/* ---- answers ---- */

/* Takes the document's memory. NULL: there was none for it. */
static bool answer(struct provision_exchange *x, const char *suffix, cJSON *document)
{
    char topic[PROVISION_TOPIC_SIZE + 16];
    struct text t;

    text_init(&t);
    if (document == NULL) {
        t.failed = true;
    } else if (x->address->cbor) {
        size_t len = 0;
        uint8_t *bytes = cbor_write(document, &len);
        t = (struct text){.data = (char *)bytes, .len = len, .cap = len, .failed = bytes == NULL};
    } else {
        text_json(&t, document);
    }
    cJSON_Delete(document);
    snprintf(topic, sizeof topic, "%s/%s", x->address->topic, suffix);
    return cloud_actions_publish(x->out, x->client_id, topic, &t);
}

bool provision_reject(struct provision_exchange *x, int status, const char *code,
                      const char *message)
{
    cJSON *document = cJSON_CreateObject();

    cJSON_AddNumberToObject(document, "statusCode", status);
    cJSON_AddStringToObject(document, "errorCode", code);
    cJSON_AddStringToObject(document, "errorMessage", message);
    return answer(x, "rejected", document);
}

/* ---- new certificates ---- */

static bool keep_token(struct provision_service *s, const char *token, const char *certificate,
                       int64_t now_ms)
{
    struct provision_token *t = calloc(1, sizeof *t);

    if (t == NULL)
        return false;
    memcpy(t->certificate, certificate, sizeof t->certificate);
    t->ends_ms = now_ms + TOKEN_LIFE;
    if (table_put(&s->tokens, token, t))
        return true;
    free(t);
    return false;
}

/* "Certificate not activated and not attached to anything by then is deleted" (contract 4.1). */
static bool enter(struct provision_exchange *x, const char *id, const char *pem)
{
    struct registry *r = x->service->registry;
    struct registry_certificate *c = registry_certificate(r, id);

    /* The same key, and so the same certificate, once more. */
    if (c == NULL)
        c = registry_certificate_add(r, id, pem, REGISTRY_PENDING_ACTIVATION, x->now_ms);
    if (c == NULL)
        return false;
    c->issued = true;
    c->forget_ms = x->now_ms + TOKEN_LIFE;
    registry_due(r, c->forget_ms);
    return true;
}

/* `key`: of CreateKeysAndCertificate; else NULL. Takes both texts' memory. */
static bool hand_out(struct provision_exchange *x, struct text *pem, struct text *key,
                     const char *id)
{
    char token[PROVISION_TOKEN_SIZE];
    cJSON *document = cJSON_CreateObject();
    struct error err;

    bool ok = !pem->failed && secret_make(token, &err) && enter(x, id, pem->data) &&
              keep_token(x->service, token, id, x->now_ms);
    if (ok) {
        cJSON_AddStringToObject(document, "certificateId", id);
        cJSON_AddStringToObject(document, "certificatePem", pem->data);
        if (key != NULL && key->data != NULL)
            cJSON_AddStringToObject(document, "privateKey", key->data);
        cJSON_AddStringToObject(document, "certificateOwnershipToken", token);
    }
    text_done(pem);
    if (key != NULL)
        text_done(key);
    if (ok)
        return answer(x, "accepted", document);
    cJSON_Delete(document);
    return false;
}

static bool nobody_signs(struct provision_exchange *x)
{
    return provision_reject(x, 500, "InternalFailure", "This cloud has nobody who signs.");
}

static bool on_create(struct provision_exchange *x, const cJSON *document)
{
    const struct issuer *issuer = x->service->issuer;
    char id[REGISTRY_ID_SIZE];
    struct text pem, key;

    (void)document;
    if (issuer == NULL || issuer->make == NULL)
        return nobody_signs(x);
    text_init(&pem);
    text_init(&key);
    if (issuer->make(issuer->ctx, x->now_ms, &pem, &key, id) == ISSUER_OK)
        return hand_out(x, &pem, &key, id);
    text_done(&pem);
    text_done(&key);
    return nobody_signs(x);
}

static bool on_create_from_csr(struct provision_exchange *x, const cJSON *document)
{
    const struct issuer *issuer = x->service->issuer;
    const char *csr = json_str(document, "certificateSigningRequest", NULL);
    enum issuer_result result = ISSUER_BAD_REQUEST;
    char id[REGISTRY_ID_SIZE];
    struct text pem;

    if (issuer == NULL || issuer->sign == NULL)
        return nobody_signs(x);
    text_init(&pem);
    if (csr != NULL)
        result = issuer->sign(issuer->ctx, slice_str(csr), x->now_ms, &pem, id);
    if (result == ISSUER_OK)
        return hand_out(x, &pem, NULL, id);
    text_done(&pem);
    return result == ISSUER_BAD_REQUEST
               ? provision_reject(x, 400, "InvalidCertificateSigningRequest",
                                  "The certificate signing request is missing, damaged, or not "
                                  "signed by its own key.")
               : nobody_signs(x);
}

/* ---- RegisterThing ---- */

static const char no_token[] = "InvalidCertificateOwnershipToken";

/* The certificate that the token proves to be the device's; NULL: answered, as *ret_ok says. */
static struct registry_certificate *claimed(struct provision_exchange *x, bool *ret_ok)
{
    const struct provision_token *t = table_get(&x->service->tokens, x->token);
    bool fresh = t != NULL && x->now_ms < t->ends_ms;
    struct registry_certificate *c =
        fresh ? registry_certificate(x->service->registry, t->certificate) : NULL;

    if (c == NULL)
        *ret_ok =
            provision_reject(x, 400, no_token,
                             *x->token == '\0' ? "Certificate ownership token cannot be empty."
                                               : "Certificate ownership token is not valid.");
    return c;
}

/* Texts by name, or nothing. */
static bool are_parameters(const cJSON *parameters)
{
    const cJSON *p;

    if (parameters == NULL)
        return true;
    cJSON_ArrayForEach(p, parameters)
    {
        if (!cJSON_IsString(p))
            return false;
    }
    return cJSON_IsObject(parameters) && cJSON_GetArraySize(parameters) <= PARAMETERS_MAX;
}

static bool on_register(struct provision_exchange *x, const cJSON *document)
{
    const struct provision_template *t = provision_template_find(x->service, x->address->name);
    const cJSON *parameters = json_get(document, "parameters");
    bool ok = false;

    x->token = json_str(document, "certificateOwnershipToken", "");
    struct registry_certificate *c = claimed(x, &ok);
    if (c == NULL)
        return ok;
    if (t == NULL)
        return provision_reject(x, 404, "ResourceNotFound", "There is no such template.");
    if (!are_parameters(parameters))
        return provision_reject(x, 400, "InvalidParameters",
                                "The parameters are not an object of texts.");
    if (t->hook != NULL)
        return provision_ask_hook(x, t, c, parameters);
    return provision_register(x, parameters, NULL);
}

/* Given, then what the hook puts in their place, then what the certificate tells. */
static cJSON *all_parameters(const struct registry_certificate *c, const cJSON *given,
                             const cJSON *overrides)
{
    cJSON *all = given != NULL ? cJSON_Duplicate(given, true) : cJSON_CreateObject();
    const cJSON *p;

    cJSON_ArrayForEach(p, overrides)
    {
        cJSON_DeleteItemFromObjectCaseSensitive(all, p->string);
        if (cJSON_IsString(p))
            cJSON_AddStringToObject(all, p->string, p->valuestring);
    }
    cJSON_DeleteItemFromObjectCaseSensitive(all, "AWS::IoT::Certificate::Id");
    if (all != NULL && cJSON_AddStringToObject(all, "AWS::IoT::Certificate::Id", c->id) != NULL)
        return all;
    cJSON_Delete(all);
    return NULL;
}

static bool tell_registered(struct provision_exchange *x, const struct provision_plan *plan)
{
    cJSON *document = cJSON_CreateObject();
    cJSON *configuration = plan->device_configuration != NULL
                               ? cJSON_Duplicate(plan->device_configuration, true)
                               : cJSON_CreateObject();

    if (!cJSON_AddItemToObject(document, "deviceConfiguration", configuration))
        cJSON_Delete(configuration);
    if (plan->thing != NULL)
        cJSON_AddStringToObject(document, "thingName", plan->thing);
    return answer(x, "accepted", document);
}

bool provision_register(struct provision_exchange *x, const cJSON *parameters,
                        const cJSON *overrides)
{
    const struct provision_template *t = provision_template_find(x->service, x->address->name);
    struct provision_error err = {.text = "There is no such template."};
    struct provision_plan plan = {0};
    bool ok = false;

    /* Once more, because the hook took its time. */
    struct registry_certificate *c = claimed(x, &ok);
    if (c == NULL)
        return ok;
    cJSON *all = all_parameters(c, parameters, overrides);
    if (all != NULL && t != NULL && provision_plan_make(t->body, all, &plan, &err)) {
        ok =
            provision_carry_out(x->service, &plan, c, x->now_ms, &err) && tell_registered(x, &plan);
        provision_plan_done(&plan);
        if (ok) {
            free(table_remove(&x->service->tokens, x->token));
            cJSON_Delete(all);
            return true;
        }
    }
    bool answered = all != NULL && err.text[0] != '\0' &&
                    provision_reject(x, 400, "InvalidParameters", err.text);
    cJSON_Delete(all);
    return answered;
}

bool provision_device_request(struct provision_exchange *x, struct slice payload)
{
    /* ORDER PROVISION_OPERATION */
    static bool (*const handlers[])(struct provision_exchange * x, const cJSON *document) = {
        on_create, on_create_from_csr, on_register};
    cJSON *document;

    if (payload.len == 0)
        document = cJSON_CreateObject();
    else if (x->address->cbor)
        document = cbor_parse(payload, DEPTH);
    else
        document = json_is_utf8(payload) ? json_parse(payload, DEPTH) : NULL;
    if (x->address->op != PROVISION_REGISTER && x->service->tokens.count >= TOKENS_MAX) {
        cJSON_Delete(document);
        return provision_reject(x, 429, "TooManyRequests",
                                "Too many certificates wait for their "
                                "things.");
    }
    bool ok = cJSON_IsObject(document)
                  ? handlers[x->address->op](x, document)
                  : provision_reject(x, 400, "InvalidPayload",
                                     x->address->cbor ? "The payload is not a CBOR map of texts."
                                                      : "The payload is not a JSON object.");
    cJSON_Delete(document);
    return ok;
}
