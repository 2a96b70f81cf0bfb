#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cloud/operator/operator_core.h"
#include "cloud/policies/policy_defaults.h"
#include "cloud/registry/attachment.h"
#include "cloud/registry/target.h"

#define TARGETS_MAX 250

static const struct policy *policy_of(const struct operator_request *r,
                                      struct operator_fault *fault)
{
    const struct policy *policy = policy_store_find(&r->access->policies, r->address->name);

    if (policy == NULL)
        operator_refuse(fault, "ResourceNotFound", "there is no policy %s", r->address->name);
    return policy;
}

/* ---- put, get, list ---- */

static void write_summary(struct text *t, const struct stored_policy *stored)
{
    text_key(t, "policyName");
    text_quoted(t, policy_name(stored->policy));
    text_key(t, "version");
    text_int(t, stored->version);
    text_key(t, "statements");
    text_int(t, (int64_t)policy_statement_count(stored->policy));
    if (stored->changed_ms != 0) {
        text_key(t, "lastModifiedDate");
        text_int(t, stored->changed_ms / 1000);
    }
}

static bool on_put(struct operator_request *r, const cJSON *document, struct text *reply,
                   struct operator_fault *fault)
{
    const cJSON *given = json_get(document, "policyDocument");
    struct text t;

    if (given == NULL)
        return operator_refuse(fault, "InvalidRequest",
                               "policyDocument: missing (an object, or the text of one)");
    text_init(&t);
    if (cJSON_IsString(given))
        text_str(&t, given->valuestring);
    else
        text_json(&t, given);
    bool ok = !t.failed && policy_store_put(&r->access->policies, r->address->name,
                                            slice_of(t.data, t.len), r->now_ms, &fault->error);
    text_done(&t);
    if (!ok)
        return operator_bad(fault);
    const struct stored_policy *stored = policy_store_get(&r->access->policies, r->address->name);
    write_summary(reply, stored);
    if (policy_denies_wildcards(stored->policy)) {
        text_key(reply, "warning");
        text_quoted(reply, "POLICY_CONTAINS_MQTT_WILDCARDS_IN_DENY_STATEMENT: + and # stand for "
                           "themselves in a policy; write * to deny what they would match");
    }
    return true;
}

static bool on_get(struct operator_request *r, const cJSON *document, struct text *reply,
                   struct operator_fault *fault)
{
    const struct policy *policy = policy_of(r, fault);

    (void)document;
    if (policy == NULL)
        return false;
    write_summary(reply, policy_store_get(&r->access->policies, r->address->name));
    text_key(reply, "policyDocument");
    text_str(reply, policy_text(policy));
    return true;
}

static void take_name(const char *name, const void *value, void *ctx)
{
    (void)value;
    operator_names_take(name, ctx);
}

static bool on_list(struct operator_request *r, const cJSON *document, struct text *reply,
                    struct operator_fault *fault)
{
    struct operator_names names = {0};

    (void)document;
    (void)fault;
    table_each(&r->access->policies.policies, take_name, &names);
    operator_names_sort(&names);
    text_key(reply, "policies");
    text_str(reply, "[");
    for (size_t i = 0; i < names.count; i++) {
        operator_item(reply);
        text_str(reply, "{");
        write_summary(reply, policy_store_get(&r->access->policies, names.items[i]));
        text_str(reply, "}");
    }
    text_str(reply, "]");
    free(names.items);
    return !names.failed;
}

/* ---- targets ---- */

struct targets {
    const char *policy;
    struct text *to; /* NULL: they are only counted */
    size_t count;
};

static void add_target(struct targets *t, const char *kind, const char *name)
{
    if (t->to != NULL && t->count < TARGETS_MAX) {
        operator_item(t->to);
        text_str(t->to, "\"");
        text_str(t->to, kind);
        text_str(t->to, name);
        text_str(t->to, "\"");
    }
    t->count++;
}

