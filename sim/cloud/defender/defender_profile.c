#include "cloud/defender/defender_profile.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cloud/policies/address_range.h"
#include "cloud/registry/groups.h"

/* ORDER DEFENDER_SUM */
static const char *const sums[DEFENDER_SUM_COUNT] = {
    "aws:all-bytes-in",
    "aws:all-bytes-out",
    "aws:all-packets-in",
    "aws:all-packets-out",
    "aws:num-authorization-failures",
    "aws:num-connection-attempts",
    "aws:num-disconnects",
    "aws:num-messages-sent",
    "aws:num-messages-received",
    "aws:message-byte-size",
};

/* Of reports, no sums. */
static const char *const levels[] = {"aws:num-listening-tcp-ports",
                                     "aws:num-listening-udp-ports",
                                     "aws:num-established-tcp-connections",
                                     "aws:listening-tcp-ports",
                                     "aws:listening-udp-ports",
                                     "aws:destination-ip-addresses"};

/* ORDER DEFENDER_OPERATOR */
static const struct {
    const char *name, *members; /* which of its value, by their names */
} operators[DEFENDER_OPERATOR_COUNT] = {
    {"less-than",           "count number"   },
    {"less-than-equals",    "count number"   },
    {"greater-than",        "count number"   },
    {"greater-than-equals", "count number"   },
    {"in-cidr-set",         "cidrs"          },
    {"not-in-cidr-set",     "cidrs"          },
    {"in-port-set",         "ports"          },
    {"not-in-port-set",     "ports"          },
    {"in-set",              "strings numbers"},
    {"not-in-set",          "strings numbers"},
};

/* ORDER DEFENDER_MITIGATION */
static const char *const mitigations[DEFENDER_MITIGATION_COUNT] = {
    "UPDATE_DEVICE_CERTIFICATE",
    "REPLACE_DEFAULT_POLICY_VERSION",
    "ADD_THINGS_TO_THING_GROUP",
    "DELETE_CONNECTION",
};

const char *defender_sum_metric(enum defender_sum sum)
{
    return sum < DEFENDER_SUM_COUNT ? sums[sum] : "?";
}

const char *defender_mitigation_name(enum defender_mitigation mitigation)
{
    return mitigation < DEFENDER_MITIGATION_COUNT ? mitigations[mitigation] : "?";
}

/* ---- reading ---- */

static bool has_word(const char *words, const char *word)
{
    size_t len = strlen(word);

    for (const char *p = words; len != 0 && (p = strstr(p, word)) != NULL; p += len)
        if ((p == words || p[-1] == ' ') && (p[len] == ' ' || p[len] == '\0'))
            return true;
    return false;
}

static bool is_good_entry(const char *member, const cJSON *entry)
{
    if (strcmp(member, "cidrs") == 0)
        return cJSON_IsString(entry) && address_range_is_valid(entry->valuestring);
    if (strcmp(member, "ports") == 0)
        return cJSON_IsNumber(entry) && entry->valuedouble >= 0 && entry->valuedouble <= 65535 &&
               floor(entry->valuedouble) == entry->valuedouble;
    return strcmp(member, "strings") == 0 ? cJSON_IsString(entry) : cJSON_IsNumber(entry);
}

static const char *read_value(const cJSON *criteria, struct defender_behavior *ret)
{
    const cJSON *value = json_get(criteria, "value"), *entry;
    const cJSON *member = cJSON_IsObject(value) ? value->child : NULL;

    if (member == NULL || member->next != NULL ||
        !has_word(operators[ret->op].members, member->string))
        return "behaviors: criteria: value: one member that fits the comparisonOperator (count or "
               "number; cidrs; ports; strings or numbers)";
    ret->value = member;
    if (ret->op <= DEFENDER_GREATER_EQUAL)
        return cJSON_IsNumber(member) ? NULL : "behaviors: criteria: value: no number";
    if (!cJSON_IsArray(member) || cJSON_GetArraySize(member) == 0)
        return "behaviors: criteria: value: a list of at least one";
    cJSON_ArrayForEach(entry, member)
    {
        if (!is_good_entry(member->string, entry))
            return "behaviors: criteria: value: an entry that is no address range, port, text or "
                   "number";
    }
    return NULL;
}

