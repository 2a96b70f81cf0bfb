/*
 * The native engine in scripted conversations: subscribe options and identifiers, UNSUBSCRIBE, what
 * brokers say beside their codes, properties of DISCONNECT.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "scene.h"

static const struct mqtt_filter all_options = {
    .filter = {(const uint8_t *)"a", 1},
    .qos = 2,
    .no_local = true,
    .retain_as_published = true,
    .retain_handling = 2,
    .identifier = 300
};

static void test_subscribe_options(void **state)
{
    struct mqtt_filter filters[] = {
        all_options, {.filter = slice_str("b"), .retain_handling = 1}
    };
    struct scene s;

    (void)state;
    scene_init(&s, MQTT_5, 1);
    go_online(&s, false);
    assert_int_equal(mqtt_client_subscribe(s.client, filters, 2), 1);
    EXPECT(&s, 0x82, 14, 0, 1, 3, 0x0b, 0xac, 2, 0, 1, 'a', 0x2e, 0, 1, 'b', 0x10);
    SAY(&s, 0x30, 7, 0, 1, 'a', 3, 0x0b, 0xac, 2);
    assert_true(until(&s, &s.messages, 1));
    assert_int_equal(s.subscription, 300);
    filters[0].identifier = 268435456;
    assert_int_equal(mqtt_client_subscribe(s.client, filters, 2), 0);
    scene_done(&s);

    scene_init(&s, MQTT_3_1_1, 0);
    go_online(&s, false);
    assert_int_equal(mqtt_client_subscribe(s.client, &all_options, 1), 1);
    EXPECT(&s, 0x82, 6, 0, 1, 0, 1, 'a', 2);
    scene_done(&s);
}

static void test_limits_of_the_broker(void **state)
{
    struct mqtt_filter filter = all_options;
    struct slice longer = slice_str("a/b/c/d");
    struct scene s;

    (void)state;
    scene_init(&s, MQTT_5, 0);
    start(&s);
    /* No subscription identifiers, packets of 9 bytes at most */
    SAY(&s, 0x20, 10, 0, 0, 7, 0x29, 0, 0x27, 0, 0, 0, 9);
    assert_true(until(&s, &s.connected, 1));
    assert_int_equal(mqtt_client_subscribe(s.client, &filter, 1), 0);
    filter.identifier = 0;
    assert_true(mqtt_client_subscribe(s.client, &filter, 1) > 0);
    expect_packet(&s, MQTT_TYPE_SUBSCRIBE);
    filter.filter = longer;
    assert_int_equal(mqtt_client_subscribe(s.client, &filter, 1), 0);
    assert_int_equal(mqtt_client_unsubscribe(s.client, &longer, 1), 0);
    expect_nothing(&s);
    /* A goodbye that is too long is left out. */
    struct mqtt_props props = {.reason_string = longer};
    mqtt_props_set(&props, MQTT_PROP_REASON_STRING);
    mqtt_client_disconnect_with(s.client, 0, &props);
    expect_nothing(&s);
    scene_done(&s);
}

static void test_unsubscribe(void **state)
{
    const struct slice filters[] = {slice_str("a"), slice_str("b/#")};
    struct scene s;

    (void)state;
    scene_init(&s, MQTT_5, 1);
    assert_int_equal(mqtt_client_unsubscribe(s.client, filters, 2), 0);
    go_online(&s, false);
    assert_int_equal(mqtt_client_unsubscribe(s.client, filters, 0), 0);
    assert_int_equal(mqtt_client_unsubscribe(s.client, filters, 2), 1);
    EXPECT(&s, 0xa2, 11, 0, 1, 0, 0, 1, 'a', 0, 3, 'b', '/', '#');
    SAY(&s, 0xb0, 5, 0, 1, 0, 0, 0x11);
    assert_true(until(&s, &s.unsubscribed, 1));
    assert_int_equal(s.sub_id, 1);
    assert_int_equal(s.sub_count, 2);
    assert_int_equal(s.sub_codes[1], 0x11);
    /* Once only. */
    SAY(&s, 0xb0, 5, 0, 1, 0, 0, 0x11);
    expect_closed(&s, MQTT_CLOSE_PROTOCOL, 0x82, "UNSUBACK for no UNSUBSCRIBE");
    scene_done(&s);

    scene_init(&s, MQTT_3_1_1, 0);
    go_online(&s, false);
    assert_int_equal(mqtt_client_unsubscribe(s.client, filters, 1), 1);
    EXPECT(&s, 0xa2, 5, 0, 1, 0, 1, 'a');
    SAY(&s, 0xb0, 2, 0, 1);
    assert_true(until(&s, &s.unsubscribed, 1));
    assert_int_equal(s.sub_count, 0);
    scene_done(&s);
}

