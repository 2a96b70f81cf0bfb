#include "cloud/provisioning/provision_template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cloud/provisioning/provision_expression.h"
#include "cloud/provisioning/provision_policy.h"
#include "cloud/registry/attachment.h"

#define THING       "AWS::IoT::Thing"
#define CERTIFICATE "AWS::IoT::Certificate"
#define POLICY      "AWS::IoT::Policy"

bool provision_template_name_is_valid(const char *name)
{
    size_t len = strlen(name);

    return len > 0 && len <= PROVISION_TEMPLATE_NAME_MAX &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") == len;
}

/* ---- checking ---- */

/* ORDER PROVISION_OVERRIDE */
static const char *const override_names[PROVISION_OVERRIDE_COUNT] = {"DO_NOTHING", "REPLACE",
                                                                     "FAIL", "MERGE"};

/* The setting of a property; the default without one, PROVISION_OVERRIDE_COUNT: none that is known.
 */
static enum provision_override override_of(const cJSON *resource, const char *property)
{
    const char *name = json_str(json_get(resource, "OverrideSettings"), property, "DO_NOTHING");
    enum provision_override o = 0;

    while (o < PROVISION_OVERRIDE_COUNT && strcmp(override_names[o], name) != 0)
        o++;
    return o;
}

static bool check_parameters(const cJSON *parameters, struct provision_error *err)
{
    const cJSON *p;

    if (parameters != NULL && !cJSON_IsObject(parameters))
        return provision_fail(err, "Parameters: not an object");
    cJSON_ArrayForEach(p, parameters)
    {
        const cJSON *fallback = json_get(p, "Default");
        if (strcmp(json_str(p, "Type", ""), "String") != 0)
            return provision_fail(err, "Parameters.%s: its Type is not String", p->string);
        if (fallback != NULL && !cJSON_IsString(fallback))
            return provision_fail(err, "Parameters.%s: its Default is not a text", p->string);
    }
    return true;
}

static bool check_overrides(const cJSON *resource, struct provision_error *err)
{
    const cJSON *setting;

    cJSON_ArrayForEach(setting, json_get(resource, "OverrideSettings"))
    {
        enum provision_override o = override_of(resource, setting->string);
        if (o == PROVISION_OVERRIDE_COUNT)
            return provision_fail(err,
                                  "%s: OverrideSettings.%s: none of DO_NOTHING, REPLACE, "
                                  "FAIL, MERGE",
                                  resource->string, setting->string);
        if (o == PROVISION_MERGE && strcmp(setting->string, "AttributePayload") != 0)
            return provision_fail(err, "%s: OverrideSettings.%s: only attributes can be merged",
                                  resource->string, setting->string);
    }
    return true;
}

struct tally {
    int things, certificates, policies;
};

static bool check_resource(const cJSON *resource, struct tally *tally, struct provision_error *err)
{
    const char *type = json_str(resource, "Type", "");
    const cJSON *properties = json_get(resource, "Properties");

    if (!cJSON_IsObject(properties))
        return provision_fail(err, "%s: it has no Properties", resource->string);
    if (strcmp(type, THING) == 0)
        tally->things++;
    else if (strcmp(type, CERTIFICATE) == 0)
        tally->certificates++;
    else if (strcmp(type, POLICY) == 0)
        tally->policies++;
    else
        return provision_fail(err, "%s: its Type is not " THING ", " CERTIFICATE " or " POLICY,
                              resource->string);
    if (strcmp(type, THING) == 0 && json_get(properties, "ThingName") == NULL)
        return provision_fail(err, "%s: it has no ThingName", resource->string);
    if (strcmp(type, POLICY) == 0 && !provision_policy_check(resource, err))
        return false;
    return check_overrides(resource, err);
}

bool provision_template_check(const cJSON *body, struct provision_error *err)
{
    const cJSON *resources = json_get(body, "Resources");
    const cJSON *resource;
    struct tally tally = {0};

    if (!cJSON_IsObject(body))
        return provision_fail(err, "the template is not a JSON object");
    if (!check_parameters(json_get(body, "Parameters"), err))
        return false;
    if (!cJSON_IsObject(resources))
        return provision_fail(err, "the template has no Resources");
    cJSON_ArrayForEach(resource, resources)
    {
        if (!check_resource(resource, &tally, err))
            return false;
    }
    if (tally.certificates != 1 || tally.things > 1 || tally.policies > PROVISION_POLICIES_MAX)
        return provision_fail(err,
                              "a template has one " CERTIFICATE ", at most one " THING
                              " and at most %d of " POLICY,
                              PROVISION_POLICIES_MAX);
    return provision_expression_check(body, err);
}

/* ---- the plan ---- */

static const char *text_of(const cJSON *of, const char *name)
{
    return json_str(of, name, NULL);
}

