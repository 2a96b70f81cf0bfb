/* The client on Paho within a broker's limits (profiles). */
#include "unit/paho/party.h"

static void expect_refusal(const struct party *p, const char *part)
{
    if (strstr(mqtt_client_refusal(p->client), part) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", mqtt_client_refusal(p->client), part);
}

static void party_init_aws(struct party *p, struct loop *loop, enum mqtt_version version)
{
    const struct mqtt_profile *aws = NULL;

    assert_true(mqtt_profile_find("aws", &aws));
    party_init_with(p, loop, version, "within", "client.pem", aws);
}

static void test_profile_pace(void **state)
{
    (void)state;
    for (size_t v = 0; v < 2; v++) {
        struct loop *loop = loop_new();
        struct party witness;
        struct party p;

        party_init(&witness, loop, MQTT_5, "witness", "client.pem");
        start(&witness);
        subscribe(&witness, "paced");
        party_init_aws(&p, loop, versions[v]);
        start(&p);
        usec_t began = clock_now();
        for (int i = 0; i < 130; i++)
            assert_int_equal(publish(&p, "paced", "x", 0), 0);
        assert_true(publish(&p, "paced", "end", 1) > 0);
        unsigned more = 0;
        while (publish(&p, "paced", "x", 0) == 0 && more < 1000)
            more++;
        expect_refusal(&p, "profile aws: more than 100 messages a second, and 100 wait already");
        assert_true(publish(&p, "paced", "x", 1) < 0);
        expect_refusal(&p, "100 messages wait");
        run_until(&p, PUBLISHED, 1);
        /* 31 had to wait for their turn, and were not overtaken. */
        assert_true(clock_now() - began >= 300000);
        run_until(&witness, ENDED, 1);
        assert_true(witness.count[MESSAGE] >= 131);
        mqtt_client_free(p.client);
        mqtt_client_free(witness.client);
        loop_free(loop);
    }
}

static void test_profile_subscriptions(void **state)
{
    struct mqtt_filter nine[9] = {0};
    char text[8];
    struct loop *loop = loop_new();
    struct party p;

    (void)state;
    for (size_t i = 0; i < 9; i++)
        nine[i] = (struct mqtt_filter){.filter = slice_of(&"123456789"[i], 1), .qos = 1};
    party_init_aws(&p, loop, MQTT_3_1_1);
    assert_int_equal(mqtt_client_subscribe(p.client, nine, 1), 0);
    expect_refusal(&p, "not connected");
    start(&p);
    assert_int_equal(mqtt_client_subscribe(p.client, nine, 9), 0);
    expect_refusal(&p, "profile aws: 9 filters in one SUBSCRIBE");
    for (unsigned i = 0; i < 50; i++) {
        snprintf(text, sizeof text, "t%u", i);
        subscribe(&p, text);
    }
    assert_int_equal(mqtt_client_subscribe(p.client, nine, 1), 0);
    expect_refusal(&p, "profile aws: 1 more subscriptions beside 50");
    subscribe(&p, "t7"); /* it is held already */
    assert_true(mqtt_client_unsubscribe(p.client, &(struct slice){(const uint8_t *)"t7", 2}, 1) !=
                0);
    run_until(&p, SUBSCRIBED, 52);
    assert_true(mqtt_client_subscribe(p.client, nine, 1) != 0);
    run_until(&p, SUBSCRIBED, 53);
    /* With the session they go. */
    mqtt_client_disconnect(p.client, 0);
    start(&p);
    assert_true(mqtt_client_subscribe(p.client, nine, 8) != 0);
    mqtt_client_free(p.client);
    loop_free(loop);
}

static void test_profile_messages(void **state)
{
    static const uint8_t large[128 * 1024 + 1];
    struct mqtt_message m = {.topic = slice_str("a"), .payload = slice_of(large, sizeof large)};
    struct mqtt_will will = {
        .message = {.topic = slice_str("w"), .qos = 2}
    };
    struct mqtt_filter identified = {.filter = slice_str("a"), .identifier = 7};
    struct loop *loop = loop_new();
    struct error err = {.text = ""};
    struct party p;

    (void)state;
    party_init_aws(&p, loop, MQTT_5);
    p.connect.will = &will;
    assert_false(mqtt_client_connect(p.client, &p.connect, &err));
    assert_non_null(strstr(err.text, "profile aws: a will of QoS 2"));
    p.connect.will = NULL;
    start(&p);
    assert_true(publish(&p, "a", "x", 2) < 0);
    expect_refusal(&p, "profile aws: a message of QoS 2");
    assert_true(mqtt_client_publish(p.client, &m) < 0);
    expect_refusal(&p, "profile aws: a message of 131073 bytes");
    assert_int_equal(mqtt_client_subscribe(p.client, &identified, 1), 0);
    expect_refusal(&p, "profile aws: a subscription identifier");
    mqtt_client_disconnect(p.client, 0);
    /* The keep-alive is brought into range. */
    p.connect.keep_alive_s = 10;
    p.kept_alive = 30;
    start(&p);
    mqtt_client_free(p.client);
    loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_profile_pace),
        cmocka_unit_test(test_profile_subscriptions),
        cmocka_unit_test(test_profile_messages),
    };

    if (!throwaway_broker_available())
        return 0;
    return cmocka_run_group_tests(tests, broker_setup, broker_teardown);
}
