#include "metrics/verdicts.h"

#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"

#define OUTPUT_MAX ((size_t)1 << 20)

struct properties {
    struct verdict_property *items;
    size_t count;
};

struct verdict_case {
    struct verdicts *all;
    const struct verdict_suite *suite;
    size_t id;
    char *name, *classname;
    unsigned line, round;
    enum verdict_state state;
    usec_t duration;
    uint64_t assertions;
    char *message, *where, *text;
    char **tags;
    size_t tag_count;
    struct properties params, properties;
    struct verdict_step *steps;
    size_t step_count;
    struct verdict_attempt *attempts;
    size_t attempt_count;
    struct buf output;
};

struct verdict_suite {
    struct verdicts *all;
    char *name, *file;
    struct properties properties;
    struct verdict_case **cases;
    size_t case_count;
    bool aside;
};

struct verdicts {
    char *name;
    int64_t started_wall_ms;
    uint64_t generation;
    size_t cases;
    struct verdict_suite **suites;
    size_t suite_count;
};

static char *copy(const char *text)
{
    return text != NULL ? xstrdup(text) : NULL;
}

/* Room for one more in an array that grows by doubling. */
static void *grow(void *items, size_t count, size_t size)
{
    return (count & (count - 1)) == 0 ? xrealloc(items, (count != 0 ? count * 2 : 1) * size)
                                      : items;
}

struct verdicts *verdicts_new(const char *name, int64_t started_wall_ms)
{
    struct verdicts *all = xcalloc(1, sizeof *all);

    all->name = xstrdup(name);
    all->started_wall_ms = started_wall_ms;
    return all;
}

/* ---- freeing ---- */

/* Texts of the structs that views are made of are const; here they were copied. */
static void drop(const char *text)
{
    free((char *)(uintptr_t)text);
}

static void properties_done(struct properties *p)
{
    for (size_t i = 0; i < p->count; i++) {
        free(p->items[i].name);
        free(p->items[i].value);
    }
    free(p->items);
}

static void drop_steps(struct verdict_case *c)
{
    for (size_t i = 0; i < c->step_count; i++) {
        drop(c->steps[i].name);
        drop(c->steps[i].message);
        drop(c->steps[i].where);
    }
    free(c->steps);
    c->steps = NULL;
    c->step_count = 0;
}

static void drop_run(struct verdict_case *c)
{
    drop_steps(c);
    for (size_t i = 0; i < c->attempt_count; i++) {
        drop(c->attempts[i].message);
        drop(c->attempts[i].detail);
    }
    for (size_t i = 0; i < c->tag_count; i++)
        free(c->tags[i]);
    free(c->attempts);
    free(c->tags);
}

static void case_free(struct verdict_case *c)
{
    drop_run(c);
    properties_done(&c->params);
    properties_done(&c->properties);
    buf_done(&c->output);
    free(c->name);
    free(c->classname);
    free(c->message);
    free(c->where);
    free(c->text);
    free(c);
}

static void suite_free(struct verdict_suite *suite)
{
    for (size_t i = 0; i < suite->case_count; i++)
        case_free(suite->cases[i]);
    properties_done(&suite->properties);
    free(suite->cases);
    free(suite->name);
    free(suite->file);
    free(suite);
}

void verdicts_free(struct verdicts *all)
{
    if (all == NULL)
        return;
    for (size_t i = 0; i < all->suite_count; i++)
        suite_free(all->suites[i]);
    free(all->suites);
    free(all->name);
    free(all);
}

/* ---- suites and cases ---- */

struct verdict_suite *verdict_suite_add(struct verdicts *all, const char *name, const char *file)
{
    struct verdict_suite *suite = xcalloc(1, sizeof *suite);

    suite->all = all;
    suite->name = xstrdup(name);
    suite->file = copy(file);
    all->suites = grow(all->suites, all->suite_count, sizeof(struct verdict_suite *));
    all->suites[all->suite_count++] = suite;
    all->generation++;
    return suite;
}

