#include "telemetry/condition.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"

enum { STEPS_MAX = 64, DEPTH_MAX = 16, LITERAL_MAX = 128 };

enum op { EQUAL, UNEQUAL, AT_LEAST, AT_MOST, ABOVE, BELOW, NOT, AND, OR };

/* Written so that no one is the beginning of a later one. */
static const struct {
    const char *text;
    enum op op;
} comparisons[] = {
    {"==", EQUAL   },
    {"!=", UNEQUAL },
    {">=", AT_LEAST},
    {"<=", AT_MOST },
    {">",  ABOVE   },
    {"<",  BELOW   },
};

/* In the order of a stack machine: comparisons push, the others take what is there. */
struct step {
    enum op op;
    size_t signal;
    double number; /* of numbers, booleans and enums */
    char *text;    /* of texts, or NULL */
};

struct condition {
    const struct signal_schema *schema;
    struct step steps[STEPS_MAX];
    size_t count;
};

struct parser {
    const char *at, *end;
    struct condition *c;
    int depth;
    struct error *err;
};

int condition_signal(const struct signal_schema *schema, struct slice name)
{
    int index = signal_schema_find(schema, name);

    for (size_t i = 0; index < 0 && i < signal_schema_count(schema); i++) {
        const char *vss = signal_schema_def(schema, i)->vss;
        if (vss != NULL && slice_is(name, vss))
            index = (int)i;
    }
    return index;
}

/* ---- parsing ---- */

static bool fail(struct parser *p, const char *what)
{
    return error_set(p->err, ERROR_FAILED, "%s before \"%.*s\"", what,
                     (int)(p->end - p->at < 20 ? p->end - p->at : 20), p->at);
}

static void skip_space(struct parser *p)
{
    while (p->at < p->end && isspace((unsigned char)*p->at))
        p->at++;
}

static bool take(struct parser *p, const char *text)
{
    size_t len = strlen(text);

    skip_space(p);
    if ((size_t)(p->end - p->at) < len || memcmp(p->at, text, len) != 0)
        return false;
    p->at += len;
    return true;
}

static bool in_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '.' || c == '-' || c == '+';
}

/* A signal, number, true or false. */
static struct slice word(struct parser *p)
{
    skip_space(p);
    const char *start = p->at;
    while (p->at < p->end && in_word(*p->at))
        p->at++;
    return slice_of(start, (size_t)(p->at - start));
}

static struct step *add(struct parser *p, enum op op)
{
    struct condition *c = p->c;

    if (c->count == STEPS_MAX) {
        error_set(p->err, ERROR_FAILED, "more than %d parts", STEPS_MAX);
        return NULL;
    }
    c->steps[c->count] = (struct step){.op = op};
    return &c->steps[c->count++];
}

static bool literal_number(struct parser *p, const struct signal_def *def, double *ret)
{
    char text[64];
    struct slice s = word(p);
    char *end = NULL;

    if (s.len == 0 || s.len >= sizeof text)
        return fail(p, "a number expected");
    memcpy(text, s.data, s.len);
    text[s.len] = '\0';
    *ret = strtod(text, &end);
    if (*end != '\0' || !isfinite(*ret))
        return error_set(p->err, ERROR_FAILED, "%s is a number, \"%s\" is none", def->path, text);
    return true;
}

static bool literal_bool(struct parser *p, const struct signal_def *def, double *ret)
{
    struct slice s = word(p);

    *ret = slice_is(s, "true") ? 1 : 0;
    if (!slice_is(s, "true") && !slice_is(s, "false"))
        return error_set(p->err, ERROR_FAILED, "%s is true or false", def->path);
    return true;
}

/* Between quotes, without escapes: no signal's value needs them. */
static bool literal_text(struct parser *p, const struct signal_def *def, struct slice *ret)
{
    if (!take(p, "\""))
        return error_set(p->err, ERROR_FAILED, "%s is a text: a value in quotes expected",
                         def->path);
    const char *end = memchr(p->at, '"', (size_t)(p->end - p->at));
    if (end == NULL || end - p->at > LITERAL_MAX)
        return fail(p, "a closing quote is missing");
    *ret = slice_of(p->at, (size_t)(end - p->at));
    p->at = end + 1;
    return true;
}

static bool literal_enum(struct parser *p, const struct signal_def *def, double *ret)
{
    struct slice s = {0};

    if (!literal_text(p, def, &s))
        return false;
    for (size_t i = 0; i < def->value_count; i++)
        if (slice_is(s, def->values[i])) {
            *ret = (double)i;
            return true;
        }
    return error_set(p->err, ERROR_FAILED, "%s is never \"%.*s\"", def->path, SLICE_ARGS(s));
}

static bool literal(struct parser *p, const struct signal_def *def, struct step *step)
{
    struct slice s = {0};

    if ((def->type != SIGNAL_INT && def->type != SIGNAL_FLOAT) && step->op > UNEQUAL)
        return error_set(p->err, ERROR_FAILED, "%s is no number: only == and != compare it",
                         def->path);
    switch (def->type) {
    case SIGNAL_BOOL:
        return literal_bool(p, def, &step->number);
    case SIGNAL_INT:
    case SIGNAL_FLOAT:
        return literal_number(p, def, &step->number);
    case SIGNAL_ENUM:
        return literal_enum(p, def, &step->number);
    case SIGNAL_STRING:
    case SIGNAL_TYPE_COUNT:
        break;
    }
    if (!literal_text(p, def, &s))
        return false;
    step->text = xstrndup((const char *)s.data, s.len);
    return true;
}