static bool plan_thing(struct provision_plan *plan, const cJSON *resource, const cJSON *properties,
                       struct provision_error *err)
{
    plan->thing = text_of(properties, "ThingName");
    plan->type = text_of(properties, "ThingTypeName");
    plan->attributes = json_get(properties, "AttributePayload");
    plan->groups = json_get(properties, "ThingGroups");
    plan->groups_override = override_of(resource, "ThingGroups");
    plan->attributes_override = override_of(resource, "AttributePayload");
    plan->type_override = override_of(resource, "ThingTypeName");
    if (plan->thing == NULL || !registry_name_is_valid(plan->thing))
        return provision_fail(err, "ThingName: \"%.80s\" is not a thing's name",
                              plan->thing != NULL ? plan->thing : "");
    return plan->type == NULL || registry_name_is_valid(plan->type) ||
           provision_fail(err, "ThingTypeName: not a name");
}

static bool plan_certificate(struct provision_plan *plan, const cJSON *resource,
                             const cJSON *properties, struct provision_error *err)
{
    const char *status = text_of(properties, "Status");

    plan->status_override = override_of(resource, "Status");
    plan->status = status != NULL ? registry_status_find(status) : REGISTRY_ACTIVE;
    return plan->status == REGISTRY_ACTIVE || plan->status == REGISTRY_INACTIVE ||
           provision_fail(err, "Status: neither ACTIVE nor INACTIVE");
}

/* `resource` is the template's, `properties` what they come to. */
static bool plan_resource(struct provision_plan *plan, const cJSON *resource,
                          const cJSON *properties, struct provision_error *err)
{
    const char *type = json_str(resource, "Type", "");

    if (strcmp(type, THING) == 0)
        return plan_thing(plan, resource, properties, err);
    if (strcmp(type, CERTIFICATE) == 0)
        return plan_certificate(plan, resource, properties, err);
    return provision_policy_plan(properties, &plan->policies[plan->policy_count++], err);
}

/* The parameters that are declared, given or by default; NULL: one is missing, or no memory. */
static cJSON *complete(const cJSON *body, const cJSON *given, struct provision_error *err)
{
    cJSON *all = cJSON_Duplicate(given, true);
    const cJSON *p;

    if (all == NULL)
        all = cJSON_CreateObject();
    cJSON_ArrayForEach(p, json_get(body, "Parameters"))
    {
        const char *fallback = json_str(p, "Default", NULL);
        if (json_get(all, p->string) != NULL)
            continue;
        err->text[0] = '\0';
        if (fallback == NULL)
            provision_fail(err, "the parameter %s is missing", p->string);
        if (fallback == NULL || cJSON_AddStringToObject(all, p->string, fallback) == NULL) {
            cJSON_Delete(all);
            return NULL;
        }
    }
    return all;
}

/* A document of a policy that is made of what the car says must mean the same whatever it says: no
   end of a text, no wildcard, no variable. */
static bool check_said(const cJSON *body, const cJSON *parameters, struct provision_error *err)
{
    const cJSON *resource, *p;
    bool open = false;

    cJSON_ArrayForEach(resource, json_get(body, "Resources"))
    {
        const cJSON *document = json_get(json_get(resource, "Properties"), "PolicyDocument");
        open |= document != NULL && !provision_expression_is_constant(document);
    }
    cJSON_ArrayForEach(p, parameters)
    {
        if (open && cJSON_IsString(p) && strpbrk(p->valuestring, "\"\\*?$") != NULL)
            return provision_fail(err,
                                  "the parameter %.60s has \", \\, *, ? or $ in it, and the "
                                  "template makes a PolicyDocument of parameters",
                                  p->string);
    }
    return true;
}

static bool plan_all(const cJSON *body, struct provision_plan *plan, struct provision_error *err)
{
    const cJSON *resources = json_get(body, "Resources");
    const cJSON *resource;

    cJSON_ArrayForEach(resource, resources)
    {
        const cJSON *made = json_get(json_get(plan->tree, "Resources"), resource->string);
        if (!plan_resource(plan, resource, json_get(made, "Properties"), err))
            return false;
    }
    plan->device_configuration = json_get(plan->tree, "DeviceConfiguration");
    return true;
}

bool provision_plan_make(const cJSON *body, const cJSON *parameters, struct provision_plan *ret,
                         struct provision_error *err)
{
    cJSON *all = complete(body, parameters, err);

    *ret = (struct provision_plan){.status = REGISTRY_ACTIVE};
    if (all == NULL)
        return false;
    ret->tree = check_said(body, parameters, err) ? provision_evaluate(body, all, err) : NULL;
    cJSON_Delete(all);
    if (ret->tree != NULL && plan_all(body, ret, err))
        return true;
    provision_plan_done(ret);
    return false;
}

