/* Subscriptions of a companion's own, and messages whole, against a real broker. */
#include "companion_rig.h"
#include "mqtt/reason.h"

static void subscribe(struct heard *h, struct mqtt_filter filter)
{
    struct error err = {.text = ""};
    unsigned before = h->subscribed;
    uint64_t id = 0;
    bool ok = companion_subscribe(h->companion, &filter, &id, &err);

    assert_string_equal(err.text, "");
    assert_true(ok);
    run_until(h->loop, &h->subscribed, before + 1);
    assert_int_equal(h->last_subscribed.id, id);
    assert_true(h->last_subscribed.ok);
}

static void publish(struct heard *h, const char *topic, const char *payload, uint8_t qos,
                    bool retain)
{
    struct mqtt_message m = {
        .topic = slice_str(topic), .payload = slice_str(payload), .qos = qos, .retain = retain};
    struct error err = {.text = ""};
    unsigned before = h->acked;
    bool ok = companion_publish(h->companion, &m, NULL, &err);

    assert_string_equal(err.text, "");
    assert_true(ok);
    run_until(h->loop, &h->acked, before + 1);
    assert_true(h->acked_ok);
}

static void every_quality_of_service(void **state)
{
    static const int versions[] = {4, 5};

    (void)state;
    for (size_t v = 0; v < 2; v++) {
        struct heard h = {.loop = loop_new()};
        make_connected(&h, "app-1", versions[v]);
        subscribe(&h, (struct mqtt_filter){.filter = slice_str("qos/+"), .qos = 2});
        for (uint8_t qos = 0; qos <= 2; qos++) {
            publish(&h, "qos/topic", "hello", qos, false);
            run_until(h.loop, &h.message, qos + 1u);
            assert_string_equal(h.topic, "qos/topic");
            assert_string_equal(h.payload, "hello");
            assert_int_equal(h.last_message.qos, qos);
            assert_false(h.last_message.retain);
        }
        companion_free(h.companion);
        loop_free(h.loop);
    }
}

static void properties_arrive(void **state)
{
    struct heard h = {.loop = loop_new()};
    struct mqtt_message m = {.topic = slice_str("props/x"), .payload = slice_str("{}"), .qos = 1};
    struct error err;
    struct buf user;

    (void)state;
    make_connected(&h, "app-1", 5);
    subscribe(&h, (struct mqtt_filter){.filter = slice_str("props/#"), .qos = 1, .identifier = 77});
    buf_init(&user, 1024);
    assert_true(mqtt_props_add_user(&user, slice_str("region"), slice_str("eu")));
    m.props.user = buf_slice(&user);
    m.props.content_type = slice_str("application/json");
    mqtt_props_set(&m.props, MQTT_PROP_CONTENT_TYPE);
    m.props.message_expiry_interval = 60;
    mqtt_props_set(&m.props, MQTT_PROP_MESSAGE_EXPIRY_INTERVAL);
    assert_true(companion_publish(h.companion, &m, NULL, &err));
    run_until(h.loop, &h.message, 1);
    assert_string_equal(h.user, "region=eu");
    assert_string_equal(h.content_type, "application/json");
    assert_int_equal(h.last_message.props.subscription_identifier, 77);
    assert_true(h.last_message.props.message_expiry_interval <= 60);
    buf_done(&user);
    companion_free(h.companion);
    loop_free(h.loop);
}

static void options_of_a_subscription_count(void **state)
{
    struct heard h = {.loop = loop_new()};

    (void)state;
    make_connected(&h, "app-1", 5);
    publish(&h, "opt/kept", "old", 1, true);
    /* Not ours; nothing that is kept; with its flag. The order of messages tells what never came.
     */
    subscribe(&h, (struct mqtt_filter){.filter = slice_str("opt/own"), .qos = 1, .no_local = true});
    subscribe(&h, (struct mqtt_filter){.filter = slice_str("opt/kept"),
                                       .qos = 1,
                                       .retain_handling = 2,
                                       .retain_as_published = true});
    publish(&h, "opt/own", "mine", 1, false);
    publish(&h, "opt/kept", "new", 1, true);
    run_until(h.loop, &h.message, 1);
    assert_string_equal(h.payload, "new");
    assert_true(h.last_message.retain);
    publish(&h, "opt/kept", "", 1, true);
    run_until(h.loop, &h.message, 2);
    assert_string_equal(h.payload, "");
    companion_free(h.companion);
    loop_free(h.loop);
}

static void a_retained_message_meets_who_comes_later(void **state)
{
    struct heard first = {.loop = loop_new()};
    struct heard second = {.loop = first.loop};
    struct heard third = {.loop = first.loop};

    (void)state;
    make_connected(&first, "app-1", 5);
    publish(&first, "kept/config", "v1", 1, true);
    make_connected(&second, "app-2", 4);
    subscribe(&second, (struct mqtt_filter){.filter = slice_str("kept/config"), .qos = 1});
    run_until(first.loop, &second.message, 1);
    assert_string_equal(second.payload, "v1");
    assert_true(second.last_message.retain);
    publish(&first, "kept/config", "", 1, true);
    run_until(first.loop, &second.message, 2);
    assert_string_equal(second.payload, "");
    assert_false(second.last_message.retain);
    make_connected(&third, "app-3", 5);
    subscribe(&third, (struct mqtt_filter){.filter = slice_str("kept/#"), .qos = 1});
    publish(&first, "kept/end", "end", 1, false);
    run_until(first.loop, &third.message, 1);
    assert_string_equal(third.topic, "kept/end");
    companion_free(first.companion);
    companion_free(second.companion);
    companion_free(third.companion);
    loop_free(first.loop);
}

