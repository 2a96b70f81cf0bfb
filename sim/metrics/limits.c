#include "metrics/limits.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"
#include "metrics/json_text.h"
#include "metrics/table_text.h"

#define VALUE_MAX 32

struct judged {
    struct limit limit;
    struct limit_reached reached;
};

struct limits {
    struct judged *items;
    size_t count, missed;
};

struct limits *limits_new(const char *const *expressions, size_t count, struct error *err)
{
    struct limits *l = xcalloc(1, sizeof *l);

    l->items = xcalloc(count > 0 ? count : 1, sizeof *l->items);
    for (; l->count < count; l->count++) {
        if (limit_parse(expressions[l->count], &l->items[l->count].limit, err))
            continue;
        error_prefix(err, "--limit");
        limits_free(l);
        return NULL;
    }
    return l;
}

void limits_free(struct limits *l)
{
    if (l != NULL)
        free(l->items);
    free(l);
}

size_t limits_count(const struct limits *l)
{
    return l != NULL ? l->count : 0;
}

size_t limits_judge(struct limits *l, const struct recorder *rec)
{
    size_t missed = 0;

    for (size_t i = 0; i < limits_count(l); i++) {
        limit_judge(&l->items[i].limit, rec, &l->items[i].reached);
        missed += !l->items[i].reached.held;
    }
    if (l != NULL)
        l->missed = missed;
    return missed;
}

size_t limits_missed(const struct limits *l)
{
    return l != NULL ? l->missed : 0;
}

bool limits_doubt(const struct limits *l, char *ret, size_t size)
{
    const struct judged *first = NULL;
    char by[VALUE_MAX], late[VALUE_MAX];

    for (size_t i = 0; i < limits_count(l); i++) {
        const struct judged *j = &l->items[i];
        if (!j->reached.held && !j->reached.doubtful)
            return false;
        if (!j->reached.held && first == NULL)
            first = j;
    }
    if (first == NULL)
        return false;
    duration_human(first->reached.value - first->limit.bound, by, sizeof by);
    duration_human(first->reached.late, late, sizeof late);
    snprintf(ret, size, "%s is missed by %s, but the simulator itself was late by %s",
             first->limit.expression, by, late);
    return true;
}

const struct limit *limits_at(const struct limits *l, size_t i,
                              const struct limit_reached **ret_reached)
{
    assert(i < limits_count(l));
    *ret_reached = &l->items[i].reached;
    return &l->items[i].limit;
}

/* What it came to, in a few words. */
static void reached_text(const struct judged *j, char *ret, size_t size)
{
    if (j->reached.known)
        limit_value_text(&j->limit, j->reached.value, ret, size);
    else
        snprintf(ret, size, "%s", j->reached.why);
}

/* ---- the verdicts ---- */

static void tell(const struct judged *j, struct verdict_suite *suite)
{
    struct verdict_case *c = verdict_case_add(suite, j->limit.expression, "limits", 0);
    char text[LIMIT_WHY_MAX];

    reached_text(j, text, sizeof text);
    verdict_case_set_assertions(c, 1);
    verdict_case_add_property(c, "reached", text);
    char *message = j->reached.held ? NULL : xasprintf("missed: %s", text);
    verdict_case_finish(c, j->reached.held ? VERDICT_PASSED : VERDICT_FAILED, 0, message, NULL);
    free(message);
}

void limits_tell(const struct limits *l, struct verdicts *verdicts, struct run_results *results)
{
    if (limits_count(l) == 0)
        return;
    if (verdicts != NULL) {
        struct verdict_suite *suite = verdict_suite_add(verdicts, "limits", NULL);
        verdict_suite_set_aside(suite);
        for (size_t i = 0; i < l->count; i++)
            tell(&l->items[i], suite);
    }
    run_results_set_json(results, "limits", limits_json(l));
}

/* ---- summary.json ---- */

static void statistic_name(const struct limit *limit, char ret[VALUE_MAX])
{
    static const char *const names[] = {
        [LIMIT_MEAN] = "mean",   [LIMIT_MIN] = "min",     [LIMIT_MAX] = "max",
        [LIMIT_COUNT] = "count", [LIMIT_TOTAL] = "total", [LIMIT_SHARE] = "share",
    };

    if (limit->statistic == LIMIT_PERCENTILE)
        snprintf(ret, VALUE_MAX, "p%.10g", limit->percent);
    else
        snprintf(ret, VALUE_MAX, "%s", names[limit->statistic]);
}

cJSON *limits_json(const struct limits *l)
{
    cJSON *list = cJSON_CreateArray();
    char statistic[VALUE_MAX];

    for (size_t i = 0; i < limits_count(l); i++) {
        const struct judged *j = &l->items[i];
        cJSON *o = cJSON_CreateObject();
        statistic_name(&j->limit, statistic);
        json_add_text(o, "expression", j->limit.expression);
        json_add_text(o, "metric", j->limit.metric);
        json_add_text(o, "statistic", statistic);
        if (j->reached.known)
            cJSON_AddNumberToObject(o, "value", j->reached.value);
        else
            cJSON_AddNullToObject(o, "value");
        cJSON_AddNumberToObject(o, "limit", j->limit.bound);
        json_add_text(o, "unit", limit_unit(&j->limit));
        cJSON_AddBoolToObject(o, "held", j->reached.held);
        cJSON_AddBoolToObject(o, "doubtful", j->reached.doubtful);
        if (!j->reached.known)
            json_add_text(o, "reason", j->reached.why);
        cJSON_AddItemToArray(list, o);
    }
    return list;
}

/* ---- the table ---- */

#define HEADING "limit"

bool limits_table(const struct limits *l, bool colour, struct buf *out)
{
    size_t width = strlen(HEADING);
    char text[LIMIT_WHY_MAX];

    if (limits_count(l) == 0)
        return !out->overflow;
    for (size_t i = 0; i < l->count; i++) {
        size_t n = table_columns(l->items[i].limit.expression);
        width = n > width ? n : width;
    }
    table_heading(out, HEADING, (const char *const[]){"reached", NULL}, width, colour);
    for (size_t i = 0; i < l->count; i++) {
        const struct judged *j = &l->items[i];
        limit_value_text(&j->limit, j->reached.value, text, sizeof text);
        buf_append_str(out, colour && !j->reached.held ? TABLE_RED : "");
        table_name(out, j->limit.expression, width);
        table_right(out, j->reached.known ? text : "–");
        buf_append_str(out, j->reached.held ? "  held" : "  MISSED");
        if (!j->reached.known)
            buf_printf(out, ": %s", j->reached.why);
        duration_human(j->reached.late, text, sizeof text);
        if (j->reached.doubtful)
            buf_printf(out, ", but the simulator was late by %s", text);
        buf_printf(out, "%s\n", colour && !j->reached.held ? TABLE_PLAIN : "");
    }
    return !out->overflow;
}
