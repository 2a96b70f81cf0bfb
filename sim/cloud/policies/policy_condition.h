/*
 * policy_condition.h — the conditions of a policy's statement, with IAM's operators as far as AWS
 * IoT has keys for them: StringEquals, StringLike and their opposites, with IgnoreCase; ArnEquals,
 * ArnLike; Bool, Null, Numeric…, IpAddress; ForAllValues: and ForAnyValue: before, IfExists behind.
 */
#ifndef CLOUD_POLICIES_POLICY_CONDITION_H
#define CLOUD_POLICIES_POLICY_CONDITION_H

#include <stdint.h>

#include "cloud/policies/policy_variable.h"

struct condition_operator;

enum condition_set { CONDITION_ONE, CONDITION_ALL_VALUES, CONDITION_ANY_VALUE };

struct policy_condition {
    const struct condition_operator *op;
    enum condition_set set;
    bool if_exists;
    struct policy_variable key;
    uint8_t **values; /* patterns, or plain text, as the operator wants them; any of them */
    size_t value_count;
};

/* One operator with one key and its values: a text or a list. The error says where below the
   condition. */
bool policy_condition_parse(const char *op, const char *key, const cJSON *values,
                            struct policy_variables *variables, struct policy_condition *ret,
                            struct error *err);
void policy_condition_done(struct policy_condition *condition);
/* Does it depend on the topic of a will, which is not known? */
bool policy_condition_is_open(const struct policy_condition *c, const struct policy_principal *who);
bool policy_condition_holds(const struct policy_condition *condition,
                            const struct policy_variables *variables,
                            const struct policy_principal *who);

#endif
