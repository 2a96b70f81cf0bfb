/* The pre-provisioning hook (contract 4.1): expressions that parameters must match, or somebody who
   is asked and has 5 s to answer. */
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cloud/provisioning/provision_core.h"
#include "cloud/provisioning/provision_expression.h"

#define HOOK_MS       5000
#define QUESTIONS_MAX 10000
#define PATTERN_MAX   256

static const char denied[] = "AccessDenied";

/* ---- expressions ---- */

static bool is_expression(const cJSON *pattern)
{
    regex_t regex;

    /* Repetitions of repetitions would cost more memory than there is. */
    if (!cJSON_IsString(pattern) || strlen(pattern->valuestring) > PATTERN_MAX ||
        strchr(pattern->valuestring, '{') != strrchr(pattern->valuestring, '{') ||
        regcomp(&regex, pattern->valuestring, REG_EXTENDED | REG_NOSUB) != 0)
        return false;
    regfree(&regex);
    return true;
}

bool provision_hook_check(const cJSON *hook, struct provision_error *err)
{
    const cJSON *allow = json_get(hook, "allow");
    const cJSON *pattern;

    if (cJSON_IsTrue(json_get(hook, "ask")) && allow == NULL)
        return true;
    if (!cJSON_IsObject(allow))
        return provision_fail(err, "preProvisioningHook: neither {\"allow\":{…}} nor "
                                   "{\"ask\":true}");
    cJSON_ArrayForEach(pattern, allow)
    {
        if (!is_expression(pattern))
            return provision_fail(err,
                                  "preProvisioningHook.allow.%.80s: not an extended regular "
                                  "expression",
                                  pattern->string);
    }
    return true;
}

static bool matches(const cJSON *pattern, const char *value)
{
    regex_t regex;

    if (value == NULL || regcomp(&regex, pattern->valuestring, REG_EXTENDED | REG_NOSUB) != 0)
        return false;
    bool match = regexec(&regex, value, 0, NULL, 0) == 0;
    regfree(&regex);
    return match;
}

static bool allows(const cJSON *allow, const cJSON *parameters)
{
    const cJSON *pattern;

    cJSON_ArrayForEach(pattern, allow)
    {
        if (!matches(pattern, json_str(parameters, pattern->string, NULL)))
            return false;
    }
    return true;
}

/* ---- questions ---- */

static void free_question(struct provision_question *q)
{
    free(q->client_id);
    cJSON_Delete(q->parameters);
    free(q);
}

void provision_questions_done(struct provision_service *s)
{
    while (s->questions != NULL) {
        struct provision_question *next = s->questions->next;
        free_question(s->questions);
        s->questions = next;
    }
}

/* At the end of the list; NULL: no memory. */
static struct provision_question *add_question(struct provision_exchange *x,
                                               const struct registry_certificate *c,
                                               const cJSON *parameters)
{
    struct provision_service *s = x->service;
    struct provision_question *q = calloc(1, sizeof *q);
    struct provision_question **last = &s->questions;

    if (q == NULL)
        return NULL;
    q->address = *x->address;
    q->client_id = strdup(x->client_id);
    q->parameters = parameters != NULL ? cJSON_Duplicate(parameters, true) : cJSON_CreateObject();
    if (q->client_id == NULL || q->parameters == NULL) {
        free_question(q);
        return NULL;
    }
    memcpy(q->certificate, c->id, sizeof q->certificate);
    snprintf(q->token, sizeof q->token, "%s", x->token);
    /* No number of before a restart comes again. */
    snprintf(q->id, sizeof q->id, "hook-%lld-%llu", (long long)x->now_ms,
             (unsigned long long)++s->question_count);
    q->ends_ms = x->now_ms + HOOK_MS;
    while (*last != NULL)
        last = &(*last)->next;
    *last = q;
    return q;
}

static void remove_question(struct provision_service *s, struct provision_question *q)
{
    struct provision_question **link = &s->questions;

    while (*link != q)
        link = &(*link)->next;
    *link = q->next;
    free_question(q);
}

