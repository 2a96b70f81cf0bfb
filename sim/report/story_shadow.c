#include "report/story_shadow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/xmem.h"
#include "metrics/xml.h"
#include "report/story_picture.h"

#define LEAVES_MAX 2000
#define DEPTH_MAX  24

/* Columns of a leaf. */
enum { DESIRED_BEFORE, DESIRED, REPORTED_BEFORE, REPORTED, CAR, COLUMN_COUNT };

struct leaf {
    char *path;
    const cJSON *values[COLUMN_COUNT]; /* NULL: there is none */
};

struct leaves {
    struct leaf *list;
    size_t count;
};

static struct leaf *leaf_at(struct leaves *l, const char *path)
{
    for (size_t i = 0; i < l->count; i++)
        if (strcmp(l->list[i].path, path) == 0)
            return &l->list[i];
    if (l->count == LEAVES_MAX)
        return NULL;
    l->list = xrealloc(l->list, (l->count + 1) * sizeof *l->list);
    l->list[l->count] = (struct leaf){.path = xstrdup(path)};
    return &l->list[l->count++];
}

static void add_leaves(struct leaves *l, const cJSON *value, const char *path, int column)
{
    const cJSON *child;

    if (value == NULL || strlen(path) > 500)
        return;
    if (cJSON_IsObject(value) && (value->child != NULL || path[0] == '\0')) {
        cJSON_ArrayForEach(child, value)
        {
            char *longer = xasprintf("%s%s%s", path, path[0] != '\0' ? "." : "", child->string);
            add_leaves(l, child, longer, column);
            free(longer);
        }
        return;
    }
    struct leaf *leaf = leaf_at(l, path);
    if (leaf != NULL)
        leaf->values[column] = value;
}

/* Those that live in the shadow of that name; "": the classic one. */
static void add_car(struct leaves *l, const cJSON *signals, const char *shadow)
{
    const cJSON *signal;

    cJSON_ArrayForEach(signal, signals)
    {
        const char *path = json_str(signal, "path", NULL);
        if (path == NULL || !cJSON_IsTrue(json_get(signal, "reported")) ||
            strcmp(json_str(signal, "shadow", ""), shadow) != 0)
            continue;
        struct leaf *leaf = leaf_at(l, path);
        if (leaf != NULL)
            leaf->values[CAR] = json_get(signal, "value");
    }
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct leaf *)a)->path, ((const struct leaf *)b)->path);
}

static bool same(const cJSON *a, const cJSON *b)
{
    return a == NULL || b == NULL ? a == b : json_equal(a, b) != 0;
}

static bool is_delta(const struct leaf *leaf)
{
    return leaf->values[DESIRED] != NULL && !same(leaf->values[DESIRED], leaf->values[REPORTED]);
}

static bool car_differs(const struct leaf *leaf)
{
    return leaf->values[CAR] != NULL && !same(leaf->values[CAR], leaf->values[REPORTED]);
}

static bool is_worth(const struct leaf *leaf)
{
    return !same(leaf->values[DESIRED_BEFORE], leaf->values[DESIRED]) ||
           !same(leaf->values[REPORTED_BEFORE], leaf->values[REPORTED]) || is_delta(leaf) ||
           car_differs(leaf);
}

/* ---- cells ---- */

static void put_value(struct buf *out, const cJSON *value)
{
    char *text = value != NULL && !cJSON_IsString(value) ? cJSON_PrintUnformatted(value) : NULL;

    if (cJSON_IsString(value))
        xml_text(out, value->valuestring[0] != '\0' ? value->valuestring : "\"\"");
    else
        xml_text(out, text != NULL ? text : "");
    cJSON_free(text);
}

static void put_change(struct buf *out, const cJSON *before, const cJSON *after)
{
    bool changed = !same(before, after);
    const char *style = !changed         ? ""
                        : before == NULL ? " class=\"added\""
                        : after == NULL  ? " class=\"removed\""
                                         : " class=\"changed\"";

    buf_printf(out, "<td%s>", style);
    if (changed && before != NULL) {
        buf_append_str(out, "<del>");
        put_value(out, before);
        buf_append_str(out, "</del>");
        if (after != NULL)
            buf_append_str(out, " → ");
    }
    if (changed && after != NULL)
        buf_append_str(out, "<ins>");
    put_value(out, after);
    if (changed && after != NULL)
        buf_append_str(out, "</ins>");
    buf_append_str(out, "</td>");
}

static void put_leaf(struct buf *out, const struct leaf *leaf)
{
    buf_append_str(out, "<tr><th>");
    xml_text(out, leaf->path);
    buf_append_str(out, "</th>");
    put_change(out, leaf->values[DESIRED_BEFORE], leaf->values[DESIRED]);
    put_change(out, leaf->values[REPORTED_BEFORE], leaf->values[REPORTED]);
    buf_printf(out, "<td%s>", is_delta(leaf) ? " class=\"open\"" : "");
    if (is_delta(leaf))
        put_value(out, leaf->values[DESIRED]);
    buf_printf(out, "</td><td%s>", car_differs(leaf) ? " class=\"differs\"" : "");
    if (car_differs(leaf))
        put_value(out, leaf->values[CAR]);
    buf_append_str(out, "</td></tr>\n");
}

