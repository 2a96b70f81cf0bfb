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

struct policy_verdict {
    bool allowed;
    bool decided; /* by a statement; else nothing is about it */
    size_t statement;
    char *sid; /* free it; NULL: it has none */
};

/* What the file's document says of a car whose client id, thing and certificate are `thing`.
   `action`: "publish", …; `resource` NULL: the client id. ERROR_USAGE. */
bool policy_file_test(const char *path, const char *thing, const char *action, const char *resource,
                      struct policy_verdict *ret, struct error *err);

#endif
