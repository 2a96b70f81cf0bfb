#include "rig.h"

static void scripts_see_a_sandbox(void **state)
{
    (void)state;
    rig_all_pass(
        "scenario('no way out', function(t)\n"
        "  for _, name in ipairs { 'io', 'debug', 'package', 'coroutine', 'dofile', 'loadfile',\n"
        "      'loadstring', 'collectgarbage', 'warn' } do\n"
        "    local ok, why = pcall(function() return _G[name] end)\n"
        "    t:is_true(not ok and why:find(\"undefined variable '\" .. name), name)\n"
        "    t:equal(rawget(_G, name), nil)\n"
        "  end\n"
        "  for _, name in ipairs { 'execute', 'exit', 'getenv', 'remove', 'rename', 'tmpname',\n"
        "      'setlocale' } do\n"
        "    t:equal(os[name], nil)\n"
        "  end\n"
        "  t:equal(string.dump, nil)\n"
        "  t:equal(('x').dump, nil)\n"
        "  t:equal(math.randomseed, nil)\n"
        "end)\n"
        "scenario('what is shared is sealed', function(t)\n"
        "  t:equal(getmetatable(''), false)\n"
        "  t:equal(getmetatable(_G), false)\n"
        "  t:equal(getmetatable(t), false)\n"
        "  t:equal(getmetatable(t:fleet { model = 'plain', count = 1, power = 'off' }), false)\n"
        "  for _, library in ipairs { string, math, table, utf8, os } do\n"
        "    t:is_true(not pcall(function() library.mine = 1 end))\n"
        "    t:is_true(not pcall(rawset, library, 'mine', 1))\n"
        "    t:is_true(not pcall(setmetatable, library, {}))\n"
        "    t:equal(library.mine, nil)\n"
        "  end\n"
        "  t:is_true(not pcall(rawset, 'text', 1, 1))\n"
        "  t:is_true(not pcall(setmetatable, {}, { __gc = print }))\n"
        "  t:equal(rawset({}, 'a', 1).a, 1)\n"
        "  t:equal(getmetatable(setmetatable({}, { __name = 'x' })).__name, 'x')\n"
        "end)\n"
        "scenario('loading is text only', function(t)\n"
        "  local fn, why = load('\\27Lua')\n"
        "  t:is_true(fn == nil and why:find('binary'))\n"
        "  t:equal(load('return 1 + 1')(), 2)\n"
        "  fn, why = load('return (', '=piece')\n"
        "  t:is_true(fn == nil and why:find('piece:1'))\n"
        "  load('leak = 1')()\n"
        "  t:is_true(not pcall(function() return leak end))\n"
        "  t:is_true(not pcall(load('return io')))\n"
        "end)\n"
        "scenario('undefined variables are errors with their place', function(t)\n"
        "  local ok, why = pcall(function() return nothing_of_this_name end)\n"
        "  t:is_true(not ok)\n"
        "  t:match(why, \"test.lua:%d+: undefined variable 'nothing_of_this_name'\")\n"
        "  mine = 3\n"
        "  t:equal(mine, 3)\n"
        "  t:equal(_G.mine, 3)\n"
        "end)\n");
}

static void files_do_not_share_globals(void **state)
{
    struct rig *rig = rig_new(NULL, 0);
    struct error err;
    char path[256];

    (void)state;
    rig_write(rig, "module.lua",
              "loaded = (rawget(_G, 'loaded') or 0) + 1\n"
              "return { count = function() return loaded end }",
              path);
    rig_write(rig, "silent.lua", "local x = 1", path);
    assert_true(rig_load_as(rig, "one.lua",
                            "secret = 1\n"
                            "scenario('one', function(t) t:equal(secret, 1)\n"
                            "  t:equal(require('module').count(), 1)\n"
                            "  t:equal(require 'silent', true) end)",
                            &err));
    assert_true(rig_load_as(rig, "two.lua",
                            "scenario('two', function(t)\n"
                            "  t:equal(rawget(_G, 'secret'), nil)\n"
                            "  t:equal(require('module').count(), 1)\n"
                            "  t:is_true(not pcall(function() return loaded end)) end)",
                            &err));
    rig_run(rig);
    rig_expect(rig, "one", SCENARIO_PASSED, NULL);
    rig_expect(rig, "two", SCENARIO_PASSED, NULL);
    rig_free(rig);
}

