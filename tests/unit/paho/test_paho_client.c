/* The client on Paho: what it says, hears and tells of its connections. */
#include "unit/paho/party.h"

static void test_conversation(void **state)
{
    struct mqtt_filter filters[] = {
        {.filter = slice_str("a/+"), .qos = 1},
        {.filter = slice_str("b"),   .qos = 0},
    };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct loop *loop = loop_new();
        struct party p;

        party_init(&p, loop, versions[i], "car", "client.pem");
        assert_int_equal(publish(&p, "a/1", "x", 1), -1);
        assert_int_equal(mqtt_client_subscribe(p.client, filters, 2), 0);
        start(&p);
        assert_false(p.session_present);
        assert_int_equal(p.phases[MQTT_PHASE_CONNACK], 1);
        assert_int_equal(p.phases[MQTT_PHASE_TCP] + p.phases[MQTT_PHASE_TLS], 0);

        uint16_t id = mqtt_client_subscribe(p.client, filters, 2);
        run_until(&p, SUBSCRIBED, 1);
        assert_int_equal(p.packet_id, id);
        assert_int_equal(p.code_count, 2);
        assert_int_equal(p.codes[0], 1);
        assert_int_equal(p.codes[1], 0);

        assert_int_equal(publish(&p, "b", "nought", 0), 0);
        run_until(&p, MESSAGE, 1);
        assert_string_equal(p.topic, "b");
        assert_string_equal(p.payload, "nought");
        assert_int_equal(p.qos, 0);

        int32_t first = publish(&p, "a/1", "one", 1);
        int32_t second = publish(&p, "a/2", "", 1);
        assert_true(first > 0 && second > 0 && first != second);
        run_until(&p, MESSAGE, 3);
        run_until(&p, PUBLISHED, 2);
        assert_string_equal(p.topic, "a/2");
        assert_string_equal(p.payload, "");
        assert_int_equal(p.qos, 1);
        assert_int_equal(p.packet_id, second);
        assert_int_equal(p.reason_code, 0);

        int32_t third = publish(&p, "a/1", "three", 2);
        run_until(&p, MESSAGE, 4);
        run_until(&p, PUBLISHED, 3);
        assert_int_equal(p.packet_id, third);
        assert_string_equal(p.payload, "three");
        assert_int_equal(publish(&p, "a/1", "four", 3), -1);
        mqtt_client_disconnect(p.client, 0);
        assert_int_equal(publish(&p, "a/1", "x", 1), -1);
        mqtt_client_free(p.client);
        assert_int_equal(p.count[CLOSED], 0);
        loop_free(loop);
    }
}

static void test_properties(void **state)
{
    struct loop *loop = loop_new();
    struct party p;
    struct buf run;
    struct mqtt_message m = {
        .topic = slice_str("t"), .payload = slice_str("{}"), .qos = 1, .retain = true};

    (void)state;
    party_init(&p, loop, MQTT_5, "car", "client.pem");
    start(&p);
    subscribe(&p, "t");
    /* What we say on "own" does not come back. */
    struct mqtt_filter special = {.filter = slice_str("own"), .no_local = true, .identifier = 9};
    uint16_t id = mqtt_client_subscribe(p.client, &special, 1);
    run_until(&p, SUBSCRIBED, 2);
    assert_int_equal(p.packet_id, id);
    assert_true(publish(&p, "own", "mine", 1) > 0);
    id = mqtt_client_unsubscribe(p.client, &special.filter, 1);
    run_until(&p, SUBSCRIBED, 3);
    assert_int_equal(p.packet_id, id);
    assert_int_equal(p.codes[0], 0);
    buf_init(&run, 1024);
    mqtt_props_add_user(&run, slice_str("colour"), slice_str("red"));
    m.props.user = buf_slice(&run);
    m.props.content_type = slice_str("application/json");
    m.props.response_topic = slice_str("answers");
    m.props.correlation_data = slice_str("c-1");
    m.props.message_expiry_interval = 77;
    mqtt_props_set(&m.props, MQTT_PROP_CONTENT_TYPE);
    mqtt_props_set(&m.props, MQTT_PROP_RESPONSE_TOPIC);
    mqtt_props_set(&m.props, MQTT_PROP_CORRELATION_DATA);
    mqtt_props_set(&m.props, MQTT_PROP_MESSAGE_EXPIRY_INTERVAL);
    mqtt_props_set(&m.props, MQTT_PROP_USER_PROPERTY);
    assert_true(mqtt_client_publish(p.client, &m) > 0);
    buf_done(&run);
    run_until(&p, MESSAGE, 1);
    assert_string_equal(p.content_type, "application/json");
    assert_string_equal(p.response_topic, "answers");
    assert_string_equal(p.correlation, "c-1");
    assert_string_equal(p.user, "colour=red");
    assert_true(p.expiry > 70 && p.expiry <= 77);
    assert_false(p.retain);
    /* Retained, it comes at once to whoever subscribes. */
    subscribe(&p, "t");
    run_until(&p, MESSAGE, 2);
    assert_true(p.retain);
    m = (struct mqtt_message){.topic = slice_str("t"), .qos = 1, .retain = true};
    assert_true(mqtt_client_publish(p.client, &m) > 0);
    run_until(&p, PUBLISHED, p.count[PUBLISHED] + 1);
    mqtt_client_free(p.client);
    loop_free(loop);
}

