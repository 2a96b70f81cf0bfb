/* Waiting for anything that happens to a car. */
#include "fleet/vehicle_tell.h"
#include "rig.h"
#include "script/car.h"

#define CAR "local car = t:vehicle { model = 'plain', power = 'off' }\n"

static void signals_and_states(void **state)
{
    (void)state;
    rig_all_pass(
        "scenario('signal', function(t)\n" CAR
        "  t:spawn(function() t:wait(0.005) car.state.door.angle = 10 car.state.door.angle = 20 "
        "end)\n"
        "  local event = car:wait_event('signal', { path = 'door.angle', value = 20 }, 5)\n"
        "  t:equal({ event.kind, event.path, event.value, event.car == car },\n"
        "    { 'signal', 'door.angle', 20, true })\n"
        "  t:is_true(event.at > 0 and event.at <= t:now())\n"
        "end)\n"
        "scenario('by a function', function(t)\n" CAR
        "  t:spawn(function() t:wait(0.005) for i = 1, 9 do car.state.door.angle = i end end)\n"
        "  t:equal(car:wait_event('signal', function(e) return e.value > 6 end, 5).value, 7)\n"
        "  t:spawn(function() t:wait(0.005) car.state.door.angle = 1 end)\n"
        "  t:equal(car:wait_event({ value = function(v) return v == 1 end }).kind, 'signal')\n"
        "end)\n"
        "scenario('state', function(t)\n" CAR "  t:spawn(function() car:power_on() end)\n"
        "  t:equal(car:wait_event('state', 5).from, 'off')\n"
        "  t:spawn(function() car:power_off() end)\n"
        "  t:equal(car:wait_event({ 'state', 'note' }, { to = 'off' }).to, 'off')\n"
        "end)\n"
        "scenario('a stream keeps what came', function(t)\n" CAR
        "  local all, angles = car:events(), car:events('signal', { path = 'door.angle' })\n"
        "  car.state.door.angle = 1\n"
        "  car.state.door.open = true\n"
        "  car.state.door.angle = 2\n"
        "  t:wait(0)\n"
        "  t:equal(angles:wait().value, 1)\n"
        "  t:equal(#angles:list(), 1)\n"
        "  t:equal(angles:next(), nil)\n"
        "  angles:close()\n"
        "  car.state.door.angle = 3\n"
        "  t:equal(angles:next(), nil)\n"
        "  t:equal(#all:list(), 4)\n"
        "end)\n"
        "scenario('the first of a fleet', function(t)\n"
        "  local fleet = t:fleet { model = 'plain', power = 'off', count = 3 }\n"
        "  t:spawn(function() t:wait(0.005) fleet[3].state.name = 'x' end)\n"
        "  t:equal(fleet:wait_event('signal', { path = 'name' }, 5).car, fleet[3])\n"
        "  local events = fleet:events('signal')\n"
        "  for _, car in ipairs(fleet) do car.state.door.angle = 5 end\n"
        "  t:equal(#events:list(), 3)\n"
        "end)\n"
        "scenario('the last ten thousand', function(t)\n" CAR
        "  local events = car:events('signal')\n"
        "  for i = 1, 10050 do car.state.door.angle = i % 90 + 1 end\n"
        "  local list = events:list()\n"
        "  t:equal(#list, 10000)\n"
        "  t:equal(list[1].value, 51 % 90 + 1)\n"
        "end)\n"
        "scenario('streams that nobody holds', function(t)\n" CAR
        "  for i = 1, 2000 do car:events('signal') end\n"
        "  t:wait(0.001)\n"
        "  for i = 1, 50 do car.state.door.angle = i end\n"
        "end)\n");
}

static void what_did_not_come(void **state)
{
    struct rig *rig = rig_new(NULL, 0);

    (void)state;
    rig_load(rig, "scenario('none', function(t)\n" CAR
                  "  car:wait_event('state', { to = 'online' }, 0.02)\n"
                  "end)\n"
                  "scenario('others', function(t)\n" CAR
                  "  t:spawn(function() car.state.door.angle = 5 end)\n"
                  "  car:wait_event('signal', { value = 6 }, 0.02)\n"
                  "end)\n"
                  "scenario('an error in the predicate', function(t)\n" CAR
                  "  t:spawn(function() car.state.door.angle = 5 end)\n"
                  "  car:wait_event('signal', function(e) return e.nothing.here end)\n"
                  "end)\n"
                  "scenario('a car of another time', function(t)\n" CAR
                  "  t:spawn(function() t:fail('over') end)\n"
                  "  car:wait_event('signal', 60)\n"
                  "end)\n");
    rig_run(rig);
    rig_expect(rig, "none", SCENARIO_FAILED,
               "expected state {to = \"online\"} within 0.02 s, saw none (the car is off)");
    rig_expect(rig, "others", SCENARIO_FAILED, "saw 1 other, the last {kind = \"signal\"");
    assert_non_null(strstr(rig_scenario(rig, "others")->where, "test.lua:8"));
    rig_expect(rig, "an error in the predicate", SCENARIO_ERRORED, "test.lua:13");
    rig_expect(rig, "a car of another time", SCENARIO_FAILED, "over");
    rig_free(rig);
}

