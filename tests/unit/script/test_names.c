/* Misspelt names: what scripts are told. */
#include "script/names.h"

#include "rig.h"

static void objects_say_what_they_have(void **state)
{
    (void)state;
    rig_all_pass(
        "scenario('names', function(t)\n"
        "  local car = t:vehicle { model = 'plain', power = 'off' }\n"
        "  local fleet = t:fleet { model = 'plain', power = 'off', count = 2 }\n"
        "  local cases = {\n"
        "    [\"no signal 'dor' in model plain; did you mean 'door'?\"] =\n"
        "      function() return car.state.dor.open end,\n"
        "    [\"no signal 'door.opne' in model plain; did you mean 'door.open'?\"] =\n"
        "      function() return car.state.door.opne end,\n"
        "    [\"no signal 'dor.lock' in model plain; did you mean 'door.lock'?\"] =\n"
        "      function() car:set('dor.lock', 'locked') end,\n"
        "    [\"no signal 'zebra' in model plain\"] = function() car:get('zebra') end,\n"
        "    [\"no signal 'door' in model plain: it is a group of signals\"] =\n"
        "      function() car:get('door') end,\n"
        "    [\"a car has no 'slma'; did you mean 'slam'?\"] = function() car:slma() end,\n"
        "    [\"a car has no 'wait_onlin'; did you mean 'wait_online'?\"] =\n"
        "      function() car:wait_onlin() end,\n"
        "    [\"a car has no 'vni'; did you mean 'vin'?\"] = function() return car.vni end,\n"
        "    [\"a test has no 'vehicel'; did you mean 'vehicle'?\"] =\n"
        "      function() t:vehicel() end,\n"
        "    [\"a fleet has no 'eahc'; did you mean 'each'?\"] = function() fleet:eahc() end,\n"
        "    [\"t:vehicle: unknown option 'modle'; did you mean 'model'?\"] =\n"
        "      function() t:vehicle { modle = 'plain' } end,\n"
        "    [\"t:vehicle: unknown option 'zzz'\"] = function() t:vehicle { zzz = 1 } end,\n"
        "    [\"no signal 'door.angel' in model plain; did you mean 'door.angle'?\"] =\n"
        "      function() t:vehicle { model = 'plain', state = { ['door.angel'] = 1 } } end,\n"
        "    [\"undefined variable 'tset'\"] = function() return tset end,\n"
        "    [\"undefined variable 'shwo'; did you mean 'show'?\"] =\n"
        "      function() return shwo end,\n"
        "    [\"no model 'plian'; there are plain, test; did you mean 'plain'?\"] =\n"
        "      function() t:vehicle { model = 'plian' } end,\n"
        "    [\"did you mean 'plain'?\"] = function() require 'plan' end,\n"
        "  }\n"
        "  for why, fn in pairs(cases) do\n"
        "    local ok, raised = pcall(fn)\n"
        "    t:is_true(not ok, why)\n"
        "    t:is_true(raised:find(why, 1, true), why .. ' / ' .. raised)\n"
        "    t:match(raised, '^[^:]*test.lua:%d+: ')\n"
        "  end\n"
        "  t:equal(fleet[3], nil)\n"
        "end)\n");
}

/* The error of a model whose part has these lines, and is given these options. */
static void part_options(const char *lines, const char *options, const char *why)
{
    struct rig *rig = rig_new(NULL, 0);
    char text[2048];
    char path[256];

    snprintf(text, sizeof text, "%s\nreturn model { name = 'odd', parts = { p %s } }", lines,
             options);
    rig_write(rig, "odd.lua", text, path);
    rig_load(rig, "scenario('car', function(t) t:vehicle { model = 'odd', power = 'off' } end)");
    rig_run(rig);
    rig_expect(rig, "car", why == NULL ? SCENARIO_PASSED : SCENARIO_ERRORED, why);
    rig_free(rig);
}

#define USES "local p = part('wing', function(options)\n  local a = options.span or options.area\n"

