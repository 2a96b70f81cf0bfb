#include "metrics/recorder.h"
#include "rig.h"
#include "script/car.h"

/* Starts the scenario "car" of `body`, whose local `car` is on the test's fake client. */
static struct rig *drive(const char *body)
{
    struct rig *rig = rig_new(NULL, 0);
    char text[4096];

    snprintf(text, sizeof text,
             "scenario('car', { timeout = 30 }, function(t)\n"
             "  local car = t:vehicle { model = 'plain' }\n%s\n"
             "  car:wait_until(function() return car.state.name == 'end' end, 20)\n"
             "end)\n",
             body);
    rig_load(rig, text);
    loop_timer_start(&rig->watchdog, 60 * USEC_PER_SEC);
    runner_start(rig->runner);
    lab_turn(rig->lab);
    assert_non_null(rig->script->cars);
    return rig;
}

static struct vehicle *the_car(struct rig *rig)
{
    return rig->script->cars->vehicle;
}

static void name_it(struct rig *rig, const char *name)
{
    struct tcu *tcu = the_car(rig)->tcu;
    int index = signal_schema_find(tcu->signals.schema, slice_str("name"));

    tcu_set_signal(tcu, (size_t)index, (union signal_value){.s = name});
}

static void request(struct rig *rig, const char *id, const char *command)
{
    const char *thing = the_car(rig)->identity.thing_name;
    char topic[256], payload[512];

    snprintf(topic, sizeof topic, "cmd/fleetsim/%s/request", thing);
    snprintf(payload, sizeof payload,
             "{\"requestId\":\"%s\",\"responseTopic\":\"cmd/fleetsim/%s/response/app\","
             "\"command\":%s}",
             id, thing, command);
    fake_message(rig->lab->clients[0], topic, payload);
}

static void finish(struct rig *rig, enum scenario_verdict verdict, const char *message)
{
    lab_turn(rig->lab);
    if (rig->all_done == 0 && verdict == SCENARIO_PASSED)
        name_it(rig, "end");
    if (rig->all_done == 0)
        loop_run(rig->lab->sim->loop);
    loop_timer_stop(&rig->watchdog);
    rig_expect(rig, "car", verdict, message);
    rig_free(rig);
}

/* Lets the loop run until the car has answered. */
static cJSON *answer(struct rig *rig)
{
    const struct fake_publish *p;

    while ((p = fake_last(rig->lab->clients[0], "/response/app")) == NULL)
        ev_run(rig->lab->sim->loop->ev, EVRUN_ONCE);
    return json_parse(slice_str(p->payload), 16);
}

static void expect_answer(struct rig *rig, const char *status, const char *code)
{
    cJSON *json = answer(rig);

    assert_string_equal(json_str(json, "status", ""), status);
    if (code != NULL)
        assert_string_equal(json_str(json_get(json, "statusReason"), "reasonCode", ""), code);
    cJSON_Delete(json);
}

static void a_request_is_acted_out(void **state)
{
    struct rig *rig = drive("car:wait_online(20)\n"
                            "car:wait_until(function() return car.state.door.angle == 45 end, 20)\n"
                            "t:match(car:timeline(100), 'done r1: SUCCEEDED')\n");

    (void)state;
    lab_bring_online(rig->lab, the_car(rig));
    request(rig, "r1", "{\"door\":{\"angle\":45,\"lock\":\"unlocked\"}}");
    expect_answer(rig, "SUCCEEDED", NULL);
    finish(rig, SCENARIO_PASSED, NULL);
}

static void a_part_may_refuse(void **state)
{
    struct rig *rig = drive("");

    (void)state;
    lab_bring_online(rig->lab, the_car(rig));
    request(rig, "r1", "{\"door\":{\"angle\":13}}");
    expect_answer(rig, "REJECTED", "UNLUCKY");
    finish(rig, SCENARIO_PASSED, NULL);
}

static void an_error_in_a_part_fails_the_scenario(void **state)
{
    struct rig *rig = drive("");

    (void)state;
    lab_bring_online(rig->lab, the_car(rig));
    request(rig, "r1", "{\"door\":{\"angle\":66}}");
    finish(rig, SCENARIO_ERRORED, "the motor burns");
}

static void power_is_lost_while_a_part_moves(void **state)
{
    struct rig *rig = drive("car:wait_until(function() return car.state.name == 'go' end, 20)\n"
                            "car:power_off()\n"
                            "t:equal(car.link, 'off')\n"
                            "t:wait(0.02)\n"
                            "t:equal(car.state.door.angle, 0)\n"
                            "t:equal(car:memory().starts, nil)\n"
                            "car:power_on() t:wait(0.001)\n"
                            "t:equal(car:memory().starts, 1)\n");

    (void)state;
    lab_bring_online(rig->lab, the_car(rig));
    request(rig, "r1", "{\"door\":{\"angle\":45}}");
    name_it(rig, "go");
    assert_int_equal(tcu_orders_open(the_car(rig)->tcu), 1);
    finish(rig, SCENARIO_PASSED, NULL);
}

