#include "rig.h"

static void verdicts_with_place_and_reason(void **state)
{
    struct rig *rig = rig_new(NULL, 0);

    (void)state;
    rig_load(rig, "scenario('passes', function(t)\n"
                  "  t:equal(1, 1) t:is_true(true) t:near(1, 1.05, 0.1)\n"
                  "end)\n"
                  "scenario('fails', function(t)\n"
                  "  t:equal(1, 1)\n"
                  "  t:equal({ a = 1 }, { a = 2 }, 'why')\n"
                  "end)\n"
                  "scenario('errs', function(t)\n"
                  "  local function inner() local x = nil + 1 end\n"
                  "  inner()\n"
                  "end)\n"
                  "scenario('skips', function(t) t:skip('not here') end)\n"
                  "scenario('times out', { timeout = 0.02 }, function(t)\n"
                  "  t:wait(60)\n"
                  "end)\n"
                  "scenario('fails in a task', function(t)\n"
                  "  t:spawn(function() t:wait(0.001) t:fail('deep') end)\n"
                  "  t:wait(60)\n"
                  "end)\n"
                  "scenario('raises a table', function(t) error({ code = 3 }) end)\n"
                  "scenario('raises nil', function(t) error(nil) end)\n");
    assert_int_equal(runner_count(rig->runner), 8);
    rig_run(rig);
    rig_expect(rig, "passes", SCENARIO_PASSED, NULL);
    assert_int_equal(rig_scenario(rig, "passes")->assertions, 3);
    rig_expect(rig, "fails", SCENARIO_FAILED, "why: expected {a = 2}, saw {a = 1}");
    assert_non_null(strstr(rig_scenario(rig, "fails")->where, "test.lua:6"));
    assert_int_equal(rig_scenario(rig, "fails")->line, 4);
    assert_int_equal(rig_scenario(rig, "fails")->assertions, 2);
    rig_expect(rig, "errs", SCENARIO_ERRORED, "test.lua:9: attempt to perform arithmetic");
    assert_non_null(strstr(rig_scenario(rig, "errs")->detail, "test.lua:10"));
    rig_expect(rig, "skips", SCENARIO_SKIPPED, "not here");
    rig_expect(rig, "times out", SCENARIO_FAILED, "timed out after 0.0 s, still waiting at");
    assert_non_null(strstr(rig_scenario(rig, "times out")->where, "test.lua:14"));
    rig_expect(rig, "fails in a task", SCENARIO_FAILED, "deep");
    rig_expect(rig, "raises a table", SCENARIO_ERRORED, "table: ");
    rig_expect(rig, "raises nil", SCENARIO_ERRORED, "nil");
    assert_int_equal(runner_tally(rig->runner, SCENARIO_PASSED), 1);
    assert_int_equal(rig->started, 8);
    assert_int_equal(rig->finished, 8);
    rig_free(rig);
}

static void error_values_cannot_hurt_the_runner(void **state)
{
    struct rig *rig = rig_new(NULL, 0);

    (void)state;
    rig_load(
        rig,
        "local function bad() error('worse') end\n"
        "scenario('tostring raises', function(t)\n"
        "  error(setmetatable({}, { __tostring = bad })) end)\n"
        "scenario('tostring is no string', function(t)\n"
        "  error(setmetatable({}, { __tostring = function() return {} end })) end)\n"
        "scenario('tostring never ends', function(t)\n"
        "  error(setmetatable({}, { __tostring = function() while true do pcall(bad) end end }))"
        " end)\n"
        "scenario('index raises', function(t) error(setmetatable({}, { __index = bad })) end)\n"
        "scenario('assertion is odd', function(t)\n"
        "  error({ assertion = setmetatable({}, { __tostring = bad }), where = bad }) end)\n"
        "scenario('skip is odd', function(t) error({ skip = setmetatable({}, {\n"
        "  __tostring = bad }) }) end)\n"
        "scenario('neighbour', function(t) t:wait(0.01) end)\n");
    rig_run(rig);
    rig_expect(rig, "tostring raises", SCENARIO_ERRORED, "no text");
    rig_expect(rig, "tostring is no string", SCENARIO_ERRORED, "no text");
    rig_expect(rig, "tostring never ends", SCENARIO_ERRORED, "no text");
    rig_expect(rig, "index raises", SCENARIO_ERRORED, "table: ");
    rig_expect(rig, "assertion is odd", SCENARIO_FAILED, "no text");
    rig_expect(rig, "skip is odd", SCENARIO_SKIPPED, "no text");
    rig_expect(rig, "neighbour", SCENARIO_PASSED, NULL);
    rig_free(rig);
}

