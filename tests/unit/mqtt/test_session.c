/* The native engine in scripted conversations: connecting, QoS 0 and 1, breaches, TLS. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "scene.h"

/* --- Connecting --- */

static void test_connect_packet(void **state)
{
    static const struct mqtt_will will = {
        .message = {.topic = {(const uint8_t *)"w", 1},
                    .payload = {(const uint8_t *)"gone", 4},
                    .qos = 1},
    };
    struct scene s;

    (void)state;
    scene_init(&s, MQTT_3_1_1, 0);
    s.connect.clean_start = true;
    s.connect.keep_alive_s = 60;
    s.connect.username = slice_str("u");
    s.connect.password = slice_str("p");
    s.connect.will = &will;
    assert_true(mqtt_client_connect(s.client, &s.connect, NULL));
    assert_int_equal(s.phases[MQTT_PHASE_TCP], 0);
    EXPECT(&s, 0x10, 30, 0, 4, 'M', 'Q', 'T', 'T', 4, 0xce, 0, 60, 0, 3, 'c', 'a', 'r', 0, 1, 'w',
           0, 4, 'g', 'o', 'n', 'e', 0, 1, 'u', 0, 1, 'p');
    expect_nothing(&s);
    scene_done(&s);

    scene_init(&s, MQTT_5, 0);
    s.connect.session_expiry_s = 3600;
    assert_true(mqtt_client_connect(s.client, &s.connect, NULL));
    EXPECT(&s, 0x10, 32, 0, 4, 'M', 'Q', 'T', 'T', 5, 0, 0, 0, 16, 0x11, 0, 0, 0x0e, 0x10, 0x21, 0,
           100, 0x22, 0, 8, 0x27, 0, 0x10, 0, 0, 0, 3, 'c', 'a', 'r');
    scene_done(&s);
}

static void test_connected(void **state)
{
    (void)state;
    for (size_t chunk = 0; chunk < 2; chunk++) {
        struct scene s;
        scene_init(&s, MQTT_5, chunk);
        s.connect.keep_alive_s = 30;
        start(&s);
        /* Server Keep Alive 1200, reason string */
        SAY(&s, 0x20, 10, 1, 0, 7, 0x13, 4, 0xb0, 0x1f, 0, 1, 'x');
        assert_true(until(&s, &s.connected, 1));
        assert_true(s.session_present);
        assert_int_equal(s.keep_alive_s, 1200);
        assert_int_equal(s.phases[MQTT_PHASE_TCP], 1);
        assert_int_equal(s.phases[MQTT_PHASE_TLS], 0);
        assert_int_equal(s.phases[MQTT_PHASE_CONNACK], 1);
        assert_string_equal(buf_cstr(&s.trace), ">CONNECT <CONNACK ");
        scene_done(&s);
    }
}

static void test_refused(void **state)
{
    struct scene s;

    (void)state;
    scene_init(&s, MQTT_5, 1);
    start(&s);
    SAY(&s, 0x20, 9, 0, 0x87, 6, 0x1f, 0, 3, 'n', 'o', '!');
    expect_closed(&s, MQTT_CLOSE_REFUSED, 0x87, "Not authorized (0x87): no!");
    assert_int_equal(s.connected, 0);
    scene_done(&s);

    scene_init(&s, MQTT_3_1_1, 0);
    start(&s);
    SAY(&s, 0x20, 2, 0, 5);
    expect_closed(&s, MQTT_CLOSE_REFUSED, 5, "not authorized (return code 5)");
    scene_done(&s);
}

static void test_connect_errors(void **state)
{
    struct scene s;
    struct error err = {0};
    char *huge = calloc(1, 70000);

    (void)state;
    memset(huge, 'x', 70000);
    scene_init(&s, MQTT_3_1_1, 0);
    s.connect.client_id = slice_of(huge, 70000);
    assert_false(mqtt_client_connect(s.client, &s.connect, &err));
    assert_non_null(strstr(err.text, "too long"));
    s.connect.client_id = slice_str("car");
    s.connect.version = (enum mqtt_version)3;
    assert_false(mqtt_client_connect(s.client, &s.connect, &err));
    s.connect.version = MQTT_5;
    go_online(&s, false);
    scene_done(&s);
    free(huge);
}

