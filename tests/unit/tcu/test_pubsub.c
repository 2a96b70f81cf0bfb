#include "unit/tcu/car.h"

static void on_message(void *ctx, struct tcu *t, const struct mqtt_message *m)
{
    (void)t;
    car_log(ctx, "message", "%.*s=%.*s", SLICE_ARGS(m->topic), SLICE_ARGS(m->payload));
}

static void on_answered(void *ctx, struct tcu *t, uint16_t packet_id, const uint8_t *codes,
                        size_t count, const char *remark)
{
    (void)t;
    car_log(ctx, "answered", "%u %zu 0x%02x %s", packet_id, count, count != 0 ? codes[0] : 0,
            remark != NULL ? remark : "-");
}

static struct car *car_listening(const char *profile)
{
    struct car *car = car_draft();

    car->observer.message = on_message;
    car->observer.answered = on_answered;
    assert_true(mqtt_profile_find(profile, &car->config.profile));
    car_build(car);
    return car;
}

static uint16_t subscribe(struct car *car, const char *filter, uint8_t qos, struct error *err)
{
    return tcu_subscribe(car->tcu, &(struct mqtt_filter){.filter = slice_str(filter), .qos = qos},
                         1, err);
}

static int32_t publish(struct car *car, const char *topic, uint8_t qos, struct error *err)
{
    return tcu_publish(
        car->tcu,
        &(struct mqtt_message){.topic = slice_str(topic), .payload = slice_str("x"), .qos = qos},
        err);
}

static void messages_come_for_subscriptions(void **state)
{
    struct car *car = car_listening("generic");
    struct error err;

    (void)state;
    car_go_online(car);
    fake_message(car->client, "dt/a/1", "early");
    assert_not_saw(car, "message dt");
    assert_saw(car, "note bad message: dt/a/1");
    uint16_t id = subscribe(car, "dt/a/#", 1, &err);
    assert_int_not_equal(id, 0);
    /* A retained one may come before the SUBACK. */
    fake_message(car->client, "dt/a/1", "one");
    assert_saw(car, "message dt/a/1=one");
    car->client->base.events->remark(car->tcu, id, "no more than QoS 0");
    fake_suback(car->client, 0);
    assert_saw(car, "answered");
    assert_saw(car, " 1 0x00 no more than QoS 0");
    /* What the TCU itself waits for goes to both. */
    subscribe(car, CMD "/#", 1, &err);
    fake_suback(car->client, 1);
    assert_saw(car, " 1 0x01 -");
    fake_message(car->client, CMD "/request", "{}");
    assert_saw(car, "message " CMD "/request={}");
    assert_saw(car, "note bad message");
    /* The broker forgets the session: it asked for nothing. */
    fake_close(car->client, MQTT_CLOSE_TCP, "reset");
    car_await(car, TCU_CONNECTING);
    fake_connected(car->client, false);
    fake_suback(car->client, 1);
    car_blank(car);
    fake_message(car->client, "dt/a/1", "late");
    assert_not_saw(car, "message dt");
    car_free(car);
}

static void answers_reach_the_observer(void **state)
{
    struct car *car = car_listening("generic");
    struct error err;

    (void)state;
    car_go_online(car);
    int32_t id = publish(car, "dt/x", 1, &err);
    assert_true(id > 0);
    assert_int_equal(publish(car, "dt/x", 0, &err), 0);
    fake_puback(car->client, id, 0x10);
    assert_saw(car, " 1 0x10 -");
    car->client->base.events->unsubscribed(car->tcu, 77, NULL, 0);
    assert_saw(car, "answered 77 0 0x00 -");
    car_free(car);
}

static void refusals_say_why(void **state)
{
    static const struct {
        const char *topic;
        uint8_t qos;
        const char *part;
    } rows[] = {
        {"",                  0, "not a topic"  },
        {"a/+",               0, "not a topic"  },
        {"a",                 2, "profile aws: "},
        {"1/2/3/4/5/6/7/8/9", 0, "8 slashes"    },
    };
    struct car *car = car_listening("aws");
    struct error err;

    (void)state;
    assert_true(publish(car, "a", 0, &err) < 0);
    assert_int_equal(subscribe(car, "a", 0, &err), 0);
    car_go_online(car);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        car_blank(car);
        assert_true(publish(car, rows[i].topic, rows[i].qos, &err) < 0);
        if (strstr(err.text, rows[i].part) == NULL)
            fail_msg("no \"%s\" in \"%s\"", rows[i].part, err.text);
        assert_saw(car, "note refused: ");
        assert_saw(car, rows[i].part);
    }
    assert_int_equal(subscribe(car, "a#", 0, &err), 0);
    assert_non_null(strstr(err.text, "not a topic filter: a#"));
    assert_int_equal(subscribe(car, "a", 2, &err), 0);
    assert_non_null(strstr(err.text, "profile aws: a subscription of QoS 2"));
    assert_int_equal(tcu_subscribe(car->tcu, NULL, 0, &err), 0);
    /* This client cannot. */
    assert_int_equal(tcu_unsubscribe(car->tcu, &(struct slice){(const uint8_t *)"a", 1}, 1, &err),
                     0);
    car->client->fail_publish = car->client->fail_subscribe = true;
    assert_true(publish(car, "a", 0, &err) < 0);
    assert_int_equal(subscribe(car, "a", 0, &err), 0);
    assert_false(tcu_telemetry(car->tcu, "speed", slice_str("1"), 0));
    assert_saw(car, "note refused: telemetry: ");
    car_free(car);
}

static void what_the_broker_takes_counts(void **state)
{
    struct car *car = car_listening("generic");
    struct mqtt_connack connack = {.keep_alive_s = 30};
    struct mqtt_message retained = {.topic = slice_str("a"), .retain = true};
    struct mqtt_filter identified = {.filter = slice_str("a"), .identifier = 1};
    struct error err;

    (void)state;
    tcu_power_on(car->tcu);
    mqtt_props_set(&connack.props, MQTT_PROP_MAXIMUM_QOS);
    connack.props.maximum_qos = 1;
    mqtt_props_set(&connack.props, MQTT_PROP_RETAIN_AVAILABLE);
    mqtt_props_set(&connack.props, MQTT_PROP_SUBSCRIPTION_IDENTIFIER_AVAILABLE);
    car->client->up = true;
    car->client->base.events->connected(car->tcu, &connack);
    assert_true(publish(car, "a", 2, &err) < 0);
    assert_non_null(strstr(err.text, "Maximum QoS is 1"));
    assert_true(tcu_publish(car->tcu, &retained, &err) < 0);
    assert_non_null(strstr(err.text, "Retain Available"));
    assert_int_equal(tcu_subscribe(car->tcu, &identified, 1, &err), 0);
    assert_non_null(strstr(err.text, "Subscription Identifier"));
    assert_true(publish(car, "a", 1, &err) > 0);
    car_free(car);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_come_for_subscriptions),
        cmocka_unit_test(answers_reach_the_observer),
        cmocka_unit_test(refusals_say_why),
        cmocka_unit_test(what_the_broker_takes_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
