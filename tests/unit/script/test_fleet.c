/* Fleets and what is done with many: cohorts, choosing, barriers, arrivals. */
#include "rig.h"

#define FLEET                                                                                      \
    "local function make(t, options)\n"                                                            \
    "  options.model, options.power = options.model or 'plain', 'off'\n"                           \
    "  return t:fleet(options)\n"                                                                  \
    "end\n"                                                                                        \
    "local function says(t, what, fn)\n"                                                           \
    "  local ok, why = pcall(fn)\n"                                                                \
    "  t:is_true(not ok, what)\n"                                                                  \
    "  t:match(why, what)\n"                                                                       \
    "end\n"

static void cohorts_share_a_fleet(void **state)
{
    (void)state;
    rig_all_pass(
        FLEET
        "local function counts(t, count, shares)\n"
        "  local cohorts = {}\n"
        "  for i, share in ipairs(shares) do cohorts[i] = { name = 'c' .. i, share = share } end\n"
        "  local fleet = make(t, { count = count, cohorts = cohorts })\n"
        "  local seen = {}\n"
        "  for i in ipairs(shares) do seen[i] = #fleet:cohort('c' .. i) end\n"
        "  return seen\n"
        "end\n"
        "scenario('largest remainders', function(t)\n"
        "  t:equal(counts(t, 10, { 0.6, 0.3, 0.1 }), { 6, 3, 1 })\n"
        "  t:equal(counts(t, 10, { 1, 1, 1 }), { 4, 3, 3 })\n"
        "  t:equal(counts(t, 7, { 0.5, 0.3, 0.2 }), { 4, 2, 1 })\n"
        "  t:equal(counts(t, 1, { 0.3, 0.7 }), { 0, 1 })\n"
        "  t:equal(counts(t, 20, { 60, 40 }), { 12, 8 })\n"
        "end)\n"
        "scenario('each as it says', function(t)\n"
        "  local fleet = make(t, { count = 4, state = { ['door.angle'] = 5 }, cohorts = {\n"
        "    { name = 'open', share = 0.5, state = { ['door.open'] = true } },\n"
        "    { name = 'shut', share = 0.5 } } })\n"
        "  for _, car in ipairs(fleet:cohort('open')) do\n"
        "    t:equal({ car.state.door.open, car.state.door.angle }, { true, 0 })\n"
        "  end\n"
        "  for _, car in ipairs(fleet:cohort('shut')) do t:equal(car.state.door.angle, 5) end\n"
        "  t:equal(fleet[1].state.door.open, not fleet[2].state.door.open)\n"
        "  t:equal(#fleet:pick(4):cohort('open'), 2)\n"
        "  says(t, \"no cohort 'opne'; did you mean 'open'\", function() fleet:cohort('opne') "
        "end)\n"
        "end)\n"
        "scenario('wrong ones', function(t)\n"
        "  local function wrong(what, cohorts, mix)\n"
        "    says(t, what, function() make(t, { cohorts = cohorts, mix = mix }) end)\n"
        "  end\n"
        "  wrong('cohorts is a list', {})\n"
        "  wrong('cohorts is a list', { { name = 'a' } }, { {} })\n"
        "  wrong('cohort 1 is no table', { 5 })\n"
        "  wrong('needs a name of its own', { { share = 1 } })\n"
        "  wrong('needs a name of its own', { { name = 'a' }, { name = 'a' } })\n"
        "  wrong('share is a number above 0', { { name = 'a', share = 0 } })\n"
        "  wrong(\"unknown option 'shrae'\", { { name = 'a', shrae = 1 } })\n"
        "end)\n"
        "scenario('values of their own', function(t)\n"
        "  local fleet = make(t, { count = 8, state = {\n"
        "    ['door.open'] = function() return false end,\n"
        "    ['door.angle'] = function(car) return car:random(0, 90) end } })\n"
        "  local seen = {}\n"
        "  for _, car in ipairs(fleet) do seen[car.state.door.angle] = true end\n"
        "  t:is_true(next(seen, next(seen)))\n"
        "end)\n");
}

