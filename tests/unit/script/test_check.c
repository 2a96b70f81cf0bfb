/* The static check: what it finds in scripts, and what it passes over. */
#include "script/check.h"

#include "rig.h"

struct found {
    char text[4096];
};

static void on_problem(void *ctx, const struct check_problem *p)
{
    struct found *found = ctx;
    size_t len = strlen(found->text);

    snprintf(found->text + len, sizeof found->text - len, "%d:%d %s%s: %s\n", p->line, p->column,
             p->warning ? "warning " : "", p->rule, p->text);
}

struct bench {
    struct rig *rig;
    struct script_checker *checker;
};

static int set_up(void **state)
{
    struct bench *bench = xcalloc(1, sizeof *bench);
    struct error err;
    char path[256];

    bench->rig = rig_new(NULL, 0);
    rig_write(bench->rig, "compact_ev.lua", RIG_MODEL, path);
    bench->checker = script_checker_new(bench->rig->lab->dir, &err);
    assert_non_null(bench->checker);
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;

    script_checker_free(bench->checker);
    rig_free(bench->rig);
    free(bench);
    return 0;
}

static void expect(struct bench *bench, const char *text, const char *problems)
{
    struct found found = {0};

    script_checker_text(bench->checker, "test.lua", slice_str(text),
                        &(struct check_listener){.tell = on_problem, .ctx = &found});
    if (strcmp(found.text, problems) != 0)
        fail_msg("of\n%s\nexpected\n%sfound\n%s", text, problems, found.text);
}

/* As the body of a scenario that has a car and an app; its first line is line 1. */
static void expect_in_scenario(struct bench *bench, const char *body, const char *problems)
{
    char *text = xasprintf("scenario('x', function(t) local car, app = t:vehicle(), t:companion()"
                           "\n%s\nend)\n",
                           body);

    expect(bench, text, problems);
    free(text);
}

static void syntax(void **state)
{
    expect(*state, "local x = = 1\n", "1:11 syntax: unexpected symbol near '='\n");
    expect(*state, "\n\nlocal s = \"ab\n", "3:11 syntax: unfinished string near '\"ab'\n");
    expect(*state, "if true then\n",
           "2:1 syntax: 'end' expected (to close 'if' at line 1) near <eof>\n");
    expect(*state, "goto nowhere\n",
           "1:1 syntax: no visible label 'nowhere' for <goto> at line 1\n");
    expect(*state, "local x <const> = 1 x = 2\n",
           "1:1 syntax: attempt to assign to const variable 'x'\n");
    expect(*state, "local ä = 1\n", "1:7 syntax: <name> expected near '<\\195>'\n");
    expect(*state,
           "#!/usr/bin/env fleetsim\nlocal a <close>, b = nil, 0x.8p1\n"
           "::top:: do local s = [==[\n]]]==] .. '\\z  \\u{48}\\x41\\065' end\n"
           "for i = 1, 3, 2 do if i ~= 2 then goto top end end\n"
           "return function(...) return ..., a, b, -2 ^ -3 // 1 << 2 & ~5 end\n",
           "");
}