static void a_filter_and_a_limit(void **state)
{
    struct runner_options options = {.filter = "door", .jobs = 2};
    struct rig *rig = rig_new(&options, 0);

    (void)state;
    rig_load(rig, "for i = 1, 9 do\n"
                  "  scenario('door ' .. i, function(t) t:wait(0.001) end)\n"
                  "  scenario('window ' .. i, function(t) t:fail() end)\n"
                  "end\n");
    assert_int_equal(runner_count(rig->runner), 9);
    rig_run(rig);
    assert_int_equal(runner_tally(rig->runner, SCENARIO_PASSED), 9);
    assert_int_equal(rig->most_running, 2);
    rig_free(rig);
}

static void nothing_to_run_is_done_at_once(void **state)
{
    struct rig *rig = rig_new(NULL, 0);

    (void)state;
    rig_load(rig, "");
    rig_run(rig);
    assert_int_equal(rig->started, 0);
    rig_free(rig);
}

static void files_that_are_no_scenarios(void **state)
{
    static const struct {
        const char *text, *why;
        enum error_code code;
    } cases[] = {
        {"scenario(",                                                          "test.lua:1:",                ERROR_SCRIPT},
        {"\nundefined_thing()",
         "test.lua:2: undefined variable "
         "'undefined_thing'",                                                                                ERROR_SCRIPT},
        {"scenario('x')",                                                      "usage: scenario(",           ERROR_SCRIPT},
        {"scenario('x', { timeot = 3 }, print)",                               "unknown option 'timeot'",    ERROR_SCRIPT},
        {"scenario('x', { timeout = 'soon' }, print)",                         "number expected",            ERROR_SCRIPT},
        {"scenario('x', { timeout = -1 }, print)",                             "seconds from 0",             ERROR_SCRIPT},
        {"while true do end",                                                  "instruction budget",         ERROR_SCRIPT},
        {"while true do pcall(function() while true do end end) end",          "instruction budget",
         ERROR_SCRIPT                                                                                                    },
        {"wait(1)",                                                            "only while a scenario",      ERROR_SCRIPT},
        {"error({})",                                                          "table: ",                    ERROR_SCRIPT},
        {"error(setmetatable({}, { __tostring = function() return {} end }))", "test.lua",
         ERROR_SCRIPT                                                                                                    },
        {"\x1bLua",                                                            "bytecode",                   ERROR_SCRIPT},
        {"require 'nothing'",                                                  "module 'nothing' not found", ERROR_SCRIPT},
        {"require '../../etc/passwd'",                                         "a module name",              ERROR_SCRIPT},
    };
    struct error err;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rig *rig = rig_new(NULL, 0);
        assert_false(rig_load_as(rig, "test.lua", cases[i].text, &err));
        if (strstr(err.text, cases[i].why) == NULL)
            fail_msg("%s: %s", cases[i].text, err.text);
        assert_int_equal(err.code, cases[i].code);
        assert_int_equal(lua_gettop(rig->script->L), 0);
        rig_free(rig);
    }
    struct rig *rig = rig_new(NULL, 0);
    assert_false(runner_load(rig->runner, "/nowhere/at/all.lua", &err));
    assert_int_equal(err.code, ERROR_USAGE);
    rig_free(rig);
}

static void a_folder_is_loaded_by_name(void **state)
{
    struct rig *rig = rig_new(NULL, 0);
    struct error err;
    char path[256];

    (void)state;
    snprintf(path, sizeof path, "%s/s", rig->lab->dir);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/s/deep", rig->lab->dir);
    assert_int_equal(mkdir(path, 0700), 0);
    rig_write(rig, "s/b.lua", "scenario('b', function() end)", path);
    rig_write(rig, "s/a.lua", "scenario('a', function() end)", path);
    rig_write(rig, "s/.hidden.lua", "error()", path);
    rig_write(rig, "s/notes.txt", "error()", path);
    rig_write(rig, "s/deep/c.lua", "scenario('c', function() end)", path);
    snprintf(path, sizeof path, "%s/s///", rig->lab->dir);
    if (!runner_load(rig->runner, path, &err))
        fail_msg("%s", err.text);
    const struct scenario *s = runner_first(rig->runner);
    assert_string_equal(s->owner.name, "a");
    assert_string_equal(s->next->owner.name, "b");
    assert_string_equal(s->next->next->owner.name, "c");
    assert_non_null(strstr(s->file, "/s/a.lua"));
    rig_free(rig);
}

/* ---- ending early ---- */

static void abort_it(struct rig *rig, struct scenario *s)
{
    (void)s;
    runner_abort(rig->runner, "enough");
}

static const char waiting_three[] = "scenario('first', function(t) t:vehicle { model = 'plain' }\n"
                                    "  t:spawn(function() t:wait(60) end) t:wait(60) end)\n"
                                    "scenario('second', function(t) t:wait(0.001) end)\n"
                                    "scenario('third', function(t) t:wait(60) end)\n";

