/* Steps, limits of time, soft expectations, what is expected to fail. */
#include "script/steps.h"

#include "rig.h"

static const struct scenario_step *step_of(const struct rig *rig, const char *scenario,
                                           const char *step)
{
    for (const struct scenario_step *s = rig_scenario(rig, scenario)->record.first_step; s != NULL;
         s = s->next)
        if (strcmp(s->name, step) == 0)
            return s;
    fail_msg("%s has no step %s", scenario, step);
    return NULL;
}

static void expect_step(const struct rig *rig, const char *scenario, const char *step,
                        enum scenario_verdict verdict, unsigned depth)
{
    const struct scenario_step *s = step_of(rig, scenario, step);

    if (s->verdict != verdict)
        fail_msg("%s: %s: %s, not %s", scenario, step, scenario_verdict_name(s->verdict),
                 scenario_verdict_name(verdict));
    assert_int_equal(s->depth, depth);
}

static void steps_are_kept(void **state)
{
    struct rig *rig = rig_new(NULL, 0);

    (void)state;
    rig_load(rig,
             "scenario('drives', function(t)\n"
             "  local a, b = t:step('get in', function() t:wait(0.02) return 1, nil end)\n"
             "  t:equal(a, 1)\n"
             "  t:step('drive', { timeout = 5 }, function()\n"
             "    t:step('brake', function() end)\n"
             "    t:spawn(function() t:step('wipe', function() t:wait(60) end) end)\n"
             "    t:wait(0.01)\n"
             "  end)\n"
             "end)\n"
             "scenario('crashes', function(t)\n"
             "  t:step('drive', function()\n"
             "    t:step('brake', function() end)\n"
             "    t:step('steer', function() t:equal(1, 2) end)\n"
             "  end)\n"
             "end)\n"
             "scenario('errs', function(t)\n"
             "  t:step('drive', function() t:step('steer', function() local x = nil + 1 end) end)\n"
             "end)\n"
             "scenario('skips', function(t) t:step('look', function() t:skip('no') end) end)\n"
             "scenario('caught', function(t)\n"
             "  pcall(t.step, t, 'try', function() t:fail('so') end)\n"
             "  t:step('go on', function() end)\n"
             "end)\n"
             "scenario('hangs', { timeout = 0.02 }, function(t)\n"
             "  t:step('wait', function() t:wait(60) end)\n"
             "end)\n");
    rig_run(rig);
    rig_expect(rig, "drives", SCENARIO_PASSED, NULL);
    expect_step(rig, "drives", "get in", SCENARIO_PASSED, 0);
    assert_in_range(step_of(rig, "drives", "get in")->took, 20000, 2000000);
    expect_step(rig, "drives", "brake", SCENARIO_PASSED, 1);
    expect_step(rig, "drives", "wipe", SCENARIO_SKIPPED, 1);
    rig_expect(rig, "crashes", SCENARIO_FAILED, "expected 2, saw 1 (in step 'drive › steer')");
    expect_step(rig, "crashes", "drive", SCENARIO_FAILED, 0);
    expect_step(rig, "crashes", "brake", SCENARIO_PASSED, 1);
    expect_step(rig, "crashes", "steer", SCENARIO_FAILED, 1);
    assert_non_null(strstr(step_of(rig, "crashes", "steer")->where, "test.lua:13"));
    rig_expect(rig, "errs", SCENARIO_ERRORED, "(in step 'drive › steer')");
    assert_non_null(strstr(rig_scenario(rig, "errs")->detail, "test.lua:17"));
    expect_step(rig, "errs", "drive", SCENARIO_ERRORED, 0);
    rig_expect(rig, "skips", SCENARIO_SKIPPED, "no");
    expect_step(rig, "skips", "look", SCENARIO_SKIPPED, 0);
    rig_expect(rig, "caught", SCENARIO_PASSED, NULL);
    expect_step(rig, "caught", "try", SCENARIO_FAILED, 0);
    expect_step(rig, "caught", "go on", SCENARIO_PASSED, 0);
    rig_expect(rig, "hangs", SCENARIO_FAILED, "(in step 'wait')");
    expect_step(rig, "hangs", "wait", SCENARIO_FAILED, 0);
    rig_free(rig);
}