static void names(void **state)
{
    expect(*state, "aserrt(1)\n",
           "1:1 undefined-variable: undefined variable 'aserrt'; did you mean 'assert'?\n");
    expect(*state, "helper = 1\nreturn helper, _G.other, _VERSION\n", "");
    expect(*state, "string.fromat('x')\n",
           "1:8 unknown-name: string has no 'fromat'; did you mean 'format'?\n");
    expect(*state, "scenario('x', { timout = 3 }, function(t) end)\n",
           "1:17 unknown-option: scenario: unknown option 'timout'; did you mean 'timeout'?\n");
    expect(*state,
           "before(function(t) t:equals() end)\n"
           "after({ timout = 1 }, function(t, case) case:any() end)\n",
           "1:22 unknown-name: a test has no 'equals'; did you mean 'equal'?\n"
           "2:9 unknown-option: after: unknown option 'timout'; did you mean 'timeout'?\n");
    expect_in_scenario(*state, "t:equals(1, 2)",
                       "2:3 unknown-name: a test has no 'equals'; did you mean 'equal'?\n");
    expect_in_scenario(*state, "app:requst(car)",
                       "2:5 unknown-name: a companion has no 'requst'; did you mean 'request'?\n");
    expect_in_scenario(*state, "app:request(car, {}):awiat()",
                       "2:22 unknown-name: a command has no 'awiat'; did you mean 'await'?\n");
    expect_in_scenario(*state, "car:wait_online():slma()",
                       "2:19 unknown-name: a car has no 'slma'; did you mean 'slam'?\n");
    expect_in_scenario(*state, "car.foo = 1",
                       "2:5 read-only: a car's 'foo' cannot be set (signals are in car.state)\n");
    expect_in_scenario(*state, "car:wait_for('aslep')",
                       "2:14 wrong-value: car:wait_for: 'aslep' is none of its values; did you "
                       "mean 'asleep'?\n");
}

static void what_flows_where(void **state)
{
    /* Through helpers, lists, fleets, callbacks. */
    expect(*state,
           "local function made(t)\n  local car = t:vehicle()\n  return car, t:companion()\nend\n"
           "local function use(car) car:slma() end\n"
           "scenario('x', function(t)\n  local car, app = made(t)\n  app:requst(car)\n  use(car)\n"
           "  for _, one in ipairs { car, car } do one:slma() end\n"
           "  local fleet = t:fleet { count = 2 }\n  fleet[1]:slma()\n"
           "  fleet:each(function(each, i) each:slma() end)\nend)\n",
           "5:29 unknown-name: a car has no 'slma'; did you mean 'slam'?\n"
           "8:7 unknown-name: a companion has no 'requst'; did you mean 'request'?\n"
           "10:44 unknown-name: a car has no 'slma'; did you mean 'slam'?\n"
           "12:12 unknown-name: a car has no 'slma'; did you mean 'slam'?\n"
           "13:37 unknown-name: a car has no 'slma'; did you mean 'slam'?\n");
    /* What may be either is neither. */
    expect_in_scenario(
        *state, "local either = car\nif t:now() > 1 then either = app end\neither:slma()", "");
}

/* A model whose signals live in two shadows. */
static void shadows(void **state)
{
    static const char model[] =
        "local box = part('box', function()\n"
        "  return { signals = {\n"
        "    { 'door', type = 'boolean' },\n"
        "    { 'seat.heat', type = 'integer', desired = true, shadow = 'comfort' },\n"
        "  } }\n"
        "end)\n"
        "return model { name = 'boxcar', parts = { box {} } }\n";
    struct bench *bench = *state;
    char path[256];

    rig_write(bench->rig, "boxcar.lua", model, path);
#define WITH_BOX "local box = t:vehicle { model = 'boxcar' }\n"
    expect_in_scenario(*state, WITH_BOX "return app:shadow(box).reported.seat.heat",
                       "3:38 wrong-shadow: seat.heat lives in the shadow 'comfort', not in the "
                       "classic shadow (the option is { name = 'comfort' })\n");
    expect_in_scenario(*state, WITH_BOX "return app:shadow(box, { name = 'comfort' }).desired.door",
                       "3:54 wrong-shadow: door lives in the classic shadow, not in the shadow "
                       "'comfort'\n");
    expect_in_scenario(*state, WITH_BOX "return app:shadow(box, { name = 'comfrt' }).desired.door",
                       "3:33 wrong-shadow: none of the car's signals lives in a shadow 'comfrt'; "
                       "did you mean 'comfort'?\n");
    expect_in_scenario(*state,
                       WITH_BOX "app:desire(box, { seat = { heat = 3 } }, { name = 'charging' })",
                       "3:28 wrong-shadow: seat.heat lives in the shadow 'comfort', not in the "
                       "shadow 'charging' (the option is { name = 'comfort' })\n");
    expect_in_scenario(*state, WITH_BOX "app:delete_shadow(box, { name = 'confort' })",
                       "3:33 wrong-shadow: none of the car's signals lives in a shadow 'confort'; "
                       "did you mean 'comfort'?\n");
    /* A wish finds its shadow; others are the script's; what is not written is not known. */
    expect_in_scenario(*state,
                       WITH_BOX "app:desire(box, { seat = { heat = 3 } })\n"
                                "local named = { name = 'comfort' }\n"
                                "app:update(box, {}, { name = 'cargo' })\n"
                                "return app:shadow(box, named).reported.seat.heat,\n"
                                "  app:shadow(box, { name = 'comfort' }).reported.seat.heat,\n"
                                "  app:shadow(box).reported.door",
                       "");
}

