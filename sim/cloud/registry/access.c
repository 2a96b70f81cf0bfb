#include "cloud/registry/access.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "cloud/policies/policy_defaults.h"

#define NAME_SHOWN 100 /* bytes of it */
#define SID_SHOWN  30

/* Who joins or leaves a group has other policies. */
static void member_changed(void *ctx, const char *name)
{
    const struct access *a = ctx;
    const struct registry_thing *thing = registry_thing(a->registry, name);

    if (thing != NULL)
        registry_thing_changed(thing);
}

bool access_init(struct access *a, const struct registry *registry)
{
    *a = (struct access){.registry = registry};
    groups_init(&a->groups);
    a->groups.member_changed = member_changed;
    a->groups.ctx = a;
    return policy_store_init(&a->policies);
}

void access_done(struct access *a)
{
    policy_store_done(&a->policies);
    groups_done(&a->groups);
}

/* What concerns everybody: all three only rise. A view that was never looked up has 0. */
static uint64_t generation(const struct access *a)
{
    return 1 + a->policies.generation + a->groups.generation + a->registry->removed;
}

static const struct registry_certificate *certificate_of(const struct access *a,
                                                         const struct access_subject *subject)
{
    return subject->user == NULL && subject->certificate != NULL && *subject->certificate != '\0'
               ? registry_certificate(a->registry, subject->certificate)
               : NULL;
}

/* The certificate that it was made with is there as long as none was removed. */
static bool is_current(const struct access *a, const struct access_view *view,
                       const struct access_subject *subject)
{
    if (view->generation != generation(a) ||
        (view->lacks_policy && view->policy_count != a->policies.policies.count))
        return false;
    return view->certificate != NULL ? view->changes == view->certificate->changes
                                     : certificate_of(a, subject) == NULL;
}

void access_view_done(struct access_view *view)
{
    free(view->items);
    *view = (struct access_view){0};
}

/* ---- looking up ---- */

struct look_up {
    const struct access *access;
    struct access_view *view;
    bool ok;
};

/* A name that no policy has means nothing. */
static void add(struct look_up *l, const char *name)
{
    const struct policy *policy = policy_store_find(&l->access->policies, name);
    const struct policy **items = NULL;

    l->view->lacks_policy |= policy == NULL;
    if (policy == NULL || !l->ok)
        return;
    items = realloc(l->view->items, (l->view->count + 1) * sizeof(const struct policy *));
    if (items == NULL) {
        l->ok = false;
        return;
    }
    l->view->items = items;
    items[l->view->count++] = policy;
    l->view->reads_thing |= policy_reads_thing(policy);
}

static void add_group(const struct group *group, void *ctx)
{
    for (size_t i = 0; i < group->policy_count; i++)
        add(ctx, group->policies[i]);
}

static bool look_up(const struct access *a, struct access_view *view,
                    const struct access_subject *subject)
{
    struct look_up l = {.access = a, .view = view, .ok = true};
    const struct registry_certificate *certificate = certificate_of(a, subject);

    access_view_done(view);
    if (subject->owner)
        add(&l, POLICY_OWNER);
    if (subject->user != NULL)
        add(&l, subject->user);
    for (size_t i = 0; certificate != NULL && i < certificate->policies.count; i++)
        add(&l, certificate->policies.items[i]);
    view->is_thing = certificate != NULL && registry_is_attached(certificate, subject->client_id);
    if (view->is_thing)
        groups_each_of(&a->groups, subject->client_id, true, add_group, &l);
    if (!l.ok) {
        access_view_done(view);
        return false;
    }
    view->generation = generation(a);
    view->policy_count = a->policies.policies.count;
    view->certificate = certificate;
    view->changes = certificate != NULL ? certificate->changes : 0;
    return true;
}

struct policy_decision access_decide(const struct access *a, struct access_view *view,
                                     const struct access_subject *subject,
                                     const struct policy_principal *who, enum policy_action action,
                                     const char *name)
{
    struct policy_principal whole = *who;

    if (!is_current(a, view, subject) && !look_up(a, view, subject))
        return (struct policy_decision){0};
    const struct registry_thing *thing = view->reads_thing && view->is_thing
                                             ? registry_thing(a->registry, subject->client_id)
                                             : NULL;
    whole.thing_name = view->is_thing ? subject->client_id : NULL;
    if (thing != NULL) {
        whole.thing_type = thing->type;
        whole.thing_attributes = thing->attributes;
    }
    return policy_decide(view->items, view->count, &whole, action, name);
}

/* Not within a character: what is wrong UTF-8 closes more than it explains. */
static struct slice cut_short(const char *text, size_t bytes)
{
    struct slice whole = slice_str(text);

    return whole.len > bytes ? slice_of(text, json_utf8_prefix(slice_of(text, bytes))) : whole;
}

void access_explain(const struct policy_decision *denied, enum policy_action action,
                    const char *name, char ret[ACCESS_WHY_SIZE])
{
    const char *word = policy_action_name(action);
    const char *sid =
        denied->policy != NULL ? policy_statement_id(denied->policy, denied->statement) : NULL;

    struct slice shown = cut_short(name, NAME_SHOWN);
    struct slice statement = cut_short(sid != NULL ? sid : "", SID_SHOWN);
    if (denied->policy == NULL)
        snprintf(ret, ACCESS_WHY_SIZE, "%s %.*s: no policy allows it", word, SLICE_ARGS(shown));
    else
        snprintf(ret, ACCESS_WHY_SIZE, "%s %.*s: denied by policy %.40s, Statement[%zu]%s%.*s%s",
                 word, SLICE_ARGS(shown), policy_name(denied->policy), denied->statement,
                 sid != NULL ? " (" : "", SLICE_ARGS(statement), sid != NULL ? ")" : "");
}
