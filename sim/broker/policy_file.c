#include "broker/policy_file.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/store.h"
#include "base/xmem.h"
#include "cloud/policies/policy.h"

#define FILE_MAX ((size_t)65536)

static struct policy *compile(const char *path, const char *name, struct error *err)
{
    struct policy *policy = NULL;
    struct buf text;

    buf_init(&text, FILE_MAX);
    if (store_read(path, &text, err)) {
        policy = policy_compile(name, buf_slice(&text), err);
        if (policy == NULL)
            error_prefix(err, "%s", path);
    }
    buf_done(&text);
    return policy;
}

struct showing {
    void (*visit)(void *ctx, const char *name, const char *file);
    void *ctx;
};

static bool show_one(const char *path, const char *name, const struct showing *s, struct error *err)
{
    struct policy *policy = compile(path, name, err);

    if (policy != NULL)
        s->visit(s->ctx, name, path);
    policy_free(policy);
    return policy != NULL;
}

/* "NAME.json": its name, to be freed; else NULL. */
static char *name_of(const char *file)
{
    size_t len = strlen(file);

    return len > 5 && strcmp(file + len - 5, ".json") == 0 ? xstrndup(file, len - 5) : NULL;
}

static bool show_all(const char *path, DIR *dir, const struct showing *s, struct error *err)
{
    const struct dirent *entry;
    size_t count = 0;
    bool ok = true;

    while (ok && (entry = readdir(dir)) != NULL) {
        char *name = name_of(entry->d_name);
        char *file = xasprintf("%s/%s", path, entry->d_name);
        if (name != NULL)
            ok = show_one(file, name, s, err);
        count += name != NULL ? 1 : 0;
        free(file);
        free(name);
    }
    if (ok && count == 0)
        return error_set(err, ERROR_USAGE, "%s: no NAME.json in it (vehicle.json, …)", path);
    return ok;
}

bool policy_file_each(const char *path,
                      void (*visit)(void *ctx, const char *name, const char *file), void *ctx,
                      struct error *err)
{
    const struct showing s = {.visit = visit, .ctx = ctx};
    DIR *dir = opendir(path);

    if (dir == NULL)
        return show_one(path, "vehicle", &s, err);
    bool ok = show_all(path, dir, &s, err);
    closedir(dir);
    return ok;
}

/* As the local cloud asks when a will is published (contract 7.1): the first that is denied, or
   what decides the first. */
static struct policy_decision ask_all(const struct policy *policy, enum policy_action action,
                                      const struct policy_question *q, struct policy_verdict *ret)
{
    const struct policy_principal who = {.client_id = q->thing,
                                         .common_name = q->thing,
                                         .unit = "vehicle",
                                         .thing_name = q->thing,
                                         .source_ip = "127.0.0.1",
                                         .will = q->will != NULL ? POLICY_WILL : POLICY_NO_WILL,
                                         .will_topic = q->will};
    const enum policy_action actions[] = {action, POLICY_PUBLISH, POLICY_RETAIN_PUBLISH};
    size_t count = q->will == NULL ? 1 : q->will_retain ? 3 : 2;
    struct policy_decision first = {0};

    for (size_t i = 0; i < count; i++) {
        const char *name = i != 0 ? q->will : q->resource != NULL ? q->resource : q->thing;
        struct policy_decision d = policy_decide(&policy, 1, &who, actions[i], name);
        if (i == 0)
            first = d;
        if (i == 0 || !d.allowed)
            *ret =
                (struct policy_verdict){.action = policy_action_name(actions[i]), .resource = name};
        if (!d.allowed)
            return d;
    }
    return first;
}

bool policy_file_test(const char *path, const struct policy_question *q, struct policy_verdict *ret,
                      struct error *err)
{
    enum policy_action action = policy_action_find(q->action);

    if (action == POLICY_ACTION_COUNT)
        return error_set(err, ERROR_USAGE,
                         "--action %s: connect, publish, retain-publish, subscribe or receive",
                         q->action);
    if (q->resource == NULL && action != POLICY_CONNECT)
        return error_set(err, ERROR_USAGE,
                         "--topic: missing (to which topic, or with which filter?)");
    struct policy *policy = compile(path, "file", err);
    if (policy == NULL)
        return false;
    struct policy_decision d = ask_all(policy, action, q, ret);
    const char *sid = d.policy != NULL ? policy_statement_id(policy, d.statement) : NULL;
    ret->allowed = d.allowed;
    ret->decided = d.policy != NULL;
    ret->statement = d.statement;
    ret->sid = sid != NULL ? xstrdup(sid) : NULL;
    policy_free(policy);
    return true;
}