static void parts_say_what_options_they_have(void **state)
{
    static const struct {
        const char *lines, *options, *why;
    } cases[] = {
        {USES "  return {} end)",                                                          "{ span = 1, area = 2 }", NULL              },
        {USES "  return {} end)",                                                          "{ spam = 1 }",
         "odd.lua:4: part wing has no option 'spam'; did you mean 'span'? (it has area, span)"                                         },
        {USES "  -- options.spam\n  return {} end)",                                       "{ spam = 1 }",           "no option 'spam'"},
 /* Read when it is too late to look: by an action, by another function of the file. */
        {USES "  return { actions = { flap = function() return options.late end } } end)",
         "{ late = 1 }",                                                                                             NULL              },
        {"local function read(options) return options.far end\n" USES
         "  read(options) return {} end)",                                        "{ far = 1 }",            NULL              },
 /* By the car itself. */
        {USES "  return { start = function(car) car:collect(options) end } end)",
         "{ span = 1, every = 2 }",                                                                                  NULL              },
        {USES "  return { start = function(car) car:collect(options) end } end)",          "{ evry = 2 }",
         "part wing has no option 'evry'; did you mean 'every'?"                                                                       },
 /* Nobody can say what these read. */
        {USES "  for k in pairs(options) do local _ = k end return {} end)",               "{ any = 1 }",            NULL              },
        {USES "  local x = options['an' .. 'y'] return { x = x } end)",                    "{ any = 1 }",            NULL              },
        {USES "  table.pack(1, options) return {} end)",                                   "{ any = 1 }",            NULL              },
        {"local p = part('wing', function() return {} end)",                               "{}",                     NULL              },
        {"local p = part('wing', function() return {} end)",                               "{ any = 1 }",
         "part wing has no option 'any' (it has none)"                                                                                 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        part_options(cases[i].lines, cases[i].options, cases[i].why);
}

/* A builder that hands its options on to wing.lua beside it. */
static void options_elsewhere(const char *lines, const char *options, const char *why)
{
    static const char elsewhere[] = "local w = { open = function(_, how) return how.latch end }\n"
                                    "local function rate(given) return given.per_second or 1 end\n"
                                    "function w.motor(car, o)\n"
                                    "  return car, rate(o), type(o) == 'table' and o and o.torque\n"
                                    "end\n"
                                    "function w.all(o) for k in pairs(o) do local _ = k end end\n"
                                    "function w.renamed(o) local p = o return p.inner end\n"
                                    "function w.deaf() end\n"
                                    "return w\n";
    struct rig *rig = rig_new(NULL, 0);
    char text[2048];
    char path[256];

    rig_write(rig, "wing.lua", elsewhere, path);
    snprintf(text, sizeof text,
             "local w = require 'wing'\n"
             "local p = part('wing', function(options)\n"
             "  local span = options.span or 1\n  %s\n  return {}, span\nend)\n"
             "return model { name = 'odd', parts = { p %s } }",
             lines, options);
    rig_write(rig, "odd.lua", text, path);
    rig_load(rig, "scenario('car', function(t) t:vehicle { model = 'odd', power = 'off' } end)");
    rig_run(rig);
    rig_expect(rig, "car", why == NULL ? SCENARIO_PASSED : SCENARIO_ERRORED, why);
    rig_free(rig);
}

static void options_are_known_wherever_they_are_read(void **state)
{
    static const struct {
        const char *lines, *options, *why;
    } cases[] = {
        {"w.motor(nil, options)",                                           "{ torque = 1, per_second = 2, span = 1 }", NULL                             },
        {"w.motor(nil, options)",                                           "{ per_secnod = 2 }",
         "odd.lua:7: part wing has no option 'per_secnod'; did you mean 'per_second'? (it has "
         "per_second, span, torque)"                                                                                                                     },
        {"w:open(options)",                                                 "{ latch = 1 }",                            NULL                             },
        {"w:open(options)",                                                 "{ lacth = 1 }",                            "did you mean 'latch'?"          },
        {"w.deaf(options)",                                                 "{ latch = 1 }",                            "no option 'latch' (it has span)"},
        {"local function f(n, o) return n, o.far end f({ 1, 2 }, options)", "{ far = 1 }",                              NULL                             },
        {"options = options or {} if options then w.deaf(not options) end", "{ spam = 1 }",
         "did you mean 'span'?"                                                                                                                          },
 /* Nobody can say what these read. */
        {"w.all(options)",                                                  "{ any = 1 }",                              NULL                             },
        {"w.renamed(options)",                                              "{ any = 1 }",                              NULL                             },
        {"local o = options or {} w.deaf(o.x)",                             "{ any = 1 }",                              NULL                             },
        {"w.deaf({ options })",                                             "{ any = 1 }",                              NULL                             },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        options_elsewhere(cases[i].lines, cases[i].options, cases[i].why);
}

static void models_too(void **state)
{
    (void)state;
    part_options(
        "local p = part('x', function() return {} end)\ndo return model { nmae = 'odd' } end", "",
        "model{…}: unknown option 'nmae'; did you mean 'name'?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_say_what_they_have),
        cmocka_unit_test(parts_say_what_options_they_have),
        cmocka_unit_test(options_are_known_wherever_they_are_read),
        cmocka_unit_test(models_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
