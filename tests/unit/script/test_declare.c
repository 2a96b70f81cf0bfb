/* What scenario files declare: tables of cases, tags, parameters, what runs around each. */
#include "script/params.h"
#include "script/selection.h"

#include "rig.h"

/* ---- cases ---- */

static void each_case_is_a_scenario(void **state)
{
    struct rig *rig = rig_new(NULL, 0);

    (void)state;
    rig_load(rig,
             "scenario('door {door} opens to {angle}', { tags = 'doors', cases = {\n"
             "  { door = 'left', angle = 90 }, { door = 'trunk', angle = 45.5 } } },\n"
             "  function(t, case)\n"
             "    t:equal(t.name, 'door ' .. case.door .. ' opens to ' .. case.angle)\n"
             "    if case.door == 'trunk' then t:fail('stuck') end\n"
             "  end)\n"
             "scenario('plain', { cases = { { b = true, a = { x = 1 } } } }, function(t, case)\n"
             "  t:equal(case.a.x, 1)\n"
             "end)\n");
    assert_int_equal(runner_count(rig->runner), 3);
    rig_run(rig);
    rig_expect(rig, "door left opens to 90", SCENARIO_PASSED, NULL);
    rig_expect(rig, "door trunk opens to 45.5", SCENARIO_FAILED, "stuck");
    rig_expect(rig, "plain [a = {x = 1}, b = true]", SCENARIO_PASSED, NULL);
    const struct scenario_record *r = &rig_scenario(rig, "door trunk opens to 45.5")->record;
    assert_true(scenario_record_has_tag(r, "doors"));
    assert_int_equal(r->param_count, 2);
    assert_string_equal(r->params[0].name, "angle");
    assert_string_equal(r->params[0].value, "45.5");
    assert_true(r->params[0].bare);
    assert_string_equal(r->params[1].value, "trunk");
    assert_false(r->params[1].bare);
    assert_int_equal(r->params[1].origin, SCENARIO_PARAM_CASE);
    rig_free(rig);
}

/* ---- before and after ---- */

static void expect_after(const struct rig *rig, const char *name, const char *what)
{
    const struct scenario_failures *after = &rig_scenario(rig, name)->record.after;

    assert_int_equal(after->count, 1);
    assert_string_equal(after->first->message, what);
    assert_non_null(strstr(after->first->where, "test.lua:4"));
}

static void before_and_after_each(void **state)
{
    struct rig *rig = rig_new(NULL, 0);

    (void)state;
    rig_load(rig, "before(function(t, case) t.case = case\n"
                  "  t.car = t:vehicle { model = 'plain', power = 'off' } end)\n"
                  "before(function(t) t.car.state.name = 'second' end)\n"
                  "after(function(t) t:fail(t.verdict .. ' ' .. t.car.state.name) end)\n"
                  "after(function(t) t.car.state.name = t.car.state.name .. ' last' end)\n"
                  "scenario('passes', function(t) t:equal(t.car.state.name, 'second') end)\n"
                  "scenario('fails', function(t) t:fail('so') end)\n"
                  "scenario('errs', function(t) local x = nil + 1 end)\n"
                  "scenario('skips', function(t) t:skip('so') end)\n"
                  "scenario('hangs', { timeout = 0.02 }, function(t) t:wait(60) end)\n"
                  "scenario('is to do', function(t) t:todo('soon') t:fail('so') end)\n"
                  "scenario('case', { cases = { { x = 5 } } }, function(t, case)\n"
                  "  t:equal(t.case.x, 5)\n"
                  "end)\n");
    rig_run(rig);
    rig_expect(rig, "passes", SCENARIO_FAILED, "after(): passed second last");
    rig_expect(rig, "fails", SCENARIO_FAILED, "so");
    rig_expect(rig, "errs", SCENARIO_ERRORED, "arithmetic");
    rig_expect(rig, "skips", SCENARIO_SKIPPED, "so");
    rig_expect(rig, "hangs", SCENARIO_FAILED, "timed out");
    rig_expect(rig, "is to do", SCENARIO_TODO, "soon");
    rig_expect(rig, "case [x = 5]", SCENARIO_FAILED, "after(): ");
    expect_after(rig, "fails", "failed second last");
    expect_after(rig, "errs", "error second last");
    expect_after(rig, "skips", "skipped second last");
    expect_after(rig, "hangs", "failed second last");
    expect_after(rig, "is to do", "todo second last");
    rig_free(rig);
}

