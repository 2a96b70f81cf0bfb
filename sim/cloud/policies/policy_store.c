#include "cloud/policies/policy_store.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cloud/policies/policy_defaults.h"

static void free_stored(void *value)
{
    struct stored_policy *stored = value;

    policy_free(stored->policy);
    free(stored);
}

/* Without memory for it, it is the next writing of the whole that has the change. */
static void touch(struct policy_store *s, const char *name)
{
    if (s->journals)
        table_put(&s->touched, name, s);
}

/* Takes the policy in any case. */
static bool keep(struct policy_store *s, struct policy *policy, unsigned version, int64_t now_ms)
{
    struct stored_policy *before =
        policy != NULL ? table_get(&s->policies, policy_name(policy)) : NULL;
    struct stored_policy *stored =
        policy != NULL && before == NULL ? calloc(1, sizeof *stored) : before;

    if (stored == NULL ||
        (before == NULL && !table_put(&s->policies, policy_name(policy), stored))) {
        if (before == NULL)
            free(stored);
        policy_free(policy);
        return false;
    }
    policy_free(stored->policy);
    *stored = (struct stored_policy){.policy = policy, .version = version, .changed_ms = now_ms};
    touch(s, policy_name(policy));
    /* A new one nobody keeps. Who lacks it, because an attachment has outlived the last one of that
       name, sees it by their number. */
    s->generation += before != NULL ? 1 : 0;
    return true;
}

bool policy_store_init(struct policy_store *s)
{
    *s = (struct policy_store){0};
    table_init(&s->policies);
    table_init(&s->given);
    table_init(&s->touched);
    for (size_t i = 0; i < POLICY_DEFAULT_COUNT; i++)
        if (!keep(s, policy_default_compile(i), 0, 0)) {
            policy_store_done(s);
            return false;
        }
    return true;
}

void policy_store_done(struct policy_store *s)
{
    table_done(&s->policies, free_stored);
    table_done(&s->given, NULL);
    table_done(&s->touched, NULL);
}

const struct stored_policy *policy_store_get(const struct policy_store *s, const char *name)
{
    return table_get(&s->policies, name);
}

const struct policy *policy_store_find(const struct policy_store *s, const char *name)
{
    const struct stored_policy *stored = policy_store_get(s, name);

    return stored != NULL ? stored->policy : NULL;
}

bool policy_store_put(struct policy_store *s, const char *name, struct slice document,
                      int64_t now_ms, struct error *err)
{
    const struct stored_policy *before = policy_store_get(s, name);

    if (strcmp(name, POLICY_OWNER) == 0)
        return error_set(err, ERROR_USAGE,
                         POLICY_OWNER
                         ": the policy of the cloud's owner stays as it is (take another name)");
    struct policy *policy = policy_compile(name, document, err);
    if (policy == NULL)
        return false;
    return keep(s, policy, before != NULL ? before->version + 1 : 1, now_ms) ||
           error_set(err, ERROR_FAILED, "no memory");
}

bool policy_store_give(struct policy_store *s, const char *name, struct slice document,
                       int64_t now_ms, struct error *err)
{
    if (!table_put(&s->given, name, s))
        return error_set(err, ERROR_FAILED, "no memory");
    if (!policy_store_put(s, name, document, now_ms, err))
        return false;
    ((struct stored_policy *)table_get(&s->policies, name))->given = true;
    return true;
}

static size_t default_of(const char *name)
{
    size_t i = 0;

    while (i < POLICY_DEFAULT_COUNT && strcmp(policy_default_name(i), name) != 0)
        i++;
    return i;
}

bool policy_store_remove(struct policy_store *s, const char *name)
{
    const struct stored_policy *stored = policy_store_get(s, name);
    size_t known = default_of(name);

    if (stored == NULL || stored->version == 0)
        return false;
    if (known < POLICY_DEFAULT_COUNT)
        return keep(s, policy_default_compile(known), 0, 0);
    touch(s, name);
    free_stored(table_remove(&s->policies, name));
    s->generation++;
    return true;
}

/* What comes with the next start anyway is no state: another start may give another, or none. */
static bool is_put(const struct stored_policy *stored)
{
    return stored->version != 0 && !stored->given;
}

static void count_one(const char *name, const void *value, void *ctx)
{
    size_t *count = ctx;

    (void)name;
    *count += is_put(value);
}

size_t policy_store_count(const struct policy_store *s)
{
    size_t count = 0;

    table_each(&s->policies, count_one, &count);
    return count;
}

static void save_one(const char *name, const void *value, void *ctx)
{
    const struct stored_policy *stored = value;
    struct text *to = ctx;

    if (!is_put(stored))
        return;
    text_str(to, "{\"policy\":");
    text_quoted(to, name);
    text_key(to, "version");
    text_int(to, stored->version);
    text_key(to, "changed");
    text_int(to, stored->changed_ms);
    text_key(to, "document");
    text_str(to, policy_text(stored->policy));
    text_str(to, "}\n");
}

static void save_deleted(const char *name, const void *value, void *ctx)
{
    const struct policy_store *s = value;
    const struct stored_policy *stored = policy_store_get(s, name);
    struct text *to = ctx;

    if (stored != NULL && stored->version != 0)
        return;
    text_str(to, "{\"policyDeleted\":");
    text_quoted(to, name);
    text_str(to, "}\n");
}

void policy_store_save(const struct policy_store *s, struct text *to)
{
    table_each(&s->policies, save_one, to);
    table_each(&s->given, save_deleted, to);
}

bool policy_store_load(struct policy_store *s, const cJSON *record)
{
    const char *name = json_str(record, "policy", NULL);
    const char *deleted = json_str(record, "policyDeleted", NULL);
    const cJSON *document = json_get(record, "document");
    struct error err;
    struct text t;

    /* It need not have been given this time. */
    if (deleted != NULL) {
        policy_store_remove(s, deleted);
        return true;
    }
    if (name == NULL || strcmp(name, POLICY_OWNER) == 0 || document == NULL)
        return false;
    text_init(&t);
    text_json(&t, document);
    struct policy *policy = NULL;
    if (!t.failed)
        policy = policy_compile(name, slice_of(t.data, t.len), &err);
    text_done(&t);
    unsigned version = (unsigned)json_whole(record, "version");
    return policy != NULL &&
           keep(s, policy, version != 0 ? version : 1, (int64_t)json_whole(record, "changed"));
}

static void journal_one(const char *name, const void *value, void *ctx)
{
    const struct policy_store *s = value;
    const struct stored_policy *stored = policy_store_get(s, name);

    if (stored != NULL && stored->version != 0)
        save_one(name, stored, ctx);
    else
        save_deleted(name, s, ctx);
}

void policy_store_journal(struct policy_store *s, struct text *to)
{
    if (s->touched.count == 0)
        return;
    table_each(&s->touched, journal_one, to);
    table_done(&s->touched, NULL);
    table_init(&s->touched);
}