static void an_abort_ends_all_and_tells_each_once(void **state)
{
    struct runner_options options = {.jobs = 2};
    struct rig *rig = rig_new(&options, 0);

    (void)state;
    rig->on_finished = abort_it; /* again and again, from inside */
    rig_load(rig, waiting_three);
    rig_run(rig);
    rig_expect(rig, "first", SCENARIO_ERRORED, "aborted: enough");
    rig_expect(rig, "second", SCENARIO_PASSED, NULL);
    rig_expect(rig, "third", SCENARIO_ERRORED, "enough");
    assert_int_equal(rig->finished, 3);
    assert_int_equal(rig->all_done, 1);
    rig_free(rig);
}

static void an_abort_as_a_scenario_starts(void **state)
{
    struct runner_options options = {.jobs = 1};
    struct rig *rig = rig_new(&options, 0);

    (void)state;
    rig->on_started = abort_it;
    rig_load(rig, waiting_three);
    rig_run(rig);
    rig_expect(rig, "first", SCENARIO_ERRORED, "aborted: enough");
    rig_expect(rig, "second", SCENARIO_ERRORED, "not run: enough");
    assert_int_equal(rig->started, 1);
    assert_int_equal(rig->finished, 3);
    rig_free(rig);
}

static void an_abort_before_the_start(void **state)
{
    struct rig *rig = rig_new(NULL, 0);

    (void)state;
    rig_load(rig, waiting_three);
    runner_abort(rig->runner, "too late");
    assert_int_equal(runner_tally(rig->runner, SCENARIO_ERRORED), 3);
    assert_int_equal(rig->finished, 3);
    assert_int_equal(rig->all_done, 1);
    runner_start(rig->runner);
    assert_int_equal(rig->started, 0);
    rig_free(rig);
}

static void a_runner_is_freed_in_full_flight(void **state)
{
    struct rig *rig = rig_new(NULL, 0);

    (void)state;
    rig_load(rig, waiting_three);
    runner_start(rig->runner);
    lab_turn(rig->lab);
    assert_int_equal(rig->lab->sim->vehicle_count, 1);
    rig_free(rig);
}

/* ---- scenarios and each other ---- */

static void the_seed_makes_a_run_repeatable(void **state)
{
    static const char text[] =
        "for _, name in ipairs { 'a', 'b' } do\n"
        "  scenario(name, function(t)\n"
        "    local s = '' for i = 1, 20 do s = s .. t:random(0, 9) .. math.random(3) end\n"
        "    t:is_true(math.random() < 1)\n"
        "    t:fail(s)\n"
        "  end)\n"
        "end\n";
    char seen[3][2][512];

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct runner_options options = {.seed = i == 2 ? 43 : 42};
        struct rig *rig = rig_new(&options, 0);
        rig_load(rig, text);
        rig_run(rig);
        snprintf(seen[i][0], sizeof seen[i][0], "%s", rig_scenario(rig, "a")->message);
        snprintf(seen[i][1], sizeof seen[i][1], "%s", rig_scenario(rig, "b")->message);
        rig_free(rig);
    }
    assert_string_equal(seen[0][0], seen[1][0]);
    assert_string_equal(seen[0][1], seen[1][1]);
    assert_string_not_equal(seen[0][0], seen[0][1]);
    assert_string_not_equal(seen[0][0], seen[2][0]);
}

static void memory_ends_only_the_scenario_that_takes_it(void **state)
{
    struct rig *rig = rig_new(NULL, (size_t)32 << 20);

    (void)state;
    rig_load(rig,
             "scenario('glutton', function(t)\n"
             "  local car = t:vehicle { model = 'plain', power = 'off' }\n"
             "  local hoard = {}\n"
             "  pcall(function() while true do hoard[#hoard + 1] = ('x'):rep(1000, #hoard) end"
             " end)\n"
             "  car:power_on() car:power_off()\n"
             "  while true do hoard[#hoard + 1] = { #hoard } end\n"
             "end)\n"
             "scenario('neighbour', function(t)\n"
             "  for _ = 1, 20 do t:wait(0.001) local s = {} for i = 1, 100 do s[i] = {} end end\n"
             "end)\n");
    rig_run(rig);
    rig_expect(rig, "glutton", SCENARIO_ERRORED, "memory");
    rig_expect(rig, "neighbour", SCENARIO_PASSED, NULL);
    rig_free(rig);
}

static void the_budget_ends_only_its_scenario(void **state)
{
    struct rig *rig = rig_new(NULL, 0);

    (void)state;
    rig->script->scheduler.instruction_budget = 1000000;
    rig_load(rig, "scenario('loops', function(t)\n"
                  "  local x\n"
                  "  while true do pcall(function() while true do x = 1 end end) end\n"
                  "end)\n"
                  "scenario('neighbour', function(t) t:wait(0.001) end)\n");
    rig_run(rig);
    rig_expect(rig, "loops", SCENARIO_ERRORED, "instruction budget exceeded");
    assert_non_null(strstr(rig_scenario(rig, "loops")->detail, "test.lua:3"));
    rig_expect(rig, "neighbour", SCENARIO_PASSED, NULL);
    rig_free(rig);
}