static void test_connack_timeout(void **state)
{
    struct scene s;

    (void)state;
    scene_init(&s, MQTT_3_1_1, 0);
    s.connect.connack_timeout = 30000;
    start(&s);
    expect_closed(&s, MQTT_CLOSE_TIMEOUT, 0, "CONNACK");
    scene_done(&s);
}

static void test_peer_closes(void **state)
{
    struct scene s;

    (void)state;
    scene_init(&s, MQTT_3_1_1, 0);
    go_online(&s, false);
    fake_server_drop(&s.server);
    expect_closed(&s, MQTT_CLOSE_TCP, 0, "closed by the peer");
    assert_int_equal(publish(&s, "t", "p", 1), -1);
    assert_int_equal(mqtt_client_subscribe(
                         s.client, &(struct mqtt_filter){.filter = slice_str("t"), .qos = 1}, 1),
                     0);
    scene_done(&s);
}

/* --- Messages --- */

static void test_subscribe(void **state)
{
    struct scene s;
    struct mqtt_filter filters[] = {
        {.filter = slice_str("a"),   .qos = 1},
        {.filter = slice_str("b/#"), .qos = 0}
    };

    (void)state;
    scene_init(&s, MQTT_5, 1);
    assert_int_equal(mqtt_client_subscribe(s.client, filters, 2), 0);
    go_online(&s, false);
    assert_int_equal(mqtt_client_subscribe(s.client, filters, 2), 1);
    assert_int_equal(mqtt_client_subscribe(s.client, filters, 1), 2);
    EXPECT(&s, 0x82, 13, 0, 1, 0, 0, 1, 'a', 1, 0, 3, 'b', '/', '#', 0);
    expect_packet(&s, MQTT_TYPE_SUBSCRIBE);
    SAY(&s, 0x90, 4, 0, 2, 0, 0x87);
    assert_true(until(&s, &s.subscribed, 1));
    assert_int_equal(s.sub_id, 2);
    assert_int_equal(s.sub_count, 1);
    assert_int_equal(s.sub_codes[0], 0x87);
    SAY(&s, 0x90, 5, 0, 1, 0, 1, 0);
    assert_true(until(&s, &s.subscribed, 2));
    assert_int_equal(s.sub_id, 1);
    assert_int_equal(s.sub_count, 2);
    scene_done(&s);
}

static void test_publish(void **state)
{
    struct scene s;

    (void)state;
    scene_init(&s, MQTT_5, 1);
    go_online(&s, false);
    assert_int_equal(publish(&s, "t", "zero", 0), 0);
    assert_int_equal(publish(&s, "t", "one", 1), 1);
    EXPECT(&s, 0x30, 8, 0, 1, 't', 0, 'z', 'e', 'r', 'o');
    EXPECT(&s, 0x32, 9, 0, 1, 't', 0, 1, 0, 'o', 'n', 'e');
    SAY(&s, 0x40, 3, 0, 1, 0x10);
    assert_true(until(&s, &s.published, 1));
    assert_int_equal(s.pub_id, 1);
    assert_int_equal(s.pub_code, 0x10);
    /* A second time, and one that nobody waits for: harmless. */
    SAY(&s, 0x40, 2, 0, 1, 0x40, 2, 9, 9, 0x30, 4, 0, 1, 't', 0);
    assert_true(until(&s, &s.messages, 1));
    assert_int_equal(s.published, 1);
    assert_int_equal(s.closed, 0);
    scene_done(&s);
}

