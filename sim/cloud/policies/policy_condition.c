#include "cloud/policies/policy_condition.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "cloud/policies/address_range.h"
#include "cloud/policies/policy_core.h"
#include "cloud/policies/policy_pattern.h"

enum compare { COMPARE_TEXT, COMPARE_BOOL, COMPARE_NULL, COMPARE_NUMBER, COMPARE_ADDRESS };
enum relation { EQUAL, LESS, LESS_OR_EQUAL, GREATER, GREATER_OR_EQUAL };

struct condition_operator {
    const char *name;
    enum compare compare;
    bool negated, wild, any_case;
    enum relation relation; /* of numbers */
};

static const struct condition_operator operators[] = {
    {"StringEquals",              COMPARE_TEXT,    false, false, false, EQUAL           },
    {"StringNotEquals",           COMPARE_TEXT,    true,  false, false, EQUAL           },
    {"StringEqualsIgnoreCase",    COMPARE_TEXT,    false, false, true,  EQUAL           },
    {"StringNotEqualsIgnoreCase", COMPARE_TEXT,    true,  false, true,  EQUAL           },
    {"StringLike",                COMPARE_TEXT,    false, true,  false, EQUAL           },
    {"StringNotLike",             COMPARE_TEXT,    true,  true,  false, EQUAL           },
    {"ArnEquals",                 COMPARE_TEXT,    false, true,  false, EQUAL           },
    {"ArnNotEquals",              COMPARE_TEXT,    true,  true,  false, EQUAL           },
    {"ArnLike",                   COMPARE_TEXT,    false, true,  false, EQUAL           },
    {"ArnNotLike",                COMPARE_TEXT,    true,  true,  false, EQUAL           },
    {"Bool",                      COMPARE_BOOL,    false, false, false, EQUAL           },
    {"Null",                      COMPARE_NULL,    false, false, false, EQUAL           },
    {"NumericEquals",             COMPARE_NUMBER,  false, false, false, EQUAL           },
    {"NumericNotEquals",          COMPARE_NUMBER,  true,  false, false, EQUAL           },
    {"NumericLessThan",           COMPARE_NUMBER,  false, false, false, LESS            },
    {"NumericLessThanEquals",     COMPARE_NUMBER,  false, false, false, LESS_OR_EQUAL   },
    {"NumericGreaterThan",        COMPARE_NUMBER,  false, false, false, GREATER         },
    {"NumericGreaterThanEquals",  COMPARE_NUMBER,  false, false, false, GREATER_OR_EQUAL},
    {"IpAddress",                 COMPARE_ADDRESS, false, false, false, EQUAL           },
    {"NotIpAddress",              COMPARE_ADDRESS, true,  false, false, EQUAL           },
};

/* ---- reading ---- */

static bool find_operator(const char *name, size_t len, struct policy_condition *ret)
{
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
        if (strlen(operators[i].name) == len && strncmp(operators[i].name, name, len) == 0) {
            ret->op = &operators[i];
            return true;
        }
    return false;
}

static bool parse_operator(const char *op, struct policy_condition *ret, struct error *err)
{
    static const char all[] = "ForAllValues:", any[] = "ForAnyValue:", exists[] = "IfExists";
    const char *name = op;

    if (strncmp(op, all, sizeof all - 1) == 0) {
        ret->set = CONDITION_ALL_VALUES;
        name += sizeof all - 1;
    } else if (strncmp(op, any, sizeof any - 1) == 0) {
        ret->set = CONDITION_ANY_VALUE;
        name += sizeof any - 1;
    }
    size_t len = strlen(name);
    if (len > sizeof exists - 1 && strcmp(name + len - (sizeof exists - 1), exists) == 0) {
        ret->if_exists = true;
        len -= sizeof exists - 1;
    }
    return find_operator(name, len, ret) ||
           error_set(err, ERROR_USAGE,
                     "%.60s: no operator known here (StringEquals, StringLike, ArnLike, Bool, "
                     "Null, NumericLessThan, IpAddress, …)",
                     op);
}

static bool parse_number(const char *text, double *ret)
{
    char *end = NULL;

    *ret = strtod(text, &end);
    return *text != '\0' && *end == '\0';
}

static bool check_value(const struct condition_operator *op, const char *text, struct error *err)
{
    double number;

    if ((op->compare == COMPARE_BOOL || op->compare == COMPARE_NULL) && strcmp(text, "true") != 0 &&
        strcmp(text, "false") != 0)
        return error_set(err, ERROR_USAGE, "\"%.60s\": true or false", text);
    if (op->compare == COMPARE_NUMBER && !parse_number(text, &number))
        return error_set(err, ERROR_USAGE, "\"%.60s\": no number", text);
    if (op->compare == COMPARE_ADDRESS && !address_range_is_valid(text))
        return error_set(err, ERROR_USAGE, "\"%.60s\": no address, nor a range such as 10.0.0.0/8",
                         text);
    return true;
}

/* The key's value is a topic, AWS's is its ARN: what of the pattern stands for the topic. NULL with
   the error. */
