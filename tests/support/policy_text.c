#include "support/policy_text.h"

struct policy *policy_of_text(const char *text)
{
    struct error err;
    struct policy *policy = policy_compile("test", slice_str(text), &err);

    if (policy == NULL)
        fail_msg("%s: %s", text, err.text);
    return policy;
}