static void what_goes_wrong_afterwards_hides_nothing(void **state)
{
    struct rig *rig = rig_new(NULL, 0);
    struct error err;

    (void)state;
    rig_load(rig, "after(function(t) t:equal(1, 2, 'the bill') end)\n"
                  "after(function(t) error('the mop') end)\n"
                  "scenario('good', function(t) end)\n"
                  "scenario('bad', function(t) t:fail('first') end)\n");
    assert_true(
        rig_load_as(rig, "slow.lua",
                    "local ran\n"
                    "after({ timeout = 0.02 }, function(t) t:wait(60) end)\n"
                    "scenario('slow', function(t)\n"
                    "  t:spawn(function() t:wait(0.01) t:fail('a task that lived on') end)\n"
                    "end)\n",
                    &err));
    assert_true(rig_load_as(rig, "car.lua",
                            "after(function(t) t:wait(60) end)\n"
                            "scenario('car', function(t)\n"
                            "  local car = t:vehicle { model = 'plain', power = 'off' }\n"
                            "  car:spawn(function() car:work(0.02) error('the car') end)\n"
                            "end)\n",
                            &err));
    assert_true(rig_load_as(rig, "failing_before.lua",
                            "before(function(t) t:fail('no water') end)\n"
                            "after(function(t) t:fail('ran') end)\n"
                            "scenario('dry', function(t) t:fail('must not run') end)\n",
                            &err));
    rig_run(rig);
    rig_expect(rig, "good", SCENARIO_FAILED, "after(): ");
    assert_non_null(strstr(rig_scenario(rig, "good")->message, "the mop"));
    rig_expect(rig, "bad", SCENARIO_FAILED, "first");
    const struct scenario *bad = rig_scenario(rig, "bad");
    assert_non_null(strstr(bad->where, "test.lua:4"));
    assert_non_null(strstr(bad->detail, "went wrong in after()"));
    assert_non_null(strstr(bad->detail, "test.lua:1: the bill: expected 2, saw 1"));
    assert_int_equal(bad->record.after.count, 2);
    rig_expect(rig, "slow", SCENARIO_FAILED, "after(): timed out after 0.0 s");
    rig_expect(rig, "car", SCENARIO_FAILED, "the car");
    rig_expect(rig, "dry", SCENARIO_FAILED, "no water");
    assert_int_equal(rig_scenario(rig, "dry")->record.after.count, 1);
    rig_free(rig);
}

static void abort_soon(void *arg)
{
    struct rig *rig = arg;

    runner_abort(rig->runner, "enough");
}

static void an_abort_does_not_wait_for_after(void **state)
{
    struct rig *rig = rig_new(NULL, 0);
    struct loop_timer soon;

    (void)state;
    rig_load(rig, "after(function(t) t:wait(60) end)\n"
                  "scenario('is over', function(t) t:fail('first') end)\n"
                  "scenario('runs', function(t) t:todo('x') t:wait(60) end)\n");
    loop_timer_init(&soon, rig->lab->sim->loop, abort_soon, rig);
    loop_timer_start(&soon, 50000);
    rig_run(rig);
    rig_expect(rig, "is over", SCENARIO_FAILED, "first");
    rig_expect(rig, "runs", SCENARIO_ERRORED, "aborted: enough");
    loop_timer_stop(&soon);
    rig_free(rig);
}

/* ---- tags ---- */

static void tags_choose(void **state)
{
    static const char *const tags[] = {"smoke,door", "!slow"};
    struct runner_options options = {.tags = tags, .tag_count = 2};
    struct rig *rig = rig_new(&options, 0);

    (void)state;
    rig_load(rig, "scenario('a', { tags = { 'smoke' } }, function(t) end)\n"
                  "scenario('b', { tags = { 'door', 'slow' } }, function(t) end)\n"
                  "scenario('c', { tags = 'door' }, function(t) end)\n"
                  "scenario('d', function(t) end)\n");
    rig_run(rig);
    assert_int_equal(runner_count(rig->runner), 2);
    rig_expect(rig, "a", SCENARIO_PASSED, NULL);
    rig_expect(rig, "c", SCENARIO_PASSED, NULL);
    rig_free(rig);
}

static void tags_are_checked(void **state)
{
    static const char *const bad[] = {"", "!", "a,", ",a", "a b", "!!a", "a,!b"};
    struct error err;

    (void)state;
    assert_true(selection_check("smoke", &err));
    assert_true(selection_check("!slow,long-ones", &err));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(selection_check(bad[i], &err));
        assert_int_equal(err.code, ERROR_USAGE);
    }
}

/* ---- parameters ---- */