static void signals(void **state)
{
    expect_in_scenario(*state, "car.state.dor.open = true",
                       "2:11 unknown-signal: no signal 'dor' in model compact_ev; did you mean "
                       "'door'?\n");
    expect_in_scenario(*state, "car.state.door.opne = true",
                       "2:16 unknown-signal: no signal 'door.opne' in model compact_ev; did you "
                       "mean 'door.open'?\n");
    expect_in_scenario(*state, "car:set('door.open', 3)",
                       "2:22 wrong-value: door.open: boolean expected, got number\n");
    expect_in_scenario(*state, "car.state.door.lock = 'loked'",
                       "2:23 wrong-value: door.lock: loked is not one of locked, unlocked; did you "
                       "mean 'locked'?\n");
    expect_in_scenario(*state, "t:equal(car.state.door.lock, 'loked')",
                       "2:30 wrong-value: door.lock: loked is not one of locked, unlocked; did you "
                       "mean 'locked'?\n");
    expect_in_scenario(*state, "app:desire(car, { dor = { open = true } })",
                       "2:19 unknown-signal: no signal 'dor' in model compact_ev; did you mean "
                       "'door'?\n");
    expect_in_scenario(*state, "return app:shadow(car).reported.dor.open",
                       "2:33 unknown-signal: no signal 'dor' in model compact_ev; did you mean "
                       "'door'?\n");
    expect_in_scenario(*state, "t:vehicle { model = 'plian' }",
                       "2:21 unknown-model: no model 'plian'; there are compact_ev, plain; did you "
                       "mean 'plain'?\n");
    expect_in_scenario(*state, "t:vehicle { state = { ['door.angel'] = 1 } }",
                       "2:24 unknown-signal: no signal 'door.angel' in model compact_ev; did you "
                       "mean 'door.angle'?\n");
    /* Documents may hold anything; and who asks first may look. */
    expect_in_scenario(*state,
                       "app:desire(car, { zebra = { x = 1 } })\n"
                       "if car:has('roof.open') then car.state.roof.open = true end\n"
                       "return car.state.door(), car.state()['anything'], car.state.door.angle + 1",
                       "");
}

static void caught_on_purpose(void **state)
{
    expect_in_scenario(*state,
                       "pcall(function() car:slma() end)\n"
                       "local function refused(fn, ...) return pcall(fn, ...) end\n"
                       "refused(function() t:equals() end)\nrefused(car.slam, car)\n"
                       "for why, fn in pairs { a = function() car:slma() end } do pcall(fn) end\n"
                       "car:slma() -- check: ignore",
                       "");
    expect(*state, "-- check: ignore file\naserrt(1)\n", "");
}

static void parts(void **state)
{
    expect(*state,
           "return part('x', function(options)\n  local actions = {}\n"
           "  function actions.go(car) car:wrok(1) car:go() end\n"
           "  return { actions = actions, desire = function(car, wishes) car:refus('X') end,\n"
           "    start = function(car) car:spawn(function(c) c:wrok(1) end, car) end }\nend)\n",
           "3:32 unknown-name: a car has no 'wrok'; did you mean 'work'?\n"
           "4:66 unknown-name: a car has no 'refus'; did you mean 'refuse'?\n"
           "5:51 unknown-name: a car has no 'wrok'; did you mean 'work'?\n");
}

