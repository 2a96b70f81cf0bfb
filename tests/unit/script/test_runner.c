#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/xmem.h"
#include "rig.h"

/* ---- instances ---- */

static void rounds_share_nothing(void **state)
{
    struct runner_options options = {.rounds = 3, .seed = 7};
    struct rig *rig = rig_new(&options, 0);
    uint32_t first[6];
    size_t n = 0;

    (void)state;
    rig_load(rig, "local own = 0\n"
                  "for _, name in ipairs { 'a', 'b' } do\n"
                  "  scenario(name, function(t)\n"
                  "    own = own + 1\n"
                  "    t:equal(own, 1)\n"
                  "    t:vehicle { model = 'plain', power = 'off' }\n"
                  "  end)\n"
                  "end\n");
    rig_run(rig);
    assert_int_equal(runner_rounds(rig->runner), 3);
    assert_int_equal(runner_count(rig->runner), 6);
    assert_int_equal(runner_tally(rig->runner, SCENARIO_PASSED), 6);
    for (const struct scenario *s = runner_first(rig->runner); s != NULL; s = s->next) {
        assert_int_equal(s->round, n / 2 + 1);
        assert_int_equal(s->seed, 7 + s->round - 1);
        for (size_t i = 0; i < n; i++)
            assert_int_not_equal(first[i], s->owner.first_vehicle);
        first[n++] = s->owner.first_vehicle;
    }
    rig_free(rig);
}

static void what_changes_from_run_to_run_is_told(void **state)
{
    struct rig *rig = rig_new(NULL, 0);
    struct error err;

    (void)state;
    /* What a file finds in a library would do; these cannot be changed, so time must. */
    rig_load(rig, "scenario('at ' .. os.clock(), function() end)");
    assert_false(runner_prepare(rig->runner, &err));
    assert_non_null(strstr(err.text, "must not change from one time to the next"));
    rig_free(rig);
}

/* What could not begin is no success. */
static void a_round_that_cannot_begin_is_trouble(void **state)
{
    struct runner_options options = {.rounds = 3, .jobs = 1};
    struct rig *rig = rig_new(&options, 0);
    char text[256];

    (void)state;
    snprintf(text, sizeof text,
             "local till = %f\n"
             "scenario(os.clock() < till and 'early' or 'late', function()\n"
             "  while os.clock() < till do breathe() end\n"
             "end)\n",
             (double)clock() / CLOCKS_PER_SEC + 0.5);
    rig_load(rig, text);
    rig_run(rig);
    assert_int_equal(runner_tally(rig->runner, SCENARIO_PASSED), 1);
    assert_int_equal(runner_tally(rig->runner, SCENARIO_ERRORED), 0);
    assert_int_equal(runner_trouble(rig->runner), ERROR_SCRIPT);
    rig_free(rig);
}

/* ---- order ---- */

struct order {
    char names[256];
};

static struct order seen;

static void note_start(struct rig *rig, struct scenario *s)
{
    (void)rig;
    size_t len = strlen(seen.names);
    snprintf(seen.names + len, sizeof seen.names - len, "%s ", s->owner.name);
}

static void run_scenarios(const struct runner_options *options, const char *text, char ret[256])
{
    struct rig *rig = rig_new(options, 0);

    seen.names[0] = '\0';
    rig->on_started = note_start;
    rig_load(rig, text);
    rig_run(rig);
    memcpy(ret, seen.names, sizeof seen.names);
    rig_free(rig);
}

static void run_in_order(const struct runner_options *options, char ret[256])
{
    run_scenarios(options,
                  "for _, name in ipairs { 'a', 'b', 'c', 'd', 'e' } do\n"
                  "  scenario(name, function() end)\n"
                  "end\n",
                  ret);
}

/* All others end only once for them. */
static void those_alone_come_last(void **state)
{
    struct runner_options options = {.rounds = 2};
    char order[256];

    (void)state;
    run_scenarios(&options,
                  "for _, name in ipairs { 'a', 'B', 'c', 'D', 'e' } do\n"
                  "  scenario(name, { alone = name:match('%u') ~= nil }, function() end)\n"
                  "end\n",
                  order);
    assert_string_equal(order, "a c e B D a c e B D ");
}

