#include "cloud/provisioning/provision_expression.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"

#define CERTIFICATE_PREFIX "AWS::IoT::Certificate::"

struct evaluation {
    const cJSON *parameters, *mappings;
    struct provision_error *err;
};

bool provision_fail(struct provision_error *err, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(err->text, sizeof err->text, fmt, ap);
    va_end(ap);
    return false;
}

static cJSON *evaluate(const struct evaluation *e, const cJSON *item);

/* ---- the functions: each takes its evaluated argument; NULL with the error ---- */

static cJSON *ref(const struct evaluation *e, const cJSON *argument)
{
    const char *name = cJSON_IsString(argument) ? argument->valuestring : "";
    const char *value = json_str(e->parameters, name, NULL);

    if (value != NULL)
        return cJSON_CreateString(value);
    provision_fail(e->err, "Ref: there is no value of %.80s", name);
    return NULL;
}

/* The text's memory is taken. */
static cJSON *text_item(struct text *t)
{
    cJSON *item = t->failed ? NULL : cJSON_CreateString(t->data != NULL ? t->data : "");

    text_done(t);
    return item;
}

static cJSON *join(const struct evaluation *e, const cJSON *argument)
{
    const cJSON *between = cJSON_GetArrayItem(argument, 0);
    const cJSON *parts = cJSON_GetArrayItem(argument, 1);
    const cJSON *part;
    bool first = true;
    struct text t;

    if (!cJSON_IsString(between) || !cJSON_IsArray(parts)) {
        provision_fail(e->err, "Fn::Join: not [\"between\",[\"part\",…]]");
        return NULL;
    }
    text_init(&t);
    cJSON_ArrayForEach(part, parts)
    {
        if (!cJSON_IsString(part)) {
            provision_fail(e->err, "Fn::Join: a part is not a text");
            text_done(&t);
            return NULL;
        }
        text_str(&t, first ? "" : between->valuestring);
        text_str(&t, part->valuestring);
        first = false;
    }
    return text_item(&t);
}

/* A number, or a text that is one. */
static int index_of(const cJSON *item)
{
    char *end;

    if (cJSON_IsNumber(item) && item->valuedouble >= 0 && item->valuedouble < 1000)
        return (int)item->valuedouble;
    if (!cJSON_IsString(item))
        return -1;
    long n = strtol(item->valuestring, &end, 10);
    return *end == '\0' && end != item->valuestring && n >= 0 && n < 1000 ? (int)n : -1;
}

static cJSON *select_item(const struct evaluation *e, const cJSON *argument)
{
    int n = index_of(cJSON_GetArrayItem(argument, 0));
    const cJSON *chosen = n >= 0 ? cJSON_GetArrayItem(cJSON_GetArrayItem(argument, 1), n) : NULL;

    if (chosen != NULL && cJSON_IsString(chosen))
        return cJSON_CreateString(chosen->valuestring);
    provision_fail(e->err, "Fn::Select: there is no such item");
    return NULL;
}

static bool add_piece(cJSON *list, const char *from, size_t len)
{
    char *piece = strndup(from, len);
    cJSON *item = piece != NULL ? cJSON_CreateString(piece) : NULL;

    free(piece);
    return item != NULL && cJSON_AddItemToArray(list, item);
}

static cJSON *split(const struct evaluation *e, const cJSON *argument)
{
    const cJSON *at = cJSON_GetArrayItem(argument, 0);
    const cJSON *text = cJSON_GetArrayItem(argument, 1);
    cJSON *list = cJSON_CreateArray();
    bool ok = list != NULL;

    if (!cJSON_IsString(at) || *at->valuestring == '\0' || !cJSON_IsString(text)) {
        provision_fail(e->err, "Fn::Split: not [\"at\",\"text\"]");
        cJSON_Delete(list);
        return NULL;
    }
    const char *from = text->valuestring;
    for (const char *end = from; ok && end != NULL; from = end + strlen(at->valuestring)) {
        end = strstr(from, at->valuestring);
        ok = add_piece(list, from, end != NULL ? (size_t)(end - from) : strlen(from));
        if (end == NULL)
            break;
    }
    if (ok)
        return list;
    cJSON_Delete(list);
    return NULL;
}