static void a_car_calls_itself_later(void **state)
{
    struct rig *rig =
        drive("local calls = 0\n"
              "local function call(c) t:equal(c.vin, car.vin) calls = calls + 1 end\n"
              "car:after(5, call)\n"
              "car:after(0.002, call)\n" /* the new time counts */
              "car:after(0.001, function(c) c:wait_change(0.001) calls = calls + 10 end)\n"
              "t:eventually(20, function() return calls == 11 end)\n"
              "car:after(0.002, call)\n"
              "car:power_off()\n"
              "t:wait(0.01)\n"
              "t:equal(calls, 11)\n"
              "t:is_true(not pcall(car.after, car, -1, call))\n"
              "t:is_true(not pcall(car.after, car, 1))\n"
              "car:after(5, call)\n");

    (void)state;
    lab_bring_online(rig->lab, the_car(rig));
    finish(rig, SCENARIO_PASSED, NULL);
}

/* A function made for each call is called once, and then in nobody's way. */
static void each_second_may_have_a_function_of_its_own(void **state)
{
    struct rig *rig = drive("local calls = 0\n"
                            "for i = 1, 200 do\n"
                            "  car:after(0.0001 * (i % 10), function() calls = calls + 1 end)\n"
                            "end\n"
                            "t:eventually(20, function() return calls == 200 end)\n"
                            "local function again(c)\n"
                            "  calls = calls + 1\n"
                            "  if calls < 400 then c:after(0, function(me) again(me) end) end\n"
                            "end\n"
                            "car:after(0, again)\n"
                            "t:eventually(20, function() return calls == 400 end)\n");

    (void)state;
    lab_bring_online(rig->lab, the_car(rig));
    finish(rig, SCENARIO_PASSED, NULL);
}

static void parts_do_not_wait_for_one_that_waits(void **state)
{
    struct rig *rig = rig_new(NULL, 0);
    char path[256];

    (void)state;
    rig_write(rig, "slow.lua",
              "local function note(car, what)\n"
              "  local m = car:memory() m.log = (m.log or '') .. what\n"
              "end\n"
              "local function new(name, seconds)\n"
              "  return part(name, function() return { start = function(car)\n"
              "    note(car, name)\n"
              "    if seconds then wait(seconds) note(car, name) end\n"
              "  end } end) {}\n"
              "end\n"
              "return model { name = 'slow', parts = {\n"
              "  new('a'), new('b', 0.05), new('c'), new('d', 0.004), new('e') } }\n",
              path);
    rig_load(rig,
             "scenario('car', { timeout = 30 }, function(t)\n"
             "  local car = t:vehicle { model = 'slow' }\n"
             "  for _ = 1, 2 do\n"
             "    t:eventually(20, function() return car:memory().log == 'abcdedb' end)\n"
             "    car:power_off() t:wait(0.001) t:equal(car:memory().log, nil) car:power_on()\n"
             "  end\n"
             "end)\n");
    loop_timer_start(&rig->watchdog, 60 * USEC_PER_SEC);
    runner_start(rig->runner);
    loop_run(rig->lab->sim->loop);
    loop_timer_stop(&rig->watchdog);
    rig_expect(rig, "car", SCENARIO_PASSED, NULL);
    rig_free(rig);
}

static void the_end_of_a_scenario_ends_its_orders(void **state)
{
    struct rig *rig = drive("");

    (void)state;
    lab_bring_online(rig->lab, the_car(rig));
    request(rig, "r1", "{\"door\":{\"angle\":45}}");
    request(rig, "r2", "{\"door\":{\"angle\":46}}");
    assert_int_equal(tcu_orders_open(the_car(rig)->tcu), 2);
    name_it(rig, "end");
    loop_run(rig->lab->sim->loop);
    finish(rig, SCENARIO_PASSED, NULL);
}

static void many_requests_wait_for_each_other(void **state)
{
    struct rig *rig = drive("");
    char id[16], command[64];

    (void)state;
    lua_gc(rig->script->L, LUA_GCINC, 1, 1000, 1);
    lab_bring_online(rig->lab, the_car(rig));
    for (int i = 14; i <= 50; i++) {
        snprintf(id, sizeof id, "r%d", i);
        snprintf(command, sizeof command, "{\"door\":{\"angle\":%d}}", i);
        request(rig, id, command);
    }
    while (tcu_orders_open(the_car(rig)->tcu) != 0)
        ev_run(rig->lab->sim->loop->ev, EVRUN_ONCE);
    assert_int_equal(fake_count(rig->lab->clients[0], "/response/app"), 37);
    finish(rig, SCENARIO_PASSED, NULL);
}