static void test_session_resumed(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct loop *loop = loop_new();
        struct party car;
        struct party peer;

        party_init(&peer, loop, versions[i], "peer", "client.pem");
        start(&peer);
        party_init(&car, loop, versions[i], "sleeper", "client.pem");
        start(&car); /* clean: nothing of an earlier test */
        mqtt_client_disconnect(car.client, 0);
        car.connect.clean_start = false;
        car.connect.session_expiry_s = 60;
        start(&car);
        assert_false(car.session_present);
        subscribe(&car, "wake");
        mqtt_client_disconnect(car.client, 0);
        assert_true(publish(&peer, "wake", "up", 1) > 0);
        run_until(&peer, PUBLISHED, 1);
        assert_int_equal(car.count[MESSAGE], 0);
        start(&car);
        assert_true(car.session_present);
        run_until(&car, MESSAGE, 1);
        assert_string_equal(car.payload, "up");
        /* Nobody acknowledges what is cut off; it goes with the next connection. */
        int32_t id = publish(&car, "wake", "again", 1);
        mqtt_client_abort(car.client);
        start(&car);
        run_until(&car, PUBLISHED, 1);
        assert_int_equal(car.packet_id, id);
        assert_int_equal(car.count[CLOSED], 0);
        car.connect.clean_start = true;
        mqtt_client_abort(car.client);
        start(&car);
        assert_false(car.session_present);
        mqtt_client_free(car.client);
        mqtt_client_free(peer.client);
        loop_free(loop);
    }
}

static void test_will(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct loop *loop = loop_new();
        struct party car;
        struct party peer;

        party_init(&peer, loop, versions[i], "peer", "client.pem");
        start(&peer);
        subscribe(&peer, "news");
        party_init(&car, loop, versions[i], "car", "client.pem");
        car.will.message = (struct mqtt_message){
            .topic = slice_str("news"), .payload = slice_str("gone"), .qos = 1};
        car.connect.will = &car.will;
        start(&car);
        mqtt_client_disconnect(car.client, 0);
        start(&car);
        assert_true(publish(&car, "news", "back", 1) > 0);
        run_until(&peer, MESSAGE, 1);
        assert_string_equal(peer.payload, "back"); /* so there was no will */
        mqtt_client_abort(car.client);
        run_until(&peer, MESSAGE, 2);
        assert_string_equal(peer.payload, "gone");
        /* What stands in for it where the socket cannot be found. */
        if (versions[i] == MQTT_5) {
            start(&car);
            mqtt_client_disconnect(car.client, 0x04);
            run_until(&peer, MESSAGE, 3);
            assert_string_equal(peer.payload, "gone");
        }
        assert_int_equal(car.count[CLOSED], 0);
        mqtt_client_free(car.client);
        mqtt_client_free(peer.client);
        loop_free(loop);
    }
}

static void test_taken_over(void **state)
{
    struct loop *loop = loop_new();
    struct party first;
    struct party second;

    (void)state;
    party_init(&first, loop, MQTT_5, "twin", "client.pem");
    party_init(&second, loop, MQTT_5, "twin", "client.pem");
    start(&first);
    start(&second);
    run_until(&first, CLOSED, 1);
    /* Mosquitto hangs up right after its DISCONNECT, which Paho then does not read. */
    assert_true(first.why == MQTT_CLOSE_TCP || first.why == MQTT_CLOSE_SERVER);
    assert_true(strstr(first.text, "connection lost") != NULL ||
                strstr(first.text, "disconnected us") != NULL);
    mqtt_client_free(first.client);
    mqtt_client_free(second.client);
    loop_free(loop);
}