static void wrong_use(void **state)
{
    (void)state;
    rig_all_pass("scenario('wrong', function(t)\n" CAR "  local function says(what, ...)\n"
                 "    local ok, why = pcall(car.wait_event, car, ...)\n"
                 "    t:is_true(not ok)\n"
                 "    t:match(why, what)\n"
                 "  end\n"
                 "  says(\"no event 'singal'; did you mean 'signal'%? %(there are command, in, "
                 "note\", 'singal')\n"
                 "  says(\"no event 'accepted'\", { 'signal', 'accepted' })\n"
                 "  says('which event is a table of what it has', 'signal', 'door')\n"
                 "  says('the time%-out is a number', 'signal', {}, 'soon')\n"
                 "  t:is_true(not pcall(function() car:events('signal'):wiat() end))\n"
                 "end)\n");
}

/* ---- packets ---- */

static void feed(struct vehicle *v, bool outgoing, const struct mqtt_packet *packet)
{
    struct buf bytes;

    buf_init(&bytes, 10000);
    assert_true(mqtt_encode(&bytes, MQTT_5, packet));
    vehicle_tell_packet(v, outgoing, buf_slice(&bytes), clock_now());
    buf_done(&bytes);
}

/* Feeds a car once its scenario has come to wait for that, however long it takes to. */
struct feeder {
    struct rig *rig;
    struct loop_timer again;
    enum vehicle_event_kind awaited;
    void (*feed)(struct vehicle *v);
};

static void on_again(void *arg)
{
    struct feeder *f = arg;
    const struct car *car = f->rig->script->cars;
    struct vehicle *v = car != NULL ? car->vehicle : NULL;

    if (v != NULL && v->watched != NULL && (*v->watched & 1u << f->awaited) != 0)
        f->feed(v);
    else
        loop_timer_start(&f->again, USEC_PER_MSEC);
}

static void run_fed(struct rig *rig, enum vehicle_event_kind awaited, void (*fn)(struct vehicle *v))
{
    struct feeder f = {.rig = rig, .awaited = awaited, .feed = fn};

    loop_timer_init(&f.again, rig->lab->sim->loop, on_again, &f);
    loop_timer_start(&f.again, USEC_PER_MSEC);
    rig_run(rig);
    loop_timer_stop(&f.again);
}

static void feed_all(struct vehicle *v)
{
    struct buf entries;
    uint8_t codes[] = {1, 0x87};

    feed(v, true,
         &(struct mqtt_packet){
             .type = MQTT_TYPE_CONNECT,
             .connect = {.version = MQTT_5, .client_id = slice_str("me"), .keep_alive_s = 60}
    });
    feed(v, false,
         &(struct mqtt_packet){.type = MQTT_TYPE_CONNACK, .connack = {.session_present = true}});
    buf_init(&entries, 1000);
    assert_true(
        mqtt_subscription_add(&entries, MQTT_TYPE_SUBSCRIBE,
                              &(struct mqtt_subscription){.filter = slice_str("a/+"), .qos = 1}));
    feed(v, true,
         &(struct mqtt_packet){
             .type = MQTT_TYPE_SUBSCRIBE,
             .subscribe = {.packet_id = 7, .entries = buf_slice(&entries)}
    });
    buf_done(&entries);
    feed(v, false,
         &(struct mqtt_packet){
             .type = MQTT_TYPE_SUBACK,
             .suback = {.packet_id = 7, .codes = slice_of(codes, sizeof codes)}
    });
    feed(v, true,
         &(struct mqtt_packet){
             .type = MQTT_TYPE_PUBLISH,
             .publish = {.packet_id = 8,
                         .message = {.topic = slice_str("a/b"),
                                     .payload = slice_str("{\"x\":{\"y\":[1,2]}}"),
                                     .qos = 1}}
    });
    feed(v, false,
         &(struct mqtt_packet){
             .type = MQTT_TYPE_PUBACK, .ack = {.packet_id = 8, .reason_code = 0x10}
    });
    feed(v, true, &(struct mqtt_packet){.type = MQTT_TYPE_PINGREQ});
    feed(v, false,
         &(struct mqtt_packet){.type = MQTT_TYPE_DISCONNECT, .reason = {.reason_code = 0x8b}});
    vehicle_tell_packet(v, false, slice_str("\x30\x05\xff"), clock_now());
    feed(v, false,
         &(struct mqtt_packet){.type = MQTT_TYPE_PUBLISH,
                               .publish = {.message = {.topic = slice_str("t"),
                                                       .payload = slice_str("{\"a\":"),
                                                       .retain = true}}});
}

