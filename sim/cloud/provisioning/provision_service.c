#include "cloud/provisioning/provision_service.h"

#include <fleetsim/topics.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cloud/provisioning/provision_core.h"

#define DEPTH 20

/* Of the fleet: the thing is its VIN. */
static const char default_body[] =
    "{\"Parameters\":{\"VIN\":{\"Type\":\"String\"},"
    "\"Model\":{\"Type\":\"String\",\"Default\":\"unknown\"}},"
    "\"Resources\":{"
    "\"thing\":{\"Type\":\"AWS::IoT::Thing\",\"OverrideSettings\":{\"AttributePayload\":\"MERGE\"},"
    "\"Properties\":{\"ThingName\":{\"Ref\":\"VIN\"},"
    "\"AttributePayload\":{\"model\":{\"Ref\":\"Model\"}}}},"
    "\"certificate\":{\"Type\":\"AWS::IoT::Certificate\",\"Properties\":{"
    "\"CertificateId\":{\"Ref\":\"AWS::IoT::Certificate::Id\"},\"Status\":\"ACTIVE\"}},"
    "\"policy\":{\"Type\":\"AWS::IoT::Policy\",\"Properties\":{\"PolicyName\":\"vehicle\"}}}}";

/* Of a factory: the thing is the certificate's common name. */
static const char just_in_time_body[] =
    "{\"Parameters\":{\"AWS::IoT::Certificate::CommonName\":{\"Type\":\"String\"}},"
    "\"Resources\":{"
    "\"thing\":{\"Type\":\"AWS::IoT::Thing\",\"Properties\":{"
    "\"ThingName\":{\"Ref\":\"AWS::IoT::Certificate::CommonName\"}}},"
    "\"certificate\":{\"Type\":\"AWS::IoT::Certificate\",\"Properties\":{"
    "\"CertificateId\":{\"Ref\":\"AWS::IoT::Certificate::Id\"},\"Status\":\"ACTIVE\"}},"
    "\"policy\":{\"Type\":\"AWS::IoT::Policy\",\"Properties\":{\"PolicyName\":\"vehicle\"}}}}";

bool provision_service_init(struct provision_service *s, struct registry *registry,
                            struct access *access, const struct presence *presence)
{
    *s = (struct provision_service){.registry = registry, .access = access, .presence = presence};
    table_init(&s->templates);
    table_init(&s->tokens);
    return provision_template_put(s, TEMPLATE_CLAIM, json_parse(slice_str(default_body), DEPTH),
                                  NULL) &&
           provision_template_put(s, TEMPLATE_JUST_IN_TIME,
                                  json_parse(slice_str(just_in_time_body), DEPTH), NULL);
}

void provision_service_done(struct provision_service *s)
{
    provision_questions_done(s);
    table_done(&s->templates, provision_template_free);
    table_done(&s->tokens, free);
}

bool provision_service_request(struct provision_service *s, const struct provision_address *address,
                               const char *client_id, struct slice payload, int64_t now_ms,
                               struct cloud_actions *out)
{
    struct provision_exchange x = {
        .service = s, .address = address, .client_id = client_id, .now_ms = now_ms, .out = out};

    return provision_address_is_device(address) ? provision_device_request(&x, payload)
                                                : provision_operator_request(&x, payload);
}

/* ---- just in time ---- */

/* contract 4.3; NULL: no memory. */
static cJSON *parameters_of(const struct registry_certificate *c,
                            const struct first_contact_certificate *seen)
{
    /* ORDER FIRST_CONTACT_SUBJECT */
    static const char *const names[FIRST_CONTACT_SUBJECT_COUNT] = {
        "AWS::IoT::Certificate::Country",
        "AWS::IoT::Certificate::Organization",
        "AWS::IoT::Certificate::OrganizationalUnit",
        "AWS::IoT::Certificate::DistinguishedNameQualifier",
        "AWS::IoT::Certificate::StateName",
        "AWS::IoT::Certificate::CommonName",
        "AWS::IoT::Certificate::SerialNumber"};
    cJSON *all = cJSON_CreateObject();

    for (size_t i = 0; i < FIRST_CONTACT_SUBJECT_COUNT; i++)
        if (seen->subject[i] != NULL)
            cJSON_AddStringToObject(all, names[i], seen->subject[i]);
    if (all != NULL && cJSON_AddStringToObject(all, "AWS::IoT::Certificate::Id", c->id) != NULL)
        return all;
    cJSON_Delete(all);
    return NULL;
}