static const char *topic_of(const char *text, struct error *err)
{
    static const char kind[] = "topic/";

    if (*text == '*')
        return text;
    text = policy_behind_account(text, err);
    if (text == NULL || strcmp(text, "*") == 0)
        return text;
    if (strncmp(text, kind, sizeof kind - 1) == 0)
        return text + sizeof kind - 1;
    error_set(err, ERROR_USAGE, "\"%.80s\": topic/… stands behind the account", text);
    return NULL;
}

static bool add_value(struct policy_condition *c, const cJSON *item,
                      struct policy_variables *variables, struct error *err)
{
    char *number = cJSON_IsNumber(item) ? cJSON_PrintUnformatted(item) : NULL;
    const char *text = number;

    if (cJSON_IsString(item))
        text = item->valuestring;
    else if (cJSON_IsBool(item))
        text = cJSON_IsTrue(item) ? "true" : "false";
    if (text == NULL)
        return error_set(err, ERROR_USAGE, "texts (or numbers, true, false)");
    if (c->key.kind == POLICY_VARIABLE_WILL_TOPIC && c->op->compare == COMPARE_TEXT)
        text = topic_of(text, err);
    bool ok = text != NULL && check_value(c->op, text, err);
    if (ok)
        c->values[c->value_count] = policy_pattern_compile(text, c->op->wild, variables, err);
    ok = ok && c->values[c->value_count] != NULL;
    c->value_count += ok ? 1 : 0;
    cJSON_free(number);
    return ok;
}

bool policy_condition_parse(const char *op, const char *key, const cJSON *values,
                            struct policy_variables *variables, struct policy_condition *ret,
                            struct error *err)
{
    size_t count = cJSON_IsArray(values) ? (size_t)cJSON_GetArraySize(values) : 1;
    bool ok = true;

    *ret = (struct policy_condition){0};
    if (!parse_operator(op, ret, err))
        return false;
    if (!policy_variable_parse(slice_str(key), &ret->key, err))
        return error_prefix(err, "%.60s", op);
    ret->values = calloc(count + 1, sizeof *ret->values);
    if (ret->values == NULL) {
        free(ret->key.name);
        return error_set(err, ERROR_FAILED, "no memory");
    }
    const cJSON *item = cJSON_IsArray(values) ? values->child : values;
    for (size_t i = 0; i < count && ok; i++, item = item->next)
        ok = add_value(ret, item, variables, err);
    if (ok)
        return true;
    policy_condition_done(ret);
    return error_prefix(err, "%.60s.%.100s", op, key);
}

void policy_condition_done(struct policy_condition *c)
{
    for (size_t i = 0; i < c->value_count; i++)
        free(c->values[i]);
    free(c->values);
    free(c->key.name);
    *c = (struct policy_condition){0};
}

/* ---- holding ---- */

static bool relates(enum relation relation, const char *value, const char *wanted)
{
    double a, b;

    if (!parse_number(value, &a) || !parse_number(wanted, &b))
        return false;
    switch (relation) {
    case LESS:
        return a < b;
    case LESS_OR_EQUAL:
        return a <= b;
    case GREATER:
        return a > b;
    case GREATER_OR_EQUAL:
        return a >= b;
    case EQUAL:
        break;
    }
    return !(a < b) && !(a > b);
}

static bool matches_one(const struct condition_operator *op, const uint8_t *wanted,
                        const struct pattern_scope *scope, const char *value)
{
    const char *text = (const char *)wanted; /* nothing in it stands for anything else */

    switch (op->compare) {
    case COMPARE_NUMBER:
        return relates(op->relation, value, text);
    case COMPARE_ADDRESS:
        return address_range_has(text, value);
    case COMPARE_TEXT:
    case COMPARE_BOOL:
    case COMPARE_NULL:
        break;
    }
    return policy_pattern_matches(wanted, scope, value);
}

/* Does the operator hold for one value that the key has? */
static bool holds_for(const struct policy_condition *c, const struct pattern_scope *scope,
                      const char *value)
{
    bool found = false;

    for (size_t i = 0; i < c->value_count && !found; i++)
        found = matches_one(c->op, c->values[i], scope, value);
    return found != c->op->negated;
}

bool policy_condition_is_open(const struct policy_condition *c, const struct policy_principal *who)
{
    return c->key.kind == POLICY_VARIABLE_WILL_TOPIC && who->will == POLICY_SOME_WILL &&
           c->op->compare != COMPARE_NULL;
}

bool policy_condition_holds(const struct policy_condition *c,
                            const struct policy_variables *variables,
                            const struct policy_principal *who)
{
    const struct pattern_scope scope = {
        .variables = variables, .who = who, .any_case = c->op->any_case};
    const char *values[POLICY_VALUES_MAX];
    size_t count = policy_variable_values(&c->key, who, values);
    size_t held = 0;

    if (c->op->compare == COMPARE_NULL)
        return holds_for(c, &scope, count == 0 ? "true" : "false");
    for (size_t i = 0; i < count; i++)
        held += holds_for(c, &scope, values[i]) ? 1 : 0;
    if (c->set == CONDITION_ALL_VALUES)
        return held == count;
    if (c->set == CONDITION_ANY_VALUE)
        return held != 0;
    if (count == 0)
        return c->if_exists || c->op->negated;
    /* Several values without a set operator: one of them is enough, and none may be excluded. */
    return c->op->negated ? held == count : held != 0;
}
