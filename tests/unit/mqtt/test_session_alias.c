/* The native engine in scripted conversations: topic aliases, both ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "scene.h"

#define CAR 'c', 'a', 'r', '/', '1'
#define BUS 'b', 'u', 's', '/', '1'

static void go_online_with(struct scene *s, bool session_present, uint8_t alias_max)
{
    unsigned before = s->connected;

    start(s);
    SAY(s, 0x20, 6, session_present, 0, 3, 0x22, 0, alias_max);
    assert_true(until(s, &s->connected, before + 1));
}

static void test_outgoing(void **state)
{
    struct scene s;

    (void)state;
    scene_init(&s, MQTT_5, 1);
    go_online_with(&s, false, 2);
    publish(&s, "car/1", "x", 0);
    EXPECT(&s, 0x30, 12, 0, 5, CAR, 3, 0x23, 0, 1, 'x');
    publish(&s, "car/1", "y", 0);
    EXPECT(&s, 0x30, 7, 0, 0, 3, 0x23, 0, 1, 'y');
    assert_int_equal(publish(&s, "car/1", "z", 1), 1);
    EXPECT(&s, 0x32, 9, 0, 0, 0, 1, 3, 0x23, 0, 1, 'z');
    assert_int_equal(publish(&s, "bus/1", "x", 2), 2);
    EXPECT(&s, 0x34, 14, 0, 5, BUS, 0, 2, 3, 0x23, 0, 2, 'x');
    publish(&s, "car/1", "", 0);
    EXPECT(&s, 0x30, 6, 0, 0, 3, 0x23, 0, 1);
    /* Not worth it. */
    publish(&s, "t/1", "", 0);
    EXPECT(&s, 0x30, 6, 0, 3, 't', '/', '1', 0);
    /* A third topic takes the place of the one longest not used. */
    publish(&s, "van/1", "", 0);
    EXPECT(&s, 0x30, 11, 0, 5, 'v', 'a', 'n', '/', '1', 3, 0x23, 0, 2);
    publish(&s, "bus/1", "", 0);
    EXPECT(&s, 0x30, 11, 0, 5, BUS, 3, 0x23, 0, 1);
    scene_done(&s);
}

/* An owner that sets an alias by itself is not let through. */
static void test_alias_of_the_owner(void **state)
{
    struct mqtt_message m = {.topic = slice_str("a")};
    struct scene s;

    (void)state;
    mqtt_props_set(&m.props, MQTT_PROP_TOPIC_ALIAS);
    m.props.topic_alias = 7;
    scene_init(&s, MQTT_5, 0);
    go_online(&s, false);
    assert_int_equal(mqtt_client_publish(s.client, &m), 0);
    EXPECT(&s, 0x30, 4, 0, 1, 'a', 0);
    scene_done(&s);
}

static void test_not_beyond_the_connection(void **state)
{
    struct scene s;

    (void)state;
    scene_init(&s, MQTT_5, 0);
    go_online_with(&s, false, 20);
    publish(&s, "car/1", "1", 1);
    publish(&s, "car/1", "2", 1);
    EXPECT(&s, 0x32, 14, 0, 5, CAR, 0, 1, 3, 0x23, 0, 1, '1');
    EXPECT(&s, 0x32, 9, 0, 0, 0, 2, 3, 0x23, 0, 1, '2');
    lose_connection(&s);
    go_online_with(&s, true, 20);
    EXPECT(&s, 0x3a, 11, 0, 5, CAR, 0, 1, 0, '1', 0x3a, 11, 0, 5, CAR, 0, 2, 0, '2');
    publish(&s, "car/1", "", 0);
    EXPECT(&s, 0x30, 11, 0, 5, CAR, 3, 0x23, 0, 1);
    lose_connection(&s);
    /* A broker that takes none any more. */
    go_online(&s, false);
    EXPECT(&s, 0x32, 11, 0, 5, CAR, 0, 1, 0, '1', 0x32, 11, 0, 5, CAR, 0, 2, 0, '2');
    publish(&s, "car/1", "", 0);
    EXPECT(&s, 0x30, 8, 0, 5, CAR, 0);
    scene_done(&s);
}

/* Where the alias would make the packet too large, the topic goes alone; the alias is not set. */
static void test_maximum_packet_size(void **state)
{
    struct scene s;

    (void)state;
    scene_init(&s, MQTT_5, 0);
    start(&s);
    SAY(&s, 0x20, 11, 0, 0, 8, 0x22, 0, 8, 0x27, 0, 0, 0, 13);
    assert_true(until(&s, &s.connected, 1));
    assert_int_equal(publish(&s, "car/1", "345", 0), 0);
    EXPECT(&s, 0x30, 11, 0, 5, CAR, 0, '3', '4', '5');
    assert_int_equal(publish(&s, "car/1", "", 0), 0);
    EXPECT(&s, 0x30, 11, 0, 5, CAR, 3, 0x23, 0, 1);
    assert_int_equal(publish(&s, "car/1", "23456", 0), 0);
    EXPECT(&s, 0x30, 11, 0, 0, 3, 0x23, 0, 1, '2', '3', '4', '5', '6');
    assert_int_equal(publish(&s, "car/1", "1234567", 0), -1);
    scene_done(&s);
}

static void do_abort(struct scene *s)
{
    mqtt_client_abort(s->client);
}

static void test_incoming(void **state)
{
    (void)state;
    for (size_t chunk = 0; chunk < 2; chunk++) {
        struct scene s;
        scene_init(&s, MQTT_5, chunk);
        go_online(&s, false);
        SAY(&s, 0x30, 12, 0, 5, CAR, 3, 0x23, 0, 8, '1');
        assert_true(until(&s, &s.messages, 1));
        assert_string_equal(s.heard, "car/1=1 q0");
        SAY(&s, 0x32, 9, 0, 0, 0, 3, 3, 0x23, 0, 8, '2');
        assert_true(until(&s, &s.messages, 2));
        assert_string_equal(s.heard, "car/1=2 q1");
        EXPECT(&s, 0x40, 2, 0, 3);
        /* Set again. */
        SAY(&s, 0x30, 12, 0, 5, BUS, 3, 0x23, 0, 8, '3', 0x30, 7, 0, 0, 3, 0x23, 0, 8, '4');
        assert_true(until(&s, &s.messages, 4));
        assert_string_equal(s.heard, "bus/1=4 q0");
        /* The topic lasts as long as the event, even if the owner hangs up in it. */
        s.act = do_abort;
        s.act_in = 'm';
        SAY(&s, 0x30, 7, 0, 0, 3, 0x23, 0, 8, '5');
        assert_true(until(&s, &s.messages, 5));
        while (!s.server.gone)
            turns(&s, 1);
        /* Another connection knows nothing of it. */
        go_online(&s, true);
        SAY(&s, 0x30, 7, 0, 0, 3, 0x23, 0, 8, '6');
        expect_closed(&s, MQTT_CLOSE_PROTOCOL, 0x82, "stands for no topic yet");
        assert_int_equal(s.messages, 5);
        scene_done(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outgoing),
        cmocka_unit_test(test_alias_of_the_owner),
        cmocka_unit_test(test_not_beyond_the_connection),
        cmocka_unit_test(test_maximum_packet_size),
        cmocka_unit_test(test_incoming),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
