/* The native engine in scripted conversations: within the limits of a profile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scene.h"

static void scene_init_aws(struct scene *s, enum mqtt_version version)
{
    scene_init(s, version, 0);
    mqtt_client_free(s->client);
    assert_true(mqtt_profile_find("aws", &s->config.profile));
    s->client = mqtt_session_new(s->loop, &s->config, &events, s);
}

static void expect_refusal(const struct scene *s, const char *part)
{
    if (strstr(mqtt_client_refusal(s->client), part) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", mqtt_client_refusal(s->client), part);
}

static unsigned sent(const struct scene *s)
{
    unsigned n = 0;

    for (const char *p = buf_cstr((struct buf *)&s->trace); (p = strstr(p, ">PUBLISH")) != NULL;
         p++)
        n++;
    return n;
}

static void messages_keep_the_pace(void **state)
{
    static const enum mqtt_version versions[] = {MQTT_3_1_1, MQTT_5};

    (void)state;
    for (size_t v = 0; v < 2; v++) {
        struct scene s;
        scene_init_aws(&s, versions[v]);
        go_online(&s, false);
        for (int i = 0; i < 190; i++)
            assert_int_equal(publish(&s, "a/b", "x", 0), 0);
        /* All that a second holds have gone, or a few more if time has passed. */
        unsigned first = sent(&s);
        assert_true(first >= 100 && first < 190);
        assert_true(publish(&s, "a/b", "last", 1) > 0);
        while (publish(&s, "a/b", "x", 0) == 0 && sent(&s) < 1000)
            continue;
        expect_refusal(&s, "profile aws: more than 100 messages a second, and 100 wait already");
        assert_true(publish(&s, "a/b", "x", 1) < 0);
        expect_refusal(&s, "100 messages wait");
        usec_t limit = clock_now() + 20 * USEC_PER_SEC;
        while (sent(&s) < 191 && clock_now() < limit)
            turns(&s, 1);
        assert_true(sent(&s) >= 191);
        scene_done(&s);
    }
}

static void what_waits_at_qos_0_goes_with_the_connection(void **state)
{
    struct scene s;

    (void)state;
    scene_init_aws(&s, MQTT_5);
    go_online(&s, false);
    for (int i = 0; i < 150; i++)
        assert_int_equal(publish(&s, "a/b", "x", 0), 0);
    assert_true(publish(&s, "a/b", "kept", 1) > 0);
    lose_connection(&s);
    buf_clear(&s.trace);
    go_online(&s, true);
    assert_int_equal(sent(&s), 1);
    assert_int_equal(expect_packet(&s, MQTT_TYPE_PUBLISH), 0x32);
    expect_nothing(&s);
    scene_done(&s);
}

static void what_comes_counts_too(void **state)
{
    struct scene s;

    (void)state;
    scene_init_aws(&s, MQTT_3_1_1);
    go_online(&s, false);
    for (unsigned i = 0; i < 60; i++)
        SAY(&s, 0x30, 4, 0, 1, 'a', 'x');
    assert_true(until(&s, &s.messages, 60));
    for (int i = 0; i < 140; i++)
        assert_int_equal(publish(&s, "a", "x", 0), 0);
    assert_true(sent(&s) < 140);
    scene_done(&s);
}

static uint16_t subscribe_to(struct scene *s, const char *const *texts, size_t count)
{
    struct mqtt_filter filters[16];

    for (size_t i = 0; i < count; i++)
        filters[i] = (struct mqtt_filter){.filter = slice_str(texts[i]), .qos = 1};
    return mqtt_client_subscribe(s->client, filters, count);
}

static void subscriptions_are_counted(void **state)
{
    static const char *const nine[] = {"1", "2", "3", "4", "5", "6", "7", "8", "9"};
    struct scene s;
    char text[8];
    const char *one = text;

    (void)state;
    scene_init_aws(&s, MQTT_3_1_1);
    assert_int_equal(subscribe_to(&s, nine, 1), 0);
    expect_refusal(&s, "not connected");
    go_online(&s, false);
    assert_int_equal(subscribe_to(&s, nine, 9), 0);
    expect_refusal(&s, "profile aws: 9 filters in one SUBSCRIBE");
    for (unsigned i = 0; i < 50; i++) {
        snprintf(text, sizeof text, "t%u", i);
        uint16_t id = subscribe_to(&s, &one, 1);
        assert_int_not_equal(id, 0);
        SAY(&s, 0x90, 3, (uint8_t)(id >> 8), (uint8_t)id, 1);
        assert_true(until(&s, &s.subscribed, i + 1));
    }
    assert_int_equal(subscribe_to(&s, nine, 1), 0);
    expect_refusal(&s, "1 more subscriptions beside 50");
    /* One that is held may be asked for again. */
    assert_int_not_equal(subscribe_to(&s, &one, 1), 0);
    assert_int_not_equal(
        mqtt_client_unsubscribe(s.client, &(struct slice){(const uint8_t *)text, 3}, 1), 0);
    assert_int_not_equal(subscribe_to(&s, nine, 1), 0);
    /* They are the session's: with it they go. */
    lose_connection(&s);
    go_online(&s, true);
    assert_int_equal(subscribe_to(&s, nine, 2), 0);
    lose_connection(&s);
    go_online(&s, false);
    assert_int_not_equal(subscribe_to(&s, nine, 8), 0);
    scene_done(&s);
}

