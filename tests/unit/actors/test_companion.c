/* The companion against a real broker: its connection, and what it watches. */
#include "companion_rig.h"

static void test_shadow_and_presence(void **state)
{
    struct heard h = {.loop = loop_new()};
    struct error err;

    (void)state;
    struct companion *c = make_connected(&h, "app-1", 5);
    assert_true(companion_watch(c, "car-1", 0, &err));
    companion_watch_all(c,
                        COMPANION_WATCH_DOCUMENTS | COMPANION_WATCH_DELTA | COMPANION_WATCH_NAMED);
    run_until(h.loop, &h.watching, 2);
    assert_true(h.watching_ok);

    say(c, "$aws/things/car-2/shadow/update/accepted",
        "{\"state\":{\"version\":1},\"version\":7,\"timestamp\":1,\"clientToken\":\"t-\\u0041\"}");
    run_until(h.loop, &h.shadow, 1);
    assert_string_equal(h.thing, "car-2");
    assert_string_equal(h.token, "t-A");
    assert_int_equal(h.version, 7);
    assert_int_equal(h.outcome, COMPANION_OUTCOME_ACCEPTED);

    say(c, "$aws/things/car-2/shadow/get/rejected", "{\"code\":404,\"message\":\"No shadow\"}");
    run_until(h.loop, &h.shadow, 2);
    assert_int_equal(h.code, 404);
    assert_string_equal(h.token, "(none)");
    assert_int_equal(h.version, -1);

    say(c, "$aws/things/car-3/shadow/update/documents", "\xff not JSON");
    run_until(h.loop, &h.shadow, 3);
    assert_string_equal(h.payload, "\xff not JSON");

    say(c, "$aws/things/car-3/shadow/name/doors/update/delta", "{}");
    run_until(h.loop, &h.shadow, 4);
    assert_int_equal(h.outcome, COMPANION_OUTCOME_DELTA);

    say(c, "$aws/events/presence/disconnected/car-9",
        "{\"clientId\":\"car-9\",\"timestamp\":5,\"sessionIdentifier\":\"s-1\","
        "\"clientInitiatedDisconnect\":false,\"disconnectReason\":\"CONNECTION_LOST\","
        "\"versionNumber\":3}");
    run_until(h.loop, &h.presence, 1);
    assert_string_equal(h.thing, "car-9");
    assert_string_equal(h.reason, "CONNECTION_LOST");
    assert_string_equal(h.session, "s-1");
    assert_int_equal(h.version, 3);
    assert_false(h.online);
    companion_free(c);
    loop_free(h.loop);
}

static void test_shadow_requests(void **state)
{
    const struct companion_twin car = {.thing = "car-1"};
    struct heard h = {.loop = loop_new()};
    struct companion_publish sent;
    struct error err;

    (void)state;
    struct companion *c = make_connected(&h, "app-1", 4);
    assert_true(companion_desire(c, car, "{\"locked\":true}", "t-1", &sent, &err));
    assert_int_equal(sent.id, 1);
    assert_true(companion_get_shadow(c, car, "t-2", &sent, &err));
    assert_true(companion_delete_shadow(c, car, NULL, &sent, &err));
    assert_true(companion_update_raw(c, car, slice_str("{"), &sent, &err));
    assert_int_equal(sent.id, 4);
    run_until(h.loop, &h.acked, 4);
    assert_int_equal(h.last_acked.id, 4);
    assert_false(companion_desire(c, car, "{locked:", "t", NULL, &err));
    assert_non_null(strstr(err.text, "not JSON"));
    assert_false(
        companion_desire(c, (struct companion_twin){.thing = "car/1"}, "{}", "t", NULL, &err));
    assert_non_null(strstr(err.text, "thing name"));
    assert_false(companion_get_shadow(c, (struct companion_twin){.thing = "car-1", .name = "a/b"},
                                      NULL, NULL, &err));
    assert_non_null(strstr(err.text, "shadow name"));
    assert_false(companion_publish_raw(c, "a/#", slice_str("x"), NULL, &err));
    companion_close(c);
    assert_false(companion_desire(c, car, "{}", "t", NULL, &err));
    assert_non_null(strstr(err.text, "not connected"));
    companion_open(c);
    run_until(h.loop, &h.connected, 2);
    assert_int_equal(h.lost, 0);
    companion_free(c);
    loop_free(h.loop);
}