static void parameters_have_the_type_of_their_default(void **state)
{
    static const char *const given[] = {"count=3",   "soc=12.5", "fast=yes",
                                        "model=x=y", "count=7",  "own=4"};
    struct runner_options options = {0};
    struct error err;

    (void)state;
    options.params = params_new(given, sizeof given / sizeof *given, &err);
    struct rig *rig = rig_new(&options, 0);
    rig_load(rig, "local count, soc = param('count', 5), param('soc', 50.0)\n"
                  "local fast, model = param('fast', false), param('model')\n"
                  "param('radio', 'lte', { choices = { 'lte', '3g' } })\n"
                  "scenario('reads', { params = { own = 1, mine = 'a' } }, function(t)\n"
                  "  t:equal({ count, soc, fast, model }, { 7, 12.5, true, 'x=y' })\n"
                  "  t:equal(math.type(count), 'integer')\n"
                  "  t:equal(t.param.count, 7)\n"
                  "  t:equal(t.param.own, 4)\n"
                  "  t:equal(t.param.mine, 'a')\n"
                  "  t:equal(t.param.radio, 'lte')\n"
                  "  t:equal(param('count', 1), 7)\n"
                  "  local ok, why = pcall(function() return t.param.cuont end)\n"
                  "  t:match(why, \"no parameter 'cuont'; did you mean 'count'\")\n"
                  "  t:is_true(not pcall(function() t.param.count = 1 end))\n"
                  "  local n = 0 for _ in pairs(t.param) do n = n + 1 end\n"
                  "  t:equal(n, 7)\n"
                  "end)\n"
                  "scenario('other', function(t)\n"
                  "  t:is_true(not pcall(function() return t.param.own end))\n"
                  "end)\n");
    assert_true(params_check(options.params, &err));
    rig_run(rig);
    rig_expect(rig, "reads", SCENARIO_PASSED, NULL);
    rig_expect(rig, "other", SCENARIO_PASSED, NULL);
    const struct scenario_record *r = &rig_scenario(rig, "reads")->record;
    assert_int_equal(scenario_record_find_param(r, "count")->origin, SCENARIO_PARAM_GIVEN);
    assert_string_equal(scenario_record_find_param(r, "count")->value, "7");
    assert_int_equal(scenario_record_find_param(r, "radio")->origin, SCENARIO_PARAM_DEFAULT);
    assert_string_equal(scenario_record_find_param(r, "fast")->value, "true");
    assert_null(scenario_record_find_param(&rig_scenario(rig, "other")->record, "own"));
    rig_free(rig);
    params_free(options.params);
}

static void parameters_that_cannot_be(void **state)
{
    static const struct {
        const char *given, *text, *why;
    } cases[] = {
        {"count=many", "param('count', 5)",                             "expected a whole number"  },
        {"count=5.5",  "param('count', 5)",                             "expected a whole number"  },
        {"soc=nan",    "param('soc', 5.0)",                             "expected a number"        },
        {"soc=1e999",  "param('soc', 5.0)",                             "expected a number"        },
        {"fast=maybe", "param('fast', true)",                           "expected true or false"   },
        {"radio=5g",   "param('radio', 'lte', {choices={'lte','3g'}})", "not one of lte, 3g"       },
        {"n=0",        "param('n', 5, {min=1, max=9})",                 "--param n=0: from 1 to 9" },
        {"n=-1",       "param('n', 5, {min=0})",                        "at least 0"               },
        {"a=1",        "param('a', {})",                                "its default is a number"  },
        {"a=1",        "param('a b', 1)",                               "has letters, digits and _"},
        {"a=1",        "param()",                                       "usage: param("            },
        {"a=1",        "scenario('x', {params={1}}, print)",            "defaults by name"         },
    };
    struct error err;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct runner_options options = {.params = params_new(&cases[i].given, 1, &err)};
        struct rig *rig = rig_new(&options, 0);
        assert_false(rig_load_as(rig, "test.lua", cases[i].text, &err));
        if (strstr(err.text, cases[i].why) == NULL)
            fail_msg("%s: %s", cases[i].text, err.text);
        assert_non_null(strstr(err.text, "test.lua:1: "));
        params_blame(options.params, &err);
        bool to_blame = strncmp(err.text, "--param", 7) == 0;
        assert_int_equal(err.code, to_blame ? ERROR_USAGE : ERROR_SCRIPT);
        assert_int_equal(to_blame, i < 8);
        rig_free(rig);
        params_free(options.params);
    }
}

static void unknown(const char *given, const char *text, const char *why)
{
    struct error err;
    struct runner_options options = {.params = params_new(&given, 1, &err)};
    struct rig *rig = rig_new(&options, 0);

    rig_load(rig, text);
    assert_false(params_check(options.params, &err));
    assert_int_equal(err.code, ERROR_USAGE);
    if (strstr(err.text, why) == NULL)
        fail_msg("no \"%s\" in \"%s\"", why, err.text);
    rig_free(rig);
    params_free(options.params);
}