/* Appends the value of ${name}, or of ${!name} "${name}" itself; false with the error. */
static bool substitute(const struct evaluation *e, const cJSON *own, const char *name,
                       struct text *t)
{
    const char *value = json_str(own, name, json_str(e->parameters, name, NULL));

    if (*name == '!') {
        text_str(t, "${");
        text_str(t, name + 1);
        text_str(t, "}");
        return true;
    }
    if (value == NULL)
        return provision_fail(e->err, "Fn::Sub: there is no value of %.80s", name);
    text_str(t, value);
    return true;
}

/* ["a ${b}",{"b":"…"}] or "a ${b}" */
static cJSON *sub(const struct evaluation *e, const cJSON *argument)
{
    const cJSON *pattern = cJSON_IsArray(argument) ? cJSON_GetArrayItem(argument, 0) : argument;
    const cJSON *own = cJSON_IsArray(argument) ? cJSON_GetArrayItem(argument, 1) : NULL;
    const char *p = cJSON_IsString(pattern) ? pattern->valuestring : NULL;
    char name[128];
    struct text t;

    text_init(&t);
    while (p != NULL && *p != '\0') {
        size_t plain = strcspn(p, "$");
        size_t len = p[plain] == '$' && p[plain + 1] == '{' ? strcspn(p + plain + 2, "}") : 0;
        text_bytes(&t, p, plain);
        p += plain;
        if (len == 0 || len >= sizeof name || p[2 + len] != '}') {
            text_bytes(&t, p, *p != '\0');
            p += *p != '\0';
            continue;
        }
        memcpy(name, p + 2, len);
        name[len] = '\0';
        p += len + 3;
        if (!substitute(e, own, name, &t)) {
            text_done(&t);
            return NULL;
        }
    }
    if (p != NULL)
        return text_item(&t);
    provision_fail(e->err, "Fn::Sub: not a text, nor [\"text\",{…}]");
    return NULL;
}

/* ["map","key","name"] */
static cJSON *find_in_map(const struct evaluation *e, const cJSON *argument)
{
    const cJSON *at = e->mappings;

    for (int i = 0; i < 3 && at != NULL; i++) {
        const cJSON *name = cJSON_GetArrayItem(argument, i);
        at = cJSON_IsString(name) ? json_get(at, name->valuestring) : NULL;
    }
    if (at != NULL)
        return cJSON_Duplicate(at, true);
    provision_fail(e->err, "Fn::FindInMap: it is not in the Mappings");
    return NULL;
}

static const struct {
    const char *name;
    cJSON *(*run)(const struct evaluation *e, const cJSON *argument);
} functions[] = {
    {"Ref",           ref        },
    {"Fn::Join",      join       },
    {"Fn::Select",    select_item},
    {"Fn::Split",     split      },
    {"Fn::Sub",       sub        },
    {"Fn::FindInMap", find_in_map},
};
#define FUNCTION_COUNT (sizeof functions / sizeof *functions)

/* Which one an object with one member is; FUNCTION_COUNT: none. */
static size_t function_of(const cJSON *item)
{
    const cJSON *only = cJSON_IsObject(item) && cJSON_GetArraySize(item) == 1 ? item->child : NULL;
    size_t i = 0;

    while (i < FUNCTION_COUNT && (only == NULL || strcmp(functions[i].name, only->string) != 0))
        i++;
    return i;
}

/* ---- the tree ---- */