static const char *read_criteria(const cJSON *criteria, struct defender_behavior *ret)
{
    const char *op = json_str(criteria, "comparisonOperator", "");
    double seconds = json_num(criteria, "durationSeconds", DEFENDER_SLOT_S);
    double to_alarm = json_num(criteria, "consecutiveDatapointsToAlarm", 1);
    double to_clear = json_num(criteria, "consecutiveDatapointsToClear", 1);

    while (ret->op < DEFENDER_OPERATOR_COUNT && strcmp(operators[ret->op].name, op) != 0)
        ret->op++;
    if (ret->op == DEFENDER_OPERATOR_COUNT)
        return "behaviors: criteria: comparisonOperator: none of less-than, less-than-equals, "
               "greater-than, greater-than-equals, in-cidr-set, not-in-cidr-set, in-port-set, "
               "not-in-port-set, in-set, not-in-set";
    if (seconds != 300 && seconds != 600 && seconds != 900 && seconds != 1800 && seconds != 3600)
        return "behaviors: criteria: durationSeconds: 300, 600, 900, 1800 or 3600";
    if (to_alarm < 1 || to_alarm > 10 || to_clear < 1 || to_clear > 10)
        return "behaviors: criteria: consecutiveDatapointsToAlarm, …ToClear: from 1 to 10";
    ret->slots = (unsigned)seconds / DEFENDER_SLOT_S;
    ret->to_alarm = (unsigned)to_alarm;
    ret->to_clear = (unsigned)to_clear;
    return read_value(criteria, ret);
}

static bool is_known_level(const char *metric)
{
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
        if (strcmp(levels[i], metric) == 0)
            return true;
    return false;
}

static const char *read_behavior(const cJSON *item, struct defender_behavior *ret)
{
    ret->name = json_str(item, "name", NULL);
    ret->metric = json_str(item, "metric", NULL);
    if (ret->name == NULL || ret->metric == NULL)
        return "behaviors: each has a name and a metric";
    while (ret->sum < DEFENDER_SUM_COUNT && strcmp(sums[ret->sum], ret->metric) != 0)
        ret->sum++;
    if (ret->sum == DEFENDER_SUM_COUNT && strncmp(ret->metric, "aws:", 4) == 0 &&
        !is_known_level(ret->metric))
        return "behaviors: metric: none of those that there are (a custom one has no colon)";
    return read_criteria(json_get(item, "criteria"), ret);
}

static const char *read_behaviors(const cJSON *list, struct defender_profile *profile)
{
    int count = cJSON_GetArraySize(list);
    const cJSON *item;

    if (!cJSON_IsArray(list) || count < 1 || count > DEFENDER_BEHAVIORS_MAX)
        return "behaviors: a list of 1 to 100";
    profile->behaviors = calloc((size_t)count, sizeof *profile->behaviors);
    if (profile->behaviors == NULL)
        return "no memory";
    cJSON_ArrayForEach(item, list)
    {
        const char *problem = read_behavior(item, &profile->behaviors[profile->count++]);
        if (problem != NULL)
            return problem;
    }
    return NULL;
}

static const char *read_mitigations(const cJSON *list, struct defender_profile *profile)
{
    const cJSON *item;

    if (list != NULL && !cJSON_IsArray(list))
        return "mitigations: a list";
    cJSON_ArrayForEach(item, list)
    {
        const char *name = cJSON_IsString(item) ? item->valuestring : "";
        size_t i = 0;
        while (i < DEFENDER_MITIGATION_COUNT && strcmp(mitigations[i], name) != 0)
            i++;
        if (i == DEFENDER_MITIGATION_COUNT)
            return "mitigations: none of UPDATE_DEVICE_CERTIFICATE, "
                   "REPLACE_DEFAULT_POLICY_VERSION, ADD_THINGS_TO_THING_GROUP, DELETE_CONNECTION";
        profile->mitigations |= 1u << i;
    }
    profile->group = json_str(profile->source, "thingGroupName", NULL);
    if ((profile->mitigations & 1u << DEFENDER_ADD_TO_GROUP) != 0 && profile->group == NULL)
        return "thingGroupName: missing (ADD_THINGS_TO_THING_GROUP needs it)";
    if (profile->group != NULL && !group_name_is_valid(profile->group))
        return "thingGroupName: no name of a group (1 to 128 of A-Z a-z 0-9 : _ -)";
    return NULL;
}

struct defender_profile *defender_profile_new(const char *name, const cJSON *document,
                                              const char **problem)
{
    size_t len = strlen(name);
    struct defender_profile *profile = calloc(1, sizeof *profile + len + 1);

    *problem = "no memory";
    if (profile == NULL)
        return NULL;
    memcpy(profile->name, name, len + 1);
    profile->source = cJSON_Duplicate(document, 1);
    if (profile->source != NULL)
        *problem = read_behaviors(json_get(profile->source, "behaviors"), profile);
    if (*problem == NULL)
        *problem = defender_targets_read(json_get(profile->source, "targets"), &profile->targets);
    if (*problem == NULL)
        *problem = read_mitigations(json_get(profile->source, "mitigations"), profile);
    if (*problem == NULL)
        return profile;
    defender_profile_free(profile);
    return NULL;
}

