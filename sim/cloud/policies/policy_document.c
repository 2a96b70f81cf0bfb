#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/text.h"
#include "cloud/policies/policy_core.h"

#define DEPTH 12
#define ANY   "*"

/* ---- actions ---- */

/* Of AWS IoT, but not asked about over MQTT (contract 7.1). */
static const char *const https_actions[] = {"iot:GetThingShadow",
                                            "iot:UpdateThingShadow",
                                            "iot:DeleteThingShadow",
                                            "iot:ListNamedShadowsForThing",
                                            "iot:GetRetainedMessage",
                                            "iot:ListRetainedMessages",
                                            "iot:DescribeJobExecution",
                                            "iot:GetPendingJobExecutions",
                                            "iot:UpdateJobExecution",
                                            "iot:DeleteConnection",
                                            "iot:StartNextPendingJobExecution",
                                            "iot:AssumeRoleWithCertificate"};
static const char *const other_services[] = {
    "iotjobsdata:", "greengrass:", "iotdata:", "iotwireless:"};

/* Does the pattern, with `*` and `?`, match the name, in any case? */
static bool is_like(const char *pattern, const char *name)
{
    const char *star = NULL, *from = NULL; /* what follows the last star, and where it was tried */

    while (*pattern != '\0' || *name != '\0') {
        if (*pattern == '*') {
            star = ++pattern;
            from = name;
        } else if (*name != '\0' && (*pattern == '?' || strncasecmp(pattern, name, 1) == 0)) {
            pattern++;
            name++;
        } else if (star != NULL && *from != '\0') {
            pattern = star;
            name = ++from;
        } else {
            return false;
        }
    }
    return true;
}

static bool is_other_action(const char *name)
{
    for (size_t i = 0; i < sizeof https_actions / sizeof *https_actions; i++)
        if (is_like(name, https_actions[i]))
            return true;
    for (size_t i = 0; i < sizeof other_services / sizeof *other_services; i++)
        if (strncasecmp(name, other_services[i], strlen(other_services[i])) == 0)
            return true;
    return false;
}

static bool add_action(const char *name, unsigned *mask, struct error *err)
{
    bool found = false;

    for (enum policy_action a = 0; a < POLICY_ACTION_COUNT; a++)
        if (is_like(name, policy_action_name(a))) {
            *mask |= 1u << a;
            found = true;
        }
    return found || is_other_action(name) ||
           error_set(err, ERROR_USAGE,
                     "\"%.60s\": no action of AWS IoT (iot:Connect, iot:Publish, "
                     "iot:RetainPublish, iot:Subscribe, iot:Receive or iot:*)",
                     name);
}

/* ---- texts and lists of them ---- */

/* Calls take() with each text of a text or a list of texts, and its place. */
static bool each_text(const cJSON *item, const char *member,
                      bool (*take)(void *ctx, const char *text, struct error *err), void *ctx,
                      struct error *err)
{
    int at = 0;

    if (cJSON_IsString(item))
        return take(ctx, item->valuestring, err) || error_prefix(err, "%s", member);
    if (!cJSON_IsArray(item) || item->child == NULL)
        return error_set(err, ERROR_USAGE, "%s: a text, or a list of texts", member);
    for (const cJSON *i = item->child; i != NULL; i = i->next, at++) {
        if (!cJSON_IsString(i))
            return error_set(err, ERROR_USAGE, "%s[%d]: a text", member, at);
        if (!take(ctx, i->valuestring, err))
            return error_prefix(err, "%s[%d]", member, at);
    }
    return true;
}

/* Exactly one of two members; NULL with the error. */
static const cJSON *one_of(const cJSON *source, const char *name, const char *opposite,
                           bool *ret_opposite, struct error *err)
{
    const cJSON *item = json_get(source, name);
    const cJSON *other = json_get(source, opposite);

    *ret_opposite = other != NULL;
    if (item != NULL && other != NULL)
        error_set(err, ERROR_USAGE, "%s and %s: one of them", name, opposite);
    else if (item == NULL && other == NULL)
        error_set(err, ERROR_USAGE, "%s: missing", name);
    else
        return item != NULL ? item : other;
    return NULL;
}

