/* Load profiles: what may be said in one, and what the command line makes of it. */
#include "load/flags.h"
#include "script/load.h"

#include "rig.h"

static void refuses(const char *profile, const char *why)
{
    struct rig *rig = rig_new(NULL, 0);
    struct error err;
    char *text = xasprintf("load_profile('x', %s)", profile);

    if (rig_load_as(rig, "test.lua", text, &err))
        fail_msg("%s: was taken", profile);
    if (strstr(err.text, why) == NULL)
        fail_msg("%s: no \"%s\" in \"%s\"", profile, why, err.text);
    assert_non_null(strstr(err.text, "test.lua:1"));
    free(text);
    rig_free(rig);
}

static void what_is_wrong_is_said_at_once(void **state)
{
    (void)state;
    refuses("{ vehicels = 5 }", "unknown option 'vehicels'; did you mean 'vehicles'?");
    refuses("{ mix = {} }", "mix names no model");
    refuses("{ mix = { 'a' } }", "mix gives models their shares");
    refuses("{ mix = { a = 'x' } }", "the share of a is a number");
    refuses("{ ramp = { slow = 3 } }", "unknown option 'slow'");
    refuses("{ ramp = {} }", "ramp is seconds");
    refuses("{ ramp = { steps = 3 } }", "ramp.every is a number");
    refuses("{ warm_up = -1 }", "warm_up is a number from 0");
    refuses("{ commands = 5 }", "commands is a table");
    refuses("{ commands = { rate = 'fast' } }", "commands: rate is a number");
    refuses("{ commands = { kinds = { lock = 1 } } }", "no kind of command 'lock'");
    refuses("{ commands = { kinds = { x = { signal = 'a' } } } }", "kind x: {");
    refuses("{ telemetry = { per_car = -1 } }", "telemetry: per_car is a number from 0");
    refuses("{ phases = {} }", "phases is a list of at least one");
    refuses("{ phases = { {} } }", "phase 1: duration is a number");
    refuses("{ phases = { { duration = 1, vehicles = 2 } } }",
            "phase 1: vehicles is a number from 0 to 1");
    refuses("{ phases = { { duration = 1, storm = 5 } } }",
            "phase 1: storm is a number from 0 to 1");
    refuses("{ phases = { { duration = 1, commands = { 1 } } } }",
            "phase 1: commands[2] is a number");
}

static void a_profile_is_a_scenario(void **state)
{
    struct rig *rig = rig_new(NULL, 0);

    (void)state;
    rig_load(rig, "load_profile('calm', { commands = { per_car = 0.1 } })\n"
                  "load_profile('storm', { phases = { { duration = 60, storm = 0.5 } }, tags = { "
                  "'slow' } })\n");
    assert_int_equal(runner_count(rig->runner), 2);
    assert_true(scenario_record_has_tag(&rig_scenario(rig, "calm")->record, "load"));
    assert_true(scenario_record_has_tag(&rig_scenario(rig, "storm")->record, "slow"));
    assert_int_equal(rig_scenario(rig, "storm")->line, 2);
    assert_false(rig_scenario(rig, "storm")->alone);
    rig_free(rig);
}

static void ended(void *ctx, const struct load *load)
{
    (void)ctx;
    (void)load;
}

static void an_event_has_to_fit(void **state)
{
    struct load_flags flags = LOAD_FLAGS_NONE;
    struct load_host host = {.flags = &flags, .ended = ended};
    struct rig *rig = rig_new(NULL, 0);
    struct error err;

    (void)state;
    rig->script->load_host = &host;
    flags.duration = 8;
    assert_true(load_event_parse(LOAD_EVENT_BURST, "100/s:5s", &flags.event));
    assert_true(rig_load_as(rig, "fits.lua", "load_profile('x', {})", &err));
    assert_true(rig_scenario(rig, "x")->alone);
    flags.duration = 4;
    assert_false(rig_load_as(rig, "long.lua", "load_profile('y', {})", &err));
    assert_non_null(strstr(err.text, "5 s does not fit into 4 s"));
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_wrong_is_said_at_once),
        cmocka_unit_test(a_profile_is_a_scenario),
        cmocka_unit_test(an_event_has_to_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
