/* Templates, as operators keep them (provision_service.h). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cloud/provisioning/provision_core.h"
#include "cloud/provisioning/provision_expression.h"

#define DEPTH         40
#define TEMPLATES_MAX 1000

/* ---- the table ---- */

struct provision_template *provision_template_find(const struct provision_service *s,
                                                   const char *name)
{
    return table_get(&s->templates, name);
}

void provision_template_free(void *value)
{
    struct provision_template *t = value;

    if (t == NULL)
        return;
    cJSON_Delete(t->body);
    cJSON_Delete(t->hook);
    free(t);
}

bool provision_template_put(struct provision_service *s, const char *name, cJSON *body, cJSON *hook)
{
    struct provision_template *old = provision_template_find(s, name);
    struct provision_template *t = calloc(1, sizeof *t);

    if (t == NULL) {
        cJSON_Delete(body);
        cJSON_Delete(hook);
        return false;
    }
    t->body = body;
    t->hook = hook;
    snprintf(t->name, sizeof t->name, "%s", name);
    if (body == NULL || !table_put(&s->templates, name, t)) {
        provision_template_free(t);
        return false;
    }
    if (old != NULL)
        provision_template_free(old);
    return true;
}

/* ---- answers ---- */

struct operator_exchange {
    struct provision_exchange *x;
    const char *token; /* clientToken, or NULL */
};

static bool answer(const struct operator_exchange *o, const char *suffix, struct text *t)
{
    char topic[PROVISION_TOPIC_SIZE + 16];

    if (o->token != NULL) {
        text_key(t, "clientToken");
        text_quoted(t, o->token);
    }
    text_str(t, "}");
    snprintf(topic, sizeof topic, "%s/%s", o->x->address->topic, suffix);
    return cloud_actions_publish(o->x->out, o->x->client_id, topic, t);
}

static bool reject(const struct operator_exchange *o, const char *code, const char *message)
{
    struct text t;

    text_init(&t);
    text_str(&t, "{\"code\":");
    text_quoted(&t, code);
    text_key(&t, "message");
    text_quoted(&t, message);
    return answer(o, "rejected", &t);
}

static bool accept_name(const struct operator_exchange *o)
{
    struct text t;

    text_init(&t);
    text_str(&t, "{\"templateName\":");
    text_quoted(&t, o->x->address->name);
    return answer(o, "accepted", &t);
}

/* ---- calls ---- */

/* As an object, or as AWS takes it: a text that is JSON. Owned; NULL: neither, or no memory. */
static cJSON *read_body(const cJSON *document)
{
    const cJSON *body = json_get(document, "templateBody");

    return cJSON_IsString(body) ? json_parse(slice_str(body->valuestring), DEPTH)
                                : cJSON_Duplicate(body, true);
}

static bool on_create(const struct operator_exchange *o, const cJSON *document)
{
    struct provision_service *s = o->x->service;
    const cJSON *hook = json_get(document, "preProvisioningHook");
    struct provision_error err = {.text = "templateBody: missing, or not JSON"};
    cJSON *body = read_body(document);

    if (hook != NULL && cJSON_IsNull(hook))
        hook = NULL;
    if (s->templates.count >= TEMPLATES_MAX &&
        provision_template_find(s, o->x->address->name) == NULL) {
        cJSON_Delete(body);
        return reject(o, "LimitExceeded", "there are 1000 templates");
    }
    if (body == NULL || !provision_template_check(body, &err) ||
        (hook != NULL && !provision_hook_check(hook, &err))) {
        cJSON_Delete(body);
        return reject(o, "InvalidRequest", err.text);
    }
    cJSON *hook_copy = hook != NULL ? cJSON_Duplicate(hook, true) : NULL;
    if (hook != NULL && hook_copy == NULL) {
        cJSON_Delete(body);
        return false;
    }
    return provision_template_put(s, o->x->address->name, body, hook_copy) && accept_name(o);
}

static bool on_get(const struct operator_exchange *o, const cJSON *document)
{
    const struct provision_template *t =
        provision_template_find(o->x->service, o->x->address->name);
    struct text text;

    (void)document;
    if (t == NULL)
        return reject(o, "ResourceNotFound", "there is no such template");
    text_init(&text);
    text_str(&text, "{\"templateName\":");
    text_quoted(&text, t->name);
    text_key(&text, "templateBody");
    text_json(&text, t->body);
    if (t->hook != NULL) {
        text_key(&text, "preProvisioningHook");
        text_json(&text, t->hook);
    }
    return answer(o, "accepted", &text);
}

static bool on_delete(const struct operator_exchange *o, const cJSON *document)
{
    struct provision_service *s = o->x->service;

    (void)document;
    if (provision_template_find(s, o->x->address->name) == NULL)
        return reject(o, "ResourceNotFound", "there is no such template");
    if (!accept_name(o))
        return false;
    provision_template_free(table_remove(&s->templates, o->x->address->name));
    return true;
}

static void write_name(const char *name, const void *value, void *ctx)
{
    const struct provision_template *template = value;
    struct text *t = ctx;

    text_bytes(t, ",", t->len != 0 && t->data != NULL && t->data[t->len - 1] == '}');
    text_str(t, "{\"templateName\":");
    text_quoted(t, name);
    text_key(t, "hook");
    text_str(t, template->hook == NULL                    ? "null"
                : json_get(template->hook, "ask") != NULL ? "\"ask\""
                                                          : "\"allow\"");
    text_str(t, "}");
}

static bool on_list(const struct operator_exchange *o, const cJSON *document)
{
    struct text t;

    (void)document;
    text_init(&t);
    text_str(&t, "{\"templates\":[");
    table_each(&o->x->service->templates, write_name, &t);
    text_str(&t, "]");
    return answer(o, "accepted", &t);
}

static bool on_answer(const struct operator_exchange *o, const cJSON *document)
{
    bool known = false;
    bool ok = provision_hook_answered(o->x, document, &known);

    if (!known)
        return reject(o, "ResourceNotFound", "nobody waits for that answer");
    return ok && accept_name(o);
}

bool provision_operator_request(struct provision_exchange *x, struct slice payload)
{
    /* ORDER PROVISION_OPERATION */
    static bool (*const handlers[])(const struct operator_exchange *o, const cJSON *document) = {
        on_list, on_create, on_get, on_delete, on_answer};
    struct slice text = payload.len != 0 ? payload : slice_str("{}");
    cJSON *document = json_is_utf8(text) ? json_parse(text, DEPTH) : NULL;
    struct operator_exchange o = {.x = x, .token = json_str(document, "clientToken", NULL)};

    bool ok = cJSON_IsObject(document)
                  ? handlers[x->address->op - PROVISION_TEMPLATE_LIST](&o, document)
                  : reject(&o, "InvalidJson", "the payload is not a JSON object");
    cJSON_Delete(document);
    return ok;
}
