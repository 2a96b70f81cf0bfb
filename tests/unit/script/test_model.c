#include "rig.h"

/* Loads a model file of these signals and starts a car of it; the scenario's message. */
static void declare(const char *signals, const char *why)
{
    struct rig *rig = rig_new(NULL, 0);
    char text[2048];
    char path[256];

    snprintf(text, sizeof text,
             "return model { name = 'odd', parts = { part('p', function()\n"
             "  return { signals = { %s } } end) {} } }",
             signals);
    rig_write(rig, "odd.lua", text, path);
    rig_load(rig, "scenario('car', function(t) t:vehicle { model = 'odd', power = 'off' } end)");
    rig_run(rig);
    if (why == NULL)
        rig_expect(rig, "car", SCENARIO_PASSED, NULL);
    else
        rig_expect(rig, "car", SCENARIO_ERRORED, why);
    rig_free(rig);
}

static void declarations_say_what_is_wrong(void **state)
{
    static const struct {
        const char *signals, *why;
    } cases[] = {
        {"{ 'a.b', type = 'float', min = 1, max = 2, initial = 1 }", NULL                              },
        {"3",                                                        "a signal is a table"             },
        {"{ type = 'float' }",                                       "first element is its path"       },
        {"{ 5, type = 'float' }",                                    "first element is its path"       },
        {"{ 'a' }",                                                  "a: type must be"                 },
        {"{ 'a', type = 'number' }",                                 "a: type must be"                 },
        {"{ 'a', type = 5 }",                                        "a: type must be a string"        },
        {"{ 'a', type = 'float', unit = 5 }",                        "a: unit must be a string"        },
        {"{ 'a', type = 'float', min = 'low' }",                     "a: min must be a number"         },
        {"{ 'a', type = 'float', report_every = 'rarely' }",         "a: report_every must be a number"},
        {"{ 'a', type = 'float', report_every = -1 }",               "a: report_every is from 0"       },
        {"{ 'a', type = 'enum', values = { 'x' }, deadband = 1 }",   "a: only numbers have a"          },
        {"{ 'a', type = 'float', deadband = 1, reported = false }",  "it is not reported"              },
        {"{ 'a', type = 'integer', min = 2, max = 1 }",              "minimum is above"                },
        {"{ 'a', type = 'float', initial = 'x' }",                   "a: float expected, got string"   },
        {"{ 'a', type = 'float', initial = 0 / 0 }",                 "a: float expected"               },
        {"{ 'a', type = 'enum' }",                                   "an enum needs values"            },
        {"{ 'a', type = 'enum', values = {} }",                      "from 1 to 64"                    },
        {"{ 'a', type = 'enum', values = { 1 } }",                   "must be strings"                 },
        {"{ 'a', type = 'enum', values = { 'x', 'x' } }",            "twice"                           },
        {"{ 'a', type = 'enum', values = { 'x' }, initial = 'y' }",  "a: y is not one of x"            },
        {"{ 'a', type = 'boolean', initial = 1 }",                   "a: boolean expected"             },
        {"{ 'a', type = 'float' }, { 'a', type = 'float' }",         "declared twice"                  },
        {"{ 'a', type = 'float' }, { 'a.b', type = 'float' }",       "conflicts with"                  },
        {"{ 'a b', type = 'float' }",                                "may be in a path"                },
        {"{ 'a', type = 'float', shadow = 'comfort' }",              NULL                              },
        {"{ 'a', type = 'float', shadow = 5 }",                      "a: shadow must be a string"      },
        {"{ 'a', type = 'float', shadow = 'a/b' }",                  "shadow \"a/b\": a shadow's name" },
        {"{ 'a', type = 'float', shadwo = 'a' }",                    "'shadwo'; did you mean 'shadow'?"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        declare(cases[i].signals, cases[i].why);
}

/* The option that every part has: all of its signals live there, but for those that say where. */
static void a_part_in_a_shadow(void **state)
{
#define SEAT(options)                                                                              \
    "local seat = part('seat', function(options)\n"                                                \
    "  assert(options.shadow == nil)\n"                                                            \
    "  return { signals = {\n"                                                                     \
    "    { options.path .. '.heat', type = 'integer', desired = true },\n"                         \
    "    { options.path .. '.belt', type = 'boolean', shadow = 'safety' },\n"                      \
    "  } }\n"                                                                                      \
    "end)\n"                                                                                       \
    "return model { name = 'two', parts = {\n"                                                     \
    "  seat { path = 'left'" options " }, seat { path = 'right' } } }\n"
    struct rig *rig = rig_new(NULL, 0);
    char path[256];

    (void)state;
    rig_write(rig, "two.lua", SEAT(", shadow = 'comfort'"), path);
    rig_write(rig, "bad.lua", SEAT(", shadow = 'so so'"), path);
    rig_write(rig, "unknown.lua", SEAT(", shadows = 'comfort'"), path);
    rig_load(rig, "scenario('places', function(t)\n"
                  "  local car = t:vehicle { model = 'two', power = 'off' }\n"
                  "  t:equal(car.shadow_versions, { comfort = 0, safety = 0 })\n"
                  "  local ok, why = pcall(function() return car.shadow_versions.confort end)\n"
                  "  t:is_true(not ok)\n"
                  "  t:match(why, \"a shadow 'confort'; did you mean 'comfort'\")\n"
                  "end)\n"
                  "scenario('bad', function(t) t:vehicle { model = 'bad' } end)\n"
                  "scenario('unknown', function(t) t:vehicle { model = 'unknown' } end)\n"
                  "scenario('table', function(t) t:vehicle { model = {} } end)\n");
    rig_run(rig);
    rig_expect(rig, "places", SCENARIO_PASSED, NULL);
    rig_expect(rig, "bad", SCENARIO_ERRORED, "model two: signal left.heat: shadow \"so so\"");
    rig_expect(rig, "unknown", SCENARIO_ERRORED, "part seat has no option 'shadows'");
    rig_expect(rig, "table", SCENARIO_ERRORED, "not a table");
    rig_free(rig);
#undef SEAT
}

static void models_that_are_none(void **state)
{
    static const struct {
        const char *file, *why;
    } cases[] = {
        {"return 3",              "does not return model{…}"},
        {"return { schema = 1 }", "does not return model{…}"},
        {"return model {}",       "needs a name"              },
        {"error('broken')",       "odd.lua:1: broken"         },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rig *rig = rig_new(NULL, 0);
        char path[256];
        rig_write(rig, "odd.lua", cases[i].file, path);
        rig_load(rig, "scenario('car', function(t) t:vehicle { model = 'odd' } end)\n"
                      "scenario('none', function(t) t:vehicle { model = 'missing' } end)\n"
                      "scenario('path', function(t) t:vehicle { model = '../odd' } end)\n");
        rig_run(rig);
        rig_expect(rig, "car", SCENARIO_ERRORED, cases[i].why);
        rig_expect(rig, "none", SCENARIO_ERRORED, "no model 'missing'; there are odd, plain, test");
        rig_expect(rig, "path", SCENARIO_ERRORED, "not a model's name");
        rig_free(rig);
    }
}

static void values_are_checked_as_they_are_set(void **state)
{
    (void)state;
    rig_all_pass(
        "scenario('signals', function(t)\n"
        "  local car = t:vehicle { model = 'plain', power = 'off', state = { ['door.angle'] = 7 } "
        "}\n"
        "  local function refused(path, value, why)\n"
        "    local ok, raised = pcall(car.set, car, path, value)\n"
        "    t:is_true(not ok, path)\n"
        "    t:is_true(raised:find(why, 1, true), raised)\n"
        "  end\n"
        "  t:equal(car.state.door.angle, 7)\n"
        "  t:equal(car:get('door.force'), 1.5)\n"
        "  car.state.door.angle = 8.6\n"
        "  t:equal(car.state.door.angle, 9)\n"
        "  car.state.door.angle = math.mininteger\n"
        "  t:equal(car.state.door.angle, math.mininteger)\n"
        "  car.state.door.lock = 'unlocked'\n"
        "  t:equal(car.state.door(), { open = false, angle = math.mininteger, force = 1.5,\n"
        "    lock = 'unlocked' })\n"
        "  car.state.name = 'Anna'\n"
        "  t:equal(car.state().name, 'Anna')\n"
        "  refused('door.angle', 1e300, 'beyond what an integer can hold')\n"
        "  refused('door.angle', 0 / 0, 'integer expected')\n"
        "  refused('door.angle', '5', 'integer expected, got string')\n"
        "  refused('door.open', 1, 'boolean expected, got number')\n"
        "  refused('door.open', nil, 'boolean expected, got nil')\n"
        "  refused('door.lock', 'open', 'open is not one of locked, unlocked')\n"
        "  refused('door.lock', 5, '5 is not one of')\n"
        "  refused('door.lock', nil, 'nil is not one of')\n"
        "  refused('name', 5, 'string expected')\n"
        "  refused('door', 5, \"no signal 'door' in model plain\")\n"
        "  refused('door.none', 5, \"no signal 'door.none'\")\n"
        "  t:is_true(not pcall(function() return car.state.none end))\n"
        "  t:is_true(not pcall(function() car.state.door = 1 end))\n"
        "  t:is_true(car:has('name') and not car:has('door'))\n"
        "end)\n");
}

static void a_schema_outlives_its_model(void **state)
{
    (void)state;
    rig_all_pass("scenario('vandal', function(t)\n"
                 "  local car = t:vehicle { model = 'plain', power = 'off' }\n"
                 "  local m = require 'plain'\n"
                 "  m.schema = nil\n"
                 "  for _ = 1, 200 do local junk = {} for i = 1, 1000 do junk[i] = {} end end\n"
                 "  t:equal(car.state.door.force, 1.5)\n"
                 "  t:is_true(not pcall(t.vehicle, t, { model = 'plain' }))\n"
                 "end)\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(declarations_say_what_is_wrong),
        cmocka_unit_test(models_that_are_none),
        cmocka_unit_test(a_part_in_a_shadow),
        cmocka_unit_test(values_are_checked_as_they_are_set),
        cmocka_unit_test(a_schema_outlives_its_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