static void the_seed_decides_the_order(void **state)
{
    struct runner_options options = {.jobs = 1, .rounds = 2, .shuffle = true, .seed = 42};
    char once[256], again[256], other[256], plain[256];

    (void)state;
    run_in_order(&options, once);
    run_in_order(&options, again);
    assert_string_equal(once, again);
    options.seed = 43;
    run_in_order(&options, other);
    assert_string_not_equal(once, other);
    options.shuffle = false;
    run_in_order(&options, plain);
    assert_string_equal(plain, "a b c d e a b c d e ");
}

/* ---- once more ---- */

static const char fails_twice[] =
    "scenario('works in the end', function(t)\n"
    "  t:is_true(t:vehicle { model = 'plain', power = 'off' }.index >= 40)\n"
    "end)\n"
    "scenario('never works', function(t) t:fail('no') end)\n"
    "scenario('passes', function() end)\n";

static void what_passes_in_the_end_is_flaky(void **state)
{
    /* 256 numbers for 3 scenarios with 4 attempts: 21 each, the next attempt's 63 further on. */
    struct runner_options options = {.retries = 3};
    struct rig *rig = rig_new(&options, 0);

    (void)state;
    rig_load(rig, fails_twice);
    rig_run(rig);
    const struct scenario *flaky = rig_scenario(rig, "works in the end");
    assert_true(scenario_is_flaky(flaky));
    assert_int_equal(flaky->attempt, 2);
    assert_non_null(flaky->earlier);
    assert_int_equal(flaky->earlier->verdict, SCENARIO_FAILED);
    const struct scenario *failed = rig_scenario(rig, "never works");
    assert_int_equal(failed->attempt, 4);
    assert_int_equal(failed->verdict, SCENARIO_FAILED);
    assert_false(scenario_is_flaky(failed));
    assert_int_equal(runner_count(rig->runner), 3);
    assert_int_equal(runner_flaky(rig->runner), 1);
    assert_int_equal(rig->started, 2 + 4 + 1);
    assert_int_equal(rig->finished, 3);
    rig_free(rig);
}

static void the_first_failure_may_end_all(void **state)
{
    struct runner_options options = {.jobs = 1, .rounds = 5, .fail_fast = true};
    struct rig *rig = rig_new(&options, 0);

    (void)state;
    rig_load(rig, "scenario('a', function() end)\n"
                  "scenario('b', function(t) t:fail() end)\n"
                  "scenario('c', function() end)\n");
    rig_run(rig);
    assert_int_equal(runner_rounds(rig->runner), 1);
    rig_expect(rig, "a", SCENARIO_PASSED, NULL);
    rig_expect(rig, "c", SCENARIO_SKIPPED, "not run: \"b\" has failed");
    rig_free(rig);
}

static void a_flaky_one_ends_until_fail(void **state)
{
    struct runner_options options = {
        .jobs = 1, .rounds = 5, .retries = 1, .fail_fast = true, .until_flaky = true};
    struct rig *rig = rig_new(&options, 0);

    (void)state;
    rig_load(rig, "scenario('a', function(t)\n"
                  "  t:is_true(t:vehicle { model = 'plain', power = 'off' }.index ~= 0)\n"
                  "end)\n");
    rig_run(rig);
    assert_int_equal(runner_rounds(rig->runner), 1);
    assert_int_equal(runner_flaky(rig->runner), 1);
    rig_free(rig);
}

/* ---- fair turns ---- */

static void who_computes_for_long_lets_others_in(void **state)
{
    (void)state;
    rig_all_pass("local order = {}\n"
                 "scenario('both', function(t)\n"
                 "  local other = false\n"
                 "  t:spawn(function() wait(0) other = true end)\n"
                 "  local began = os.clock()\n"
                 "  while not other and os.clock() - began < 30 do breathe() end\n"
                 "  t:is_true(other)\n"
                 "  table.sort({ 3, 1, 2 }, function(a, b) breathe() return a < b end)\n"
                 "end)\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rounds_share_nothing),
        cmocka_unit_test(what_changes_from_run_to_run_is_told),
        cmocka_unit_test(a_round_that_cannot_begin_is_trouble),
        cmocka_unit_test(the_seed_decides_the_order),
        cmocka_unit_test(those_alone_come_last),
        cmocka_unit_test(what_passes_in_the_end_is_flaky),
        cmocka_unit_test(the_first_failure_may_end_all),
        cmocka_unit_test(a_flaky_one_ends_until_fail),
        cmocka_unit_test(who_computes_for_long_lets_others_in),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
