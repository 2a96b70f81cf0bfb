/* Policy patterns, filters, topics and log lines: arbitrary text never crashes the matchers, and
   the iterative matcher agrees with a plain recursive one. Input: parts that end with a newline. */
/* The checks are the point, in every build type. */
#undef NDEBUG
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cloud/clients/filter.h"
#include "cloud/clients/presence.h"
#include "cloud/policies/policy.h"
#include "cloud/shadows/shadow_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool plain_match(const char *p, const char *s)
{
    if (*p == '\0')
        return *s == '\0';
    if (*p == '*')
        return plain_match(p + 1, s) || (*s != '\0' && plain_match(p, s + 1));
    return *s != '\0' && (*p == '?' || *p == *s) && plain_match(p + 1, s + 1);
}

static bool is_ascii(const char *s)
{
    while (*s != '\0' && (unsigned char)*s < 128)
        s++;
    return *s == '\0';
}

/* NULL: it cannot stand in a policy. */
static struct policy *made_of(const char *pattern)
{
    char resource[128];
    struct error err;
    cJSON *document = cJSON_CreateObject();
    cJSON *statement = cJSON_AddObjectToObject(document, "Statement");

    snprintf(resource, sizeof resource, "arn:aws:iot:eu-west-1:123456789012:topic/%s", pattern);
    cJSON_AddStringToObject(document, "Version", "2012-10-17");
    cJSON_AddStringToObject(statement, "Effect", "Allow");
    cJSON_AddStringToObject(statement, "Action", "iot:Publish");
    cJSON_AddStringToObject(statement, "Resource", resource);
    char *text = cJSON_PrintUnformatted(document);
    struct policy *policy = policy_compile("fuzz", slice_str(text), &err);
    cJSON_free(text);
    cJSON_Delete(document);
    return policy;
}

static char *take(const uint8_t **data, size_t *size, size_t max)
{
    const uint8_t *end = memchr(*data, '\n', *size);
    size_t len = end != NULL ? (size_t)(end - *data) : *size;
    size_t used = end != NULL ? len + 1 : len;
    char *part = strndup((const char *)*data, len < max ? len : max);

    *data += used;
    *size -= used;
    return part;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct shadow_address address;

    presence_reason_from_log(slice_of(data, size), "tcu-1");
    char *pattern = take(&data, &size, 40);
    char *name = take(&data, &size, 300);
    char *variable = take(&data, &size, 300);
    struct policy_principal who = {.client_id = variable, .common_name = variable};
    struct policy *policy = made_of(pattern);
    /* Names too long for a pattern of any kind do not come; characters of several bytes are one. */
    bool allowed = policy_allows(policy, &who, POLICY_PUBLISH, name);
    /* The plain one takes exponential time. */
    if (policy != NULL && strstr(pattern, "${") == NULL && strlen(pattern) <= 10 &&
        strlen(name) <= 12 && is_ascii(name) && is_ascii(pattern))
        assert(allowed == plain_match(pattern, name));
    policy_free(policy);
    const char *bare = filter_unshared(name);
    if (bare != NULL && filter_matches(bare, variable) && !filter_has_wildcard(bare))
        assert(strcmp(bare, variable) == 0);
    topic_within_limits(name);
    shadow_address_parse(name, &address);
    free(pattern);
    free(name);
    free(variable);
    return 0;
}
