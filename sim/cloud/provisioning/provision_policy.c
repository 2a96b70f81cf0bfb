#include "cloud/provisioning/provision_policy.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cloud/provisioning/provision_expression.h"

#define DEPTH 40

/* The document without white space, from an object or, as AWS shows it, a text that is one. Owned;
   NULL with the error. */
static char *compact(const cJSON *document, struct provision_error *err)
{
    cJSON *parsed =
        cJSON_IsString(document) ? json_parse(slice_str(document->valuestring), DEPTH) : NULL;
    struct text t;
    size_t len;

    if (cJSON_IsString(document) && parsed == NULL) {
        provision_fail(err, "PolicyDocument: its text is not JSON");
        return NULL;
    }
    text_init(&t);
    text_json(&t, parsed != NULL ? parsed : document);
    cJSON_Delete(parsed);
    err->text[0] = '\0';
    return text_take(&t, &len);
}

static bool hash(const char *document, char ret[POLICY_NAME_MAX + 1])
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    if (EVP_Digest(document, strlen(document), sum, &len, EVP_sha256(), NULL) != 1)
        return false;
    for (unsigned i = 0; i < len; i++)
        snprintf(ret + (size_t)i * 2, 3, "%02x", sum[i]);
    return true;
}

static bool refused(struct provision_error *err, const struct error *why)
{
    return provision_fail(err, "PolicyDocument: %.180s", why->text);
}

/* ---- checking ---- */

static bool check_document(const cJSON *document, struct provision_error *err)
{
    char *text = compact(document, err);
    struct error why;

    if (text == NULL)
        return false;
    struct policy *policy = policy_compile("of-a-template", slice_str(text), &why);
    free(text);
    if (policy == NULL)
        return refused(err, &why);
    policy_free(policy);
    return true;
}

bool provision_policy_check(const cJSON *resource, struct provision_error *err)
{
    const cJSON *properties = json_get(resource, "Properties");
    const cJSON *name = json_get(properties, "PolicyName");
    const cJSON *document = json_get(properties, "PolicyDocument");

    if ((name == NULL) == (document == NULL))
        return provision_fail(err,
                              "%.60s: it has %s (a policy of the cloud is named, or its "
                              "document given)",
                              resource->string,
                              name == NULL ? "neither PolicyName nor PolicyDocument"
                                           : "both PolicyName and PolicyDocument");
    return document == NULL || !provision_expression_is_constant(document) ||
           check_document(document, err);
}

/* ---- planning ---- */

bool provision_policy_plan(const cJSON *properties, struct provision_policy *ret,
                           struct provision_error *err)
{
    const char *name = json_str(properties, "PolicyName", NULL);
    const cJSON *document = json_get(properties, "PolicyDocument");

    *ret = (struct provision_policy){0};
    if (document != NULL) {
        ret->document = compact(document, err);
        return ret->document != NULL && hash(ret->document, ret->name);
    }
    if (name == NULL || !policy_name_is_valid(name))
        return provision_fail(err, "PolicyName: not a name");
    snprintf(ret->name, sizeof ret->name, "%s", name);
    return true;
}

void provision_policy_done(struct provision_policy *policy)
{
    free(policy->document);
    *policy = (struct provision_policy){0};
}

/* ---- doing ---- */

bool provision_policies_make(const struct provision_plan *plan, struct policy_store *policies,
                             int64_t now_ms, unsigned *ret_made, struct provision_error *err)
{
    struct error why;

    *ret_made = 0;
    for (size_t i = 0; i < plan->policy_count; i++) {
        const struct provision_policy *p = &plan->policies[i];
        if (p->document == NULL || policy_store_find(policies, p->name) != NULL)
            continue;
        if (!policy_store_put(policies, p->name, slice_str(p->document), now_ms, &why)) {
            provision_policies_unmake(plan, policies, *ret_made);
            return refused(err, &why);
        }
        *ret_made |= 1u << i;
    }
    return true;
}

void provision_policies_unmake(const struct provision_plan *plan, struct policy_store *policies,
                               unsigned made)
{
    for (size_t i = 0; i < plan->policy_count; i++)
        if ((made & 1u << i) != 0)
            policy_store_remove(policies, plan->policies[i].name);
}
