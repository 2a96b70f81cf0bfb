/* The native engine in scripted conversations: QoS 2, both ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "scene.h"

static void test_outgoing(void **state)
{
    static const enum mqtt_version versions[] = {MQTT_3_1_1, MQTT_5};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct scene s;
        scene_init(&s, versions[i % 2], i / 2);
        go_online(&s, false);
        assert_int_equal(publish(&s, "t", "x", 2), 1);
        assert_int_equal(expect_packet(&s, MQTT_TYPE_PUBLISH), 0x34);
        SAY(&s, 0x50, 2, 0, 1);
        EXPECT(&s, 0x62, 2, 0, 1);
        /* A repeated PUBREC is answered again. */
        SAY(&s, 0x50, 2, 0, 1);
        EXPECT(&s, 0x62, 2, 0, 1);
        assert_int_equal(s.published, 0);
        SAY(&s, 0x70, 2, 0, 1);
        assert_true(until(&s, &s.published, 1));
        assert_int_equal(s.pub_id, 1);
        assert_int_equal(s.pub_code, 0);
        SAY(&s, 0x70, 2, 0, 1, 0x70, 2, 0, 77, 0xd0, 0);
        expect_nothing(&s);
        assert_int_equal(s.published, 1);
        assert_int_equal(s.closed, 0);
        scene_done(&s);
    }
}

static void test_refused_at_pubrec(void **state)
{
    struct scene s;

    (void)state;
    scene_init(&s, MQTT_5, 0);
    go_online(&s, false);
    publish(&s, "t", "x", 2);
    expect_packet(&s, MQTT_TYPE_PUBLISH);
    SAY(&s, 0x50, 3, 0, 1, 0x97);
    assert_true(until(&s, &s.published, 1));
    assert_int_equal(s.pub_code, 0x97);
    expect_nothing(&s);
    scene_done(&s);
}

static void test_unknown_ids(void **state)
{
    struct scene s;

    (void)state;
    scene_init(&s, MQTT_5, 0);
    go_online(&s, false);
    SAY(&s, 0x50, 2, 0, 9, 0x62, 2, 0, 9, 0x50, 3, 0, 9, 0x97);
    EXPECT(&s, 0x62, 3, 0, 9, 0x92, 0x70, 3, 0, 9, 0x92);
    expect_nothing(&s);
    assert_int_equal(s.closed, 0);
    scene_done(&s);

    scene_init(&s, MQTT_3_1_1, 0);
    go_online(&s, false);
    SAY(&s, 0x50, 2, 0, 9, 0x62, 2, 0, 9);
    EXPECT(&s, 0x62, 2, 0, 9, 0x70, 2, 0, 9);
    scene_done(&s);
}

static void test_wrong_answers(void **state)
{
    static const struct {
        uint8_t qos;
        uint8_t bytes[4];
        const char *text;
    } cases[] = {
        {2, {0x40, 2, 0, 1}, "PUBACK for a message of QoS 2"},
        {1, {0x50, 2, 0, 1}, "PUBREC for a message of QoS 1"},
        {1, {0x70, 2, 0, 1}, "PUBCOMP before PUBREC"        },
        {2, {0x70, 2, 0, 1}, "PUBCOMP before PUBREC"        },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct scene s;
        scene_init(&s, MQTT_5, 0);
        go_online(&s, false);
        assert_int_equal(publish(&s, "t", "x", cases[i].qos), 1);
        expect_packet(&s, MQTT_TYPE_PUBLISH);
        fake_server_send(&s.server, cases[i].bytes, 4);
        expect_closed(&s, MQTT_CLOSE_PROTOCOL, 0x82, cases[i].text);
        scene_done(&s);
    }
}

/* PUBRELs in the order of their PUBRECs, then what has no PUBREC yet, with DUP. */
static void test_resumed(void **state)
{
    struct scene s;

    (void)state;
    scene_init(&s, MQTT_3_1_1, 0);
    go_online(&s, false);
    publish(&s, "a", "1", 2);
    publish(&s, "b", "2", 2);
    publish(&s, "c", "3", 2);
    publish(&s, "d", "4", 1);
    for (int i = 0; i < 4; i++)
        expect_packet(&s, MQTT_TYPE_PUBLISH);
    SAY(&s, 0x50, 2, 0, 3, 0x50, 2, 0, 1);
    EXPECT(&s, 0x62, 2, 0, 3, 0x62, 2, 0, 1);
    lose_connection(&s);
    go_online(&s, true);
    EXPECT(&s, 0x62, 2, 0, 3, 0x62, 2, 0, 1);
    EXPECT(&s, 0x3c, 6, 0, 1, 'b', 0, 2, '2', 0x3a, 6, 0, 1, 'd', 0, 4, '4');
    expect_nothing(&s);
    SAY(&s, 0x70, 2, 0, 3, 0x70, 2, 0, 1, 0x50, 2, 0, 2);
    EXPECT(&s, 0x62, 2, 0, 2);
    assert_int_equal(s.published, 2);
    scene_done(&s);
}