static void steps_side_by_side(void **state)
{
    struct rig *rig = rig_new(NULL, 0);

    (void)state;
    rig_load(rig, "scenario('fleet', function(t)\n"
                  "  local fleet = t:fleet { model = 'plain', power = 'off', count = 3 }\n"
                  "  t:step('all', function()\n"
                  "    fleet:each(function(car, i)\n"
                  "      t:step('car ' .. i, function()\n"
                  "        t:wait(0.01 * i)\n"
                  "        if i == 2 then t:fail('second') end\n"
                  "      end)\n"
                  "    end)\n"
                  "  end)\n"
                  "end)\n");
    rig_run(rig);
    rig_expect(rig, "fleet", SCENARIO_FAILED, "second (in step 'all › car 2')");
    expect_step(rig, "fleet", "all", SCENARIO_FAILED, 0);
    expect_step(rig, "fleet", "car 1", SCENARIO_PASSED, 1);
    expect_step(rig, "fleet", "car 2", SCENARIO_FAILED, 1);
    expect_step(rig, "fleet", "car 3", SCENARIO_SKIPPED, 1);
    rig_free(rig);
}

static void time_runs_out(void **state)
{
    struct rig *rig = rig_new(NULL, 0);

    (void)state;
    rig_load(rig,
             "scenario('step', function(t)\n"
             "  t:step('slow', { timeout = 0.02 }, function()\n"
             "    pcall(function()\n"
             "      t:wait(60)\n"
             "    end)\n"
             "  end)\n"
             "end)\n"
             "scenario('within', function(t)\n"
             "  t:equal(t:within(5, function() t:wait(0.01) return 'in time' end), 'in time')\n"
             "  t:within(0.02, function() t:wait(60) end)\n"
             "end)\n"
             "scenario('busy', function(t)\n"
             "  t:within(0.001, function()\n"
             "    local till = t:now() + 0.01\n"
             "    while t:now() < till do end\n"
             "  end, '100% busy')\n"
             "end)\n"
             "scenario('beside', function(t)\n"
             "  t:spawn(function() t:within(0.02, function() t:wait(60) end) end)\n"
             "  t:wait(60)\n"
             "end)\n");
    rig_run(rig);
    rig_expect(rig, "step", SCENARIO_FAILED,
               "step 'slow': expected it to take at most 0.02 s, it still waits");
    assert_non_null(strstr(rig_scenario(rig, "step")->where, "test.lua:4"));
    expect_step(rig, "step", "slow", SCENARIO_FAILED, 0);
    rig_expect(rig, "within", SCENARIO_FAILED, "t:within: expected it to take at most 0.02 s");
    assert_non_null(strstr(rig_scenario(rig, "within")->where, "test.lua:10"));
    assert_int_equal(rig_scenario(rig, "within")->assertions, 3);
    rig_expect(rig, "busy", SCENARIO_FAILED, "100% busy: expected this to take at most 0.001 s");
    rig_expect(rig, "beside", SCENARIO_FAILED, "t:within: ");
    rig_free(rig);
}

/* Its car loses power: the step is cut off, and its time with it. */
static void a_step_may_lose_its_task(void **state)
{
    struct rig *rig = rig_new(NULL, 0);

    (void)state;
    rig_load(rig, "scenario('cut off', function(t)\n"
                  "  local car = t:vehicle { model = 'plain' }\n"
                  "  car:spawn(function()\n"
                  "    t:step('charge', { timeout = 0.05 }, function() t:wait(60) end)\n"
                  "  end)\n"
                  "  t:wait(0.01)\n"
                  "  car:power_off()\n"
                  "  t:wait(0.2)\n"
                  "end)\n");
    rig_run(rig);
    rig_expect(rig, "cut off", SCENARIO_PASSED, NULL);
    expect_step(rig, "cut off", "charge", SCENARIO_SKIPPED, 0);
    rig_free(rig);
}