static void a_group_shares_what_comes(void **state)
{
    struct heard a = {.loop = loop_new()};
    struct heard b = {.loop = a.loop};
    struct heard all = {.loop = a.loop};

    (void)state;
    make_connected(&a, "app-1", 5);
    make_connected(&b, "app-2", 5);
    make_connected(&all, "app-3", 4);
    subscribe(&a, (struct mqtt_filter){.filter = slice_str("$share/workers/dt/#"), .qos = 1});
    subscribe(&b, (struct mqtt_filter){.filter = slice_str("$share/workers/dt/#"), .qos = 1});
    subscribe(&all, (struct mqtt_filter){.filter = slice_str("dt/#"), .qos = 1});
    for (unsigned i = 0; i < 20; i++)
        publish(&all, "dt/trip", "x", 1, false);
    run_until(a.loop, &all.message, 20);
    /* What is behind it in each connection has come: nothing is on its way any more. */
    subscribe(&a, (struct mqtt_filter){.filter = slice_str("none/a"), .qos = 1});
    subscribe(&b, (struct mqtt_filter){.filter = slice_str("none/b"), .qos = 1});
    assert_int_equal(a.message + b.message, 20);
    assert_true(a.message > 0 && b.message > 0);
    companion_free(a.companion);
    companion_free(b.companion);
    companion_free(all.companion);
    loop_free(a.loop);
}

static void subscriptions_outlive_the_connection(void **state)
{
    struct heard h = {.loop = loop_new()};
    struct error err;
    uint64_t id = 0;

    (void)state;
    make_connected(&h, "app-1", 5);
    subscribe(&h, (struct mqtt_filter){.filter = slice_str("again/#"), .qos = 1});
    subscribe(&h, (struct mqtt_filter){.filter = slice_str("gone/#"), .qos = 1});
    assert_true(companion_unsubscribe(h.companion, slice_str("gone/#"), &id, &err));
    run_until(h.loop, &h.subscribed, 3);
    assert_int_equal(h.last_subscribed.id, id);
    assert_true(h.last_subscribed.ok);
    assert_false(companion_unsubscribe(h.companion, slice_str("gone/#"), &id, &err));
    assert_non_null(strstr(err.text, "not subscribed"));
    throwaway_broker_stop(&broker);
    run_until(h.loop, &h.lost, 1);
    assert_true(throwaway_broker_start(&broker));
    run_until(h.loop, &h.subscribed, 4);
    publish(&h, "gone/x", "x", 1, false);
    publish(&h, "again/x", "y", 1, false);
    run_until(h.loop, &h.message, 1);
    assert_string_equal(h.topic, "again/x");
    companion_free(h.companion);
    loop_free(h.loop);
}

static void what_cannot_be_is_said(void **state)
{
    static const struct {
        struct mqtt_filter filter;
        const char *expected;
    } filters[] = {
        {{.filter = {(const uint8_t *)"a/#/b", 5}},                         "not a topic filter"},
        {{.filter = {(const uint8_t *)"$share//a", 9}},                     "not a topic filter"},
        {{.filter = {(const uint8_t *)"$share/g/a", 10}, .no_local = true}, "no_local"          },
    };
    struct heard h = {.loop = loop_new()};
    struct mqtt_message m = {.topic = slice_str("a/+"), .qos = 1};
    struct error err;
    uint64_t id = 0;

    (void)state;
    make_connected(&h, "app-1", 5);
    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++) {
        assert_false(companion_subscribe(h.companion, &filters[i].filter, &id, &err));
        assert_non_null(strstr(err.text, filters[i].expected));
    }
    assert_false(companion_publish(h.companion, &m, NULL, &err));
    assert_non_null(strstr(err.text, "cannot publish"));
    companion_close(h.companion);
    assert_false(companion_subscribe(h.companion, &(struct mqtt_filter){.filter = slice_str("a")},
                                     &id, &err));
    assert_non_null(strstr(err.text, "not connected"));
    companion_free(h.companion);
    loop_free(h.loop);
}

static void the_reason_of_a_takeover_is_told(void **state)
{
    struct heard first = {.loop = loop_new()};
    struct heard second = {.loop = first.loop};

    (void)state;
    make_connected(&first, "app-1", 5);
    make_connected(&second, "app-1", 5);
    run_until(first.loop, &first.lost, 1);
    /* Paho reads the DISCONNECT only if the broker does not hang up at once. */
    assert_true(first.lost_code == MQTT_REASON_SESSION_TAKEN_OVER || first.lost_code == 0);
    companion_free(first.companion);
    companion_free(second.companion);
    loop_free(first.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_quality_of_service),
        cmocka_unit_test(properties_arrive),
        cmocka_unit_test(options_of_a_subscription_count),
        cmocka_unit_test(a_retained_message_meets_who_comes_later),
        cmocka_unit_test(a_group_shares_what_comes),
        cmocka_unit_test(subscriptions_outlive_the_connection),
        cmocka_unit_test(what_cannot_be_is_said),
        cmocka_unit_test(the_reason_of_a_takeover_is_told),
    };

    return RIG_RUN("companion_message", tests);
}