void provision_service_just_in_time(struct provision_service *s, const char *template_name,
                                    struct registry_certificate *c,
                                    const struct first_contact_certificate *seen, int64_t now_ms)
{
    const struct provision_template *t = provision_template_find(s, template_name);
    cJSON *parameters = t != NULL ? parameters_of(c, seen) : NULL;
    struct provision_error err;
    struct provision_plan plan;

    if (parameters != NULL && provision_plan_make(t->body, parameters, &plan, &err)) {
        provision_carry_out(s, &plan, c, now_ms, &err);
        provision_plan_done(&plan);
    }
    cJSON_Delete(parameters);
}

/* ---- what is over, and what outlives the broker ---- */

static bool is_over(void *value, void *ctx)
{
    const struct provision_token *t = value;
    const int64_t *now_ms = ctx;

    if (*now_ms < t->ends_ms)
        return false;
    free(value);
    return true;
}

void provision_service_sweep(struct provision_service *s, int64_t now_ms)
{
    table_sweep(&s->tokens, is_over, &now_ms);
}

static void save_token(const char *token, const void *value, void *ctx)
{
    const struct provision_token *t = value;
    struct text *to = ctx;

    text_str(to, "{\"ownershipToken\":");
    text_quoted(to, token);
    text_key(to, "of");
    text_quoted(to, t->certificate);
    text_key(to, "ends");
    text_int(to, t->ends_ms);
    text_str(to, "}\n");
}

static void save_template(const char *name, const void *value, void *ctx)
{
    const struct provision_template *t = value;
    struct text *to = ctx;

    text_str(to, "{\"template\":");
    text_quoted(to, name);
    text_key(to, "body");
    text_json(to, t->body);
    if (t->hook != NULL) {
        text_key(to, "hook");
        text_json(to, t->hook);
    }
    text_str(to, "}\n");
}

static void save_deleted(const struct provision_service *s, const char *name, struct text *to)
{
    if (provision_template_find(s, name) != NULL)
        return;
    text_str(to, "{\"templateDeleted\":");
    text_quoted(to, name);
    text_str(to, "}\n");
}

void provision_service_save(const struct provision_service *s, struct text *to)
{
    save_deleted(s, TEMPLATE_CLAIM, to);
    save_deleted(s, TEMPLATE_JUST_IN_TIME, to);
    table_each(&s->templates, save_template, to);
    table_each(&s->tokens, save_token, to);
}

static bool load_template(struct provision_service *s, const char *name, const cJSON *record)
{
    const cJSON *body = json_get(record, "body");
    const cJSON *hook = json_get(record, "hook");
    struct provision_error err;

    return provision_template_name_is_valid(name) && provision_template_check(body, &err) &&
           (hook == NULL || provision_hook_check(hook, &err)) &&
           provision_template_put(s, name, cJSON_Duplicate(body, true),
                                  hook != NULL ? cJSON_Duplicate(hook, true) : NULL);
}

static bool load_token(struct provision_service *s, const char *token, const cJSON *record)
{
    const char *certificate = json_str(record, "of", "");
    struct provision_token *t = calloc(1, sizeof *t);

    if (t == NULL || strlen(certificate) >= sizeof t->certificate ||
        table_get(&s->tokens, token) != NULL || !table_put(&s->tokens, token, t)) {
        free(t);
        return false;
    }
    memcpy(t->certificate, certificate, strlen(certificate) + 1);
    t->ends_ms = (int64_t)json_whole(record, "ends");
    return true;
}

bool provision_service_load(struct provision_service *s, const cJSON *record)
{
    const char *template_name = json_str(record, "template", NULL);
    const char *token = json_str(record, "ownershipToken", NULL);
    const char *deleted = json_str(record, "templateDeleted", NULL);

    if (deleted != NULL) {
        provision_template_free(table_remove(&s->templates, deleted));
        return true;
    }
    if (token != NULL)
        return load_token(s, token, record);
    return template_name != NULL && load_template(s, template_name, record);
}