static void fleets_are_as_large_as_asked(void **state)
{
    struct runner_options options = {.vehicles = 3, .vehicles_forced = true};

    (void)state;
    for (int forced = 0; forced < 2; forced++) {
        struct rig *rig = rig_new(forced ? &options : NULL, 0);
        rig_load(rig,
                 "scenario('fleet', function(t)\n"
                 "  local n, fleet = 0, t:fleet { model = 'plain', count = 5, power = 'off' }\n"
                 "  fleet:each(function(car, i) t:wait(0.001) n = n + i end)\n"
                 "  t:fail(#fleet .. ' cars, ' .. n)\n"
                 "end)\n");
        rig_run(rig);
        rig_expect(rig, "fleet", SCENARIO_FAILED, forced ? "3 cars, 6" : "5 cars, 15");
        rig_free(rig);
    }
}

static void assertions_wait_and_watch(void **state)
{
    (void)state;
    rig_all_pass(
        "scenario('eventually', function(t)\n"
        "  local n = 0\n"
        "  t:equal(t:eventually(5, function() n = n + 1 return n > 3 and n end), 4)\n"
        "  t:never(0.02, function() return false end)\n"
        "  t:not_equal({ 1 }, { 2 }) t:match('abc', '^a') t:equal({ 1, { 2 } }, { 1, { 2 } })\n"
        "  local ok, raised = pcall(t.eventually, t, 0.001, function() return false end)\n"
        "  t:is_true(not ok and raised.assertion:find('within 0.001 s'))\n"
        "  ok, raised = pcall(t.never, t, 1, function() return 7 end)\n"
        "  t:is_true(not ok and raised.assertion:find('it was 7'))\n"
        "  t:equal(show { 1, 'x', a = null, b = { c = true } },\n"
        "    '{1, \"x\", a = null, b = {c = true}}')\n"
        "end)\n");
}

/* ---- a cloud that restarts ---- */

struct fake_cloud {
    bool down;
    unsigned pauses, resumes;
};

static bool fake_pause(void *ctx)
{
    struct fake_cloud *cloud = ctx;

    cloud->down = true;
    cloud->pauses++;
    return true;
}

static bool fake_resume(void *ctx, bool *ret_running, struct error *err)
{
    struct fake_cloud *cloud = ctx;

    (void)err;
    *ret_running = cloud->resumes++ % 3 == 2;
    if (*ret_running)
        cloud->down = false;
    return true;
}

static void a_cloud_comes_back_when_its_scenario_ends(void **state)
{
    struct rig *rig = rig_new(NULL, 0);
    struct fake_cloud cloud = {0};

    (void)state;
    rig->script->local_cloud = (struct local_cloud){
        .is_local = true, .pause = fake_pause, .resume = fake_resume, .ctx = &cloud};
    rig_load(rig, "scenario('restarts', function(t) t:restart_cloud() end)\n"
                  "scenario('too late', { timeout = 0.02 }, function(t)\n"
                  "  t:restart_cloud { down = 60 }\n"
                  "end)\n");
    rig_run(rig);
    rig_expect(rig, "restarts", SCENARIO_PASSED, NULL);
    rig_expect(rig, "too late", SCENARIO_FAILED, "timed out");
    assert_int_equal(cloud.pauses, 2);
    assert_int_equal(cloud.resumes, 6);
    assert_false(cloud.down);
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts_with_place_and_reason),
        cmocka_unit_test(error_values_cannot_hurt_the_runner),
        cmocka_unit_test(a_filter_and_a_limit),
        cmocka_unit_test(nothing_to_run_is_done_at_once),
        cmocka_unit_test(files_that_are_no_scenarios),
        cmocka_unit_test(a_folder_is_loaded_by_name),
        cmocka_unit_test(an_abort_ends_all_and_tells_each_once),
        cmocka_unit_test(an_abort_as_a_scenario_starts),
        cmocka_unit_test(an_abort_before_the_start),
        cmocka_unit_test(a_runner_is_freed_in_full_flight),
        cmocka_unit_test(the_seed_makes_a_run_repeatable),
        cmocka_unit_test(memory_ends_only_the_scenario_that_takes_it),
        cmocka_unit_test(the_budget_ends_only_its_scenario),
        cmocka_unit_test(fleets_are_as_large_as_asked),
        cmocka_unit_test(assertions_wait_and_watch),
        cmocka_unit_test(a_cloud_comes_back_when_its_scenario_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