static void look_at_certificate(const char *id, const void *value, void *ctx)
{
    const struct registry_certificate *c = value;
    struct targets *t = ctx;

    if (registry_has_policy(c, t->policy))
        add_target(t, "cert/", id);
}

static void look_at_group(const struct group *group, void *ctx)
{
    struct targets *t = ctx;

    for (size_t i = 0; i < group->policy_count; i++)
        if (strcmp(group->policies[i], t->policy) == 0)
            add_target(t, "thinggroup/", group->name);
}

static size_t each_target(const struct operator_request *r, struct text *to)
{
    struct targets t = {.policy = r->address->name, .to = to};

    groups_each(&r->access->groups, look_at_group, &t);
    table_each(&r->registry->certificates, look_at_certificate, &t);
    return t.count;
}

static bool on_targets(struct operator_request *r, const cJSON *document, struct text *reply,
                       struct operator_fault *fault)
{
    (void)document;
    if (policy_of(r, fault) == NULL)
        return false;
    text_key(reply, "targets");
    text_str(reply, "[");
    size_t count = each_target(r, reply);
    text_str(reply, "]");
    text_key(reply, "count");
    text_int(reply, (int64_t)count);
    return true;
}

static bool is_default(const char *name)
{
    for (size_t i = 0; i < POLICY_DEFAULT_COUNT; i++)
        if (strcmp(policy_default_name(i), name) == 0)
            return true;
    return false;
}

static bool on_delete(struct operator_request *r, const cJSON *document, struct text *reply,
                      struct operator_fault *fault)
{
    const char *name = r->address->name;

    (void)document;
    if (policy_of(r, fault) == NULL)
        return false;
    size_t count = is_default(name) ? 0 : each_target(r, NULL);
    if (count != 0)
        return operator_refuse(fault, "DeleteConflict",
                               "%s is attached to %zu targets (detach it first)", name, count);
    if (policy_store_get(&r->access->policies, name)->version == 0)
        return operator_refuse(fault, "InvalidRequest",
                               "%s comes with the cloud (put another in its place)", name);
    if (!policy_store_remove(&r->access->policies, name))
        return operator_refuse(fault, NULL, "no memory");
    text_key(reply, "policyName");
    text_quoted(reply, name);
    return true;
}

/* ---- attach, detach ---- */

/* The policy to attach is there. */
static bool change_certificate(const struct operator_request *r, struct registry_certificate *c,
                               bool attach, struct operator_fault *fault)
{
    const char *policy = r->address->name;

    if (!attach && !registry_has_policy(c, policy))
        return operator_refuse(fault, "ResourceNotFound", "%s is not attached to cert/%s", policy,
                               c->id);
    if (!attach) {
        registry_detach_policy(c, policy);
        return true;
    }
    enum attachment result = attachment_put(&r->access->policies, c, policy);
    if (result == ATTACHMENT_TOO_MANY)
        return operator_refuse(fault, "LimitExceeded", "cert/%s has %d policies, which is the most",
                               c->id, REGISTRY_POLICIES_MAX);
    return result == ATTACHMENT_OK || operator_refuse(fault, NULL, "no memory");
}

static bool change_thing(struct operator_request *r, const char *name, bool attach,
                         struct operator_fault *fault)
{
    const struct registry_thing *thing = registry_thing(r->registry, name);

    if (thing == NULL)
        return operator_refuse(fault, "ResourceNotFound", "there is no thing %.128s", name);
    if (thing->certificates.count == 0)
        return operator_refuse(fault, "InvalidRequest",
                               "%.128s has no certificate, and a policy is attached to one", name);
    for (size_t i = 0; i < thing->certificates.count; i++)
        if (!change_certificate(r, thing->certificates.items[i], attach, fault))
            return false;
    return true;
}

