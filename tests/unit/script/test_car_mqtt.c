#include "rig.h"
#include "script/car.h"

/* Starts the scenario "car" of `body`, whose local `car` is on the test's fake client and online.
 */
static struct rig *drive(const char *options, const char *body)
{
    struct rig *rig = rig_new(NULL, 0);
    char text[4096];

    snprintf(text, sizeof text,
             "scenario('car', { timeout = 30 }, function(t)\n"
             "  local car = t:vehicle { model = 'plain', %s }\n"
             "  car:wait_online(20)\n"
             "  car:wait_in_step(20)\n%s\n"
             "end)\n",
             options, body);
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

static const struct mqtt_client_events *events(struct rig *rig)
{
    return rig->lab->clients[0]->base.events;
}

static void finish(struct rig *rig, enum scenario_verdict verdict, const char *message)
{
    lab_turn(rig->lab);
    if (rig->all_done == 0)
        loop_run(rig->lab->sim->loop);
    loop_timer_stop(&rig->watchdog);
    rig_expect(rig, "car", verdict, message);
    rig_free(rig);
}

static void a_publish_waits_for_its_answer(void **state)
{
    struct rig *rig = drive("", "local said = car:publish('dt/x', 'hello', { qos = 1 })\n"
                                "t:equal(said, { reason_code = 0x10, text = 'nobody; a=b',\n"
                                "                reason = 'No matching subscribers' })\n"
                                "t:equal(car:publish('dt/x', { a = 1 }, { qos = 0 }), nil)\n"
                                "t:equal(car:publish('dt/x', '', { wait = false }), nil)\n");
    struct fake_client *client = rig->lab->clients[0];

    (void)state;
    lab_bring_online(rig->lab, the_car(rig));
    lab_turn(rig->lab);
    const struct fake_publish *p = fake_last(client, "dt/x");
    assert_non_null(p);
    assert_string_equal(p->payload, "hello");
    int32_t id = p->id;
    assert_int_equal(rig->all_done, 0);
    events(rig)->remark(client->base.ctx, (uint16_t)id, "nobody; a=b");
    fake_puback(client, id, 0x10);
    lab_turn(rig->lab);
    finish(rig, SCENARIO_PASSED, NULL);
}

static void a_publish_without_an_answer_fails(void **state)
{
    struct rig *rig = drive("", "car:publish('dt/x', 'hello', { timeout = 0.01 })\n");

    (void)state;
    lab_bring_online(rig->lab, the_car(rig));
    finish(rig, SCENARIO_FAILED, "publish dt/x: expected an answer within 0.01 s");
}

static void subscriptions_and_their_messages(void **state)
{
    struct rig *rig = drive(
        "", "local granted = car:subscribe({ 'dt/a/+', 'dt/b' }, { qos = 1, identifier = 7 })\n"
            "t:equal(granted['dt/a/+'].reason_code, 0x87)\n"
            "t:equal(granted['dt/b'].reason, 'Not authorized')\n"
            "t:equal(#car:messages(), 2)\n"
            "local m = car:wait_message('dt/b', 20)\n"
            "t:equal(m.payload, 'two') t:equal(m.content_type, 'text/plain')\n"
            "t:equal(car:messages('dt/a/#')[1].topic, 'dt/a/1')\n"
            "t:equal(#car:messages('dt/b'), 0)\n"
            "t:equal(car:wait_message('#').payload, 'one')\n"
            "car:wait_message('dt/b', 0.01)\n");
    struct mqtt_props props = {.content_type = slice_str("text/plain")};

    (void)state;
    mqtt_props_set(&props, MQTT_PROP_CONTENT_TYPE);
    lab_bring_online(rig->lab, the_car(rig));
    lab_turn(rig->lab);
    assert_int_equal(rig->lab->clients[0]->filter_count, 2);
    assert_string_equal(rig->lab->clients[0]->filters[1], "dt/b");
    fake_message(rig->lab->clients[0], "dt/a/1", "one");
    fake_message_with(rig->lab->clients[0], "dt/b", "two", &props);
    fake_suback(rig->lab->clients[0], 0x87);
    finish(rig, SCENARIO_FAILED, "expected a message on dt/b within 0.01 s");
}

static void a_connection_lost_meanwhile_ends_the_wait(void **state)
{
    struct rig *rig = drive("", "car:subscribe('dt/b')\n");

    (void)state;
    lab_bring_online(rig->lab, the_car(rig));
    lab_turn(rig->lab);
    fake_close(rig->lab->clients[0], MQTT_CLOSE_TCP, "reset");
    finish(rig, SCENARIO_FAILED, "subscribe: expected an answer");
}

static void refusals_are_errors_at_the_call(void **state)
{
    struct rig *rig = drive(
        "",
        "for call, part in pairs {\n"
        "  [function() car:publish('dt/+', 'x') end] = 'topic',\n"
        "  [function() car:publish('dt', 'x', { qos = 3 }) end] = 'qos must be',\n"
        "  [function() car:publish('dt', 'x', { volume = 3 }) end] = 'unknown option',\n"
        "  [function() car:publish('dt', 'x', { qos = 2 }) end] = 'profile aws: .* QoS 2',\n"
        "  [function() car:subscribe('a#') end] = 'not a topic filter',\n"
        "  [function() car:subscribe { 1 } end] = 'must be strings',\n"
        "  [function() car:subscribe {} end] = 'no filter',\n"
        "  [function() car:subscribe { 'a','b','c','d','e','f','g','h','i' } end] = '9 filters',\n"
        "  [function() car:unsubscribe('a') end] = 'car:unsubscribe: ',\n"
        "  [function() car:disconnect { reason = 'Tired' } end] = \"no 'Tired'\",\n"
        "  [function() car:disconnect { reason = 1 } end] = 'no code 1',\n"
        "  [function() car:disconnect { because = 1 } end] = 'unknown option',\n"
        "} do\n"
        "  local ok, why = pcall(call)\n"
        "  t:equal(ok, false) t:match(why, part)\n"
        "end\n"
        "t:match(car:timeline(100), 'not sent: profile aws: 9 filters')\n"
        "local _, why = pcall(function() car:publish('dt', 'x', { qos = 2 }) end)\n"
        "t:match(why, 'test.lua:%d+: car:publish dt: profile aws')\n");

    (void)state;
    assert_true(mqtt_profile_find("aws", &rig->lab->sim->tcu.profile));
    lab_bring_online(rig->lab, the_car(rig));
    finish(rig, SCENARIO_PASSED, NULL);
}

static void how_a_car_connects(void **state)
{
    struct rig *rig = drive(
        "mqtt = { clean_start = true, session_expiry = 7, keep_alive = 9, version = '3.1.1',\n"
        "  will = { topic = 'dt/{thing}/lost', payload = 'gone', retain = true, delay = 5 } }",
        "t:equal(car.connection.version, '3.1.1')\n"
        "t:equal(car.connection.session_present, false)\n"
        "t:equal(car.connection.client_id, car.name)\n"
        "t:equal(car.connection.maximum_qos, 2)\n"
        "t:equal(car.last_close, false)\n"
        "car:disconnect { reason = 'Disconnect with Will Message' }\n"
        "t:equal(car.link, 'asleep') t:equal(car.connection, false)\n");
    struct fake_client *client = rig->lab->clients[0];
    char topic[256];

    (void)state;
    snprintf(topic, sizeof topic, "dt/%s/lost", the_car(rig)->identity.thing_name);
    assert_true(client->options.clean_start);
    assert_int_equal(client->options.session_expiry_s, 7);
    assert_int_equal(client->options.keep_alive_s, 9);
    assert_int_equal(client->options.version, MQTT_3_1_1);
    assert_string_equal(client->will_topic, topic);
    assert_string_equal(client->will_payload, "gone");
    assert_int_equal(client->options.will->delay_s, 5);
    assert_true(client->options.will->message.retain);
    lab_bring_online(rig->lab, the_car(rig));
    finish(rig, SCENARIO_PASSED, NULL);
}

static void options_that_cannot_be(void **state)
{
    (void)state;
    rig_all_pass(
        "scenario('options', function(t)\n"
        "  for text, part in pairs {\n"
        "    ['{ clean = true }'] = 'unknown option',\n"
        "    ['{ keep_alive = 65536 }'] = 'keep_alive must be',\n"
        "    ['{ keep_alive = 1.5 }'] = 'keep_alive must be',\n"
        "    ['{ session_expiry = -1 }'] = 'session_expiry must be',\n"
        "    ['{ version = \"4\" }'] = 'version must be',\n"
        "    ['{ client_id = 5 }'] = 'client_id must be',\n"
        "    ['{ will = {} }'] = 'needs a topic',\n"
        "    ['{ will = { topic = \"a/#\" } }'] = 'topic',\n"
        "    ['{ will = { topic = \"a\", noise = 1 } }'] = 'unknown option',\n"
        "    ['{ will = { topic = \"a\", delay = \"x\" } }'] = 'delay must be',\n"
        "  } do\n"
        "    local options = { model = 'plain', power = 'off', mqtt = load('return ' .. text)() }\n"
        "    local ok, why = pcall(function() t:vehicle(options) end)\n"
        "    t:equal(ok, false) t:match(why, part, text)\n"
        "  end\n"
        "end)\n");
}

static void the_last_close_in_words(void **state)
{
    struct rig *rig = drive("", "car:wait_for('backing off', 20)\n"
                                "t:equal(car.last_close, { why = 'server', reason_code = 0x8b,\n"
                                "  reason = 'Server shutting down', text = 'back at noon' })\n");
    struct mqtt_closed closed = {
        .why = MQTT_CLOSE_SERVER, .reason_code = 0x8b, .text = "back at noon"};

    (void)state;
    rig->lab->sim->tcu.backoff_base = rig->lab->sim->tcu.backoff_cap = 60 * USEC_PER_SEC;
    lab_bring_online(rig->lab, the_car(rig));
    struct fake_client *client = rig->lab->clients[0];
    client->started = client->up = false;
    client->base.events->closed(client->base.ctx, &closed);
    finish(rig, SCENARIO_PASSED, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_publish_waits_for_its_answer),
        cmocka_unit_test(a_publish_without_an_answer_fails),
        cmocka_unit_test(subscriptions_and_their_messages),
        cmocka_unit_test(a_connection_lost_meanwhile_ends_the_wait),
        cmocka_unit_test(refusals_are_errors_at_the_call),
        cmocka_unit_test(how_a_car_connects),
        cmocka_unit_test(options_that_cannot_be),
        cmocka_unit_test(the_last_close_in_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