struct verdict_suite *verdict_suite_of(struct verdicts *all, const char *file)
{
    /* The latest is the likeliest. */
    for (size_t i = all->suite_count; i > 0; i--) {
        struct verdict_suite *suite = all->suites[i - 1];
        if (suite->file != NULL && strcmp(suite->file, file) == 0)
            return suite;
    }
    return verdict_suite_add(all, file, file);
}

/* "./scenarios/lock.lua" → "scenarios.lock" */
static char *class_of(const struct verdict_suite *suite)
{
    const char *file = suite->file != NULL ? suite->file : suite->name;

    while (*file == '.' || *file == '/')
        file++;
    size_t len = strlen(file);
    if (len > 4 && strcmp(file + len - 4, ".lua") == 0)
        len -= 4;
    char *name = xstrndup(file, len);
    for (char *p = name; *p != '\0'; p++)
        if (*p == '/')
            *p = '.';
    return name;
}

struct verdict_case *verdict_case_add(struct verdict_suite *suite, const char *name,
                                      const char *classname, unsigned line)
{
    struct verdict_case *c = xcalloc(1, sizeof *c);

    c->all = suite->all;
    c->suite = suite;
    c->id = ++suite->all->cases;
    c->name = xstrdup(name);
    c->classname = classname != NULL ? xstrdup(classname) : class_of(suite);
    c->line = line;
    c->round = 1;
    buf_init(&c->output, OUTPUT_MAX);
    suite->cases = grow(suite->cases, suite->case_count, sizeof(struct verdict_case *));
    suite->cases[suite->case_count++] = c;
    c->all->generation++;
    return c;
}

/* ---- what is told of a case ---- */

static void replace(char **where, const char *text)
{
    char *fresh = copy(text);

    free(*where);
    *where = fresh;
}

void verdict_case_finish(struct verdict_case *c, enum verdict_state state, usec_t duration,
                         const char *message, const char *text)
{
    c->state = state;
    c->duration = duration;
    replace(&c->message, message);
    replace(&c->text, text);
    c->all->generation++;
}

void verdict_case_set_assertions(struct verdict_case *c, uint64_t assertions)
{
    c->assertions = assertions;
    c->all->generation++;
}

void verdict_case_set_round(struct verdict_case *c, unsigned round)
{
    c->round = round;
    c->all->generation++;
}

void verdict_case_set_where(struct verdict_case *c, const char *where)
{
    replace(&c->where, where);
    c->all->generation++;
}

static void properties_add(struct properties *p, const char *name, const char *value, bool bare)
{
    p->items = grow(p->items, p->count, sizeof *p->items);
    p->items[p->count++] = (struct verdict_property){xstrdup(name), xstrdup(value), bare};
}

void verdict_case_add_tag(struct verdict_case *c, const char *tag)
{
    c->tags = grow(c->tags, c->tag_count, sizeof(char *));
    c->tags[c->tag_count++] = xstrdup(tag);
    c->all->generation++;
}

void verdict_case_add_param(struct verdict_case *c, const char *name, const char *value, bool bare)
{
    properties_add(&c->params, name, value, bare);
    c->all->generation++;
}

void verdict_case_add_property(struct verdict_case *c, const char *name, const char *value)
{
    properties_add(&c->properties, name, value, false);
    c->all->generation++;
}

void verdict_suite_add_property(struct verdict_suite *suite, const char *name, const char *value)
{
    properties_add(&suite->properties, name, value, false);
    suite->all->generation++;
}

void verdict_case_add_output(struct verdict_case *c, const char *text)
{
    size_t len = strlen(text), room = OUTPUT_MAX - buf_len(&c->output);

    buf_append(&c->output, text, len < room ? len : room);
    c->all->generation++;
}

void verdict_case_add_step(struct verdict_case *c, const struct verdict_step *step)
{
    c->steps = grow(c->steps, c->step_count, sizeof *c->steps);
    struct verdict_step *own = &c->steps[c->step_count++];
    *own = *step;
    own->name = xstrdup(step->name);
    own->message = copy(step->message);
    own->where = copy(step->where);
    c->all->generation++;
}