static bool has_only(const cJSON *object, const char *const *names, struct error *err)
{
    for (const cJSON *item = object->child; item != NULL; item = item->next) {
        size_t i = 0;
        while (names[i] != NULL && strcmp(names[i], item->string) != 0)
            i++;
        if (names[i] != NULL)
            continue;
        if (strcmp(item->string, "Principal") == 0)
            return error_set(err, ERROR_USAGE,
                             "Principal: not in a policy of AWS IoT (it is attached to whom it "
                             "is about)");
        return error_set(err, ERROR_USAGE, "%.60s: no such member", item->string);
    }
    return true;
}

/* ---- statements ---- */

struct reading {
    struct policy *policy;
    struct policy_statement *statement;
};

static bool take_action(void *ctx, const char *text, struct error *err)
{
    struct reading *r = ctx;

    return add_action(text, &r->statement->actions, err);
}

static bool read_actions(struct reading *r, const cJSON *source, struct error *err)
{
    bool excludes = false;
    const cJSON *item = one_of(source, "Action", "NotAction", &excludes, err);

    if (item == NULL || !each_text(item, excludes ? "NotAction" : "Action", take_action, r, err))
        return false;
    if (excludes)
        r->statement->actions = ~r->statement->actions & ((1u << POLICY_ACTION_COUNT) - 1);
    return true;
}

const char *policy_behind_account(const char *arn, struct error *err)
{
    const char *p = arn;

    if (strcmp(arn, ANY) == 0)
        return arn;
    if (strncmp(arn, "arn:", 4) == 0)
        for (int colons = 0; colons < 5 && p != NULL; colons++) {
            p = strchr(p, ':');
            p = p != NULL ? p + 1 : NULL;
        }
    if (strncmp(arn, "arn:", 4) == 0 && p != NULL && *p != '\0')
        return p;
    /* "arn:aws:iot:*" */
    if (strncmp(arn, "arn:aws", 7) == 0 && arn[strlen(arn) - 1] == '*')
        return ANY;
    error_set(err, ERROR_USAGE,
              "\"%.80s\": no ARN (write \"*\" or arn:aws:iot:REGION:ACCOUNT:topic/…, topicfilter/… "
              "or client/…)",
              arn);
    return NULL;
}

static bool is_known_kind(const char *resource)
{
    static const char *const kinds[] = {"client/", "topic/",  "topicfilter/", "thing/",
                                        "cert/",   "policy/", "thinggroup/",  "job/",
                                        "rule/",   "stream/", "rolealias/"};
    size_t len = strcspn(resource, "/");

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strncmp(kinds[i], resource, len + 1) == 0)
            return true;
    /* A wildcard may stand for it. */
    return strcspn(resource, "*?$") < len;
}

static bool take_resource(void *ctx, const char *text, struct error *err)
{
    struct reading *r = ctx;
    struct policy_statement *s = r->statement;
    const char *resource = policy_behind_account(text, err);

    if (resource == NULL)
        return false;
    if (strcmp(resource, ANY) != 0 && !is_known_kind(resource))
        return error_set(err, ERROR_USAGE,
                         "\"%.80s\": topic/…, topicfilter/… or client/… stands behind the account",
                         resource);
    uint8_t *code = policy_pattern_compile(resource, true, &r->policy->variables, err);
    if (code == NULL)
        return false;
    free(code);
    s->resources[s->resource_count] = strdup(resource);
    return s->resources[s->resource_count++] != NULL || error_set(err, ERROR_FAILED, "no memory");
}

static bool read_resources(struct reading *r, const cJSON *source, struct error *err)
{
    struct policy_statement *s = r->statement;
    const cJSON *item = one_of(source, "Resource", "NotResource", &s->excludes, err);
    size_t count = cJSON_IsArray(item) ? (size_t)cJSON_GetArraySize(item) : 1;

    if (item == NULL)
        return false;
    s->resources = calloc(count + 1, sizeof *s->resources);
    if (s->resources == NULL)
        return error_set(err, ERROR_FAILED, "no memory");
    return each_text(item, s->excludes ? "NotResource" : "Resource", take_resource, r, err);
}

static bool add_condition(struct reading *r, const cJSON *op, const cJSON *key, struct error *err)
{
    struct policy_statement *s = r->statement;
    struct policy_condition *all = realloc(s->conditions, (s->condition_count + 1) * sizeof *all);

    if (all == NULL)
        return error_set(err, ERROR_FAILED, "no memory");
    s->conditions = all;
    if (!policy_condition_parse(op->string, key->string, key, &r->policy->variables,
                                &all[s->condition_count], err))
        return error_prefix(err, "Condition");
    s->condition_count++;
    return true;
}

