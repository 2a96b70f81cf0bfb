/*
 * attachment.h — when a policy may be attached to a certificate: its name is one, there is such a
 * policy, and the certificate has at most ten (contract 7.1). Operators, templates and the registry
 * all go by it.
 */
#ifndef CLOUD_REGISTRY_ATTACHMENT_H
#define CLOUD_REGISTRY_ATTACHMENT_H

#include "cloud/policies/policy_store.h"
#include "cloud/registry/registry.h"

enum attachment {
    ATTACHMENT_OK,
    ATTACHMENT_BAD_NAME,
    ATTACHMENT_NO_POLICY,
    ATTACHMENT_TOO_MANY, /* the certificate would have more than REGISTRY_POLICIES_MAX */
    ATTACHMENT_NO_MEMORY
};

/* May all of these be attached? What is attached already, or named twice, counts once. *ret_bad, if
   not NULL, is the first name that may not. */
enum attachment attachment_check(const struct policy_store *policies,
                                 const struct registry_certificate *certificate,
                                 const char *const *names, size_t count, const char **ret_bad);
/* Attaches that one if it may be. Idempotent. */
enum attachment attachment_put(const struct policy_store *policies,
                               struct registry_certificate *certificate, const char *name);

#endif