static void parameters_that_nobody_has(void **state)
{
    static const char *const bad[] = {"count", "=5", "a b=1", "1a=2", ""};
    struct error err;

    (void)state;
    unknown("cuont=5", "param('count', 1) param('model', 'x')",
            "did you mean 'count'? (there are count, model)");
    unknown("zzz=5", "param('count', 1)", "no file declares a parameter 'zzz' (there are count)");
    unknown("zzz=5", "scenario('x', function(t) param('zzz', 1) end)",
            "declares a parameter (one does by");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_null(params_new(&bad[i], 1, &err));
        assert_int_equal(err.code, ERROR_USAGE);
    }
}

static void declarations_that_cannot_be(void **state)
{
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"scenario('x', { cases = {} }, print)",                                         "cases is a list of tables"},
        {"scenario('x', { cases = { 5 } }, print)",                                      "case 1 is no table"       },
        {"scenario('x', { cases = { { 5 } } }, print)",                                  "its values have names"    },
        {"scenario('x {dor}', { cases = { { door = 1 } } }, print)",
         "has no 'dor'; did you mean 'door'?"                                                                       },
        {"scenario('x {a}', { cases = { { a = 1, b = 1 }, { a = 1, b = 2 } } }, print)",
         "cases 1 and 2 have one name"                                                                              },
        {"scenario('x', { tags = { 'a b' } }, print)",                                   "a tag has letters"        },
        {"scenario('x', { tags = 5 }, print)",                                           "tags is a list"           },
        {"before(5)",                                                                    "usage: before("           },
        {"after({ tiemout = 5 }, print)",                                                "unknown option 'tiemout'" },
        {"after({ timeout = -5 }, print)",                                               "number of seconds above 0"},
    };
    struct error err;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rig *rig = rig_new(NULL, 0);
        assert_false(rig_load_as(rig, "test.lua", cases[i].text, &err));
        if (strstr(err.text, cases[i].why) == NULL)
            fail_msg("%s: %s", cases[i].text, err.text);
        assert_non_null(strstr(err.text, "test.lua:1: "));
        rig_free(rig);
    }
}

static void only_while_a_file_is_loaded(void **state)
{
    (void)state;
    rig_all_pass(
        "scenario('late', function(t)\n"
        "  for _, late in ipairs { before, after, function() scenario('x', print) end } do\n"
        "    local ok, why = pcall(late, print)\n"
        "    t:is_true(not ok)\n"
        "    t:match(why, 'only at the top of a scenario file')\n"
        "  end\n"
        "end)\n");
}

/* ---- helpers ---- */

static void helpers_may_declare_for_the_file_that_asks(void **state)
{
    struct rig *rig = rig_new(NULL, 0);
    char path[256];
    struct error err;

    (void)state;
    rig_write(rig, "helper.lua",
              "local m = {}\n"
              "function m.car(t) return t:vehicle { model = 'plain', power = 'off' } end\n"
              "function m.hooks() before(function(t) t.hooked = true end) end\n"
              "return m\n",
              path);
    rig_load(rig, "local helper = require 'helper'\n"
                  "helper.hooks()\n"
                  "scenario('helped', function(t)\n"
                  "  t:equal(helper.car(t).model, 'plain')\n"
                  "  t:is_true(t.hooked)\n"
                  "end)\n");
    assert_true(rig_load_as(rig, "other.lua",
                            "scenario('alone', function(t)\n"
                            "  t:equal(require('helper').car(t).model, 'plain')\n"
                            "  t:is_true(not pcall(function() return t.hooked end))\n"
                            "end)\n",
                            &err));
    rig_run(rig);
    rig_expect(rig, "helped", SCENARIO_PASSED, NULL);
    rig_expect(rig, "alone", SCENARIO_PASSED, NULL);
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_case_is_a_scenario),
        cmocka_unit_test(before_and_after_each),
        cmocka_unit_test(what_goes_wrong_afterwards_hides_nothing),
        cmocka_unit_test(an_abort_does_not_wait_for_after),
        cmocka_unit_test(tags_choose),
        cmocka_unit_test(tags_are_checked),
        cmocka_unit_test(parameters_have_the_type_of_their_default),
        cmocka_unit_test(parameters_that_cannot_be),
        cmocka_unit_test(parameters_that_nobody_has),
        cmocka_unit_test(declarations_that_cannot_be),
        cmocka_unit_test(only_while_a_file_is_loaded),
        cmocka_unit_test(helpers_may_declare_for_the_file_that_asks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
