#include "broker/policy_file.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/xmem.h"
#include "cloud/policies/policy.h"

#define FILE_MAX ((size_t)65536)

static struct policy *compile(const char *path, const char *name, struct error *err)
{
    FILE *f = fopen(path, "re");
    char *text = xmalloc(FILE_MAX);
    size_t len = f != NULL ? fread(text, 1, FILE_MAX, f) : 0;
    struct policy *policy = NULL;

    if (f == NULL || ferror(f) != 0)
        error_set(err, ERROR_USAGE, "%s (give a file that exists)", strerror(errno));
    else
        policy = policy_compile(name, slice_of(text, len), err);
    if (f != NULL)
        fclose(f);
    free(text);
    if (policy == NULL)
        error_prefix(err, "%s", path);
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

bool policy_file_test(const char *path, const char *thing, const char *action, const char *resource,
                      struct policy_verdict *ret, struct error *err)
{
    const struct policy_principal who = {.client_id = thing,
                                         .common_name = thing,
                                         .unit = "vehicle",
                                         .thing_name = thing,
                                         .source_ip = "127.0.0.1"};
    enum policy_action found = policy_action_find(action);

    if (found == POLICY_ACTION_COUNT)
        return error_set(err, ERROR_USAGE,
                         "--action %s: connect, publish, retain-publish, subscribe or receive",
                         action);
    if (resource == NULL && found != POLICY_CONNECT)
        return error_set(err, ERROR_USAGE,
                         "--topic: missing (to which topic, or with which filter?)");
    struct policy *policy = compile(path, "file", err);
    if (policy == NULL)
        return false;
    const struct policy *const one = policy;
    struct policy_decision d =
        policy_decide(&one, 1, &who, found, resource != NULL ? resource : thing);
    const char *sid = d.policy != NULL ? policy_statement_id(policy, d.statement) : NULL;
    *ret = (struct policy_verdict){.allowed = d.allowed,
                                   .decided = d.policy != NULL,
                                   .statement = d.statement,
                                   .sid = sid != NULL ? xstrdup(sid) : NULL};
    policy_free(policy);
    return true;
}