static void reconnects(int version)
{
    struct heard h = {.loop = loop_new()};
    struct error err;
    struct companion *c = make_connected(&h, "app-1", version);

    assert_true(companion_watch(c, "car-1", 0, &err));
    run_until(h.loop, &h.watching, 1);
    throwaway_broker_stop(&broker);
    run_until(h.loop, &h.lost, 1);
    assert_non_null(strstr(h.text, "connection lost"));
    assert_false(companion_is_connected(c));
    run_until(h.loop, &h.lost, 2);
    assert_non_null(strstr(h.text, "is the broker running there"));
    assert_true(throwaway_broker_start(&broker));
    run_until(h.loop, &h.connected, 2);
    run_until(h.loop, &h.watching, 2);
    say(c, "$aws/things/car-1/shadow/update/accepted", "{\"version\":1}");
    run_until(h.loop, &h.shadow, 1);
    companion_free(c);
    loop_free(h.loop);
}

static void test_reconnect_mqtt311(void **state)
{
    (void)state;
    reconnects(4);
}

static void test_reconnect_mqtt5(void **state)
{
    (void)state;
    reconnects(5);
}

static void test_taken_over(void **state)
{
    struct heard first = {.loop = loop_new()};
    struct heard second = {.loop = first.loop};

    (void)state;
    make_connected(&first, "app-1", 5);
    make_connected(&second, "app-1", 5);
    run_until(first.loop, &first.lost, 1);
    assert_non_null(strstr(first.text, "connection lost"));
    companion_free(first.companion);
    companion_free(second.companion);
    loop_free(first.loop);
}

static void test_refusals_are_explained(void **state)
{
    static const struct {
        const char *ca, *cert, *expected;
    } cases[] = {
        {"other-ca.pem", "client.pem",   "other-ca.pem the CA that signed the server's"},
        {"ca.pem",       "stranger.pem", "stranger.pem"                                },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct heard h = {.loop = loop_new()};
        make(&h, "app-1", 5, cases[i].ca, cases[i].cert);
        run_until(h.loop, &h.lost, 2);
        assert_non_null(strstr(h.text, cases[i].expected));
        assert_int_equal(h.connected, 0);
        companion_free(h.companion);
        loop_free(h.loop);
    }
}

static void test_wrong_host_is_refused(void **state)
{
    struct heard h = {.loop = loop_new()};
    char *ca = in_dir("ca.pem");
    char *cert = in_dir("client.pem");
    char *uri = xasprintf("mqtts://127.0.0.2:%u", broker.port);
    struct companion_options o = {
        .uri = uri, .client_id = "app-1", .ca_file = ca, .cert_file = cert};
    struct error err;

    (void)state;
    h.companion = companion_new(h.loop, &o, &events, &h, &err);
    assert_non_null(h.companion);
    run_until(h.loop, &h.lost, 1);
    assert_non_null(strstr(h.text, "certificate for that host name"));
    companion_free(h.companion);
    loop_free(h.loop);
    free(ca);
    free(cert);
    free(uri);
}

