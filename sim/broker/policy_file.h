/*
 * policy_file.h — policy documents in files (cloud/policies/policy.h): what --policy names.
 *
 * A file is the policy of vehicles; in a directory every NAME.json is the policy NAME.
 */
#ifndef BROKER_POLICY_FILE_H
#define BROKER_POLICY_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* Checks them, and shows visit() each policy's name and file. ERROR_USAGE names the file. */
bool policy_file_each(const char *path,
                      void (*visit)(void *ctx, const char *name, const char *file), void *ctx,
                      struct error *err);

struct policy_question {
    const char *thing;    /* the client id, the thing and the certificate of the car */
    const char *action;   /* "publish", … */
    const char *resource; /* NULL: the client id */
    const char *will;     /* topic of the will of a "connect"; NULL: none */
    bool will_retain;
};

struct policy_verdict {
    bool allowed;
    bool decided; /* by a statement; else nothing is about it */
    size_t statement;
    char *sid;                     /* free it; NULL: it has none */
    const char *action, *resource; /* what it is about: with a will there is more than one. The
                                      resource is the question's */
};

/* What the file's document says. ERROR_USAGE. */
bool policy_file_test(const char *path, const struct policy_question *question,
                      struct policy_verdict *ret, struct error *err);

#endif
