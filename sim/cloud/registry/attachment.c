#include "cloud/registry/attachment.h"

#include <string.h>

static bool is_named_before(const char *const *names, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (strcmp(names[i], names[at]) == 0)
            return true;
    return false;
}

enum attachment attachment_check(const struct policy_store *policies,
                                 const struct registry_certificate *c, const char *const *names,
                                 size_t count, const char **ret_bad)
{
    size_t total = c->policies.count;
    enum attachment result = ATTACHMENT_OK;
    size_t i = 0;

    for (; i < count && result == ATTACHMENT_OK; i++) {
        total += !registry_has_policy(c, names[i]) && !is_named_before(names, i) ? 1 : 0;
        if (!policy_name_is_valid(names[i]))
            result = ATTACHMENT_BAD_NAME;
        else if (policy_store_find(policies, names[i]) == NULL)
            result = ATTACHMENT_NO_POLICY;
        else if (total > REGISTRY_POLICIES_MAX && !registry_has_policy(c, names[i]))
            result = ATTACHMENT_TOO_MANY;
    }
    if (result != ATTACHMENT_OK && ret_bad != NULL)
        *ret_bad = names[i - 1];
    return result;
}

enum attachment attachment_put(const struct policy_store *policies, struct registry_certificate *c,
                               const char *name)
{
    enum attachment result = attachment_check(policies, c, &name, 1, NULL);

    if (result == ATTACHMENT_OK && !registry_attach_policy(c, name))
        return ATTACHMENT_NO_MEMORY;
    return result;
}