static void test_receive(void **state)
{
    (void)state;
    for (size_t chunk = 0; chunk < 2; chunk++) {
        struct scene s;
        scene_init(&s, MQTT_3_1_1, chunk);
        go_online(&s, false);
        SAY(&s, 0x33, 8, 0, 2, 'a', 'b', 0, 7, 'h', 'i', 0x3a, 6, 0, 1, 'c', 1, 2, '!', 0x30, 3, 0,
            1, 'd');
        EXPECT(&s, 0x40, 2, 0, 7);
        assert_true(until(&s, &s.messages, 1));
        EXPECT(&s, 0x40, 2, 1, 2);
        assert_true(until(&s, &s.messages, 3));
        assert_string_equal(s.heard, "d= q0");
        expect_nothing(&s);
        scene_done(&s);
    }
}

static void publish_in_event(struct scene *s)
{
    assert_int_equal(publish(s, "in", "", 1), 1);
}

static void test_puback_follows_the_event(void **state)
{
    struct scene s;

    (void)state;
    scene_init(&s, MQTT_3_1_1, 0);
    go_online(&s, false);
    s.act = publish_in_event;
    s.act_in = 'm';
    SAY(&s, 0x33, 8, 0, 2, 'a', 'b', 0, 7, 'h', 'i');
    EXPECT(&s, 0x32, 6, 0, 2, 'i', 'n', 0, 1, 0x40, 2, 0, 7);
    assert_string_equal(s.heard, "ab=hi q1 retain");
    assert_string_equal(buf_cstr(&s.trace), ">CONNECT <CONNACK <PUBLISH >PUBLISH >PUBACK ");
    scene_done(&s);
}

/* Larger than a TLS record, than the scratch buffer, and over several reads. */
static void test_large_message(void **state)
{
    enum { SIZE = 200000 };
    struct scene s;
    struct buf packet;
    uint8_t *payload = calloc(1, SIZE);

    (void)state;
    scene_init(&s, MQTT_3_1_1, 0);
    go_online(&s, false);
    buf_init(&packet, 1 << 20);
    mqtt_encode_publish(&packet, MQTT_3_1_1,
                        &(struct mqtt_message){.topic = slice_str("big"),
                                               .payload = slice_of(payload, SIZE),
                                               .qos = 1},
                        1);
    size_t one = buf_len(&packet);
    fake_server_send(&s.server, buf_data(&packet), one);
    fake_server_send(&s.server, buf_data(&packet), one);
    assert_true(until(&s, &s.messages, 2));
    EXPECT(&s, 0x40, 2, 0, 1, 0x40, 2, 0, 1);
    buf_done(&packet);
    free(payload);
    scene_done(&s);
}

static void test_hundred_in_flight(void **state)
{
    struct scene s;

    (void)state;
    scene_init(&s, MQTT_3_1_1, 0);
    go_online(&s, false);
    for (int i = 1; i <= 100; i++)
        assert_int_equal(publish(&s, "t", "p", 1), i);
    assert_int_equal(publish(&s, "t", "p", 1), -1);
    assert_int_equal(publish(&s, "t", "p", 0), 0);
    SAY(&s, 0x40, 2, 0, 50);
    assert_true(until(&s, &s.published, 1));
    assert_true(publish(&s, "t", "p", 1) > 100);
    scene_done(&s);
}