static bool change_group(struct operator_request *r, const char *name, bool attach,
                         struct operator_fault *fault)
{
    struct groups *groups = &r->access->groups;
    struct group *group = groups_find(groups, name);

    if (group == NULL)
        return operator_refuse(fault, "ResourceNotFound", "there is no group %.128s", name);
    if (attach)
        return group_attach_policy(groups, group, r->address->name, &fault->error) ||
               operator_bad(fault);
    return group_detach_policy(groups, group, r->address->name) ||
           operator_refuse(fault, "ResourceNotFound", "%s is not attached to group %s",
                           r->address->name, name);
}

static bool change(struct operator_request *r, const cJSON *document, bool attach,
                   struct operator_fault *fault)
{
    const char *target = operator_text(document, "target", fault);

    if (target == NULL || (attach && policy_of(r, fault) == NULL))
        return false;
    target = target_bare(target);
    const char *thing = target_name(target, "thing/", "thing/");
    const char *group = target_name(target, "thinggroup/", "group/");
    const char *id = target_name(target, "cert/", "certificate/");
    if (thing != NULL)
        return change_thing(r, thing, attach, fault);
    if (group != NULL)
        return change_group(r, group, attach, fault);
    if (id == NULL)
        return operator_refuse(fault, "InvalidRequest",
                               "target: thing/NAME, group/NAME or cert/ID, or such an ARN");
    struct registry_certificate *c = registry_certificate(r->registry, id);
    if (c == NULL)
        return operator_refuse(fault, "ResourceNotFound", "there is no certificate %.64s", id);
    return change_certificate(r, c, attach, fault);
}

static bool told_change(struct operator_request *r, const cJSON *document, bool attach,
                        struct text *reply, struct operator_fault *fault)
{
    bool ok = change(r, document, attach, fault);

    text_key(reply, "policyName");
    text_quoted(reply, r->address->name);
    return ok;
}

static bool on_attach(struct operator_request *r, const cJSON *document, struct text *reply,
                      struct operator_fault *fault)
{
    return told_change(r, document, true, reply, fault);
}

static bool on_detach(struct operator_request *r, const cJSON *document, struct text *reply,
                      struct operator_fault *fault)
{
    return told_change(r, document, false, reply, fault);
}

/* ---- test ---- */

/* Who it is about: a client that has connected, or else a thing with its first certificate. */
struct suspect {
    struct access_subject subject;
    struct policy_principal who;
    bool seen;
};

static bool find_suspect(const struct operator_request *r, const cJSON *document,
                         struct suspect *ret, struct operator_fault *fault)
{
    const char *name = json_str(document, "thingName", json_str(document, "clientId", NULL));
    const struct client *client = name != NULL ? presence_find(r->index.presence, name) : NULL;
    const struct registry_thing *thing = name != NULL ? registry_thing(r->registry, name) : NULL;

    *ret = (struct suspect){.seen = client != NULL};
    if (name == NULL)
        return operator_refuse(fault, "InvalidRequest", "thingName: missing (or clientId)");
    if (client != NULL) {
        ret->who = presence_principal(client);
        ret->subject = presence_subject(client);
    } else if (thing != NULL && thing->certificates.count != 0) {
        const struct registry_certificate *c = thing->certificates.items[0];
        ret->who = (struct policy_principal){.client_id = name};
        ret->subject = (struct access_subject){.certificate = c->id, .client_id = name};
    } else {
        return operator_refuse(fault, "ResourceNotFound",
                               "%.128s: no thing with a certificate, and no client", name);
    }
    return true;
}

static void write_decision(struct text *reply, const struct policy_decision *d)
{
    text_key(reply, "authDecision");
    text_quoted(reply, d->policy == NULL ? "IMPLICIT_DENY"
                       : d->allowed      ? "ALLOWED"
                                         : "EXPLICIT_DENY");
    if (d->policy == NULL)
        return;
    text_key(reply, "policyName");
    text_quoted(reply, policy_name(d->policy));
    text_key(reply, "statement");
    text_int(reply, (int64_t)d->statement);
    if (policy_statement_id(d->policy, d->statement) != NULL) {
        text_key(reply, "sid");
        text_quoted(reply, policy_statement_id(d->policy, d->statement));
    }
}

