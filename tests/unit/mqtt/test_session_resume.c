/* The native engine in scripted conversations: QoS 1 over several connections of one session. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "scene.h"

static void test_resumed_session(void **state)
{
    struct scene s;

    (void)state;
    scene_init(&s, MQTT_3_1_1, 0);
    go_online(&s, false);
    publish(&s, "a", "1", 1);
    publish(&s, "b", "2", 1);
    publish(&s, "c", "3", 1);
    mqtt_client_subscribe(s.client, &(struct mqtt_filter){.filter = slice_str("t"), .qos = 1}, 1);
    SAY(&s, 0x40, 2, 0, 2);
    assert_true(until(&s, &s.published, 1));
    lose_connection(&s);

    /* Resumed: DUP, in order, before anything new; the SUBSCRIBE is the owner's to repeat. */
    go_online(&s, true);
    publish(&s, "d", "4", 1);
    EXPECT(&s, 0x3a, 6, 0, 1, 'a', 0, 1, '1', 0x3a, 6, 0, 1, 'c', 0, 3, '3');
    EXPECT(&s, 0x32, 6, 0, 1, 'd', 0, 5, '4');
    expect_nothing(&s);
    SAY(&s, 0x40, 2, 0, 1);
    assert_true(until(&s, &s.published, 2));
    lose_connection(&s);

    /* The broker has forgotten: as new messages. */
    go_online(&s, false);
    EXPECT(&s, 0x32, 6, 0, 1, 'c', 0, 3, '3', 0x32, 6, 0, 1, 'd', 0, 5, '4');
    expect_nothing(&s);
    lose_connection(&s);

    /* A clean start forgets. */
    s.connect.clean_start = true;
    go_online(&s, false);
    expect_nothing(&s);
    assert_int_equal(publish(&s, "e", "", 1), 6);
    scene_done(&s);
}

static void test_session_survives_disconnect(void **state)
{
    struct scene s;

    (void)state;
    scene_init(&s, MQTT_5, 0);
    go_online(&s, false);
    publish(&s, "a", "1", 1);
    turns(&s, 10);
    buf_clear(&s.server.in);
    mqtt_client_disconnect(s.client, 0);
    EXPECT(&s, 0xe0, 0);
    assert_int_equal(s.closed, 0);
    go_online(&s, true);
    EXPECT(&s, 0x3a, 7, 0, 1, 'a', 0, 1, 0, '1');
    scene_done(&s);
}

static void test_resume_respects_receive_maximum(void **state)
{
    struct scene s;

    (void)state;
    scene_init(&s, MQTT_5, 0);
    go_online(&s, false);
    for (int i = 0; i < 5; i++)
        publish(&s, "t", "p", 1);
    lose_connection(&s);
    start(&s);
    SAY(&s, 0x20, 6, 1, 0, 3, 0x21, 0, 2);
    for (uint8_t id = 1; id <= 5; id++) {
        EXPECT(&s, 0x3a, 7, 0, 1, 't', 0, id, 0, 'p');
        if (id < 2)
            continue;
        expect_nothing(&s);
        SAY(&s, 0x40, 2, 0, (uint8_t)(id - 1));
    }
    scene_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resumed_session),
        cmocka_unit_test(test_session_survives_disconnect),
        cmocka_unit_test(test_resume_respects_receive_maximum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