static void put_leaves(struct buf *out, const struct leaves *l, bool worth)
{
    buf_append_str(out, "<div class=\"wide\"><table class=\"shadow\"><thead><tr><th></th>"
                        "<th>desired</th><th>reported</th><th>delta</th>"
                        "<th>the car itself</th></tr></thead>\n");
    for (size_t i = 0; i < l->count; i++)
        if (is_worth(&l->list[i]) == worth)
            put_leaf(out, &l->list[i]);
    buf_append_str(out, "</table></div>\n");
}

static bool is_absent(const cJSON *document)
{
    return cJSON_IsFalse(json_get(document, "exists"));
}

static void put_versions(struct buf *out, const cJSON *shadow, double began)
{
    const cJSON *before = json_get(shadow, "before"), *after = json_get(shadow, "after");
    char time[32], later[32];

    story_time(json_num(before, "t", 0) - began, time, sizeof time);
    story_time(json_num(after, "t", 0) - began, later, sizeof later);
    buf_append_str(out, "<p class=\"note\">");
    if (is_absent(before) && json_get(before, "reported") == NULL)
        buf_append_str(out, "There was none before.");
    else if (is_absent(before))
        buf_append_str(out, "There was none before: compared with what the car first reported.");
    else
        buf_printf(out, "Version %.0f was the first that was seen (%s).",
                   json_num(before, "version", 0), time);
    if (is_absent(after) && !(json_num(after, "version", 0) > 0))
        buf_append_str(out, " There is none.");
    else if (is_absent(after))
        buf_printf(out, " It was deleted (%s).", later);
    else
        buf_printf(out, " Version %.0f is the last (%s).", json_num(after, "version", 0), later);
    if (cJSON_IsTrue(json_get(shadow, "gap")))
        buf_append_str(out, " Some changes in between were seen by nobody here.");
    buf_append_str(out, "</p>\n");
}

static void put_shadow(struct buf *out, const cJSON *car, const cJSON *shadow, double began)
{
    const cJSON *before = json_get(shadow, "before"), *after = json_get(shadow, "after");
    const char *name = json_str(shadow, "name", "");
    struct leaves l = {0};
    size_t worth = 0;

    add_leaves(&l, json_get(before, "desired"), "", DESIRED_BEFORE);
    add_leaves(&l, json_get(after, "desired"), "", DESIRED);
    add_leaves(&l, json_get(before, "reported"), "", REPORTED_BEFORE);
    add_leaves(&l, json_get(after, "reported"), "", REPORTED);
    /* A car of which the cloud knows nothing does not differ in everything. */
    if (cJSON_IsObject(json_get(after, "reported")))
        add_car(&l, json_get(car, "signals"), name);
    if (l.count > 0)
        qsort(l.list, l.count, sizeof *l.list, by_path);
    for (size_t i = 0; i < l.count; i++)
        worth += is_worth(&l.list[i]);
    buf_append_str(out, "<div class=\"part\"><h5>Shadow");
    if (name[0] != '\0') {
        buf_append_str(out, " “");
        xml_text(out, name);
        buf_append_str(out, "”");
    }
    buf_append_str(out, ", before and after</h5>\n");
    put_versions(out, shadow, began);
    if (worth > 0)
        put_leaves(out, &l, true);
    else
        buf_append_str(out, "<p class=\"note\">Nothing changed, and nothing is desired that is not "
                            "reported.</p>\n");
    if (worth < l.count) {
        buf_printf(out, "<details><summary>%zu that did not change</summary>\n", l.count - worth);
        put_leaves(out, &l, false);
        buf_append_str(out, "</details>\n");
    }
    buf_append_str(out, "</div>\n");
    for (size_t i = 0; i < l.count; i++)
        free(l.list[i].path);
    free(l.list);
}

void story_shadow(const cJSON *car, double began, struct buf *out)
{
    const cJSON *shadow = json_get(car, "shadow");

    if (shadow != NULL)
        put_shadow(out, car, shadow, began);
    cJSON_ArrayForEach(shadow, json_get(car, "shadows")) put_shadow(out, car, shadow, began);
}

/* ---- signals ---- */

static void put_signal(struct buf *out, const cJSON *signal)
{
    const cJSON *before = json_get(signal, "before"), *value = json_get(signal, "value");
    const char *unit = json_str(signal, "unit", NULL);

    buf_append_str(out, "<tr><th>");
    xml_text(out, json_str(signal, "path", ""));
    buf_append_str(out, "</th>");
    put_change(out, before != NULL ? before : value, value);
    buf_append_str(out, "<td class=\"note\">");
    xml_text(out, unit != NULL ? unit : "");
    buf_append_str(out, "</td></tr>\n");
}

void story_signals(const cJSON *car, struct buf *out)
{
    const cJSON *signals = json_get(car, "signals"), *signal;
    int count = cJSON_GetArraySize(signals);
    int changed = 0;

    cJSON_ArrayForEach(signal, signals) changed += json_get(signal, "before") != NULL;
    if (count == 0)
        return;
    buf_printf(out,
               "<details class=\"part\"><summary>All signals of the car at that moment <span "
               "class=\"count\">%d, %d changed</span></summary>\n<div class=\"wide\"><table "
               "class=\"signals\">\n",
               count, changed);
    for (int pass = 0; pass < 2; pass++)
        cJSON_ArrayForEach(signal, signals)
        {
            if ((json_get(signal, "before") != NULL) == (pass == 0))
                put_signal(out, signal);
        }
    buf_append_str(out, "</table></div></details>\n");
}