static void modules_are_found_beside_the_script_first(void **state)
{
    struct rig *rig = rig_new(NULL, 0);
    struct error err;
    char path[256];

    (void)state;
    snprintf(path, sizeof path, "%s/own", rig->lab->dir);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/parts", rig->lab->dir);
    assert_int_equal(mkdir(path, 0700), 0);
    rig_write(rig, "own/helper.lua", "return 'beside'", path);
    rig_write(rig, "helper.lua", "return 'vehicles'", path);
    rig_write(rig, "parts/deep.lua", "return 'deep'", path);
    rig_write(rig, "wrong.lua", "return {", path);
    rig_write(rig, "raises.lua", "error('no')", path);
    if (!rig_load_as(
            rig, "own/test.lua",
            "scenario('modules', function(t)\n"
            "  t:equal(require 'helper', 'beside')\n"
            "  t:equal(require 'parts.deep', 'deep')\n"
            "  for _, name in ipairs { '', '.x', 'a..b', 'a/b', 'x\\0', 'wrong', 'raises' } do\n"
            "    t:is_true(not pcall(require, name), name)\n"
            "  end\n"
            "end)",
            &err))
        fail_msg("%s", err.text);
    rig_run(rig);
    rig_expect(rig, "modules", SCENARIO_PASSED, NULL);
    rig_free(rig);
}

static void queues_and_time(void **state)
{
    (void)state;
    rig_all_pass("scenario('time', function(t)\n"
                 "  local began = t:now()\n"
                 "  t:wait(0.01)\n"
                 "  t:is_true(t:now() - began >= 0.01)\n"
                 "  t:is_true(not pcall(wait, -1))\n"
                 "  t:is_true(not pcall(wait, 0 / 0))\n"
                 "  t:is_true(not pcall(wait, 1e12))\n"
                 "  t:is_true(not pcall(wait, 'x'))\n"
                 "  t:is_true(not pcall(math.random, 0))\n"
                 "  t:is_true(not pcall(math.random, 1, 1 << 40))\n"
                 "  local many = {}\n"
                 "  for i = 1, 3000 do many[i] = i end\n"
                 "  local n\n"
                 "  t:spawn(function(...) n = select('#', ...) end, table.unpack(many))\n"
                 "  t:wait(0.001)\n"
                 "  t:equal(n, 3000)\n"
                 "  t:is_true(not pcall(t.spawn, t, 'no function'))\n"
                 "end)\n");
}

static void simulated_time_can_be_faster(void **state)
{
    struct rig *rig = rig_new(NULL, 0);

    (void)state;
    rig->lab->sim->loop->time_scale = 100000;
    rig_load(rig, "scenario('an hour', function(t) t:wait(3600) end)");
    rig_run(rig);
    rig_expect(rig, "an hour", SCENARIO_PASSED, NULL);
    rig_free(rig);
}

static void all_of_it_while_collecting_all_the_time(void **state)
{
    struct rig *rig = rig_new(NULL, 0);

    (void)state;
    lua_gc(rig->script->L, LUA_GCINC, 1, 1000, 1);
    rig_load(rig, "scenario('busy', function(t)\n"
                  "  local fleet = t:fleet { model = 'plain', count = 20 }\n"
                  "  fleet:each(function(car) for i = 1, 5 do car.state.door.angle = i\n"
                  "    car:log('angle ' .. i) car:work(0.001) end\n"
                  "    car:spawn(function() car:work(60) end) car:power_off() car:power_on() end)\n"
                  "  t:wait(0.01)\n"
                  "end)\n");
    rig_run(rig);
    rig_expect(rig, "busy", SCENARIO_PASSED, NULL);
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scripts_see_a_sandbox),
        cmocka_unit_test(files_do_not_share_globals),
        cmocka_unit_test(modules_are_found_beside_the_script_first),
        cmocka_unit_test(queues_and_time),
        cmocka_unit_test(simulated_time_can_be_faster),
        cmocka_unit_test(all_of_it_while_collecting_all_the_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
