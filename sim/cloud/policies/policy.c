#include "cloud/policies/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cloud/policies/policy_core.h"

#define WHOLE_MAX  1024
#define NAME_BYTES "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+=,.@-"

/* ORDER POLICY_ACTION */
static const struct {
    const char *name, *word, *resource;
} actions[POLICY_ACTION_COUNT] = {
    {"iot:Connect",       "connect",        "client/"     },
    {"iot:Publish",       "publish",        "topic/"      },
    {"iot:RetainPublish", "retain-publish", "topic/"      },
    {"iot:Subscribe",     "subscribe",      "topicfilter/"},
    {"iot:Receive",       "receive",        "topic/"      },
};

const char *policy_action_name(enum policy_action action)
{
    return action < POLICY_ACTION_COUNT ? actions[action].name : "?";
}

enum policy_action policy_action_find(const char *name)
{
    for (enum policy_action a = 0; a < POLICY_ACTION_COUNT; a++)
        if (strcasecmp(actions[a].name, name) == 0 || strcmp(actions[a].word, name) == 0)
            return a;
    return POLICY_ACTION_COUNT;
}

const char *policy_action_resource(enum policy_action action)
{
    return action < POLICY_ACTION_COUNT ? actions[action].resource : "?";
}

bool policy_name_is_valid(const char *name)
{
    size_t len = strlen(name);

    return len > 0 && len <= POLICY_NAME_MAX && strspn(name, NAME_BYTES) == len;
}

static void free_statement(struct policy_statement *s)
{
    for (size_t i = 0; i < s->resource_count; i++)
        free(s->resources[i]);
    for (size_t i = 0; i < s->condition_count; i++)
        policy_condition_done(&s->conditions[i]);
    free(s->resources);
    free(s->conditions);
    free(s->sid);
}

void policy_free(struct policy *policy)
{
    if (policy == NULL)
        return;
    for (size_t i = 0; i < policy->statement_count; i++)
        free_statement(&policy->statements[i]);
    for (enum policy_action a = 0; a < POLICY_ACTION_COUNT; a++) {
        struct policy_action_rules *rules = &policy->by_action[a];
        for (size_t i = 0; i < rules->pattern_count; i++)
            free(rules->patterns[i].code);
        free(rules->patterns);
        free(rules->rules);
    }
    policy_variables_done(&policy->variables);
    free(policy->statements);
    free(policy->name);
    free(policy->text);
    free(policy);
}

const char *policy_name(const struct policy *policy)
{
    return policy->name;
}

const char *policy_text(const struct policy *policy)
{
    return policy->text;
}

size_t policy_statement_count(const struct policy *policy)
{
    return policy->statement_count;
}

const char *policy_statement_id(const struct policy *policy, size_t statement)
{
    return statement < policy->statement_count ? policy->statements[statement].sid : NULL;
}

bool policy_denies_wildcards(const struct policy *policy)
{
    for (size_t i = 0; i < policy->statement_count; i++) {
        const struct policy_statement *s = &policy->statements[i];
        for (size_t k = 0; !s->allow && k < s->resource_count; k++)
            if (strncmp(s->resources[k], "topic", 5) == 0 && strpbrk(s->resources[k], "+#") != NULL)
                return true;
    }
    return false;
}

static bool is_of_thing(const struct policy_variable *v)
{
    return v->kind == POLICY_VARIABLE_THING_TYPE || v->kind == POLICY_VARIABLE_ATTRIBUTE;
}

bool policy_reads_thing(const struct policy *policy)
{
    for (size_t i = 0; i < policy->variables.count; i++)
        if (is_of_thing(&policy->variables.items[i]))
            return true;
    for (size_t i = 0; i < policy->statement_count; i++) {
        const struct policy_statement *s = &policy->statements[i];
        for (size_t k = 0; k < s->condition_count; k++)
            if (is_of_thing(&s->conditions[k].key))
                return true;
    }
    return false;
}

/* ---- deciding ---- */

/* One question. `whole` is made when a pattern first asks for it. */
struct question {
    const struct policy_principal *who;
    enum policy_action action;
    const char *name;
    char whole[WHOLE_MAX];
};

static bool matches_pattern(const struct policy_action_pattern *p, const struct policy *policy,
                            struct question *q)
{
    const struct pattern_scope scope = {.variables = &policy->variables, .who = q->who};

    if (!p->whole)
        return policy_pattern_matches(p->code, &scope, q->name);
    /* Longer names have been refused before they came here. */
    if (q->whole[0] == '\0')
        snprintf(q->whole, sizeof q->whole, "%s%s", actions[q->action].resource, q->name);
    return policy_pattern_matches(p->code, &scope, q->whole);
}

/* What is not known is as the statement lets the client in by. */
static bool holds(const struct policy *policy, const struct policy_statement *s,
                  const struct policy_condition *c, const struct policy_principal *who)
{
    return policy_condition_is_open(c, who) ? s->allow
                                            : policy_condition_holds(c, &policy->variables, who);
}

static bool applies(const struct policy *policy, const struct policy_rule *rule, struct question *q)
{
    const struct policy_statement *s = &policy->statements[rule->statement];
    const struct policy_action_pattern *patterns = policy->by_action[q->action].patterns;
    bool found = false;

    for (size_t i = rule->first; i < rule->first + rule->count && !found; i++)
        found = matches_pattern(&patterns[i], policy, q);
    if (found == s->excludes)
        return false;
    for (size_t i = 0; i < s->condition_count; i++)
        if (!holds(policy, s, &s->conditions[i], q->who))
            return false;
    return true;
}

/* The first rule that denies, or else, unless something allows already, that allows. */
static void decide(const struct policy *policy, struct question *q, struct policy_decision *d)
{
    const struct policy_action_rules *rules = &policy->by_action[q->action];

    for (size_t i = 0; i < rules->rule_count; i++) {
        const struct policy_rule *rule = &rules->rules[i];
        bool allow = policy->statements[rule->statement].allow;
        if (allow && d->allowed)
            return;
        if (!applies(policy, rule, q))
            continue;
        *d = (struct policy_decision){
            .allowed = allow, .policy = policy, .statement = rule->statement};
        return;
    }
}

struct policy_decision policy_decide(const struct policy *const *policies, size_t count,
                                     const struct policy_principal *who, enum policy_action action,
                                     const char *name)
{
    struct policy_decision d = {0};
    struct question q;

    q.who = who;
    q.action = action;
    q.name = name;
    q.whole[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        decide(policies[i], &q, &d);
        if (d.policy != NULL && !d.allowed)
            break;
    }
    return d;
}

bool policy_allows(const struct policy *policy, const struct policy_principal *who,
                   enum policy_action action, const char *name)
{
    return policy != NULL && policy_decide(&policy, 1, who, action, name).allowed;
}
