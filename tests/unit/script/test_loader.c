/* Reloading of models, and which modules whom belong to. */
#include "script/loader.h"

#include "rig.h"

/* A model in two files, so that a test can write them anew; `rig_part` is filled in. */
#define MODEL "return model { name = 'live', parts = { (require 'wing') { span = 2 } } }\n"

static void write_wing(struct rig *rig, const char *signals, const char *actions)
{
    char text[2048], path[256];

    snprintf(
        text, sizeof text,
        "return part('wing', function(options)\n"
        "  return { signals = { %s },\n"
        "    desire = function(car, wishes) car:work(3600) end,\n"
        "    start = function(car)\n"
        "      car:set('wing.starts', car:get('wing.starts') + (options.span or 0))\n"
        "      while true do wait(0.001) car:set('wing.beats', car:get('wing.beats') + 1) end\n"
        "    end,\n"
        "    actions = { %s } }\n"
        "end)\n",
        signals, actions);
    rig_write(rig, "wing.lua", text, path);
}

#define COUNTERS                                                                                   \
    "{ 'wing.starts', type = 'integer' }, { 'wing.beats', type = 'integer' },\n"                   \
    "{ 'wing.angle', type = 'float', desired = true },"

struct writer {
    struct rig *rig;
    struct loop_timer broken, good;
};

static void write_broken(void *arg)
{
    struct writer *w = arg;
    char path[256];

    rig_write(w->rig, "wing.lua",
              "return part('wing', function(options)\n  return options.span + nil\nend)\n", path);
}

static void write_good(void *arg)
{
    struct writer *w = arg;

    write_wing(w->rig, COUNTERS "{ 'wing.colour', type = 'string', initial = 'red' }",
               "flap = function() return 'new' end, glide_down = function() return 'down' end");
}

/* The files are broken after a while, and good later. */
static void a_model_changes_while_its_car_lives(void **state)
{
    struct rig *rig = rig_new(NULL, 0);
    struct writer w = {.rig = rig};
    char path[256];

    (void)state;
    rig_write(rig, "live.lua", MODEL, path);
    write_wing(rig, COUNTERS "{ 'wing.gone', type = 'boolean' }",
               "flap = function() return 'old' end");
    loop_timer_init(&w.broken, rig->lab->sim->loop, write_broken, &w);
    loop_timer_init(&w.good, rig->lab->sim->loop, write_good, &w);
    loop_timer_start(&w.broken, 30 * USEC_PER_MSEC);
    loop_timer_start(&w.good, 80 * USEC_PER_MSEC);
    rig_load(rig, "local old = require 'wing'\n"
                  "scenario('live', function(t)\n"
                  "  local car = t:vehicle { model = 'live' }\n"
                  "  local off = t:vehicle { model = 'live', power = 'off' }\n"
                  "  local plain = t:vehicle { model = 'plain', power = 'off' }\n"
                  "  t:equal(car:flap(), 'old')\n"
                  "  t:eventually(20, function() return car:get('wing.beats') > 2 end)\n"
                  "  car:set('wing.angle', 12.5)\n"
                  "  local why\n"
                  "  t:eventually(20, function()\n"
                  "    local ok, raised = pcall(car.reload, car)\n"
                  "    why = raised\n"
                  "    return not ok\n"
                  "  end)\n"
                  "  t:match(why, 'wing.lua:2: attempt to perform arithmetic on a nil value')\n"
                  "  t:equal(car:flap(), 'old')\n"
                  "  local beats = car:get('wing.beats')\n"
                  "  t:eventually(20, function() return car:get('wing.beats') > beats end)\n"
                  "  car:set('wing.starts', 0)\n"
                  "  t:eventually(20, function()\n"
                  "    return pcall(car.reload, car) and car:flap() == 'new'\n"
                  "  end)\n"
                  "  t:equal(off:flap(), 'new')\n"
                  "  plain:slam()\n"
                  "  t:equal(car:glide_down(), 'down')\n"
                  "  t:equal(car.state.wing.angle, 12.5)\n"
                  "  t:equal(car.state.wing.colour, 'red')\n"
                  "  t:is_true(not car:has('wing.gone'))\n"
                  "  t:eventually(20, function() return car:get('wing.starts') == 2 end)\n"
                  "  t:equal(off:get('wing.starts'), 0)\n"
                  "  beats = car:get('wing.beats')\n"
                  "  t:eventually(20, function() return car:get('wing.beats') > beats end)\n"
                  "  t:not_equal(require 'wing', old)\n"
                  "  t:equal(t:vehicle { model = 'live', power = 'off' }:flap(), 'new')\n"
                  "end)\n");
    rig_run(rig);
    rig_expect(rig, "live", SCENARIO_PASSED, NULL);
    rig_free(rig);
}

/* One scenario's reload is none of another's business. */
static void each_scenario_reloads_for_itself(void **state)
{
    (void)state;
    rig_all_pass("local shared = require 'plain'\n"
                 "scenario('reloads', function(t)\n"
                 "  local car = t:vehicle { model = 'plain', power = 'off' }\n"
                 "  car:reload()\n"
                 "  t:not_equal(tostring(require 'plain'), tostring(shared))\n"
                 "end)\n"
                 "scenario('does not', function(t)\n"
                 "  wait(0.05)\n"
                 "  t:equal(tostring(require 'plain'), tostring(shared))\n"
                 "end)\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_changes_while_its_car_lives),
        cmocka_unit_test(each_scenario_reloads_for_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