static bool read_conditions(struct reading *r, const cJSON *source, struct error *err)
{
    const cJSON *condition = json_get(source, "Condition");

    if (condition == NULL)
        return true;
    if (!cJSON_IsObject(condition))
        return error_set(err, ERROR_USAGE, "Condition: an object of operators");
    for (const cJSON *op = condition->child; op != NULL; op = op->next) {
        if (!cJSON_IsObject(op))
            return error_set(err, ERROR_USAGE, "Condition.%.60s: an object of keys", op->string);
        for (const cJSON *key = op->child; key != NULL; key = key->next)
            if (!add_condition(r, op, key, err))
                return false;
    }
    return true;
}

static bool read_statement(struct reading *r, const cJSON *source, struct error *err)
{
    static const char *const members[] = {"Sid",      "Effect",      "Action",    "NotAction",
                                          "Resource", "NotResource", "Condition", NULL};
    const cJSON *sid = json_get(source, "Sid");
    const char *effect = json_str(source, "Effect", "");

    if (!cJSON_IsObject(source))
        return error_set(err, ERROR_USAGE, "an object");
    if (!has_only(source, members, err))
        return false;
    if (sid != NULL && !cJSON_IsString(sid))
        return error_set(err, ERROR_USAGE, "Sid: a text");
    r->statement->sid = sid != NULL ? strdup(sid->valuestring) : NULL;
    r->statement->allow = strcmp(effect, "Allow") == 0;
    if (!r->statement->allow && strcmp(effect, "Deny") != 0)
        return error_set(err, ERROR_USAGE, "Effect: Allow or Deny");
    return read_actions(r, source, err) && read_resources(r, source, err) &&
           read_conditions(r, source, err);
}

static bool read_statements(struct policy *policy, const cJSON *source, struct error *err)
{
    const cJSON *list = json_get(source, "Statement");
    const cJSON *item = cJSON_IsArray(list) ? list->child : list;
    size_t count = cJSON_IsArray(list) ? (size_t)cJSON_GetArraySize(list) : 1;

    if (list == NULL || count == 0)
        return error_set(err, ERROR_USAGE, "Statement: missing (a list of statements)");
    policy->statements = calloc(count, sizeof *policy->statements);
    if (policy->statements == NULL)
        return error_set(err, ERROR_FAILED, "no memory");
    for (; item != NULL && policy->statement_count < count; item = item->next) {
        struct reading r = {.policy = policy,
                            .statement = &policy->statements[policy->statement_count++]};
        if (!read_statement(&r, item, err))
            return error_prefix(err, "Statement[%zu]", policy->statement_count - 1);
        if (!cJSON_IsArray(list))
            break;
    }
    return true;
}

/* ---- by action ---- */

/* What of the resource is for that action, or NULL; `ret_whole`: its kind has a wildcard. */
static const char *part_for(const char *resource, enum policy_action action, bool *ret_whole)
{
    const char *kind = policy_action_resource(action);

    *ret_whole = false;
    if (strcmp(resource, ANY) == 0)
        return resource;
    if (strncmp(resource, kind, strlen(kind)) == 0)
        return resource + strlen(kind);
    *ret_whole = strcspn(resource, "*?$") < strcspn(resource, "/");
    return *ret_whole ? resource : NULL;
}

static bool add_pattern(struct policy *policy, enum policy_action action, const char *resource,
                        struct error *err)
{
    struct policy_action_rules *rules = &policy->by_action[action];
    bool whole;
    const char *part = part_for(resource, action, &whole);

    if (part == NULL)
        return true;
    struct policy_action_pattern *all =
        realloc(rules->patterns, (rules->pattern_count + 1) * sizeof *all);
    if (all == NULL)
        return error_set(err, ERROR_FAILED, "no memory");
    rules->patterns = all;
    uint8_t *code = policy_pattern_compile(part, true, &policy->variables, err);
    if (code == NULL)
        return false;
    all[rules->pattern_count++] = (struct policy_action_pattern){.code = code, .whole = whole};
    return true;
}

static bool add_rule(struct policy *policy, enum policy_action action, size_t statement,
                     struct error *err)
{
    const struct policy_statement *s = &policy->statements[statement];
    struct policy_action_rules *rules = &policy->by_action[action];
    struct policy_rule *all = realloc(rules->rules, (rules->rule_count + 1) * sizeof *all);
    size_t first = rules->pattern_count;