/* A SUBACK does not answer an UNSUBSCRIBE, nor the other way round. */
static void test_answers_of_the_other_kind(void **state)
{
    const struct slice filter = slice_str("a");
    struct scene s;

    (void)state;
    scene_init(&s, MQTT_5, 0);
    go_online(&s, false);
    mqtt_client_unsubscribe(s.client, &filter, 1);
    SAY(&s, 0x90, 4, 0, 1, 0, 0);
    expect_closed(&s, MQTT_CLOSE_PROTOCOL, 0x82, "SUBACK for no SUBSCRIBE");
    scene_done(&s);

    scene_init(&s, MQTT_5, 0);
    go_online(&s, false);
    mqtt_client_subscribe(s.client, &all_options, 1);
    SAY(&s, 0xb0, 4, 0, 1, 0, 0);
    expect_closed(&s, MQTT_CLOSE_PROTOCOL, 0x82, "UNSUBACK");
    scene_done(&s);
}

static void do_abort(struct scene *s)
{
    mqtt_client_abort(s->client);
}

static void test_remarks(void **state)
{
    struct scene s;

    (void)state;
    scene_init(&s, MQTT_5, 1);
    go_online(&s, false);
    mqtt_client_subscribe(s.client, &all_options, 1);
    SAY(&s, 0x90, 17, 0, 1, 13, 0x1f, 0, 3, 'n', 'o', '!', 0x26, 0, 1, 'k', 0, 1, 'v', 0x87);
    assert_true(until(&s, &s.subscribed, 1));
    assert_string_equal(s.remark, "1 no!; k=v");
    publish(&s, "t", "", 1);
    SAY(&s, 0x40, 8, 0, 2, 0x10, 4, 0x1f, 0, 1, 'x');
    assert_true(until(&s, &s.published, 1));
    assert_string_equal(s.remark, "2 x");
    /* Nothing said, no remark. */
    publish(&s, "t", "", 1);
    SAY(&s, 0x40, 2, 0, 3);
    assert_true(until(&s, &s.published, 2));
    assert_int_equal(s.remarks, 2);
    /* Who ends it there hears no more. */
    publish(&s, "t", "", 1);
    s.act = do_abort;
    s.act_in = 'r';
    SAY(&s, 0x40, 8, 0, 4, 0x10, 4, 0x1f, 0, 1, 'x');
    assert_true(until(&s, &s.remarks, 3));
    turns(&s, 20);
    assert_int_equal(s.published, 2);
    scene_done(&s);
}

static void test_closed_says_all(void **state)
{
    struct scene s;

    (void)state;
    scene_init(&s, MQTT_5, 1);
    start(&s);
    SAY(&s, 0x20, 10, 0, 0x9d, 7, 0x1c, 0, 4, 'b', ':', '8', '8');
    expect_closed(&s, MQTT_CLOSE_REFUSED, 0x9d, "Server moved (0x9d): use another server: b:88");
    scene_done(&s);

    scene_init(&s, MQTT_5, 0);
    go_online(&s, false);
    SAY(&s, 0xe0, 18, 0x9c, 16, 0x1f, 0, 1, 'x', 0x1c, 0, 2, 'b', '2', 0x26, 0, 1, 'k', 0, 1, 'v');
    expect_closed(&s, MQTT_CLOSE_SERVER, 0x9c, "(0x9c): x; use another server: b2; k=v");
    scene_done(&s);
}

static void test_disconnect_with(void **state)
{
    struct mqtt_props props = {.session_expiry_interval = 7, .reason_string = slice_str("x")};
    struct scene s;

    (void)state;
    mqtt_props_set(&props, MQTT_PROP_SESSION_EXPIRY_INTERVAL);
    mqtt_props_set(&props, MQTT_PROP_REASON_STRING);
    props.topic_alias = 3;
    mqtt_props_set(&props, MQTT_PROP_TOPIC_ALIAS);
    scene_init(&s, MQTT_5, 0);
    s.connect.session_expiry_s = 60;
    go_online(&s, false);
    mqtt_client_disconnect_with(s.client, 0, &props);
    EXPECT(&s, 0xe0, 11, 0, 9, 0x11, 0, 0, 0, 7, 0x1f, 0, 1, 'x');
    /* A session that was to end with its connection cannot be kept now. */
    s.connect.session_expiry_s = 0;
    go_online(&s, false);
    mqtt_client_disconnect_with(s.client, 0, &props);
    EXPECT(&s, 0xe0, 6, 0, 4, 0x1f, 0, 1, 'x');
    s.connect.version = MQTT_3_1_1;
    go_online(&s, false);
    mqtt_client_disconnect_with(s.client, 0, &props);
    EXPECT(&s, 0xe0, 0);
    assert_int_equal(s.closed, 0);
    scene_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_subscribe_options), cmocka_unit_test(test_limits_of_the_broker),
        cmocka_unit_test(test_unsubscribe),       cmocka_unit_test(test_answers_of_the_other_kind),
        cmocka_unit_test(test_remarks),           cmocka_unit_test(test_closed_says_all),
        cmocka_unit_test(test_disconnect_with),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
