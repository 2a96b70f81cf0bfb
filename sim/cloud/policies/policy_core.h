/*
 * policy_core.h — a compiled policy, as the files that make and read it know it. Nobody else
 * includes it.
 */
#ifndef CLOUD_POLICIES_POLICY_CORE_H
#define CLOUD_POLICIES_POLICY_CORE_H

#include "cloud/policies/policy_condition.h"
#include "cloud/policies/policy_pattern.h"

struct policy_statement {
    char *sid; /* or NULL */
    bool allow;
    bool excludes;    /* NotResource */
    unsigned actions; /* 1 << enum policy_action, or-ed */
    char **resources; /* as written, behind the ARN's account, or "*" */
    size_t resource_count;
    struct policy_condition *conditions;
    size_t condition_count;
};

/* What one statement says about one action: it applies where one of the patterns matches, or none
   if it excludes. */
struct policy_rule {
    size_t statement;
    size_t first, count; /* of the action's patterns */
};

struct policy_action_pattern {
    uint8_t *code;
    bool whole; /* against "topic/<name>", because a wildcard may stand for the kind as well */
};

struct policy_action_rules {
    struct policy_rule *rules; /* those that deny come first */
    size_t rule_count;
    struct policy_action_pattern *patterns;
    size_t pattern_count;
};

struct policy {
    char *name, *text;
    struct policy_statement *statements;
    size_t statement_count;
    struct policy_variables variables;
    struct policy_action_rules by_action[POLICY_ACTION_COUNT];
};

/* Behind the account of an ARN, whatever its region and account: the local cloud is all of them.
   "*" is that itself. NULL with the error. */
const char *policy_behind_account(const char *arn, struct error *err);

#endif