static void soft_expectations_go_on(void **state)
{
    struct rig *rig = rig_new(NULL, 0);

    (void)state;
    rig_load(rig, "scenario('two', function(t)\n"
                  "  t:step('look', function()\n"
                  "    t:equal(t.soft:equal(1, 2, 'one'), false)\n"
                  "  end)\n"
                  "  t:equal(t.soft:near(1, 1, 0), true)\n"
                  "  t.soft:eventually(0.01, function() return false end)\n"
                  "  t:equal('reached', 'reached')\n"
                  "end)\n"
                  "scenario('one', function(t) t.soft:match('a', 'b') end)\n"
                  "scenario('then hard', function(t) t.soft:fail('soft') t:fail('hard') end)\n"
                  "scenario('then skip', function(t) t.soft:fail('soft') t:skip('skip') end)\n"
                  "scenario('an error is none', function(t)\n"
                  "  t.soft:eventually(1, function() return nil + 1 end)\n"
                  "end)\n"
                  "scenario('unknown', function(t) t.soft:eqal(1, 2) end)\n"
                  "scenario('none', function(t) t.soft:is_true(true) end)\n");
    rig_run(rig);
    rig_expect(rig, "two", SCENARIO_FAILED,
               "2 expectations did not hold, the first: one: expected");
    const struct scenario *two = rig_scenario(rig, "two");
    assert_non_null(strstr(two->where, "test.lua:3"));
    assert_non_null(strstr(two->detail, "test.lua:3: one: expected 2, saw 1 (in step 'look')"));
    assert_non_null(strstr(two->detail, "test.lua:6: expected the condition"));
    assert_int_equal(two->assertions, 6);
    expect_step(rig, "two", "look", SCENARIO_FAILED, 0);
    rig_expect(rig, "one", SCENARIO_FAILED, "expected text that matches");
    assert_non_null(strstr(rig_scenario(rig, "one")->where, "test.lua:9"));
    rig_expect(rig, "then hard", SCENARIO_FAILED, "hard");
    assert_non_null(strstr(rig_scenario(rig, "then hard")->detail, "soft"));
    rig_expect(rig, "then skip", SCENARIO_FAILED, "soft");
    rig_expect(rig, "an error is none", SCENARIO_ERRORED, "arithmetic");
    rig_expect(rig, "unknown", SCENARIO_ERRORED, "t.soft has no 'eqal'; did you mean 'equal'?");
    rig_expect(rig, "none", SCENARIO_PASSED, NULL);
    rig_free(rig);
}

static void what_is_to_do_may_fail(void **state)
{
    struct rig *rig = rig_new(NULL, 0);

    (void)state;
    rig_load(rig,
             "scenario('fails', function(t) t:todo('no roof yet') t:equal(1, 2) end)\n"
             "scenario('errs', function(t) t:todo('no roof yet') t:open_roof() end)\n"
             "scenario('soft', function(t) t:todo('later') t.soft:equal(1, 2) end)\n"
             "scenario('hangs', { timeout = 0.01 }, function(t) t:todo('later') t:wait(9) end)\n"
             "scenario('passes', function(t) t:todo('later') end)\n"
             "scenario('skips', function(t) t:todo('later') t:skip('no') end)\n"
             "scenario('no reason', function(t) t:todo() end)\n");
    rig_run(rig);
    rig_expect(rig, "fails", SCENARIO_TODO, "no roof yet (expected 2, saw 1)");
    assert_non_null(strstr(rig_scenario(rig, "fails")->where, "test.lua:1"));
    rig_expect(rig, "errs", SCENARIO_TODO, "no roof yet (");
    rig_expect(rig, "soft", SCENARIO_TODO, "later (expected 2, saw 1)");
    rig_expect(rig, "hangs", SCENARIO_TODO, "later (timed out");
    rig_expect(rig, "passes", SCENARIO_PASSED, "passed, though it was to fail (later)");
    assert_string_equal(rig_scenario(rig, "passes")->record.todo, "later");
    rig_expect(rig, "skips", SCENARIO_SKIPPED, "no");
    rig_expect(rig, "no reason", SCENARIO_ERRORED, "usage: t:todo(reason)");
    rig_free(rig);
}

static void wrong_use(void **state)
{
    (void)state;
    rig_all_pass("scenario('wrong', function(t)\n"
                 "  local function says(what, fn)\n"
                 "    local ok, why = pcall(fn)\n"
                 "    t:is_true(not ok)\n"
                 "    t:match(why, what)\n"
                 "  end\n"
                 "  says('usage: t:step', function() t:step() end)\n"
                 "  says('usage: t:step', function() t:step('', print) end)\n"
                 "  says(\"unknown option 'timout'\", function()\n"
                 "    t:step('x', { timout = 1 }, print) end)\n"
                 "  says('seconds from 0', function() t:step('x', { timeout = -1 }, print) end)\n"
                 "  says('usage: t:within', function() t:within(print) end)\n"
                 "  says('t.equal cannot be changed', function() t.equal = 5 end)\n"
                 "  t.mine = 5\n"
                 "  t:equal(t.mine, 5)\n"
                 "end)\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_are_kept),
        cmocka_unit_test(steps_side_by_side),
        cmocka_unit_test(time_runs_out),
        cmocka_unit_test(a_step_may_lose_its_task),
        cmocka_unit_test(soft_expectations_go_on),
        cmocka_unit_test(what_is_to_do_may_fail),
        cmocka_unit_test(wrong_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