/* What is asked, and with a will, what is asked besides. */
struct test {
    enum policy_action action;
    const char *resource, *will;
    bool will_retain;
};

static bool read_test(const cJSON *document, const struct suspect *suspect, struct test *ret,
                      struct operator_fault *fault)
{
    const cJSON *will = json_get(document, "will");
    const char *word = operator_text(document, "action", fault);

    if (word == NULL)
        return false;
    *ret = (struct test){.action = policy_action_find(word),
                         .resource = json_str(document, "resource", NULL),
                         .will = json_str(will, "topic", NULL),
                         .will_retain = cJSON_IsTrue(json_get(will, "retain"))};
    if (ret->action == POLICY_ACTION_COUNT)
        return operator_refuse(fault, "InvalidRequest",
                               "action: connect, publish, retain-publish, subscribe or receive");
    if (will != NULL && (ret->will == NULL || ret->action != POLICY_CONNECT))
        return operator_refuse(fault, "InvalidRequest",
                               "will: {\"topic\",\"retain\"?}, and the action is connect");
    if (ret->action == POLICY_CONNECT && ret->resource == NULL)
        ret->resource = suspect->who.client_id;
    return ret->resource != NULL ||
           operator_refuse(fault, "InvalidRequest", "resource: missing (a topic or a filter)");
}

/* A will's topic needs what publishing there needs (contract 7.1): the first that is denied. */
static struct policy_decision run_test(const struct operator_request *r, struct access_view *view,
                                       struct suspect *suspect, struct test *test)
{
    const enum policy_action actions[] = {test->action, POLICY_PUBLISH, POLICY_RETAIN_PUBLISH};
    size_t count = test->will == NULL ? 1 : test->will_retain ? 3 : 2;
    struct policy_decision d = {0}, first = {0};

    suspect->who.will = test->will != NULL ? POLICY_WILL : POLICY_NO_WILL;
    suspect->who.will_topic = test->will;
    for (size_t i = 0; i < count; i++) {
        const char *name = i == 0 ? test->resource : test->will;
        d = access_decide(r->access, view, &suspect->subject, &suspect->who, actions[i], name);
        if (i == 0)
            first = d;
        if (d.allowed)
            continue;
        test->action = actions[i];
        test->resource = name;
        return d;
    }
    return first;
}

static bool on_test(struct operator_request *r, const cJSON *document, struct text *reply,
                    struct operator_fault *fault)
{
    struct access_view view = {0};
    struct suspect suspect;
    struct test test;

    if (!find_suspect(r, document, &suspect, fault) || !read_test(document, &suspect, &test, fault))
        return false;
    struct policy_decision d = run_test(r, &view, &suspect, &test);
    write_decision(reply, &d);
    text_key(reply, "action");
    text_quoted(reply, policy_action_name(test.action));
    text_key(reply, "resource");
    text_quoted(reply, test.resource);
    text_key(reply, "policies");
    text_str(reply, "[");
    for (size_t i = 0; i < view.count; i++) {
        operator_item(reply);
        text_quoted(reply, policy_name(view.items[i]));
    }
    text_str(reply, "]");
    text_key(reply, "seen");
    text_str(reply, suspect.seen ? "true" : "false");
    access_view_done(&view);
    return true;
}

const struct operator_verb operator_policy_verbs[] = {
    {"list",   false, on_list},
    {"test", false, on_test},
    {"put",   true, on_put},
    {"get", true, on_get},
    {"delete",    true, on_delete},
    {"targets",  true, on_targets},
    {"attach",    true, on_attach},
    {"detach",  true, on_detach},
    {0},
};
