#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "metrics/event_lines.h"
#include "metrics/github.h"
#include "metrics/tap.h"

struct fixture {
    struct verdicts *all;
    struct verdict_case *c;
    struct buf out;
};

static void setup(struct fixture *f, const char *name)
{
    f->all = verdicts_new("nightly", 0);
    f->c = verdict_case_add(verdict_suite_of(f->all, "s.lua"), name, NULL, 7);
    buf_init(&f->out, 1 << 20);
}

static const char *text(struct fixture *f)
{
    return buf_cstr(&f->out);
}

static void teardown(struct fixture *f)
{
    buf_done(&f->out);
    verdicts_free(f->all);
}

static void view(struct fixture *f, struct verdict *v)
{
    buf_done(&f->out);
    buf_init(&f->out, 1 << 20);
    verdict_of(f->c, v);
}

static void assert_has(const char *all, const char *part)
{
    if (strstr(all, part) == NULL)
        fail_msg("no \"%s\" in \"%s\"", part, all);
}

static void tap_escapes_names_and_quotes_the_rest(void **state)
{
    struct fixture f;
    struct verdict v;

    (void)state;
    setup(&f, "a #1 \\ b\nc");
    verdict_case_add_step(f.c, &(struct verdict_step){.name = "outer", .state = VERDICT_FAILED});
    verdict_case_add_step(
        f.c, &(struct verdict_step){.name = "# in", .depth = 1, .state = VERDICT_PASSED});
    verdict_case_add_step(
        f.c, &(struct verdict_step){
                 .name = "cut", .depth = 1, .state = VERDICT_SKIPPED, .message = "off"});
    verdict_case_finish(f.c, VERDICT_FAILED, 1500, "said \"no\"\\", "one\n\ttwo\x01\n\xff");
    view(&f, &v);
    tap_case(&v, 3, &f.out);
    assert_has(text(&f), "# Subtest: a \\#1 \\\\ b c\n    # Subtest: outer\n"
                         "        ok 1 - \\# in\n");
    assert_has(text(&f), "        ok 2 - cut # SKIP off\n");
    assert_has(text(&f), "        1..2\n    not ok 1 - outer\n");
    assert_has(text(&f), "    1..1\nnot ok 3 - a \\#1 \\\\ b c\n  ---\n");
    assert_has(text(&f), "  duration_ms: 1.500\n");
    assert_has(text(&f), "  message: \"said \\\"no\\\"\\\\\"\n");
    assert_has(text(&f), "    - \"one\"\n    - \"\\ttwo\\x01\"\n    - \"?\"\n");
    assert_true(json_is_utf8(slice_str(text(&f))));
    teardown(&f);
}

static void tap_directives(void **state)
{
    struct fixture f;
    struct verdict v;

    (void)state;
    setup(&f, "x");
    verdict_case_finish(f.c, VERDICT_TODO, 0, "later\nor never", NULL);
    view(&f, &v);
    tap_case(&v, 1, &f.out);
    assert_has(text(&f), "not ok 1 - x # TODO later or never\n");
    verdict_case_finish(f.c, VERDICT_SKIPPED, 0, NULL, "not shown");
    view(&f, &v);
    tap_case(&v, 1, &f.out);
    assert_has(text(&f), "ok 1 - x # SKIP \n");
    assert_null(strstr(text(&f), "not shown"));
    tap_end(4, "out of\ntime", &f.out);
    assert_has(text(&f), "Bail out! out of time\n1..4\n");
    teardown(&f);
}

static void a_retried_case_is_flaky_everywhere(void **state)
{
    struct fixture f;
    struct verdict v;

    (void)state;
    setup(&f, "x");
    verdict_case_add_step(f.c, &(struct verdict_step){.name = "gone", .state = VERDICT_FAILED});
    verdict_case_finish(f.c, VERDICT_FAILED, 5, "first", "story");
    verdict_case_retry(f.c);
    view(&f, &v);
    assert_int_equal(v.state, VERDICT_UNFINISHED);
    assert_int_equal(v.step_count, 0);
    assert_false(v.flaky);
    verdict_case_finish(f.c, VERDICT_PASSED, 6, NULL, NULL);
    view(&f, &v);
    assert_true(v.flaky);
    assert_int_equal(verdicts_flaky(f.all), 1);
    tap_case(&v, 1, &f.out);
    assert_has(text(&f), "# flaky: passed in attempt 2\nok 1 - x\n");
    assert_has(text(&f), "    - verdict: failed\n");
    view(&f, &v);
    github_annotate(&v, NULL, &f.out);
    assert_string_equal(text(&f),
                        "::warning file=s.lua,line=7,title=x::flaky: passed in attempt 2; before: "
                        "first\n");
    teardown(&f);
}