static bool add_evaluated(const struct evaluation *e, cJSON *to, const cJSON *child)
{
    cJSON *value = evaluate(e, child);

    if (value == NULL)
        return false;
    return cJSON_IsArray(to) ? cJSON_AddItemToArray(to, value)
                             : cJSON_AddItemToObject(to, child->string, value);
}

static cJSON *evaluate_children(const struct evaluation *e, const cJSON *item)
{
    cJSON *copy = cJSON_IsArray(item) ? cJSON_CreateArray() : cJSON_CreateObject();
    const cJSON *child;

    cJSON_ArrayForEach(child, item)
    {
        if (copy != NULL && !add_evaluated(e, copy, child)) {
            cJSON_Delete(copy);
            return NULL;
        }
    }
    return copy;
}

/* As deep as the document, whose depth is bounded where it is parsed. */
static cJSON *evaluate(const struct evaluation *e, const cJSON *item)
{
    size_t f = function_of(item);

    if (!cJSON_IsObject(item) && !cJSON_IsArray(item))
        return cJSON_Duplicate(item, false);
    if (f == FUNCTION_COUNT)
        return evaluate_children(e, item);
    cJSON *argument = evaluate(e, item->child);
    cJSON *value = argument != NULL ? functions[f].run(e, argument) : NULL;
    cJSON_Delete(argument);
    return value;
}

/* One part of the template, into the tree. */
static bool evaluate_part(const struct evaluation *e, const cJSON *body, const char *name,
                          cJSON *tree)
{
    const cJSON *part = json_get(body, name);
    cJSON *value = part != NULL ? evaluate(e, part) : NULL;

    return part == NULL || (value != NULL && cJSON_AddItemToObject(tree, name, value));
}

cJSON *provision_evaluate(const cJSON *body, const cJSON *parameters, struct provision_error *err)
{
    const struct evaluation e = {
        .parameters = parameters, .mappings = json_get(body, "Mappings"), .err = err};
    cJSON *tree = cJSON_CreateObject();

    err->text[0] = '\0';
    if (tree != NULL && evaluate_part(&e, body, "Resources", tree) &&
        evaluate_part(&e, body, "DeviceConfiguration", tree))
        return tree;
    cJSON_Delete(tree);
    return NULL;
}

/* ---- checking ---- */

static bool check_ref(const cJSON *parameters, const cJSON *argument, struct provision_error *err)
{
    const char *name = cJSON_IsString(argument) ? argument->valuestring : "";

    if (strncmp(name, CERTIFICATE_PREFIX, sizeof CERTIFICATE_PREFIX - 1) == 0 ||
        json_get(parameters, name) != NULL)
        return true;
    return provision_fail(err, "Ref: %.80s is not one of the Parameters", name);
}

static bool check_item(const cJSON *parameters, const cJSON *item, struct provision_error *err)
{
    size_t f = function_of(item);
    const cJSON *child;

    if (f < FUNCTION_COUNT && functions[f].run == ref)
        return check_ref(parameters, item->child, err);
    if (f == FUNCTION_COUNT && cJSON_IsObject(item) && item->child != NULL &&
        strncmp(item->child->string, "Fn::", 4) == 0)
        return provision_fail(err, "%.80s: no such function", item->child->string);
    cJSON_ArrayForEach(child, item)
    {
        if (!check_item(parameters, child, err))
            return false;
    }
    return true;
}

bool provision_expression_is_constant(const cJSON *item)
{
    const cJSON *child;

    if (function_of(item) < FUNCTION_COUNT)
        return false;
    cJSON_ArrayForEach(child, item)
    {
        if (!provision_expression_is_constant(child))
            return false;
    }
    return true;
}

bool provision_expression_check(const cJSON *body, struct provision_error *err)
{
    const cJSON *parameters = json_get(body, "Parameters");
    const cJSON *configuration = json_get(body, "DeviceConfiguration");

    return check_item(parameters, json_get(body, "Resources"), err) &&
           (configuration == NULL || check_item(parameters, configuration, err));
}