void verdict_case_retry(struct verdict_case *c)
{
    c->attempts = grow(c->attempts, c->attempt_count, sizeof *c->attempts);
    c->attempts[c->attempt_count++] = (struct verdict_attempt){
        .state = c->state, .duration = c->duration, .message = c->message, .detail = c->text};
    drop_steps(c);
    c->state = VERDICT_UNFINISHED;
    c->duration = 0;
    c->message = c->text = NULL;
    verdict_case_set_where(c, NULL);
}

/* ---- looking ---- */

const char *verdict_state_name(enum verdict_state state)
{
    /* ORDER VERDICT_STATE */
    static const char *const names[VERDICT_STATE_COUNT] = {
        "unfinished", "passed", "failed", "error", "skipped", "todo",
    };

    return (unsigned)state < VERDICT_STATE_COUNT ? names[state] : "unknown";
}

static bool is_flaky(const struct verdict_case *c)
{
    return c->state == VERDICT_PASSED && c->attempt_count != 0;
}

void verdict_suite_set_aside(struct verdict_suite *suite)
{
    suite->aside = true;
}

static size_t scenarios_in(const struct verdict_suite *suite)
{
    return suite->aside ? 0 : suite->case_count;
}

size_t verdicts_count(const struct verdicts *all, enum verdict_state state)
{
    size_t n = 0;

    for (size_t s = 0; s < all->suite_count; s++)
        for (size_t i = 0; i < scenarios_in(all->suites[s]); i++)
            n += all->suites[s]->cases[i]->state == state;
    return n;
}

size_t verdicts_flaky(const struct verdicts *all)
{
    size_t n = 0;

    for (size_t s = 0; s < all->suite_count; s++)
        for (size_t i = 0; i < scenarios_in(all->suites[s]); i++)
            n += is_flaky(all->suites[s]->cases[i]);
    return n;
}

uint64_t verdicts_generation(const struct verdicts *all)
{
    return all->generation;
}

const char *verdicts_name(const struct verdicts *all)
{
    return all->name;
}

int64_t verdicts_started_wall_ms(const struct verdicts *all)
{
    return all->started_wall_ms;
}

void verdict_of(struct verdict_case *c, struct verdict *ret)
{
    *ret = (struct verdict){
        .id = c->id,
        .suite = c->suite->name,
        .file = c->suite->file,
        .name = c->name,
        .classname = c->classname,
        .line = c->line,
        .round = c->round,
        .state = c->state,
        .flaky = is_flaky(c),
        .duration = c->duration,
        .assertions = c->assertions,
        .message = c->message,
        .where = c->where,
        .detail = c->text,
        .tags = c->tags,
        .tag_count = c->tag_count,
        .params = c->params.items,
        .param_count = c->params.count,
        .properties = c->properties.items,
        .property_count = c->properties.count,
        .steps = c->steps,
        .step_count = c->step_count,
        .attempts = c->attempts,
        .attempt_count = c->attempt_count,
        .output = buf_cstr(&c->output),
    };
}

void verdicts_each(const struct verdicts *all, void (*fn)(void *arg, const struct verdict *v),
                   void *arg)
{
    struct verdict v;

    for (size_t s = 0; s < all->suite_count; s++)
        for (size_t i = 0; i < scenarios_in(all->suites[s]); i++) {
            verdict_of(all->suites[s]->cases[i], &v);
            fn(arg, &v);
        }
}

size_t verdicts_suite_count(const struct verdicts *all)
{
    return all->suite_count;
}

void verdicts_suite_at(const struct verdicts *all, size_t i, struct verdict_suite_view *ret)
{
    const struct verdict_suite *suite = all->suites[i];

    *ret = (struct verdict_suite_view){
        .name = suite->name,
        .file = suite->file,
        .properties = suite->properties.items,
        .property_count = suite->properties.count,
        .cases = suite->cases,
        .case_count = suite->case_count,
    };
}