/* The broker's certificate is of the other kind: chosen ciphers are all that is offered. */
static void test_chosen_ciphers_are_offered(void **state)
{
    struct paho_tls rsa = {.version = "1.2", .ciphers = "ECDHE-RSA-AES128-GCM-SHA256"};
    struct paho_tls ecdsa = {.version = "1.2", .ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256"};
    struct heard h = {.loop = loop_new()};
    struct error err;

    (void)state;
    assert_true(companion_prepare(&rsa, &err));
    make(&h, "app-1", 5, "ca.pem", "client.pem");
    run_until(h.loop, &h.lost, 1);
    assert_non_null(strstr(h.text, "handshake failure"));
    companion_free(h.companion);
    assert_true(companion_prepare(&ecdsa, &err));
    make_connected(&h, "app-1", 5);
    companion_free(h.companion);
    assert_true(companion_prepare(&(struct paho_tls){0}, &err));
    loop_free(h.loop);
}

static void test_bad_options(void **state)
{
    static const struct {
        struct companion_options o;
        const char *expected;
    } cases[] = {
        {{.host = "h", .port = 1},                                            "client id"     },
        {{.host = "h", .port = 1, .client_id = "a/b"},                        "client id"     },
        {{.client_id = "a"},                                                  "no endpoint"   },
        {{.host = "h", .port = 1, .client_id = "a", .mqtt_version = 3},       "MQTT version"  },
        {{.host = "h", .port = 1, .client_id = "a", .ca_file = "/no/ca.pem"}, "/no/ca.pem"    },
        {{.uri = "gopher://h", .client_id = "a"},                             "unknown scheme"},
    };
    struct loop *loop = loop_new();
    struct error err;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_null(companion_new(loop, &cases[i].o, &events, NULL, &err));
        assert_non_null(strstr(err.text, cases[i].expected));
    }
    loop_free(loop);
}

static void flood(struct companion *c, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        say(c, "$aws/things/car-1/shadow/update/accepted", "{\"version\":1,\"clientToken\":\"t\"}");
}

static void test_free_during_traffic(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 10; i++) {
        struct heard h = {.loop = loop_new(), .free_on_message = i % 2 == 0};
        struct heard other = {.loop = h.loop};
        make_connected(&h, "app-1", i % 4 < 2 ? 4 : 5);
        make_connected(&other, "app-2", 5);
        companion_watch_all(h.companion, 0);
        companion_watch_all(other.companion, 0);
        run_until(h.loop, &h.watching, 1);
        run_until(h.loop, &other.watching, 1);
        flood(other.companion, 200);
        flood(h.companion, 100);
        run_until(h.loop, &h.shadow, h.free_on_message ? 1 : 20);
        companion_free(h.companion);
        unsigned shadows = h.shadow;
        unsigned acks = h.acked;
        run_until(h.loop, &other.shadow, 200);
        assert_int_equal(h.shadow, shadows);
        assert_int_equal(h.acked, acks);
        companion_free(other.companion);
        loop_free(h.loop);
    }
}

static void test_free_while_connecting(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        struct heard h = {.loop = loop_new()};
        make(&h, "app-1", i % 2 ? 4 : 5, "ca.pem", "client.pem");
        if (i % 4 > 1)
            ev_run(h.loop->ev, EVRUN_NOWAIT);
        companion_free(h.companion);
        loop_free(h.loop);
        assert_int_equal(h.connected + h.lost, 0);
    }
}

/* Every publish is answered, the ones that the connection took with it too. */
static void test_each_publish_is_acked(void **state)
{
    struct heard h = {.loop = loop_new()};

    (void)state;
    make_connected(&h, "app-1", 5);
    flood(h.companion, 300);
    throwaway_broker_stop(&broker);
    run_until(h.loop, &h.lost, 1);
    run_until(h.loop, &h.acked, 300);
    assert_int_equal(h.acked, 300);
    companion_free(h.companion);
    loop_free(h.loop);
    assert_true(throwaway_broker_start(&broker));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_options),
        cmocka_unit_test(test_chosen_ciphers_are_offered),
        cmocka_unit_test(test_shadow_and_presence),
        cmocka_unit_test(test_shadow_requests),
        cmocka_unit_test(test_reconnect_mqtt311),
        cmocka_unit_test(test_reconnect_mqtt5),
        cmocka_unit_test(test_taken_over),
        cmocka_unit_test(test_refusals_are_explained),
        cmocka_unit_test(test_wrong_host_is_refused),
        cmocka_unit_test(test_free_during_traffic),
        cmocka_unit_test(test_free_while_connecting),
        cmocka_unit_test(test_each_publish_is_acked),
    };

    return RIG_RUN("companion", tests);
}