static void test_session_forgotten(void **state)
{
    struct scene s;

    (void)state;
    scene_init(&s, MQTT_5, 0);
    go_online(&s, false);
    publish(&s, "a", "1", 2);
    publish(&s, "b", "2", 2);
    SAY(&s, 0x34, 6, 0, 1, 'm', 0, 5, 0, 0x50, 2, 0, 1);
    assert_true(until(&s, &s.messages, 1));
    turns(&s, 20);
    lose_connection(&s);
    go_online(&s, false);
    /* The broker had taken the first; the second is sent as new. */
    EXPECT(&s, 0x34, 7, 0, 1, 'b', 0, 2, 0, '2');
    expect_nothing(&s);
    assert_int_equal(s.published, 1);
    assert_int_equal(s.pub_id, 1);
    assert_int_equal(s.pub_code, 0x92);
    /* And an id of the old session is a new message. */
    SAY(&s, 0x34, 6, 0, 1, 'm', 0, 5, 0);
    assert_true(until(&s, &s.messages, 2));
    scene_done(&s);
}

/* PUBREL counts until PUBCOMP. */
static void test_receive_maximum_of_the_broker(void **state)
{
    struct scene s;

    (void)state;
    scene_init(&s, MQTT_5, 0);
    start(&s);
    SAY(&s, 0x20, 6, 0, 0, 3, 0x21, 0, 1);
    assert_true(until(&s, &s.connected, 1));
    publish(&s, "a", "", 2);
    publish(&s, "b", "", 2);
    EXPECT(&s, 0x34, 6, 0, 1, 'a', 0, 1, 0);
    /* Not sent yet: no acknowledgement can be meant for it. */
    SAY(&s, 0x50, 3, 0, 2, 0x97);
    expect_nothing(&s);
    SAY(&s, 0x50, 2, 0, 1);
    EXPECT(&s, 0x62, 2, 0, 1);
    expect_nothing(&s);
    SAY(&s, 0x70, 2, 0, 1);
    EXPECT(&s, 0x34, 6, 0, 1, 'b', 0, 2, 0);
    assert_int_equal(s.published, 1);
    scene_done(&s);
}

static void test_incoming_exactly_once(void **state)
{
    (void)state;
    for (size_t chunk = 0; chunk < 2; chunk++) {
        struct scene s;
        scene_init(&s, MQTT_3_1_1, chunk);
        go_online(&s, false);
        SAY(&s, 0x34, 6, 0, 1, 'a', 0, 7, '1');
        EXPECT(&s, 0x50, 2, 0, 7);
        SAY(&s, 0x3c, 6, 0, 1, 'a', 0, 7, '1');
        EXPECT(&s, 0x50, 2, 0, 7);
        assert_int_equal(s.messages, 1);
        assert_string_equal(s.heard, "a=1 q2");
        lose_connection(&s);
        go_online(&s, true);
        SAY(&s, 0x3c, 6, 0, 1, 'a', 0, 7, '1');
        EXPECT(&s, 0x50, 2, 0, 7);
        SAY(&s, 0x62, 2, 0, 7);
        EXPECT(&s, 0x70, 2, 0, 7);
        assert_int_equal(s.messages, 1);
        /* Released: the id is free for another message. */
        SAY(&s, 0x34, 6, 0, 1, 'a', 0, 7, '2');
        EXPECT(&s, 0x50, 2, 0, 7);
        assert_int_equal(s.messages, 2);
        scene_done(&s);
    }
}

static void do_abort(struct scene *s)
{
    mqtt_client_abort(s->client);
}

/* Delivered once even if the owner hangs up while it is delivered. */
static void test_lost_in_the_event(void **state)
{
    struct scene s;

    (void)state;
    scene_init(&s, MQTT_5, 0);
    go_online(&s, false);
    s.act = do_abort;
    s.act_in = 'm';
    SAY(&s, 0x34, 6, 0, 1, 'a', 0, 7, 0);
    assert_true(until(&s, &s.messages, 1));
    while (!s.server.gone)
        turns(&s, 1);
    go_online(&s, true);
    SAY(&s, 0x3c, 6, 0, 1, 'a', 0, 7, 0);
    EXPECT(&s, 0x50, 2, 0, 7);
    assert_int_equal(s.messages, 1);
    scene_done(&s);
}

static void test_our_receive_maximum(void **state)
{
    struct scene s;

    (void)state;
    scene_init(&s, MQTT_5, 0);
    go_online(&s, false);
    for (uint8_t id = 1; id <= 100; id++)
        SAY(&s, 0x34, 6, 0, 1, 'a', 0, id, 0);
    assert_true(until(&s, &s.messages, 100));
    assert_int_equal(s.closed, 0);
    /* A repetition is none more. */
    SAY(&s, 0x3c, 6, 0, 1, 'a', 0, 100, 0);
    turns(&s, 20);
    assert_int_equal(s.closed, 0);
    lose_connection(&s);
    s.closed = 0;
    /* Those of an earlier connection do not count. */
    go_online(&s, true);
    for (uint8_t id = 101; id <= 200; id++)
        SAY(&s, 0x34, 6, 0, 1, 'a', 0, id, 0);
    assert_true(until(&s, &s.messages, 200));
    assert_int_equal(s.closed, 0);
    SAY(&s, 0x34, 6, 0, 1, 'a', 0, 201, 0);
    expect_closed(&s, MQTT_CLOSE_PROTOCOL, 0x93, "Receive Maximum");
    assert_int_equal(s.messages, 200);
    scene_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outgoing),
        cmocka_unit_test(test_refused_at_pubrec),
        cmocka_unit_test(test_unknown_ids),
        cmocka_unit_test(test_wrong_answers),
        cmocka_unit_test(test_resumed),
        cmocka_unit_test(test_session_forgotten),
        cmocka_unit_test(test_receive_maximum_of_the_broker),
        cmocka_unit_test(test_incoming_exactly_once),
        cmocka_unit_test(test_lost_in_the_event),
        cmocka_unit_test(test_our_receive_maximum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
