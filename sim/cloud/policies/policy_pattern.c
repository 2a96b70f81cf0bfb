#include "cloud/policies/policy_pattern.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define VARIABLES_MAX 250

static bool is_same(const struct policy_variable *a, const struct policy_variable *b)
{
    return a->kind == b->kind && a->index == b->index && a->list == b->list &&
           (a->name == NULL) == (b->name == NULL) &&
           (a->name == NULL || strcmp(a->name, b->name) == 0);
}

/* Takes the variable; its number, from 1, or 0. */
static size_t keep_variable(struct policy_variable *v, struct policy_variables *variables,
                            struct error *err)
{
    struct policy_variable *items = NULL;

    for (size_t i = 0; i < variables->count; i++)
        if (is_same(&variables->items[i], v)) {
            free(v->name);
            return i + 1;
        }
    if (variables->count == VARIABLES_MAX)
        error_set(err, ERROR_USAGE, "more than %d variables in one document", VARIABLES_MAX);
    else
        items = realloc(variables->items, (variables->count + 1) * sizeof *items);
    if (items == NULL) {
        free(v->name);
        return 0;
    }
    variables->items = items;
    items[variables->count] = *v;
    return ++variables->count;
}

/* The number of that variable, from 1; 0: none, with the error. */
static size_t add_variable(struct slice name, struct policy_variables *variables, struct error *err)
{
    struct policy_variable v;

    if (!policy_variable_parse(name, &v, err))
        return 0;
    error_set(err, ERROR_FAILED, "no memory");
    return keep_variable(&v, variables, err);
}

/* What "${…}" stands for, `len` bytes inside; how many bytes it has made. 0 with the error. */
static size_t compile_variable(const char *inside, size_t len, uint8_t *to,
                               struct policy_variables *variables, struct error *err)
{
    if (len == 1 && strchr("*?$", *inside) != NULL) {
        *to = (uint8_t)*inside;
        return 1;
    }
    size_t number = add_variable(slice_of(inside, len), variables, err);
    to[0] = PATTERN_VARIABLE;
    to[1] = (uint8_t)number;
    return number != 0 ? 2 : 0;
}

static uint8_t code_of(char c, bool wild)
{
    if (wild && c == '*')
        return PATTERN_STAR;
    return wild && c == '?' ? PATTERN_ANY : (uint8_t)c;
}

/* False with the error. */
static bool compile(const char *text, bool wild, uint8_t *to, struct policy_variables *variables,
                    struct error *err)
{
    for (const char *p = text; *p != '\0';) {
        if ((unsigned char)*p < ' ')
            return error_set(err, ERROR_USAGE, "a control character");
        if (p[0] == '$' && p[1] == '{') {
            size_t len = strcspn(p + 2, "}");
            if (p[2 + len] == '\0')
                return error_set(err, ERROR_USAGE, "\"%.60s\": a variable without its }", p);
            size_t made = compile_variable(p + 2, len, to, variables, err);
            if (made == 0)
                return false;
            to += made;
            p += len + 3;
        } else {
            *to++ = code_of(*p++, wild);
        }
    }
    *to = PATTERN_END;
    return true;
}

uint8_t *policy_pattern_compile(const char *text, bool wild, struct policy_variables *variables,
                                struct error *err)
{
    /* No part gets longer: the shortest variable, "${}", is no variable. */
    uint8_t *code = malloc(strlen(text) + 1);

    if (code == NULL) {
        error_set(err, ERROR_FAILED, "no memory");
        return NULL;
    }
    if (compile(text, wild, code, variables, err))
        return code;
    free(code);
    return NULL;
}

/* The next character, not the next byte. */
static const char *after_character(const char *s)
{
    do
        s++;
    while (((unsigned char)*s & 0xc0) == 0x80);
    return s;
}

/* Does one step of the pattern that is not a star match at s? Moves both on if so. */
static bool step(const struct pattern_scope *scope, const uint8_t **pattern, const char **s)
{
    const uint8_t *p = *pattern;

    if (*p == PATTERN_VARIABLE) {
        const char *value = policy_variable_value(&scope->variables->items[p[1] - 1], scope->who);
        size_t len = value != NULL ? strlen(value) : 0;
        if (value == NULL || (scope->any_case ? strncasecmp : strncmp)(*s, value, len) != 0)
            return false;
        *pattern += 2;
        *s += len;
        return true;
    }
    if (**s == '\0')
        return false;
    if (*p == PATTERN_ANY) {
        *s = after_character(*s);
    } else {
        uint8_t c = (uint8_t) * *s;
        if (*p != c && !(scope->any_case && tolower(*p) == tolower(c)))
            return false;
        ++*s;
    }
    ++*pattern;
    return true;
}

bool policy_pattern_matches(const uint8_t *pattern, const struct pattern_scope *scope,
                            const char *s)
{
    const uint8_t *star = NULL; /* what follows the last star */
    const char *from = NULL;    /* where that was tried last */

    while (*pattern != PATTERN_END || *s != '\0') {
        if (*pattern == PATTERN_STAR) {
            star = ++pattern;
            from = s;
        } else if (*pattern == PATTERN_END || !step(scope, &pattern, &s)) {
            if (star == NULL || *from == '\0')
                return false;
            pattern = star;
            s = from = after_character(from);
        }
    }
    return true;
}
