#include "metrics/junit.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"
#include "metrics/atomic_file.h"
#include "metrics/xml.h"

#define OUTPUT_MAX   ((size_t)1 << 20)
#define DOCUMENT_MAX ((size_t)1 << 30)
#define UNFINISHED   "unfinished: the run ended before this case did"

struct property {
    char *name, *value;
};

struct properties {
    struct property *items;
    size_t count;
};

struct junit_case {
    struct junit *junit;
    char *name, *classname;
    unsigned line;
    enum junit_state state;
    usec_t duration;
    uint64_t assertions;
    char *message, *text;
    struct properties properties;
    struct buf output;
};

struct junit_suite {
    struct junit *junit;
    char *name, *file;
    struct properties properties;
    struct junit_case **cases;
    size_t case_count;
};

struct junit {
    char *name;
    int64_t started_wall_ms;
    uint64_t generation;
    struct junit_suite **suites;
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

struct junit *junit_new(const char *name, int64_t started_wall_ms)
{
    struct junit *j = xcalloc(1, sizeof *j);

    j->name = xstrdup(name);
    j->started_wall_ms = started_wall_ms;
    return j;
}

static void properties_done(struct properties *p)
{
    for (size_t i = 0; i < p->count; i++) {
        free(p->items[i].name);
        free(p->items[i].value);
    }
    free(p->items);
}

static void case_free(struct junit_case *c)
{
    properties_done(&c->properties);
    buf_done(&c->output);
    free(c->name);
    free(c->classname);
    free(c->message);
    free(c->text);
    free(c);
}

static void suite_free(struct junit_suite *suite)
{
    for (size_t i = 0; i < suite->case_count; i++)
        case_free(suite->cases[i]);
    properties_done(&suite->properties);
    free(suite->cases);
    free(suite->name);
    free(suite->file);
    free(suite);
}

void junit_free(struct junit *j)
{
    if (j == NULL)
        return;
    for (size_t i = 0; i < j->suite_count; i++)
        suite_free(j->suites[i]);
    free(j->suites);
    free(j->name);
    free(j);
}

struct junit_suite *junit_suite_add(struct junit *j, const char *name, const char *file)
{
    struct junit_suite *suite = xcalloc(1, sizeof *suite);

    suite->junit = j;
    suite->name = xstrdup(name);
    suite->file = copy(file);
    j->suites = grow(j->suites, j->suite_count, sizeof(struct junit_suite *));
    j->suites[j->suite_count++] = suite;
    j->generation++;
    return suite;
}

struct junit_suite *junit_suite_of(struct junit *j, const char *file)
{
    /* The latest is the likeliest. */
    for (size_t i = j->suite_count; i > 0; i--) {
        struct junit_suite *suite = j->suites[i - 1];
        if (suite->file != NULL && strcmp(suite->file, file) == 0)
            return suite;
    }
    return junit_suite_add(j, file, file);
}

/* "./scenarios/lock.lua" → "scenarios.lock" */
static char *class_of(const struct junit_suite *suite)
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

struct junit_case *junit_case_add(struct junit_suite *suite, const char *name,
                                  const char *classname, unsigned line)
{
    struct junit_case *c = xcalloc(1, sizeof *c);

    c->junit = suite->junit;
    c->name = xstrdup(name);
    c->classname = classname != NULL ? xstrdup(classname) : class_of(suite);
    c->line = line;
    buf_init(&c->output, OUTPUT_MAX);
    suite->cases = grow(suite->cases, suite->case_count, sizeof(struct junit_case *));
    suite->cases[suite->case_count++] = c;
    c->junit->generation++;
    return c;
}

void junit_case_finish(struct junit_case *c, enum junit_state state, usec_t duration,
                       const char *message, const char *text)
{
    free(c->message);
    free(c->text);
    c->state = state;
    c->duration = duration;
    c->message = copy(message);
    c->text = copy(text);
    c->junit->generation++;
}

void junit_case_set_assertions(struct junit_case *c, uint64_t assertions)
{
    c->assertions = assertions;
    c->junit->generation++;
}

static void properties_add(struct properties *p, const char *name, const char *value)
{
    p->items = grow(p->items, p->count, sizeof *p->items);
    p->items[p->count++] = (struct property){xstrdup(name), xstrdup(value)};
}

void junit_case_add_property(struct junit_case *c, const char *name, const char *value)
{
    properties_add(&c->properties, name, value);
    c->junit->generation++;
}

void junit_suite_add_property(struct junit_suite *suite, const char *name, const char *value)
{
    properties_add(&suite->properties, name, value);
    suite->junit->generation++;
}

void junit_case_add_output(struct junit_case *c, const char *text)
{
    size_t len = strlen(text), room = OUTPUT_MAX - buf_len(&c->output);

    buf_append(&c->output, text, len < room ? len : room);
    c->junit->generation++;
}

size_t junit_count(const struct junit *j, enum junit_state state)
{
    size_t n = 0;

    for (size_t s = 0; s < j->suite_count; s++)
        for (size_t i = 0; i < j->suites[s]->case_count; i++)
            n += j->suites[s]->cases[i]->state == state;
    return n;
}

uint64_t junit_generation(const struct junit *j)
{
    return j->generation;
}

const char *junit_state_name(enum junit_state state)
{
    /* ORDER JUNIT_STATE */
    static const char *const names[JUNIT_STATE_COUNT] = {
        "unfinished", "passed", "failed", "error", "skipped",
    };

    return (unsigned)state < JUNIT_STATE_COUNT ? names[state] : "unknown";
}

void junit_each(const struct junit *j, void (*fn)(void *arg, const struct junit_verdict *v),
                void *arg)
{
    for (size_t s = 0; s < j->suite_count; s++) {
        const struct junit_suite *suite = j->suites[s];
        for (size_t i = 0; i < suite->case_count; i++) {
            const struct junit_case *c = suite->cases[i];
            fn(arg, &(struct junit_verdict){suite->name, suite->file, c->name, c->line, c->state,
                                            c->duration, c->message, c->text});
        }
    }
}

struct totals {
    size_t tests, failures, errors, skipped;
    uint64_t assertions;
    usec_t time;
};

static void totals_add(struct totals *t, const struct junit_suite *suite)
{
    for (size_t i = 0; i < suite->case_count; i++) {
        const struct junit_case *c = suite->cases[i];
        t->tests++;
        t->failures += c->state == JUNIT_FAILED;
        t->errors += c->state == JUNIT_ERROR || c->state == JUNIT_UNFINISHED;
        t->skipped += c->state == JUNIT_SKIPPED;
        t->assertions += c->assertions;
        t->time += c->duration;
    }
}

static void put_time(struct buf *out, usec_t time)
{
    buf_printf(out, " time=\"%" PRIu64 ".%06u\"", time / USEC_PER_SEC,
               (unsigned)(time % USEC_PER_SEC));
}

static void put_totals(struct buf *out, const struct totals *t)
{
    buf_printf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\"", t->tests,
               t->failures, t->errors, t->skipped);
    buf_printf(out, " assertions=\"%" PRIu64 "\"", t->assertions);
    put_time(out, t->time);
}