void provision_plan_done(struct provision_plan *plan)
{
    for (size_t i = 0; i < plan->policy_count; i++)
        provision_policy_done(&plan->policies[i]);
    cJSON_Delete(plan->tree);
    *plan = (struct provision_plan){0};
}

/* ---- doing it ---- */

static bool no_memory(struct provision_error *err)
{
    err->text[0] = '\0';
    return false;
}

static bool check_thing(const struct provision_plan *plan, const struct registry_thing *thing,
                        struct provision_error *err)
{
    if (plan->attributes_override == PROVISION_FAIL && plan->attributes != NULL &&
        !json_equal(plan->attributes, thing->attributes))
        return provision_fail(err, "the thing %s has other attributes", thing->name);
    if (plan->type_override == PROVISION_FAIL && plan->type != NULL &&
        (thing->type == NULL || strcmp(plan->type, thing->type) != 0))
        return provision_fail(err, "the thing %s is of another type", thing->name);
    return true;
}

static bool change_thing(const struct provision_plan *plan, struct registry_thing *thing,
                         bool is_new, struct provision_error *err)
{
    bool attributes = is_new || plan->attributes_override == PROVISION_REPLACE ||
                      plan->attributes_override == PROVISION_MERGE;
    bool replaces = plan->attributes_override == PROVISION_REPLACE;

    if (plan->attributes != NULL && attributes &&
        !registry_thing_set_attributes(thing, plan->attributes, replaces))
        return provision_fail(err, "AttributePayload: not an object of at most %d texts",
                              REGISTRY_ATTRIBUTES_MAX);
    if (plan->type != NULL && (is_new || plan->type_override == PROVISION_REPLACE) &&
        !registry_thing_set_type(thing, plan->type))
        return no_memory(err);
    return true;
}

static bool apply_thing(const struct provision_plan *plan, struct registry *registry,
                        struct registry_certificate *certificate, int64_t now_ms,
                        struct provision_error *err)
{
    struct registry_thing *thing = registry_thing(registry, plan->thing);
    bool is_new = thing == NULL;

    if (is_new)
        thing = registry_thing_add(registry, plan->thing, now_ms);
    if (thing == NULL)
        return no_memory(err);
    if (change_thing(plan, thing, is_new, err))
        return registry_attach(certificate, thing) || no_memory(err);
    if (is_new)
        registry_thing_remove(registry, thing);
    return false;
}

static bool check_policies(const struct provision_plan *plan, const struct policy_store *policies,
                           const struct registry_certificate *certificate,
                           struct provision_error *err)
{
    const char *names[PROVISION_POLICIES_MAX], *bad = NULL;

    for (size_t i = 0; i < plan->policy_count; i++)
        names[i] = plan->policies[i].name;
    enum attachment result =
        attachment_check(policies, certificate, names, plan->policy_count, &bad);
    if (result == ATTACHMENT_OK)
        return true;
    if (result == ATTACHMENT_TOO_MANY)
        return provision_fail(err, "PolicyName: the certificate would have more than %d policies",
                              REGISTRY_POLICIES_MAX);
    return provision_fail(err, "PolicyName: there is no policy %.128s", bad);
}

static bool attach_policies(const struct provision_plan *plan, const struct policy_store *policies,
                            struct registry_certificate *certificate, struct provision_error *err)
{
    for (size_t i = 0; i < plan->policy_count; i++)
        if (attachment_put(policies, certificate, plan->policies[i].name) != ATTACHMENT_OK)
            return no_memory(err);
    return true;
}

bool provision_plan_apply(const struct provision_plan *plan, struct policy_store *policies,
                          struct registry *registry, struct registry_certificate *certificate,
                          int64_t now_ms, struct provision_error *err)
{
    const struct registry_thing *there =
        plan->thing != NULL ? registry_thing(registry, plan->thing) : NULL;
    bool pending = certificate->status == REGISTRY_PENDING_ACTIVATION;
    unsigned made;

    if (there != NULL && !check_thing(plan, there, err))
        return false;
    if (!pending && plan->status_override == PROVISION_FAIL && certificate->status != plan->status)
        return provision_fail(err, "the certificate is %s",
                              registry_status_name(certificate->status));
    if (!provision_policies_make(plan, policies, now_ms, &made, err))
        return false;
    if (!check_policies(plan, policies, certificate, err) ||
        (plan->thing != NULL && !apply_thing(plan, registry, certificate, now_ms, err)) ||
        !attach_policies(plan, policies, certificate, err)) {
        provision_policies_unmake(plan, policies, made);
        return false;
    }
    if (pending || plan->status_override == PROVISION_REPLACE)
        registry_certificate_set_status(registry, certificate, plan->status, now_ms);
    return true;
}