static void annotations_are_escaped(void **state)
{
    struct fixture f;
    struct verdict v;

    (void)state;
    setup(&f, "a: 100 %, b");
    verdict_case_finish(f.c, VERDICT_PASSED, 0, NULL, NULL);
    view(&f, &v);
    github_annotate(&v, NULL, &f.out);
    assert_string_equal(text(&f), "");
    verdict_case_finish(f.c, VERDICT_ERROR, 0, "one: 1 %\r\ntwo", NULL);
    verdict_case_set_where(f.c, "dir/h:x.lua:12");
    view(&f, &v);
    github_annotate(&v, "/nowhere", &f.out);
    assert_string_equal(text(&f), "::error file=dir/h%3Ax.lua,line=12,title=a%3A 100 %25%2C "
                                  "b::one: 1 %25%0D%0Atwo\n");
    teardown(&f);
}

static void a_summary_is_a_table_that_nothing_breaks(void **state)
{
    struct fixture f;

    (void)state;
    setup(&f, "a|b `c` <d>");
    verdict_case_finish(f.c, VERDICT_FAILED, 1500000, "x|y\nz", "````\nstory");
    github_summary(f.all, 42, &f.out);
    assert_has(text(&f), "1 cases: 0 passed, 1 failed · seed 42\n");
    assert_has(text(&f), "| failed | a\\|b \\`c\\` &lt;d> | s.lua:7 | 1.50 s | x\\|y<br>z |\n");
    assert_has(text(&f), "\n`````\n````\nstory\n`````\n");
    teardown(&f);
}

static void each_event_is_one_line_of_json(void **state)
{
    struct event_turn turn = {.attempt = 2, .again = true, .seed = UINT64_MAX, .first_vehicle = 9};
    struct fixture f;
    struct verdict v;

    (void)state;
    setup(&f, "a\nb \xff");
    verdict_case_add_tag(f.c, "smoke");
    verdict_case_add_param(f.c, "n", "5", true);
    verdict_case_add_param(f.c, "text", "5", false);
    verdict_case_add_step(f.c, &(struct verdict_step){.name = "s", .state = VERDICT_PASSED});
    verdict_case_finish(f.c, VERDICT_FAILED, 12, "no", "long\nstory");
    view(&f, &v);
    event_case_finished(&v, &turn, 0, &f.out);
    assert_ptr_equal(strchr(text(&f), '\n'), text(&f) + strlen(text(&f)) - 1);
    cJSON *o = cJSON_Parse(text(&f));
    assert_non_null(o);
    assert_string_equal(json_str(o, "event", ""), "scenario_finished");
    assert_string_equal(json_str(o, "time", ""), "1970-01-01T00:00:00.000Z");
    assert_string_equal(json_str(o, "seed", ""), "18446744073709551615");
    assert_string_equal(json_str(o, "name", ""), "a\nb ?");
    assert_string_equal(json_str(o, "detail", ""), "long\nstory");
    assert_true(cJSON_IsTrue(json_get(o, "again")));
    assert_true(cJSON_IsNumber(json_get(json_get(o, "params"), "n")));
    assert_true(cJSON_IsString(json_get(json_get(o, "params"), "text")));
    assert_int_equal(cJSON_GetArraySize(json_get(o, "steps")), 1);
    assert_int_equal(cJSON_GetArraySize(json_get(o, "tags")), 1);
    cJSON_Delete(o);
    teardown(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tap_escapes_names_and_quotes_the_rest),
        cmocka_unit_test(tap_directives),
        cmocka_unit_test(a_retried_case_is_flaky_everywhere),
        cmocka_unit_test(annotations_are_escaped),
        cmocka_unit_test(a_summary_is_a_table_that_nothing_breaks),
        cmocka_unit_test(each_event_is_one_line_of_json),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