static void put_properties(struct buf *out, const struct properties *p, const char *indent)
{
    if (p->count == 0)
        return;
    buf_printf(out, "%s<properties>\n", indent);
    for (size_t i = 0; i < p->count; i++) {
        buf_printf(out, "%s  <property", indent);
        xml_attribute(out, "name", p->items[i].name);
        xml_attribute(out, "value", p->items[i].value);
        buf_append_str(out, "/>\n");
    }
    buf_printf(out, "%s</properties>\n", indent);
}

static void put_verdict(struct buf *out, const struct junit_case *c)
{
    /* ORDER JUNIT_STATE: element and its type. */
    static const char *const elements[JUNIT_STATE_COUNT][2] = {
        {"error",   "unfinished"},
        {NULL,      NULL        },
        {"failure", "assertion" },
        {"error",   "error"     },
        {"skipped", NULL        },
    };
    const char *element = elements[c->state][0];

    if (element == NULL)
        return;
    buf_printf(out, "      <%s", element);
    xml_attribute(out, "message", c->state == JUNIT_UNFINISHED ? UNFINISHED : c->message);
    xml_attribute(out, "type", elements[c->state][1]);
    if (c->text == NULL || c->state == JUNIT_SKIPPED) {
        buf_append_str(out, "/>\n");
        return;
    }
    buf_append_str(out, ">");
    xml_text(out, c->text);
    buf_printf(out, "</%s>\n", element);
}

static void put_case(struct buf *out, const struct junit_suite *suite, struct junit_case *c)
{
    buf_append_str(out, "    <testcase");
    xml_attribute(out, "name", c->name);
    xml_attribute(out, "classname", c->classname);
    put_time(out, c->duration);
    xml_attribute(out, "file", suite->file);
    if (c->line != 0)
        buf_printf(out, " line=\"%u\"", c->line);
    buf_printf(out, " assertions=\"%" PRIu64 "\">\n", c->assertions);
    put_properties(out, &c->properties, "      ");
    put_verdict(out, c);
    if (buf_len(&c->output) != 0) {
        buf_append_str(out, "      <system-out>");
        xml_text(out, buf_cstr(&c->output));
        buf_append_str(out, "</system-out>\n");
    }
    buf_append_str(out, "    </testcase>\n");
}

bool junit_write(const struct junit *j, struct buf *out)
{
    struct totals all = {0};
    char started[32];

    timestamp_iso(j->started_wall_ms, started);
    started[strlen("YYYY-MM-DDTHH:MM:SS")] = '\0'; /* the common readers take no zone */
    for (size_t s = 0; s < j->suite_count; s++)
        totals_add(&all, j->suites[s]);
    buf_append_str(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
    xml_attribute(out, "name", j->name);
    put_totals(out, &all);
    xml_attribute(out, "timestamp", started);
    buf_append_str(out, ">\n");
    for (size_t s = 0; s < j->suite_count; s++) {
        const struct junit_suite *suite = j->suites[s];
        struct totals own = {0};
        totals_add(&own, suite);
        buf_append_str(out, "  <testsuite");
        xml_attribute(out, "name", suite->name);
        put_totals(out, &own);
        xml_attribute(out, "timestamp", started);
        xml_attribute(out, "file", suite->file);
        buf_append_str(out, ">\n");
        put_properties(out, &suite->properties, "    ");
        for (size_t i = 0; i < suite->case_count; i++)
            put_case(out, suite, suite->cases[i]);
        buf_append_str(out, "  </testsuite>\n");
    }
    buf_append_str(out, "</testsuites>\n");
    return !out->overflow;
}

bool junit_save(const struct junit *j, const char *path, struct error *err)
{
    struct buf document;

    buf_init(&document, DOCUMENT_MAX);
    bool ok = junit_write(j, &document)
                  ? atomic_file_write(path, buf_slice(&document), err)
                  : error_set(err, ERROR_USAGE, "%s: longer than 1 GiB", path);
    buf_done(&document);
    return ok;
}
