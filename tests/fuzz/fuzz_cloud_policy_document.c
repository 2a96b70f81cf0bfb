/* Policy documents: arbitrary bytes compile or get an error, never more than that; what compiles
   decides, and so does what it prints, the same. Input: the document, then a line with a name. */
/* The checks are the point, in every build type. */
#undef NDEBUG
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cloud/policies/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char certificate[] = "iot:Certificate.Subject.Country\0DE\0";
    const struct policy_principal who = {.client_id = "car-1",
                                         .common_name = "car-1",
                                         .unit = "vehicle",
                                         .thing_name = "car-1",
                                         .source_ip = "192.0.2.7",
                                         .certificate = certificate,
                                         .persistent = true};
    const uint8_t *last = memrchr(data, '\n', size);
    size_t len = last != NULL ? (size_t)(last - data) : size;
    char *name = last != NULL ? strndup((const char *)last + 1, size - len - 1) : strdup("a/b");
    struct error err;
    struct policy *policy = policy_compile_any_size("fuzz", slice_of(data, len), &err);

    if (policy == NULL) {
        assert(*err.text != '\0');
        free(name);
        return 0;
    }
    struct policy *again = policy_compile_any_size("fuzz", slice_str(policy_text(policy)), &err);
    assert(again != NULL);
    for (enum policy_action a = 0; a < POLICY_ACTION_COUNT; a++) {
        const struct policy *const one = policy, *const other = again;
        struct policy_decision x = policy_decide(&one, 1, &who, a, name);
        struct policy_decision y = policy_decide(&other, 1, &who, a, name);
        assert(x.allowed == y.allowed && x.statement == y.statement);
        assert(!x.allowed || x.policy == one);
    }
    policy_denies_wildcards(policy);
    policy_free(policy);
    policy_free(again);
    free(name);
    return 0;
}