static void cars_are_chosen(void **state)
{
    (void)state;
    rig_all_pass(FLEET
                 "scenario('filter', function(t)\n"
                 "  local fleet = make(t, { count = 6 })\n"
                 "  for i = 1, 3 do fleet[i].state.door.angle = i * 10 end\n"
                 "  t:equal(#fleet:filter(function(car, i) return i > 4 end), 2)\n"
                 "  t:equal(fleet:filter { ['door.angle'] = 20 }[1], fleet[2])\n"
                 "  t:equal(#fleet:filter { model = 'plain', link = 'off' }, 6)\n"
                 "  t:equal(#fleet:filter { ['no.such'] = 1 }, 0)\n"
                 "  t:equal(#fleet:filter({ model = 'plain' }):filter { ['door.angle'] = 0 }, 3)\n"
                 "  says(t, 'usage: fleet:filter', function() fleet:filter(5) end)\n"
                 "end)\n"
                 "scenario('pick', function(t)\n"
                 "  local fleet = make(t, { count = 20 })\n"
                 "  local some = fleet:pick(5)\n"
                 "  t:equal(#some, 5)\n"
                 "  for i = 2, 5 do t:is_true(some[i - 1].index < some[i].index) end\n"
                 "  t:equal(#fleet:pick(20), 20)\n"
                 "  t:equal(#fleet:pick(0), 0)\n"
                 "  t:equal(fleet:pick().model, 'plain')\n"
                 "  local first = {}\n"
                 "  for _ = 1, 50 do first[fleet:pick().index] = true end\n"
                 "  local n = 0 for _ in pairs(first) do n = n + 1 end\n"
                 "  t:is_true(n > 5)\n"
                 "  says(t, 'a number of cars up to 20, not 21', function() fleet:pick(21) end)\n"
                 "  says(t, 'a number of cars up to 0', function() fleet:pick(0):pick() end)\n"
                 "end)\n");
}

static void picked(char *to, size_t size)
{
    struct runner_options options = {.seed = 5};
    struct rig *rig = rig_new(&options, 0);

    rig_load(rig, FLEET "scenario('pick', function(t)\n"
                        "  local names = {}\n"
                        "  local all = make(t, { count = 30 })\n"
                        "  for _, car in ipairs(all:pick(4)) do\n"
                        "    names[#names + 1] = car.index - all[1].index\n"
                        "  end\n"
                        "  t:fail(show(names))\n"
                        "end)\n");
    rig_run(rig);
    snprintf(to, size, "%s", rig_scenario(rig, "pick")->message);
    rig_free(rig);
}

static void the_seed_picks(void **state)
{
    char first[200], second[200];

    (void)state;
    picked(first, sizeof first);
    picked(second, sizeof second);
    assert_string_equal(first, second);
}

static void all_meet_at_a_barrier(void **state)
{
    struct rig *rig = rig_new(NULL, 0);

    (void)state;
    rig_load(rig, FLEET "scenario('meets', function(t)\n"
                        "  local fleet, there = make(t, { count = 4 }), 0\n"
                        "  local b, places = t:barrier(fleet), {}\n"
                        "  for turn = 1, 2 do\n"
                        "    fleet:each(function(car, i)\n"
                        "      t:wait(0.005 * i)\n"
                        "      there = there + 1\n"
                        "      places[b:wait(5)] = true\n"
                        "      t:equal(there, 4 * turn)\n"
                        "    end)\n"
                        "    t:equal(#places, 4)\n"
                        "  end\n"
                        "  says(t, 'a number of those who meet', function() t:barrier(0) end)\n"
                        "  says(t, \"a barrier has no 'wiat'\", function() b:wiat() end)\n"
                        "end)\n"
                        "scenario('one is missing', function(t)\n"
                        "  local b = t:barrier(3)\n"
                        "  t:spawn(function() b:wait(5) end)\n"
                        "  b:wait(0.02)\n"
                        "end)\n");
    rig_run(rig);
    rig_expect(rig, "meets", SCENARIO_PASSED, NULL);
    rig_expect(rig, "one is missing", SCENARIO_FAILED,
               "barrier: expected 3 to meet within 0.02 s, saw 2");
    rig_free(rig);
}