static void refusals_name_the_limit(void **state)
{
    struct scene s;
    struct mqtt_filter identified = {.filter = slice_str("a"), .identifier = 7};

    (void)state;
    scene_init_aws(&s, MQTT_5);
    assert_true(publish(&s, "a", "x", 0) < 0);
    expect_refusal(&s, "not connected");
    go_online(&s, false);
    assert_true(publish(&s, "a", "x", 2) < 0);
    expect_refusal(&s, "profile aws: a message of QoS 2");
    assert_true(publish(&s, "1/2/3/4/5/6/7/8/9", "x", 0) < 0);
    expect_refusal(&s, "with 8 slashes");
    assert_int_equal(mqtt_client_subscribe(s.client, &identified, 1), 0);
    expect_refusal(&s, "subscription identifier");
    expect_nothing(&s);
    scene_done(&s);
}

static void the_broker_s_own_limits_are_named(void **state)
{
    struct scene s;
    struct mqtt_message retained = {.topic = slice_str("a"), .retain = true};
    struct mqtt_filter identified = {.filter = slice_str("a"), .identifier = 7};

    (void)state;
    scene_init(&s, MQTT_5, 0);
    start(&s);
    /* Maximum QoS 1, Retain Available 0, Maximum Packet Size 32, no subscription identifiers */
    SAY(&s, 0x20, 14, 0, 0, 11, 0x24, 1, 0x25, 0, 0x27, 0, 0, 0, 32, 0x29, 0);
    assert_true(until(&s, &s.connected, 1));
    assert_true(publish(&s, "a", "x", 2) < 0);
    expect_refusal(&s, "Maximum QoS is 1");
    assert_true(mqtt_client_publish(s.client, &retained) < 0);
    expect_refusal(&s, "Retain Available");
    assert_true(publish(&s, "a", "more than would fit into a packet of 32", 1) < 0);
    expect_refusal(&s, "Maximum Packet Size is 32");
    assert_int_equal(mqtt_client_subscribe(s.client, &identified, 1), 0);
    expect_refusal(&s, "Subscription Identifier Available");
    expect_nothing(&s);
    scene_done(&s);
}

static void the_keep_alive_is_brought_into_range(void **state)
{
    static const uint16_t rows[][2] = {
        {10, 30  },
        {0,  1200},
        {60, 60  },
    };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct scene s;
        scene_init_aws(&s, MQTT_3_1_1);
        s.connect.keep_alive_s = rows[i][0];
        assert_true(mqtt_client_connect(s.client, &s.connect, NULL));
        EXPECT(&s, 0x10, 15, 0, 4, 'M', 'Q', 'T', 'T', 4, 0, (uint8_t)(rows[i][1] >> 8),
               (uint8_t)rows[i][1], 0, 3, 'c', 'a', 'r');
        say_connack(&s, false);
        assert_true(until(&s, &s.connected, 1));
        assert_int_equal(s.keep_alive_s, rows[i][1]);
        scene_done(&s);
    }
}

static void a_connect_past_the_limits_is_refused_at_once(void **state)
{
    struct scene s;
    struct mqtt_will will = {
        .message = {.topic = slice_str("w"), .qos = 2}
    };
    struct error err;

    (void)state;
    scene_init_aws(&s, MQTT_5);
    s.connect.will = &will;
    assert_false(mqtt_client_connect(s.client, &s.connect, &err));
    assert_non_null(strstr(err.text, "profile aws: a will of QoS 2"));
    s.connect.will = NULL;
    go_online(&s, false);
    scene_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_keep_the_pace),
        cmocka_unit_test(what_waits_at_qos_0_goes_with_the_connection),
        cmocka_unit_test(what_comes_counts_too),
        cmocka_unit_test(subscriptions_are_counted),
        cmocka_unit_test(refusals_name_the_limit),
        cmocka_unit_test(the_broker_s_own_limits_are_named),
        cmocka_unit_test(the_keep_alive_is_brought_into_range),
        cmocka_unit_test(a_connect_past_the_limits_is_refused_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
