#include "metrics/junit.h"

#include <inttypes.h>
#include <string.h>

#include "metrics/atomic_file.h"
#include "metrics/xml.h"

#define DOCUMENT_MAX ((size_t)1 << 30)
#define UNFINISHED   "unfinished: the run ended before this case did"

struct totals {
    size_t tests, failures, errors, skipped;
    uint64_t assertions;
    usec_t time;
};

static void totals_add(struct totals *t, const struct verdict_suite_view *suite)
{
    struct verdict v;

    for (size_t i = 0; i < suite->case_count; i++) {
        verdict_of(suite->cases[i], &v);
        t->tests++;
        t->failures += v.state == VERDICT_FAILED;
        t->errors += v.state == VERDICT_ERROR || v.state == VERDICT_UNFINISHED;
        t->skipped += v.state == VERDICT_SKIPPED || v.state == VERDICT_TODO;
        t->assertions += v.assertions;
        t->time += v.duration;
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

static void put_property(struct buf *out, const char *indent, const char *name, const char *value)
{
    buf_printf(out, "%s  <property", indent);
    xml_attribute(out, "name", name);
    xml_attribute(out, "value", value);
    buf_append_str(out, "/>\n");
}

static void put_suite_properties(struct buf *out, const struct verdict_suite_view *suite)
{
    if (suite->property_count == 0)
        return;
    buf_append_str(out, "    <properties>\n");
    for (size_t i = 0; i < suite->property_count; i++)
        put_property(out, "    ", suite->properties[i].name, suite->properties[i].value);
    buf_append_str(out, "    </properties>\n");
}

/* "step 2.1" is the first step inside the second. */
static void put_steps(struct buf *out, const struct verdict *v)
{
    enum { DEPTH_MAX = 16 };
    unsigned numbers[DEPTH_MAX] = {0};
    struct buf name, value;

    for (size_t i = 0; i < v->step_count; i++) {
        const struct verdict_step *step = &v->steps[i];
        unsigned depth = step->depth < DEPTH_MAX ? step->depth : DEPTH_MAX - 1;
        numbers[depth]++;
        for (unsigned d = depth + 1; d < DEPTH_MAX; d++)
            numbers[d] = 0;
        buf_init(&name, 1 << 10);
        buf_init(&value, 1 << 20);
        buf_append_str(&name, "step ");
        for (unsigned d = 0; d <= depth; d++)
            buf_printf(&name, "%s%u", d > 0 ? "." : "", numbers[d]);
        buf_printf(&value, "%s: %s (%.3f s)", step->name, verdict_state_name(step->state),
                   (double)step->duration / 1e6);
        if (step->message != NULL)
            buf_printf(&value, ": %s", step->message);
        put_property(out, "      ", buf_cstr(&name), buf_cstr(&value));
        buf_done(&name);
        buf_done(&value);
    }
}

static void put_properties(struct buf *out, const struct verdict *v)
{
    struct buf name;

    if (v->tag_count + v->param_count + v->property_count + v->step_count == 0)
        return;
    buf_append_str(out, "      <properties>\n");
    for (size_t i = 0; i < v->property_count; i++)
        put_property(out, "      ", v->properties[i].name, v->properties[i].value);
    for (size_t i = 0; i < v->tag_count; i++)
        put_property(out, "      ", "tag", v->tags[i]);
    for (size_t i = 0; i < v->param_count; i++) {
        buf_init(&name, 1 << 16);
        buf_printf(&name, "param %s", v->params[i].name);
        put_property(out, "      ", buf_cstr(&name), v->params[i].value);
        buf_done(&name);
    }
    put_steps(out, v);
    buf_append_str(out, "      </properties>\n");
}

static void put_verdict(struct buf *out, const struct verdict *v)
{
    /* ORDER VERDICT_STATE: element and its type. */
    static const char *const elements[VERDICT_STATE_COUNT][2] = {
        {"error",   "unfinished"},
        {NULL,      NULL        },
        {"failure", "assertion" },
        {"error",   "error"     },
        {"skipped", NULL        },
        {"skipped", "todo"      },
    };
    const char *element = elements[v->state][0];

    if (element == NULL)
        return;
    buf_printf(out, "      <%s", element);
    xml_attribute(out, "message", v->state == VERDICT_UNFINISHED ? UNFINISHED : v->message);
    xml_attribute(out, "type", elements[v->state][1]);
    if (v->detail == NULL || v->state == VERDICT_SKIPPED) {
        buf_append_str(out, "/>\n");
        return;
    }
    buf_append_str(out, ">");
    xml_text(out, v->detail);
    buf_printf(out, "</%s>\n", element);
}

/* What came before the verdict. */
static void put_attempts(struct buf *out, const struct verdict *v)
{
    for (size_t i = 0; i < v->attempt_count; i++) {
        const struct verdict_attempt *a = &v->attempts[i];
        bool failed = a->state == VERDICT_FAILED;
        const char *element = v->flaky ? (failed ? "flakyFailure" : "flakyError")
                                       : (failed ? "rerunFailure" : "rerunError");
        buf_printf(out, "      <%s", element);
        xml_attribute(out, "message", a->message);
        xml_attribute(out, "type", failed ? "assertion" : "error");
        buf_append_str(out, "><stackTrace>");
        xml_text(out, a->detail != NULL ? a->detail : "");
        buf_printf(out, "</stackTrace></%s>\n", element);
    }
}

static void put_case(struct buf *out, struct verdict_case *c)
{
    struct verdict v;

    verdict_of(c, &v);
    buf_append_str(out, "    <testcase");
    xml_attribute(out, "name", v.name);
    xml_attribute(out, "classname", v.classname);
    put_time(out, v.duration);
    xml_attribute(out, "file", v.file);
    if (v.line != 0)
        buf_printf(out, " line=\"%u\"", v.line);
    buf_printf(out, " assertions=\"%" PRIu64 "\">\n", v.assertions);
    put_properties(out, &v);
    put_verdict(out, &v);
    put_attempts(out, &v);
    if (*v.output != '\0') {
        buf_append_str(out, "      <system-out>");
        xml_text(out, v.output);
        buf_append_str(out, "</system-out>\n");
    }
    buf_append_str(out, "    </testcase>\n");
}

bool junit_write(const struct verdicts *all, struct buf *out)
{
    struct totals sum = {0};
    struct verdict_suite_view suite;
    char started[32];

    timestamp_iso(verdicts_started_wall_ms(all), started);
    started[strlen("YYYY-MM-DDTHH:MM:SS")] = '\0'; /* the common readers take no zone */
    for (size_t i = 0; i < verdicts_suite_count(all); i++) {
        verdicts_suite_at(all, i, &suite);
        totals_add(&sum, &suite);
    }
    buf_append_str(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
    xml_attribute(out, "name", verdicts_name(all));
    put_totals(out, &sum);
    xml_attribute(out, "timestamp", started);
    buf_append_str(out, ">\n");
    for (size_t s = 0; s < verdicts_suite_count(all); s++) {
        struct totals own = {0};
        verdicts_suite_at(all, s, &suite);
        totals_add(&own, &suite);
        buf_append_str(out, "  <testsuite");
        xml_attribute(out, "name", suite.name);
        put_totals(out, &own);
        xml_attribute(out, "timestamp", started);
        xml_attribute(out, "file", suite.file);
        buf_append_str(out, ">\n");
        put_suite_properties(out, &suite);
        for (size_t i = 0; i < suite.case_count; i++)
            put_case(out, suite.cases[i]);
        buf_append_str(out, "  </testsuite>\n");
    }
    buf_append_str(out, "</testsuites>\n");
    return !out->overflow;
}

bool junit_save(const struct verdicts *all, const char *path, struct error *err)
{
    struct buf document;

    buf_init(&document, DOCUMENT_MAX);
    bool ok = junit_write(all, &document)
                  ? atomic_file_write(path, buf_slice(&document), err)
                  : error_set(err, ERROR_USAGE, "%s: longer than 1 GiB", path);
    buf_done(&document);
    return ok;
}