void defender_profile_free(struct defender_profile *profile)
{
    if (profile == NULL)
        return;
    cJSON_Delete(profile->source);
    defender_targets_done(&profile->targets);
    free(profile->behaviors);
    free(profile);
}

/* ---- whom it is for ---- */

static bool is_target(const cJSON *item, const struct defender_target *target)
{
    const struct defender_target t =
        defender_target_read(cJSON_IsString(item) ? item->valuestring : "");

    return t.kind == target->kind && strcmp(t.name, target->name) == 0;
}

bool defender_profile_has_target(const struct defender_profile *profile,
                                 const struct defender_target *target)
{
    const cJSON *list = json_get(profile->source, "targets");
    const cJSON *item;

    cJSON_ArrayForEach(item, list)
    {
        if (is_target(item, target))
            return true;
    }
    return list == NULL && target->kind == DEFENDER_ALL_THINGS;
}

static bool add_target(cJSON *list, const struct defender_target *target)
{
    char *text = defender_target_write(target);
    cJSON *item = text != NULL ? cJSON_CreateString(text) : NULL;

    free(text);
    return item != NULL && cJSON_AddItemToArray(list, item);
}

/* The list without that target; NULL: no memory. */
static cJSON *without(const cJSON *list, const struct defender_target *target)
{
    cJSON *rest = cJSON_CreateArray();
    const cJSON *item;
    bool ok = rest != NULL;

    cJSON_ArrayForEach(item, list)
    {
        const struct defender_target t = defender_target_read(item->valuestring);
        if (ok && !is_target(item, target))
            ok = add_target(rest, &t);
    }
    if (ok)
        return rest;
    cJSON_Delete(rest);
    return NULL;
}

bool defender_profile_retarget(struct defender_profile *profile, enum defender_retarget retarget,
                               const struct defender_target *target)
{
    static const struct defender_target all = {.kind = DEFENDER_ALL_THINGS, .name = ""};
    const cJSON *now = json_get(profile->source, "targets");
    struct defender_targets targets;
    cJSON *list = without(now, target);

    if (list == NULL)
        return false;
    /* Without a list it was for all. */
    bool ok = now != NULL || target->kind == DEFENDER_ALL_THINGS || add_target(list, &all);
    ok = ok && (retarget == DEFENDER_DETACH || add_target(list, target));
    if (!ok || defender_targets_read(list, &targets) != NULL) {
        if (ok)
            defender_targets_done(&targets);
        cJSON_Delete(list);
        return false;
    }
    cJSON_DeleteItemFromObject(profile->source, "targets");
    cJSON_AddItemToObject(profile->source, "targets", list);
    defender_targets_done(&profile->targets);
    profile->targets = targets;
    return true;
}

/* ---- judging ---- */

static enum defender_judgement judge_number(const struct defender_behavior *b, double number)
{
    double limit = b->value->valuedouble;
    bool normal = b->op == DEFENDER_LESS         ? number < limit
                  : b->op == DEFENDER_LESS_EQUAL ? number <= limit
                  : b->op == DEFENDER_GREATER    ? number > limit
                                                 : number >= limit;

    return normal ? DEFENDER_NORMAL : DEFENDER_VIOLATED;
}

static bool is_in(const struct defender_behavior *b, const cJSON *item)
{
    const cJSON *member;

    cJSON_ArrayForEach(member, b->value)
    {
        bool by_address = b->op == DEFENDER_IN_CIDR_SET || b->op == DEFENDER_NOT_IN_CIDR_SET;
        if (by_address
                ? cJSON_IsString(item) && address_range_has(member->valuestring, item->valuestring)
                : json_equal(item, member))
            return true;
    }
    return false;
}

/* All of them in the set, or none of them. */
static enum defender_judgement judge_list(const struct defender_behavior *b, const cJSON *list)
{
    bool inside =
        b->op == DEFENDER_IN_CIDR_SET || b->op == DEFENDER_IN_PORT_SET || b->op == DEFENDER_IN_SET;
    const cJSON *item;

    cJSON_ArrayForEach(item, list)
    {
        if (is_in(b, item) != inside)
            return DEFENDER_VIOLATED;
    }
    return DEFENDER_NORMAL;
}

enum defender_judgement defender_behavior_judge(const struct defender_behavior *behavior,
                                                const cJSON *value)
{
    bool wants_number = behavior->op <= DEFENDER_GREATER_EQUAL;

    if (wants_number && cJSON_IsNumber(value))
        return judge_number(behavior, value->valuedouble);
    return !wants_number && cJSON_IsArray(value) ? judge_list(behavior, value)
                                                 : DEFENDER_NO_JUDGEMENT;
}