static void test_lost_and_refused(void **state)
{
    struct loop *loop = loop_new();
    struct party p;

    (void)state;
    party_init(&p, loop, MQTT_5, "car", "client.pem");
    start(&p);
    throwaway_broker_stop(&broker);
    run_until(&p, CLOSED, 1);
    assert_int_equal(p.why, MQTT_CLOSE_TCP);
    assert_non_null(strstr(p.text, "connection lost"));
    assert_true(mqtt_client_connect(p.client, &p.connect, NULL));
    run_until(&p, CLOSED, 2);
    assert_int_equal(p.why, MQTT_CLOSE_TCP);
    assert_non_null(strstr(p.text, "cannot connect"));
    assert_true(throwaway_broker_start(&broker));
    start(&p);
    mqtt_client_free(p.client);
    loop_free(loop);
}

static void test_stranger(void **state)
{
    struct loop *loop = loop_new();
    struct party p;

    (void)state;
    party_init(&p, loop, MQTT_5, "stranger", "stranger.pem");
    assert_true(mqtt_client_connect(p.client, &p.connect, NULL));
    run_until(&p, CLOSED, 1);
    assert_int_equal(p.count[CONNECTED], 0);
    assert_true(p.why == MQTT_CLOSE_TLS || p.why == MQTT_CLOSE_TCP);
    assert_true(p.text[0] != '\0');
    mqtt_client_free(p.client);
    loop_free(loop);
}

static void test_freed_in_event(void **state)
{
    (void)state;
    for (enum event event = 0; event <= CLOSED; event++) {
        struct loop *loop = loop_new();
        struct party p;
        struct party thief;
        struct mqtt_filter f = {.filter = slice_str("x"), .qos = 1};

        party_init(&p, loop, MQTT_5, "brief", "client.pem");
        party_init(&thief, loop, MQTT_5, "brief", "client.pem");
        p.free_in = event == CLOSED ? EVENT_COUNT : event;
        start(&p);
        p.free_in = event;
        if (p.client != NULL) {
            assert_true(mqtt_client_subscribe(p.client, &f, 1) != 0);
            run_until(&p, SUBSCRIBED, 1);
        }
        if (p.client != NULL) {
            publish(&p, "x", "1", 1);
            publish(&p, "x", "2", 1);
            run_until(&p, event == PUBLISHED ? PUBLISHED : MESSAGE, 1);
        }
        if (event == CLOSED) {
            start(&thief);
            run_until(&p, CLOSED, 1);
        }
        assert_null(p.client);
        assert_int_equal(p.count[event], 1);
        mqtt_client_free(thief.client);
        loop_free(loop);
        assert_int_equal(p.count[event], 1);
    }
}

/* Whatever is on its way when the client hangs up stays unheard. */
static void test_silent_after_end(void **state)
{
    static void (*const ends[])(struct mqtt_client * c,
                                uint8_t reason_code) = {mqtt_client_disconnect, NULL};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct loop *loop = loop_new();
        struct party p;
        struct party witness;
        struct mqtt_filter f = {.filter = slice_str("#"), .qos = 1};

        party_init(&witness, loop, MQTT_5, "witness", "client.pem");
        start(&witness);
        subscribe(&witness, "y");
        party_init(&p, loop, MQTT_5, "quiet", "client.pem");
        assert_true(mqtt_client_connect(p.client, &p.connect, NULL));
        mqtt_client_abort(p.client); /* half-way */
        start(&p);
        assert_int_equal(p.count[CONNECTED], 1);
        assert_true(mqtt_client_subscribe(p.client, &f, 1) != 0);
        /* The 101st unacknowledged message is too many. */
        for (unsigned n = 0; n < 100; n++)
            assert_true(publish(&p, "y", "z", 1) > 0);
        assert_int_equal(publish(&p, "y", "z", 1), -1);
        if (ends[i] != NULL)
            ends[i](p.client, 0);
        else
            mqtt_client_abort(p.client);
        assert_true(publish(&witness, "y", "end", 1) > 0);
        run_until(&witness, ENDED, 1);
        assert_int_equal(
            p.count[SUBSCRIBED] + p.count[PUBLISHED] + p.count[MESSAGE] + p.count[CLOSED], 0);
        mqtt_client_free(p.client);
        mqtt_client_free(witness.client);
        loop_free(loop);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conversation),     cmocka_unit_test(test_properties),
        cmocka_unit_test(test_session_resumed),  cmocka_unit_test(test_will),
        cmocka_unit_test(test_taken_over),       cmocka_unit_test(test_lost_and_refused),
        cmocka_unit_test(test_stranger),         cmocka_unit_test(test_freed_in_event),
        cmocka_unit_test(test_silent_after_end),
    };

    if (!throwaway_broker_available())
        return 0;
    return cmocka_run_group_tests(tests, broker_setup, broker_teardown);
}