static void test_broker_limits(void **state)
{
    struct scene s;
    char large[300] = {0};

    (void)state;
    memset(large, 'x', sizeof large - 1);
    scene_init(&s, MQTT_5, 0);
    start(&s);
    /* Receive Maximum 2, Maximum QoS 1, no retain, packets of 200 bytes at most */
    SAY(&s, 0x20, 15, 0, 0, 12, 0x21, 0, 2, 0x24, 1, 0x25, 0, 0x27, 0, 0, 0, 200);
    assert_true(until(&s, &s.connected, 1));
    assert_int_equal(publish(&s, "t", large, 1), -1);
    assert_int_equal(publish(&s, "t", large, 0), -1);
    assert_int_equal(publish(&s, "t", "2", 2), -1);
    assert_int_equal(mqtt_client_publish(
                         s.client, &(struct mqtt_message){.topic = slice_str("t"), .retain = true}),
                     -1);
    int32_t first = publish(&s, "t", "1", 1);
    assert_true(first > 0);
    publish(&s, "t", "2", 1);
    publish(&s, "t", "3", 1);
    publish(&s, "t", "4", 1);
    publish(&s, "t", "0", 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(expect_packet(&s, MQTT_TYPE_PUBLISH), 0x32);
    assert_int_equal(expect_packet(&s, MQTT_TYPE_PUBLISH), 0x30);
    expect_nothing(&s);
    SAY(&s, 0x40, 2, 0, (uint8_t)first);
    EXPECT(&s, 0x32, 7, 0, 1, 't', 0, (uint8_t)(first + 2), 0, '3');
    expect_nothing(&s);
    scene_done(&s);
}

/* --- Keep-alive --- */

static void test_keep_alive(void **state)
{
    struct scene s;

    (void)state;
    scene_init(&s, MQTT_3_1_1, 0);
    s.connect.keep_alive_s = 1;
    go_online(&s, false);
    EXPECT(&s, 0xc0, 0);
    SAY(&s, 0xd0, 0);
    /* Answered: a second ping comes, and dies unanswered. */
    EXPECT(&s, 0xc0, 0);
    assert_int_equal(s.closed, 0);
    expect_closed(&s, MQTT_CLOSE_KEEP_ALIVE, 0, "PINGRESP");
    scene_done(&s);
}

/* --- What brokers must not do --- */

static void test_protocol_errors(void **state)
{
    static const struct {
        const char *name;
        uint8_t bytes[16];
        size_t len;
        uint8_t code;
        bool before_connack;
    } cases[] = {
        {"reserved type",            {0x00, 0},                           2, 0x81, false},
        {"reserved flags",           {0x91, 0},                           2, 0x81, false},
        {"length of five bytes",     {0x30, 0xff, 0xff, 0xff, 0xff, 1},   6, 0x81, false},
        {"more than we take",        {0x30, 0xff, 0xff, 0xff, 0x7f},      5, 0x95, false},
        {"topic longer than packet", {0x30, 3, 0, 9, 'a'},                5, 0x81, false},
        {"qos 3",                    {0x36, 5, 0, 1, 'a', 0, 1},          7, 0x81, false},
        {"alias not offered",        {0x30, 7, 0, 1, 'a', 3, 0x23, 0, 9}, 9, 0x94, false},
        {"alias 0",                  {0x30, 7, 0, 1, 'a', 3, 0x23, 0, 0}, 9, 0x94, false},
        {"alias never set",          {0x30, 6, 0, 0, 3, 0x23, 0, 1},      8, 0x82, false},
        {"suback for nothing",       {0x90, 4, 0, 9, 0, 0},               6, 0x82, false},
        {"second connack",           {0x20, 3, 0, 0, 0},                  5, 0x82, false},
        {"a client's packet",        {0xc0, 0},                           2, 0x82, false},
        {"a CONNECT of no version",  {0x10, 4, 0, 1, 'x', 3},             6, 0x82, false},
        {"publish before connack",   {0x30, 4, 0, 1, 'a', 0},             6, 0x82, true },
        {"pingresp before connack",  {0xd0, 0},                           2, 0x82, true },
        {"unknown property",         {0x30, 6, 0, 1, 'a', 2, 0x7f, 0},    8, 0x81, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (size_t chunk = 0; chunk < 2; chunk++) {
            struct scene s;
            scene_init(&s, MQTT_5, chunk);
            if (cases[i].before_connack)
                start(&s);
            else
                go_online(&s, false);
            fake_server_send(&s.server, cases[i].bytes, cases[i].len);
            assert_true(until(&s, &s.closed, 1));
            if (s.closed_code != cases[i].code)
                fail_msg("%s: 0x%02x, %s", cases[i].name, s.closed_code, s.text);
            assert_int_equal(s.why, MQTT_CLOSE_PROTOCOL);
            if (!cases[i].before_connack)
                EXPECT(&s, 0xe0, 1, cases[i].code);
            assert_int_equal(s.messages, 0);
            scene_done(&s);
        }
    }
}

static void test_protocol_error_3_1_1(void **state)
{
    struct scene s;

    (void)state;
    scene_init(&s, MQTT_3_1_1, 0);
    go_online(&s, false);
    SAY(&s, 0xe0, 0);
    expect_closed(&s, MQTT_CLOSE_PROTOCOL, 0x82, "DISCONNECT");
    expect_nothing(&s);
    scene_done(&s);
}

static void test_broker_disconnects(void **state)
{
    struct scene s;

    (void)state;
    scene_init(&s, MQTT_5, 1);
    go_online(&s, false);
    /* What comes before it counts, what comes after it does not. */
    SAY(&s, 0x30, 4, 0, 1, 'a', 0, 0xe0, 1, 0x8e, 0x30, 4, 0, 1, 'b', 0);
    expect_closed(&s, MQTT_CLOSE_SERVER, 0x8e, "Session taken over (0x8e)");
    assert_string_equal(s.heard, "a= q0");
    assert_int_equal(s.messages, 1);
    scene_done(&s);
}

/* --- Ending it --- */

static void test_disconnect(void **state)
{
    struct scene s;

    (void)state;
    scene_init(&s, MQTT_5, 0);
    mqtt_client_disconnect(s.client, 0);
    go_online(&s, false);
    publish(&s, "t", "last", 0);
    mqtt_client_disconnect(s.client, 0x04);
    EXPECT(&s, 0x30, 8, 0, 1, 't', 0, 'l', 'a', 's', 't', 0xe0, 1, 4);
    mqtt_client_disconnect(s.client, 0);
    turns(&s, 20);
    assert_true(s.server.gone);
    assert_int_equal(s.closed, 0);
    scene_done(&s);
}

static void test_abort(void **state)
{
    struct scene s;

    (void)state;
    scene_init(&s, MQTT_5, 0);
    go_online(&s, false);
    publish(&s, "t", "never", 0);
    mqtt_client_abort(s.client);
    mqtt_client_abort(s.client);
    while (!s.server.gone)
        turns(&s, 1);
    assert_int_equal(buf_len(&s.server.in), 0);
    assert_int_equal(s.closed, 0);
    scene_done(&s);
}

static void do_abort(struct scene *s)
{
    mqtt_client_abort(s->client);
}

static void do_disconnect(struct scene *s)
{
    mqtt_client_disconnect(s->client, 0);
}

static void do_free(struct scene *s)
{
    mqtt_client_free(s->client);
    s->client = NULL;
}

static void do_reconnect(struct scene *s)
{
    mqtt_client_abort(s->client);
    assert_true(mqtt_client_connect(s->client, &s->connect, NULL));
}

/* Each of these, from inside each event, with more packets waiting behind the one that caused it.
 */
static void test_ending_inside_events(void **state)
{
    static void (*const actions[])(struct scene *) = {do_abort, do_disconnect, do_free,
                                                      do_reconnect};

    (void)state;
    for (const char *event = "tkcspmx"; *event != '\0'; event++) {
        for (size_t i = 0; i < 4; i++) {
            for (size_t chunk = 0; chunk < 2; chunk++) {
                struct scene s;
                scene_init(&s, MQTT_5, chunk);
                s.act = actions[i];
                s.act_in = *event;
                assert_true(mqtt_client_connect(s.client, &s.connect, NULL));
                while (s.act_in != 0 && s.connected == 0) {
                    turns(&s, 1);
                    if (buf_len(&s.server.in) >= 15 && s.server.fd >= 0) {
                        buf_clear(&s.server.in);
                        SAY(&s, 0x20, 3, 0, 0, 0);
                    }
                }
                if (s.act_in != 0) {
                    mqtt_client_subscribe(
                        s.client, &(struct mqtt_filter){.filter = slice_str("t"), .qos = 1}, 1);
                    publish(&s, "t", "p", 1);
                    turns(&s, 5);
                    SAY(&s, 0x90, 4, 0, 1, 0, 1, 0x40, 2, 0, 2, 0x32, 8, 0, 1, 'a', 0, 9, 0, 'h',
                        'i', 0x32, 7, 0, 1, 'b', 0, 9, 0, 'h', 0xe0, 0);
                    while (s.act_in != 0)
                        turns(&s, 1);
                }
                turns(&s, 50);
                assert_int_equal(s.closed, *event == 'x');
                assert_int_equal(s.messages, *event == 'm' ? 1 : *event == 'x' ? 2 : 0);
                if (actions[i] == do_reconnect) {
                    unsigned before = s.connected;
                    buf_clear(&s.server.out);
                    while (s.server.fd < 0 || buf_len(&s.server.in) < 15)
                        turns(&s, 1);
                    SAY(&s, 0x20, 3, 0, 0, 0);
                    assert_true(until(&s, &s.connected, before + 1));
                }
                scene_done(&s);
            }
        }
    }
}

/* --- Over TLS --- */

static void test_tls(void **state)
{
    struct fake_cert ca =
        fake_cert_make(&(struct fake_request){.name = "CA", .ca = true, .to_days = 9});
    struct fake_cert server = fake_cert_make(&(struct fake_request){
        .name = "broker", .issuer = &ca, .to_days = 9, .alt_names = "IP:127.0.0.1"});
    struct fake_cert car =
        fake_cert_make(&(struct fake_request){.name = "car", .issuer = &ca, .to_days = 9});
    struct fake_cert old = fake_cert_make(
        &(struct fake_request){.name = "old", .issuer = &ca, .from_days = -9, .to_days = -2});
    char *pem = fake_cert_pem(&ca);
    struct tls_context *tls =
        tls_context_new(&(struct tls_options){.ca_pem = slice_str(pem)}, NULL);
    const struct fake_cert *certs[] = {&old, &car};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct scene s;
        scene_init(&s, MQTT_3_1_1, 0);
        s.server.tls = fake_server_tls(&server, &ca);
        s.config.tls = tls;
        s.config.identity.leaf = slice_of(certs[i]->der, certs[i]->der_len);
        s.config.identity.key_der = slice_of(certs[i]->key_der, certs[i]->key_der_len);
        mqtt_session_configure(s.client, &s.config);
        if (i == 0) {
            assert_true(mqtt_client_connect(s.client, &s.connect, NULL));
            expect_closed(&s, MQTT_CLOSE_TLS, 0, "certificate expired");
        } else {
            go_online(&s, false);
            assert_int_equal(s.phases[MQTT_PHASE_TLS], 1);
            publish(&s, "a", "1", 1);
            EXPECT(&s, 0x32, 6, 0, 1, 'a', 0, 1, '1');
            SAY(&s, 0x40, 2, 0, 1, 0x30, 3, 0, 1, 'b');
            assert_true(until(&s, &s.messages, 1));
            assert_int_equal(s.published, 1);
            mqtt_client_disconnect(s.client, 0);
            EXPECT(&s, 0xe0, 0);
        }
        SSL_CTX *server_tls = s.server.tls;
        scene_done(&s);
        SSL_CTX_free(server_tls);
    }
    tls_context_free(tls);
    free(pem);
    fake_cert_free(&ca);
    fake_cert_free(&server);
    fake_cert_free(&car);
    fake_cert_free(&old);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_connect_packet),
        cmocka_unit_test(test_connected),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_connect_errors),
        cmocka_unit_test(test_connack_timeout),
        cmocka_unit_test(test_peer_closes),
        cmocka_unit_test(test_subscribe),
        cmocka_unit_test(test_publish),
        cmocka_unit_test(test_receive),
        cmocka_unit_test(test_puback_follows_the_event),
        cmocka_unit_test(test_large_message),
        cmocka_unit_test(test_hundred_in_flight),
        cmocka_unit_test(test_broker_limits),
        cmocka_unit_test(test_keep_alive),
        cmocka_unit_test(test_protocol_errors),
        cmocka_unit_test(test_protocol_error_3_1_1),
        cmocka_unit_test(test_broker_disconnects),
        cmocka_unit_test(test_disconnect),
        cmocka_unit_test(test_abort),
        cmocka_unit_test(test_ending_inside_events),
        cmocka_unit_test(test_tls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