static void a_car_is_gone_with_its_scenario(void **state)
{
    struct runner_options one_at_a_time = {.jobs = 1};
    struct rig *rig = rig_new(&one_at_a_time, 0);
    char path[256];

    (void)state;
    rig_write(rig, "shared.lua", "return {}", path);
    rig_load(rig, "local shared = require 'shared'\n"
                  "scenario('leaves', function(t)\n"
                  "  shared.car = t:vehicle { model = 'plain' }\n"
                  "  shared.state = shared.car.state.door\n"
                  "end)\n"
                  "scenario('finds', function(t)\n"
                  "  t:equal(tostring(shared.car), 'car (gone)')\n"
                  "  for _, use in ipairs {\n"
                  "    function() return shared.car.link end,\n"
                  "    function() return shared.state.angle end,\n"
                  "    function() shared.state.angle = 1 end,\n"
                  "    function() return shared.state() end,\n"
                  "    function() shared.car:power_off() end,\n"
                  "    function() shared.car:sms() end,\n"
                  "    function() shared.car:wait_change(1) end,\n"
                  "    function() shared.car:spawn(print) end,\n"
                  "    function() shared.car:memory().x = 1 end,\n"
                  "    function() shared.car:timeline() end,\n"
                  "  } do\n"
                  "    local ok, why = pcall(use)\n"
                  "    t:is_true(not ok)\n"
                  "    t:match(why, 'this car is gone')\n"
                  "  end\n"
                  "end)\n");
    rig_run(rig);
    rig_expect(rig, "finds", SCENARIO_PASSED, NULL);
    rig_free(rig);
}

static void what_a_car_knows_and_does_not(void **state)
{
    (void)state;
    rig_all_pass(
        "scenario('properties', function(t)\n"
        "  local car = t:vehicle { model = 'plain', power = 'off' }\n"
        "  t:equal(#car.vin, 17) t:equal(#car.imei, 15) t:equal(car.model, 'plain')\n"
        "  t:equal(car.link, 'off') t:equal(car.index, 0) t:equal(car.shadow_version, 0)\n"
        "  t:match(tostring(car), '^car 0 %(.+%)$')\n"
        "  t:is_true(not pcall(function() return car.wheels end))\n"
        "  t:is_true(not pcall(function() car.link = 'online' end))\n"
        "  t:is_true(not pcall(car.get, {}, 'name'))\n"
        "  t:is_true(not pcall(car.get, car))\n"
        "  t:equal(car:wake(), false)\n"
        "  t:equal(car:telemetry('fast', '{}'), false)\n"
        "  car:slam()\n"
        "  t:equal(car:wait_change(0.001), false)\n"
        "  car:log(setmetatable({}, { __tostring = function() return 'odd \\1 \\xff line' end }))\n"
        "  t:match(car:timeline(), 'script  odd   %? line')\n"
        "  t:equal(car:timeline(-5), '')\n"
        "  car:glide('door.force', 2.5, 1000, 0.001)\n"
        "  t:equal(car.state.door.force, 2.5)\n"
        "  local ok, raised = pcall(car.wait_online, car, 0.001)\n"
        "  t:match(raised.assertion, 'expected online within 0.001 s, but it is off')\n"
        "end)\n");
}

static void tasks_of_a_car_end_with_its_power(void **state)
{
    (void)state;
    rig_all_pass("scenario('tasks', function(t)\n"
                 "  local car = t:vehicle { model = 'plain' }\n"
                 "  local n = 0\n"
                 "  car:spawn(function(by) while true do car:work(0.001) n = n + by end end, 2)\n"
                 "  t:eventually(5, function() return n >= 4 end)\n"
                 "  car:power_off()\n"
                 "  t:wait(0.001)\n"
                 "  local seen = n\n"
                 "  t:never(0.01, function() return n ~= seen end)\n"
                 "end)\n");
}

/* Nothing listens there: a companion that never connects must be told of, and leave no trace. */
static void a_companion_without_a_cloud(void **state)
{
    struct rig *rig = rig_new(NULL, 0);

    (void)state;
    rig_load(rig, "scenario('refused', function(t)\n"
                  "  t:vehicle { model = 'plain', power = 'off' }\n"
                  "  t:companion { timeout = 0.2 }\n"
                  "end)\n"
                  "scenario('left alone', function(t)\n"
                  "  t:spawn(function() t:companion { timeout = 20 } end)\n"
                  "  t:wait(0.005)\n"
                  "end)\n");
    rig_run(rig);
    rig_expect(rig, "refused", SCENARIO_FAILED,
               "companion: expected a connection to the cloud within 0.2 s");
    rig_expect(rig, "left alone", SCENARIO_PASSED, NULL);
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_acted_out),
        cmocka_unit_test(a_part_may_refuse),
        cmocka_unit_test(an_error_in_a_part_fails_the_scenario),
        cmocka_unit_test(power_is_lost_while_a_part_moves),
        cmocka_unit_test(a_car_calls_itself_later),
        cmocka_unit_test(each_second_may_have_a_function_of_its_own),
        cmocka_unit_test(parts_do_not_wait_for_one_that_waits),
        cmocka_unit_test(the_end_of_a_scenario_ends_its_orders),
        cmocka_unit_test(many_requests_wait_for_each_other),
        cmocka_unit_test(a_car_is_gone_with_its_scenario),
        cmocka_unit_test(what_a_car_knows_and_does_not),
        cmocka_unit_test(tasks_of_a_car_end_with_its_power),
        cmocka_unit_test(a_companion_without_a_cloud),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