static void arrivals_keep_their_rate(void **state)
{
    (void)state;
    rig_all_pass(
        FLEET
        "scenario('to iterate', function(t)\n"
        "  local began, seen = t:now(), 0\n"
        "  for i, late in t:arrivals { rate = 200, count = 10 } do\n"
        "    seen = seen + 1\n"
        "    t:equal(i, seen)\n"
        "    t:is_true(late >= 0)\n"
        "  end\n"
        "  t:equal(seen, 10)\n"
        "  t:is_true(t:now() - began >= 0.044)\n"
        "end)\n"
        "scenario('never waits for what it started', function(t)\n"
        "  local running, most = 0, 0\n"
        "  local started = t:arrivals({ rate = 500, count = 10 }, function()\n"
        "    running = running + 1\n"
        "    most = math.max(most, running)\n"
        "    t:wait(0.1)\n"
        "    running = running - 1\n"
        "  end)\n"
        "  t:equal({ started, most, running }, { 10, 10, 0 })\n"
        "end)\n"
        "scenario('nor at its end', function(t)\n"
        "  local running = 0\n"
        "  t:arrivals({ rate = 1000, count = 3, join = false }, function()\n"
        "    running = running + 1 t:wait(60) end)\n"
        "  t:equal(running > 0, true)\n"
        "end)\n"
        "scenario('what is late comes at once', function(t)\n"
        "  local latest = 0\n"
        "  for i, late in t:arrivals { rate = 1000, count = 5 } do\n"
        "    if i == 1 then t:wait(0.05) end\n"
        "    latest = math.max(latest, late)\n"
        "  end\n"
        "  t:is_true(latest > 0.03)\n"
        "end)\n"
        "scenario('for a while, rising', function(t)\n"
        "  local n = 0\n"
        "  for _ in t:arrivals { rate = { 0, 400 }, duration = 0.1, clock = 'simulated' } do\n"
        "    n = n + 1 end\n"
        "  t:equal(n, 20)\n"
        "end)\n"
        "scenario('falling', function(t)\n"
        "  t:equal(t:arrivals({ rate = { 400, 0 }, duration = 0.1 }, function() end), 20)\n"
        "end)\n"
        "scenario('poisson', function(t)\n"
        "  local gaps, last = 0, nil\n"
        "  local n = t:arrivals({ rate = 5000, process = 'poisson', duration = 0.1 }, function() "
        "end)\n"
        "  t:near(n, 500, 120)\n"
        "end)\n"
        "scenario('wrong ones', function(t)\n"
        "  local function wrong(what, options, fn)\n"
        "    says(t, what, function() t:arrivals(options, fn) end)\n"
        "  end\n"
        "  wrong('usage: t:arrivals', nil)\n"
        "  wrong('usage: t:arrivals', {}, 5)\n"
        "  wrong('rate is a number above 0, not nil', { count = 1 })\n"
        "  wrong('rate is a number above 0, not %-1', { rate = -1, count = 1 })\n"
        "  wrong('how many', { rate = 1 })\n"
        "  wrong('count is a whole number', { rate = 1, count = 1.5 })\n"
        "  wrong('over a duration', { rate = { 1, 2 }, count = 1 })\n"
        "  wrong('numbers from 0', { rate = { 0, 0 }, duration = 1 })\n"
        "  wrong(\"process is not \\\"poison\\\"; did you mean 'poisson'\",\n"
        "    { rate = 1, count = 1, process = 'poison' })\n"
        "  wrong('clock is not', { rate = 1, count = 1, clock = 'wall' })\n"
        "  wrong(\"unknown option 'rat'\", { rat = 1 })\n"
        "end)\n");
}

static void a_large_fleet_has_its_size_forced(void **state)
{
    struct runner_options options = {.vehicles = 9, .vehicles_forced = true};
    struct rig *rig = rig_new(&options, 0);

    (void)state;
    rig_load(rig, FLEET "scenario('cohorts', function(t)\n"
                        "  local fleet = make(t, { count = 3, cohorts = {\n"
                        "    { name = 'a', share = 2 }, { name = 'b', share = 1 } } })\n"
                        "  t:equal({ #fleet, #fleet:cohort('a') }, { 9, 6 })\n"
                        "end)\n");
    rig_run(rig);
    rig_expect(rig, "cohorts", SCENARIO_PASSED, NULL);
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cohorts_share_a_fleet),
        cmocka_unit_test(cars_are_chosen),
        cmocka_unit_test(the_seed_picks),
        cmocka_unit_test(all_meet_at_a_barrier),
        cmocka_unit_test(arrivals_keep_their_rate),
        cmocka_unit_test(a_large_fleet_has_its_size_forced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