static void never_reached(void **state)
{
    expect_in_scenario(*state, "if car.link == 'off' then t:skip('x') t:wait(1) end",
                       "2:39 unreachable: never reached: t:skip before it ends here\n");
    expect_in_scenario(*state, "error('x') t:wait(1)",
                       "2:12 unreachable: never reached: error before it ends here\n");
    expect_in_scenario(*state, "local c = t:vehicle { power = 'off' }\nt:wait(1)\nc:wait_online()",
                       "4:3 unreachable-wait: car:wait_online: waits in vain: the car is off "
                       "(car:power_on() before it)\n");
    expect_in_scenario(*state,
                       "local c = t:vehicle { power = 'off' }\nc:power_on()\nc:wait_online()\n"
                       "local d = t:vehicle { power = 'off' }\nt:spawn(function() d:power_on() "
                       "end)\nd:wait_online()\n"
                       "local e = t:vehicle { power = 'off' }\nt:equal(e.link, 'off')\n"
                       "t:sms(e.msisdn)\ne:wait_online()",
                       "");
    expect_in_scenario(*state, "local c = t:vehicle():wait_online()\nc:sleep()\nc:wait_online()",
                       "4:3 unreachable-wait: car:wait_online: waits in vain: the car is asleep, "
                       "and nobody wakes it (car:wake(), or a command without wake = false)\n");
    expect_in_scenario(
        *state, "local c = t:vehicle():wait_online()\nc:sms()\nc:sleep()\nc:wait_online()", "");
    expect_in_scenario(*state, "car:wait_online(40)",
                       "2:17 warning long-wait: car:wait_online: 40 s is longer than the "
                       "scenario's own time-out, 30 s\n");
}

/* Deep nesting and long chains end in words, not in a crash. */
static void too_deep(void **state)
{
    struct found found = {0};
    struct buf text;

    buf_init(&text, 1 << 22);
    buf_append_str(&text, "local x = ");
    for (int i = 0; i < 5000; i++)
        buf_append_str(&text, "(");
    struct bench *bench = *state;
    script_checker_text(bench->checker, "deep.lua", buf_slice(&text),
                        &(struct check_listener){.tell = on_problem, .ctx = &found});
    assert_non_null(strstr(found.text, "1:"));
    buf_clear(&text);
    buf_append_str(&text, "local x = x");
    for (int i = 0; i < 200000; i++)
        buf_append_str(&text, ".a");
    script_checker_text(bench->checker, "long.lua", buf_slice(&text),
                        &(struct check_listener){.tell = on_problem, .ctx = &found});
    assert_non_null(strstr(found.text, "could not be checked"));
    buf_done(&text);
}

static void all_that_ships_passes(void **state)
{
    struct check_result result;
    struct error err;
    struct found found = {0};
    (void)state;
    char scenarios[] = SOURCE_DIR "/scenarios", vehicles[] = SOURCE_DIR "/vehicles";
    char *paths[] = {scenarios, vehicles, NULL};

    assert_true(script_check(SOURCE_DIR "/vehicles", paths,
                             &(struct check_listener){.tell = on_problem, .ctx = &found}, &result,
                             &err));
    assert_string_equal(found.text, "");
    assert_true(result.files > 90);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(syntax),
        cmocka_unit_test(names),
        cmocka_unit_test(what_flows_where),
        cmocka_unit_test(signals),
        cmocka_unit_test(shadows),
        cmocka_unit_test(caught_on_purpose),
        cmocka_unit_test(parts),
        cmocka_unit_test(never_reached),
        cmocka_unit_test(too_deep),
        cmocka_unit_test(all_that_ships_passes),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