static bool comparison(struct parser *p)
{
    const struct signal_schema *schema = p->c->schema;
    struct slice name = word(p);
    size_t i = 0;

    if (name.len == 0)
        return fail(p, "a signal expected");
    int index = condition_signal(schema, name);
    if (index < 0)
        return error_set(p->err, ERROR_FAILED, "no signal '%.*s' in model %s",
                         (int)(name.len < 100 ? name.len : 100), (const char *)name.data,
                         signal_schema_model(schema));
    while (i < sizeof comparisons / sizeof *comparisons && !take(p, comparisons[i].text))
        i++;
    if (i == sizeof comparisons / sizeof *comparisons)
        return fail(p, "==, !=, <, <=, > or >= expected");
    struct step *step = add(p, comparisons[i].op);
    if (step == NULL)
        return false;
    step->signal = (size_t)index;
    return literal(p, signal_schema_def(schema, step->signal), step);
}

static bool parse_or(struct parser *p);

static bool parse_not(struct parser *p)
{
    bool ok;

    if (p->depth == DEPTH_MAX)
        return error_set(p->err, ERROR_FAILED, "nested more than %d deep", DEPTH_MAX);
    p->depth++;
    skip_space(p);
    if (take(p, "!"))
        ok = parse_not(p) && add(p, NOT) != NULL;
    else if (take(p, "("))
        ok = parse_or(p) && (take(p, ")") || fail(p, "')' expected"));
    else
        ok = comparison(p);
    p->depth--;
    return ok;
}

static bool parse_and(struct parser *p)
{
    if (!parse_not(p))
        return false;
    while (take(p, "&&"))
        if (!parse_not(p) || add(p, AND) == NULL)
            return false;
    return true;
}

static bool parse_or(struct parser *p)
{
    if (!parse_and(p))
        return false;
    while (take(p, "||"))
        if (!parse_and(p) || add(p, OR) == NULL)
            return false;
    return true;
}

struct condition *condition_parse(struct slice text, const struct signal_schema *schema,
                                  struct error *err)
{
    struct condition *c = xcalloc(1, sizeof *c);
    const char *start = text.len != 0 ? (const char *)text.data : "";
    struct parser p = {.at = start, .end = start + text.len, .c = c, .err = err};

    c->schema = schema;
    bool ok = parse_or(&p);
    skip_space(&p);
    if (ok && p.at != p.end)
        ok = fail(&p, "&& or || expected");
    if (ok)
        return c;
    condition_free(c);
    return NULL;
}

void condition_free(struct condition *c)
{
    for (size_t i = 0; c != NULL && i < c->count; i++)
        free(c->steps[i].text);
    free(c);
}

/* ---- evaluating ---- */

static double number_of(const struct signal_def *def, union signal_value value)
{
    switch (def->type) {
    case SIGNAL_BOOL:
        return value.b ? 1 : 0;
    case SIGNAL_INT:
        return (double)value.i;
    case SIGNAL_FLOAT:
        return value.f;
    case SIGNAL_ENUM:
        return value.e;
    case SIGNAL_STRING:
    case SIGNAL_TYPE_COUNT:
        break;
    }
    return 0;
}

/* Below 0, 0 or above 0, as strcmp() has it. */
static int compare(const struct step *s, const struct signal_table *signals)
{
    const struct signal_def *def = signal_schema_def(signals->schema, s->signal);
    union signal_value value = signal_get(signals, s->signal);

    if (s->text != NULL)
        return strcmp(value.s != NULL ? value.s : "", s->text);
    double n = number_of(def, value);
    return (n > s->number) - (n < s->number);
}

static bool answer(const struct step *s, const struct signal_table *signals)
{
    int way = compare(s, signals);

    switch (s->op) {
    case EQUAL:
        return way == 0;
    case UNEQUAL:
        return way != 0;
    case AT_LEAST:
        return way >= 0;
    case AT_MOST:
        return way <= 0;
    case ABOVE:
        return way > 0;
    case BELOW:
        return way < 0;
    case NOT:
    case AND:
    case OR:
        break;
    }
    return false;
}

bool condition_holds(const struct condition *c, const struct signal_table *signals)
{
    bool stack[STEPS_MAX + 1] = {false};
    size_t top = 0;

    for (size_t i = 0; i < c->count; i++) {
        const struct step *s = &c->steps[i];
        if (s->op == NOT) {
            stack[top] = !stack[top];
        } else if (s->op == AND || s->op == OR) {
            top--;
            stack[top] = s->op == AND ? stack[top] && stack[top + 1] : stack[top] || stack[top + 1];
        } else {
            stack[++top] = answer(s, signals);
        }
    }
    return stack[top];
}

bool condition_uses(const struct condition *c, size_t index)
{
    for (size_t i = 0; i < c->count; i++)
        if (c->steps[i].op <= BELOW && c->steps[i].signal == index)
            return true;
    return false;
}