static void packets_are_decoded(void **state)
{
    struct rig *rig = rig_new(NULL, 0);

    (void)state;
    rig_load(rig,
             "scenario('packets', function(t)\n" CAR
             "  local out, all = car:events('out'), car:events('packet')\n"
             "  local sent = car:wait_event('packet', { type = 'PUBLISH', topic = 'a/#',\n"
             "    json = { x = { y = { 1, 2 } } } }, 5)\n"
             "  t:equal({ sent.kind, sent.qos, sent.packet_id, sent.payload },\n"
             "    { 'out', 1, 8, '{\"x\":{\"y\":[1,2]}}' })\n"
             "  local list, seen = all:list(), {}\n"
             "  t:equal(#list, 10)\n"
             "  for i, e in ipairs(list) do seen[i] = e.type end\n"
             "  t:equal(seen, { 'CONNECT', 'CONNACK', 'SUBSCRIBE', 'SUBACK', 'PUBLISH', 'PUBACK',\n"
             "    'PINGREQ', 'DISCONNECT', 'malformed', 'PUBLISH' })\n"
             "  t:equal({ list[1].client_id, list[1].keep_alive }, { 'me', 60 })\n"
             "  t:equal({ list[2].session_present, list[2].reason }, { true, 'Success' })\n"
             "  t:equal({ list[3].filters, list[3].packet_id }, { { 'a/+' }, 7 })\n"
             "  t:equal(list[4].reason_codes, { 1, 0x87 })\n"
             "  t:equal(list[6].reason_code, 0x10)\n"
             "  t:equal(list[8].reason, 'Server shutting down')\n"
             "  t:equal({ list[10].retain, list[10].json }, { true, nil })\n"
             "  t:equal(#out:list(), 4)\n"
             "end)\n");
    run_fed(rig, VEHICLE_EVENT_IN, feed_all);
    rig_expect(rig, "packets", SCENARIO_PASSED, NULL);
    rig_free(rig);
}

/* ---- commands ---- */

static void feed_command(struct vehicle *v)
{
    struct signal_change change = {.index = 0, .value = {.i = 1}};
    struct tcu_order order = {
        .kind = TCU_ORDER_REQUEST, .token = "r1", .changes = &change, .change_count = 1};

    vehicle_tell_order(v, &order);
    vehicle_tell_stage(v, "started", "r1", clock_now());
    vehicle_tell_done(v, &order, TCU_REJECTED, "DOOR_OPEN", "a door is open");
    vehicle_tell_note(v, "bad message dropped", NULL);
    vehicle_tell_sms(v, "hello");
}

static void commands_notes_and_messages(void **state)
{
    struct rig *rig = rig_new(NULL, 0);

    (void)state;
    rig_load(rig, "scenario('command', function(t)\n" CAR
                  "  local all = car:events { 'command', 'note', 'sms' }\n"
                  "  local done = car:wait_event('command', { stage = 'done', token = 'r1' }, 5)\n"
                  "  t:equal({ done.status, done.reason, done.description, done.by },\n"
                  "    { 'REJECTED', 'DOOR_OPEN', 'a door is open', 'request' })\n"
                  "  local list = all:list()\n"
                  "  t:equal({ list[1].stage, list[1].wishes, list[1].status },\n"
                  "    { 'received', { ['door.angle'] = 1 }, nil })\n"
                  "  t:equal({ list[2].stage, list[2].wishes }, { 'started', nil })\n"
                  "  t:equal({ list[4].note, list[4].detail }, { 'bad message dropped', '' })\n"
                  "  t:equal(list[5].text, 'hello')\n"
                  "end)\n");
    run_fed(rig, VEHICLE_EVENT_COMMAND, feed_command);
    rig_expect(rig, "command", SCENARIO_PASSED, NULL);
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signals_and_states),
        cmocka_unit_test(what_did_not_come),
        cmocka_unit_test(wrong_use),
        cmocka_unit_test(packets_are_decoded),
        cmocka_unit_test(commands_notes_and_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