    if (all == NULL)
        return error_set(err, ERROR_FAILED, "no memory");
    rules->rules = all;
    for (size_t i = 0; i < s->resource_count; i++)
        if (!add_pattern(policy, action, s->resources[i], err))
            return false;
    size_t count = rules->pattern_count - first;
    if (count != 0 || s->excludes)
        all[rules->rule_count++] =
            (struct policy_rule){.statement = statement, .first = first, .count = count};
    return true;
}

static bool sort_by_action(struct policy *policy, struct error *err)
{
    for (int allow = 0; allow < 2; allow++)
        for (size_t i = 0; i < policy->statement_count; i++)
            for (enum policy_action a = 0; a < POLICY_ACTION_COUNT; a++) {
                const struct policy_statement *s = &policy->statements[i];
                if (s->allow == (allow != 0) && (s->actions & 1u << a) != 0 &&
                    !add_rule(policy, a, i, err))
                    return false;
            }
    return true;
}

/* ---- documents ---- */

static cJSON *parse(struct slice text, struct error *err)
{
    cJSON *document = json_is_utf8(text) ? json_parse(text, DEPTH) : NULL;
    const char *end = NULL;
    int line = 1;

    if (document != NULL)
        return document;
    cJSON *again = cJSON_ParseWithLengthOpts((const char *)text.data, text.len, &end, false);
    for (const char *p = (const char *)text.data; again == NULL && end != NULL && p < end; p++)
        line += *p == '\n';
    cJSON_Delete(again);
    error_set(err, ERROR_USAGE, "not JSON (line %d)", line);
    return NULL;
}

static size_t count_characters(struct slice text)
{
    size_t count = 0;

    for (size_t i = 0; i < text.len; i++)
        count += strchr(" \t\r\n", text.data[i]) == NULL && (text.data[i] & 0xc0) != 0x80 ? 1 : 0;
    return count;
}

static bool check_version(const cJSON *document, const char *text, struct error *err)
{
    const char *version = json_str(document, "Version", "");

    if (strcmp(version, "2012-10-17") == 0)
        return true;
    if (strcmp(version, "2008-10-17") != 0)
        return error_set(err, ERROR_USAGE, "Version: \"2012-10-17\"");
    return text == NULL || strstr(text, "${") == NULL ||
           error_set(err, ERROR_USAGE,
                     "Version: variables need \"2012-10-17\"; before they are plain text");
}

static bool read_document(struct policy *policy, struct slice text, struct error *err)
{
    static const char *const members[] = {"Version", "Id", "Statement", NULL};
    cJSON *document = parse(text, err);
    struct text plain;
    size_t len;

    if (document == NULL)
        return false;
    text_init(&plain);
    text_json(&plain, document);
    policy->text = text_take(&plain, &len);
    bool ok = true;
    if (policy->text == NULL)
        ok = error_set(err, ERROR_FAILED, "no memory");
    else if (!cJSON_IsObject(document))
        ok = error_set(err, ERROR_USAGE, "an object with Version and Statement");
    ok = ok && has_only(document, members, err) && check_version(document, policy->text, err) &&
         read_statements(policy, document, err) && sort_by_action(policy, err);
    cJSON_Delete(document);
    return ok;
}

struct policy *policy_compile_any_size(const char *name, struct slice text, struct error *err)
{
    struct policy *policy = calloc(1, sizeof *policy);

    if (policy != NULL)
        policy->name = strdup(name);
    if (policy == NULL || policy->name == NULL) {
        error_set(err, ERROR_FAILED, "no memory");
    } else if (!policy_name_is_valid(name)) {
        error_set(err, ERROR_USAGE,
                  "\"%.60s\": no name of a policy (1 to 128 of A-Z a-z 0-9 _+=,.@-)", name);
    } else if (read_document(policy, text, err)) {
        return policy;
    }
    policy_free(policy);
    return NULL;
}

struct policy *policy_compile(const char *name, struct slice text, struct error *err)
{
    size_t count = count_characters(text);

    if (count <= POLICY_CHARACTERS_MAX)
        return policy_compile_any_size(name, text, err);
    error_set(err, ERROR_USAGE,
              "%zu characters without white space, AWS IoT allows %d (make several of it: a "
              "certificate may have ten)",
              count, POLICY_CHARACTERS_MAX);
    return NULL;
}