/* What AWS hands to the Lambda function, and by whom it is asked. */
static bool publish_question(struct provision_exchange *x, const struct provision_question *q,
                             const struct registry_certificate *c)
{
    const struct client *client = presence_find(x->service->presence, x->client_id);
    char topic[sizeof "fleetsim/templates//hook" + PROVISION_TEMPLATE_NAME_MAX];
    struct text t;

    text_init(&t);
    text_str(&t, "{\"requestId\":");
    text_quoted(&t, q->id);
    text_key(&t, "claimCertificateId");
    text_quoted(&t, client != NULL ? client->principal : "");
    text_key(&t, "certificateId");
    text_quoted(&t, c->id);
    text_key(&t, "certificatePem");
    text_quoted(&t, c->pem != NULL ? c->pem : "");
    text_key(&t, "templateArn");
    text_str(&t, "\"arn:aws:iot:local:" FIRST_CONTACT_ACCOUNT ":provisioningtemplate/");
    text_str(&t, x->address->name);
    text_str(&t, "\"");
    text_key(&t, "clientId");
    text_quoted(&t, x->client_id);
    text_key(&t, "parameters");
    text_json(&t, q->parameters);
    text_str(&t, "}");
    snprintf(topic, sizeof topic, "fleetsim/templates/%s/hook", x->address->name);
    return cloud_actions_publish(x->out, NULL, topic, &t);
}

static bool ask(struct provision_exchange *x, const struct registry_certificate *c,
                const cJSON *parameters)
{
    size_t waiting = 0;

    for (const struct provision_question *q = x->service->questions; q != NULL; q = q->next)
        waiting++;
    if (waiting >= QUESTIONS_MAX)
        return provision_reject(x, 429, "TooManyRequests", "Too many wait for the hook.");
    struct provision_question *q = add_question(x, c, parameters);
    if (q == NULL)
        return false;
    if (publish_question(x, q, c))
        return true;
    remove_question(x->service, q);
    return false;
}

bool provision_ask_hook(struct provision_exchange *x, const struct provision_template *t,
                        struct registry_certificate *c, const cJSON *parameters)
{
    const cJSON *allow = json_get(t->hook, "allow");

    if (allow == NULL)
        return ask(x, c, parameters);
    if (!allows(allow, parameters))
        return provision_reject(x, 403, denied, "The pre-provisioning hook refused.");
    return provision_register(x, parameters, NULL);
}

/* The exchange of the device that asked. */
static struct provision_exchange resume(const struct provision_exchange *x,
                                        const struct provision_question *q)
{
    struct provision_exchange device = *x;

    device.address = &q->address;
    device.client_id = q->client_id;
    device.token = q->token;
    return device;
}

bool provision_hook_answered(struct provision_exchange *x, const cJSON *answer, bool *ret_known)
{
    const char *id = json_str(answer, "requestId", "");

    /* Whose time is over has been refused, though no tick has come since. */
    bool ok = provision_service_tick(x->service, x->now_ms, x->out);
    struct provision_question *q = x->service->questions;
    while (q != NULL && (strcmp(q->id, id) != 0 || strcmp(q->address.name, x->address->name) != 0))
        q = q->next;
    *ret_known = q != NULL || !ok;
    if (q == NULL || !ok)
        return false;
    struct provision_exchange device = resume(x, q);
    struct registry_certificate *c = registry_certificate(x->service->registry, q->certificate);
    if (c == NULL || !cJSON_IsTrue(json_get(answer, "allowProvisioning")))
        ok = provision_reject(&device, 403, denied, "The pre-provisioning hook refused.");
    else
        ok = provision_register(&device, q->parameters, json_get(answer, "parameterOverrides"));
    remove_question(x->service, q);
    return ok;
}

bool provision_service_tick(struct provision_service *s, int64_t now_ms, struct cloud_actions *out)
{
    struct provision_exchange x = {.service = s, .now_ms = now_ms, .out = out};
    bool ok = true;

    while (ok && s->questions != NULL && s->questions->ends_ms <= now_ms) {
        struct provision_exchange device = resume(&x, s->questions);
        ok = provision_reject(&device, 403, denied,
                              "The pre-provisioning hook did not answer in 5 seconds.");
        remove_question(s, s->questions);
    }
    return ok;
}
