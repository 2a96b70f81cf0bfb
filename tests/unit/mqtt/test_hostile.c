/*
 * A broker that breaks rules, over real sockets, against the whole engine and its link: each breach
 * ends the connection with the reason and the words it deserves, and the next connection works.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "hex.h"
#include "scene.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* --- Breaches made of bytes --- */

enum when { ASKING, ONLINE };

static const struct breach {
    const char *what;
    enum mqtt_version version;
    enum when when; /* instead of CONNACK, or after it */
    const char *bytes;
    enum mqtt_close why;
    uint8_t code;
    const char *text; /* part of it */
} breaches[] = {
    {"PUBLISH before CONNACK",    MQTT_5,     ASKING, "30 ~ 0001't' 00 'x'",         MQTT_CLOSE_PROTOCOL, 0x82,
     "the broker sent PUBLISH: something else before CONNACK"                                                                            },
    {"PINGRESP before CONNACK",   MQTT_3_1_1, ASKING, "d0 00",                       MQTT_CLOSE_PROTOCOL, 0x82,
     "before CONNACK"                                                                                                                    },
    {"CONNACK refuses",           MQTT_5,     ASKING, "20 ~ 00 87 06 1f 0003 'off'", MQTT_CLOSE_REFUSED,  0x87,
     "Not authorized (0x87): off"                                                                                                        },
    {"CONNACK refuses",           MQTT_3_1_1, ASKING, "20 02 00 05",                 MQTT_CLOSE_REFUSED,  5,
     "not authorized (return code 5)"                                                                                                    },
    {"CONNACK of 3.1.1",          MQTT_5,     ASKING, "20 02 00 00",                 MQTT_CLOSE_PROTOCOL, 0x81,
     "the server answers CONNECT in MQTT 3.1.1, not 5"                                                                                   },
    {"CONNACK flags",             MQTT_5,     ASKING, "20 03 80 00 00",              MQTT_CLOSE_PROTOCOL, 0x81,
     "reserved flags of CONNACK"                                                                                                         },
    {"CONNACK receive max 0",     MQTT_5,     ASKING, "20 ~ 00 00 03 21 0000",       MQTT_CLOSE_PROTOCOL, 0x82,
     "CONNACK: "                                                                                                                         },
    {"CONNACK bad text",          MQTT_5,     ASKING, "20 ~ 00 00 05 1f 0002 ff fe", MQTT_CLOSE_PROTOCOL, 0x81,
     "UTF-8"                                                                                                                             },
    {"an HTTP answer",            MQTT_5,     ASKING,
     "'HTTP/1.1 400 Bad Request' 0d0a 'Connection: close' 0d0a0d0a",                 MQTT_CLOSE_PROTOCOL, 0x81,
     "bytes that are no MQTT packet"                                                                                                     },
    {"an SSH banner",             MQTT_3_1_1, ASKING, "'SSH-2.0-OpenSSH_9.2' 0d0a",  MQTT_CLOSE_PROTOCOL, 0x81,
     "bytes that are no MQTT packet"                                                                                                     },
    {"a TLS alert",               MQTT_5,     ASKING, "15 03 01 00 02 02 46",        MQTT_CLOSE_PROTOCOL, 0x81,
     "bytes that are no MQTT packet"                                                                                                     },
    {"CONNACK twice",             MQTT_5,     ONLINE, "20 03 00 00 00",              MQTT_CLOSE_PROTOCOL, 0x82,
     "a second CONNACK"                                                                                                                  },
    {"CONNACK twice",             MQTT_3_1_1, ONLINE, "20 02 00 00",                 MQTT_CLOSE_PROTOCOL, 0x82,
     "a second CONNACK"                                                                                                                  },
    {"remaining length 256 MiB",  MQTT_5,     ONLINE, "30 ff ff ff 7f",              MQTT_CLOSE_PROTOCOL, 0x95,
     "more than 1 MiB"                                                                                                                   },
    {"remaining length 1 MiB",    MQTT_3_1_1, ONLINE, "30 fd ff 3f",                 MQTT_CLOSE_PROTOCOL, 0x95,
     "more than 1 MiB"                                                                                                                   },
    {"remaining length of 5",     MQTT_5,     ONLINE, "30 ff ff ff ff",              MQTT_CLOSE_PROTOCOL, 0x81,
     "no MQTT packet"                                                                                                                    },
    {"remaining length padded",   MQTT_5,     ONLINE, "d0 80 00",                    MQTT_CLOSE_PROTOCOL, 0x81,
     "longer than need be"                                                                                                               },
    {"type 0",                    MQTT_5,     ONLINE, "00 00",                       MQTT_CLOSE_PROTOCOL, 0x81, "no MQTT packet"         },
    {"type 15",                   MQTT_3_1_1, ONLINE, "f0 00",                       MQTT_CLOSE_PROTOCOL, 0x81, "MQTT 3.1.1 has no AUTH" },
    {"reserved flags",            MQTT_5,     ONLINE, "d1 00",                       MQTT_CLOSE_PROTOCOL, 0x81, "no MQTT packet"         },
    {"PUBREL without its flag",   MQTT_5,     ONLINE, "60 02 0001",                  MQTT_CLOSE_PROTOCOL, 0x81,
     "no MQTT packet"                                                                                                                    },
    {"QoS 3",                     MQTT_5,     ONLINE, "36 ~ 0001't' 0001 00",        MQTT_CLOSE_PROTOCOL, 0x81,
     "the QoS of PUBLISH is 3"                                                                                                           },
    {"QoS 3",                     MQTT_3_1_1, ONLINE, "36 ~ 0001't' 0001",           MQTT_CLOSE_PROTOCOL, 0x81,
     "the QoS of PUBLISH is 3"                                                                                                           },
    {"packet id 0",               MQTT_5,     ONLINE, "32 ~ 0001't' 0000 00",        MQTT_CLOSE_PROTOCOL, 0x82,
     "the packet identifier is 0"                                                                                                        },
    {"a wildcard as a topic",     MQTT_5,     ONLINE, "30 ~ 0003'a/#' 00",           MQTT_CLOSE_PROTOCOL, 0x81,
     "no topic name"                                                                                                                     },
    {"a topic that is no text",   MQTT_3_1_1, ONLINE, "30 ~ 0003 ed a0 80",          MQTT_CLOSE_PROTOCOL, 0x81,
     "no topic name"                                                                                                                     },
    {"a topic past the end",      MQTT_5,     ONLINE, "30 03 ffff 61",               MQTT_CLOSE_PROTOCOL, 0x81,
     "ends inside a field"                                                                                                               },
    {"alias 0",                   MQTT_5,     ONLINE, "30 ~ 0001't' 03 23 0000",     MQTT_CLOSE_PROTOCOL, 0x94,
     "Topic Alias invalid"                                                                                                               },
    {"alias above ours",          MQTT_5,     ONLINE, "30 ~ 0001't' 03 23 0009",     MQTT_CLOSE_PROTOCOL, 0x94,
     "Topic Alias invalid"                                                                                                               },
    {"alias never set",           MQTT_5,     ONLINE, "30 ~ 0000 03 23 0001",        MQTT_CLOSE_PROTOCOL, 0x82, "alias"                  },
    {"a property twice",          MQTT_5,     ONLINE, "30 ~ 0001't' 04 01 00 01 00", MQTT_CLOSE_PROTOCOL, 0x82,
     "twice"                                                                                                                             },
    {"an unknown property",       MQTT_5,     ONLINE, "30 ~ 0001't' 02 7f 00",       MQTT_CLOSE_PROTOCOL, 0x81,
     "property"                                                                                                                          },
    {"PUBCOMP for QoS 1",         MQTT_5,     ONLINE, "70 02 0001",                  MQTT_CLOSE_PROTOCOL, 0x82,
     "PUBCOMP before PUBREC"                                                                                                             },
    {"PUBREC for QoS 1",          MQTT_3_1_1, ONLINE, "50 02 0001",                  MQTT_CLOSE_PROTOCOL, 0x82,
     "PUBREC for a message of QoS 1"                                                                                                     },
    {"SUBACK for nothing",        MQTT_5,     ONLINE, "90 04 0063 00 00",            MQTT_CLOSE_PROTOCOL, 0x82,
     "a SUBACK for no SUBSCRIBE"                                                                                                         },
    {"SUBACK with too many",      MQTT_5,     ONLINE, "90 05 0002 00 0000",          MQTT_CLOSE_PROTOCOL, 0x82,
     "not one code for each filter"                                                                                                      },
    {"SUBACK with too many",      MQTT_3_1_1, ONLINE, "90 04 0002 0000",             MQTT_CLOSE_PROTOCOL, 0x82,
     "not one code for each filter"                                                                                                      },
    {"SUBACK with none",          MQTT_5,     ONLINE, "90 03 0002 00",               MQTT_CLOSE_PROTOCOL, 0x82,
     "no reason code"                                                                                                                    },
    {"UNSUBACK for nothing",      MQTT_3_1_1, ONLINE, "b0 02 0063",                  MQTT_CLOSE_PROTOCOL, 0x82,
     "an UNSUBACK for no UNSUBSCRIBE"                                                                                                    },
    {"a client's packet",         MQTT_5,     ONLINE, "c0 00",                       MQTT_CLOSE_PROTOCOL, 0x82,
     "a packet that brokers do not send"                                                                                                 },
    {"AUTH out of the blue",      MQTT_5,     ONLINE, "f0 ~ 18 04 15 0001 'm'",      MQTT_CLOSE_PROTOCOL, 0x82,
     "a packet that brokers do not send"                                                                                                 },
    {"DISCONNECT",                MQTT_5,     ONLINE, "e0 ~ 9d 07 1c 0004 'east'",   MQTT_CLOSE_SERVER,   0x9d,
     "Server moved (0x9d): "                                                                                                             },
    {"DISCONNECT",                MQTT_3_1_1, ONLINE, "e0 00",                       MQTT_CLOSE_PROTOCOL, 0x82, "only clients send"      },
    {"DISCONNECT with an expiry", MQTT_5,     ONLINE, "e0 07 00 05 11 00000001",     MQTT_CLOSE_PROTOCOL,
     0x82,                                                                                                      "Session Expiry Interval"},
};

static void works_again(struct scene *s)
{
    unsigned messages = s->messages;

    buf_clear(&s->server.in);
    buf_clear(&s->server.out);
    s->server.chunk = 0;
    s->connect.clean_start = true;
    go_online(s, false);
    if (s->connect.version == MQTT_5)
        SAY(s, 0x30, 5, 0, 1, 't', 0, 'x');
    else
        SAY(s, 0x30, 4, 0, 1, 't', 'x');
    assert_true(until(s, &s->messages, messages + 1));
}

static void run_breach(const struct breach *b, size_t chunk)
{
    struct scene s;
    struct hex h;
    struct slice bytes = hex_bytes(&h, b->bytes);

    scene_init(&s, b->version, chunk);
    if (b->when == ASKING) {
        start(&s);
    } else {
        go_online(&s, false);
        assert_int_equal(publish(&s, "t", "x", 1), 1);
        assert_int_equal(
            mqtt_client_subscribe(s.client, &(struct mqtt_filter){.filter = slice_str("t")}, 1), 2);
    }
    fake_server_send(&s.server, bytes.data, bytes.len);
    if (!until(&s, &s.closed, 1))
        fail_msg("%s: nothing happens", b->what);
    if (s.why != b->why || s.closed_code != b->code || strstr(s.text, b->text) == NULL)
        fail_msg("%s: %s 0x%02x \"%s\"", b->what, mqtt_close_name(s.why), s.closed_code, s.text);
    assert_int_equal(s.messages, 0);
    works_again(&s);
    assert_int_equal(s.closed, 1);
    scene_done(&s);
}

static void test_breaches(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(breaches); i++) {
        run_breach(&breaches[i], 0);
        run_breach(&breaches[i], 1);
    }
}

/* --- What must be borne --- */

static void test_late_answers_are_borne(void **state)
{
    struct scene s;

    (void)state;
    scene_init(&s, MQTT_5, 1);
    go_online(&s, false);
    SAY(&s, 0x40, 2, 0, 9);       /* PUBACK for no PUBLISH */
    SAY(&s, 0x70, 3, 0, 9, 0x92); /* PUBCOMP for no PUBREL */
    SAY(&s, 0xd0, 0);             /* PINGRESP for no PINGREQ */
    SAY(&s, 0x50, 2, 0, 9);       /* PUBREC for no PUBLISH: 0x92 */
    EXPECT(&s, 0x62, 3, 0, 9, 0x92);
    SAY(&s, 0x62, 2, 0, 9); /* PUBREL for no PUBREC: 0x92 */
    EXPECT(&s, 0x70, 3, 0, 9, 0x92);
    /* A duplicate of QoS 2 is answered but not delivered; after PUBREL the id is a new message's.
     */
    for (int i = 0; i < 3; i++) {
        SAY(&s, (uint8_t)(i == 0 ? 0x34 : 0x3c), 7, 0, 1, 't', 0, 5, 0, 'x');
        EXPECT(&s, 0x50, 2, 0, 5);
    }
    assert_int_equal(s.messages, 1);
    SAY(&s, 0x62, 2, 0, 5);
    EXPECT(&s, 0x70, 2, 0, 5);
    SAY(&s, 0x34, 7, 0, 1, 't', 0, 5, 0, 'x');
    EXPECT(&s, 0x50, 2, 0, 5);
    assert_int_equal(s.messages, 2);
    assert_int_equal(s.published + s.closed, 0);
    scene_done(&s);
}

static void test_receive_maximum(void **state)
{
    (void)state;
    for (int v5 = 0; v5 < 2; v5++) {
        struct scene s;
        scene_init(&s, v5 ? MQTT_5 : MQTT_3_1_1, 0);
        go_online(&s, false);
        for (unsigned id = 1; id <= 101; id++) {
            if (v5)
                SAY(&s, 0x34, 6, 0, 1, 't', 0, (uint8_t)id, 0);
            else
                SAY(&s, 0x34, 5, 0, 1, 't', 0, (uint8_t)id);
        }
        if (v5) {
            expect_closed(&s, MQTT_CLOSE_PROTOCOL, 0x93, "than our Receive Maximum");
            assert_int_equal(s.messages, 100);
            works_again(&s);
        } else {
            assert_true(until(&s, &s.messages, 101));
        }
        scene_done(&s);
    }
}

/* A packet of `type` whose properties are as many user properties as fit in `size` bytes. */
static void say_user_properties(struct scene *s, const char *head, size_t size)
{
    static const uint8_t one[] = {0x26, 0, 1, 'k', 0, 4, 'e', 'v', 'e', 'r'};
    struct buf packet;
    struct hex h;
    struct slice start = hex_bytes(&h, head);
    size_t count = size / sizeof one, props = count * sizeof one, rest = start.len - 1 + 3 + props;
    const uint8_t lengths[] = {
        start.data[0],
        (uint8_t)(0x80 | (rest & 0x7f)),
        (uint8_t)(0x80 | (rest >> 7 & 0x7f)),
        (uint8_t)(rest >> 14),
    };
    const uint8_t props_length[] = {(uint8_t)(0x80 | (props & 0x7f)),
                                    (uint8_t)(0x80 | (props >> 7 & 0x7f)), (uint8_t)(props >> 14)};

    buf_init(&packet, 1 << 24);
    buf_append(&packet, lengths, sizeof lengths);
    buf_append(&packet, start.data + 1, start.len - 1);
    buf_append(&packet, props_length, sizeof props_length);
    for (size_t i = 0; i < count; i++)
        buf_append(&packet, one, sizeof one);
    fake_server_send(&s->server, buf_data(&packet), buf_len(&packet));
    buf_done(&packet);
}

static void test_endless_user_properties(void **state)
{
    struct scene s;

    (void)state;
    scene_init(&s, MQTT_5, 0);
    start(&s);
    say_user_properties(&s, "20 00 00", 900000);
    assert_true(until(&s, &s.connected, 1));
    assert_int_equal(publish(&s, "t", "x", 1), 1);
    say_user_properties(&s, "40 0001 00", 900000);
    assert_true(until(&s, &s.published, 1));
    assert_int_equal(s.remarks, 1);
    say_user_properties(&s, "30 0001 74", 900000);
    assert_true(until(&s, &s.messages, 1));
    say_user_properties(&s, "e0 8b", 900000);
    expect_closed(&s, MQTT_CLOSE_SERVER, 0x8b, "Server shutting down (0x8b): ");
    assert_true(strlen(s.text) < 500);
    scene_done(&s);
    scene_init(&s, MQTT_5, 0);
    start(&s);
    say_user_properties(&s, "20 00 00", 1100000);
    expect_closed(&s, MQTT_CLOSE_PROTOCOL, 0x95, "more than 1 MiB");
    scene_done(&s);
}

static void test_flood(void **state)
{
    enum { MANY = 20000 };
    struct scene s;

    (void)state;
    scene_init(&s, MQTT_3_1_1, 0);
    go_online(&s, false);
    for (int i = 0; i < MANY; i++)
        SAY(&s, 0x32, 5, 0, 1, 't', (uint8_t)(i % 250 + 1), 1);
    assert_true(until(&s, &s.messages, MANY));
    assert_int_equal(s.closed, 0);
    scene_done(&s);
}

/* A broker that does not read: what waits to be sent has a ceiling. */
static void test_deaf(void **state)
{
    static char payload[65536];
    struct scene s;
    int taken = 0;

    (void)state;
    memset(payload, 'x', sizeof payload - 1);
    scene_init(&s, MQTT_5, 0);
    go_online(&s, false);
    ev_io_stop(s.loop->ev, &s.server.io);
    while (taken < 2000 && publish(&s, "t", payload, 0) == 0) {
        taken++;
        turns(&s, 1);
    }
    assert_true(taken > 64 && taken < 2000);
    ev_io_start(s.loop->ev, &s.server.io);
    usec_t limit = clock_now() + 10 * USEC_PER_SEC;
    while (publish(&s, "t", "again", 0) < 0 && clock_now() < limit)
        turns(&s, 1);
    assert_int_equal(publish(&s, "t", "again", 0), 0);
    assert_int_equal(s.closed, 0);
    scene_done(&s);
}

/* --- Silence and broken connections --- */

static void reset(struct scene *s)
{
    struct linger linger = {.l_onoff = 1};

    setsockopt(s->server.fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    fake_server_drop(&s->server);
}

static void half_close(struct scene *s)
{
    shutdown(s->server.fd, SHUT_WR);
}

static void leave(struct scene *s)
{
    fake_server_drop(&s->server);
}

static void test_broken_off(void **state)
{
    static const struct {
        void (*how)(struct scene *s);
        const char *text;
    } ways[] = {
        {reset,      "Connection reset by peer"},
        {half_close, "closed by the peer"      },
        {leave,      "closed by the peer"      },
    };
    /* Nothing, and packets that are not whole. */
    static const char *const heads[] = {"", "30", "30 80", "30 05", "30 05 0001", "20 03 00"};

    (void)state;
    for (size_t i = 0; i < COUNT(ways); i++) {
        for (size_t k = 0; k < 2 * COUNT(heads); k++) {
            struct scene s;
            struct hex h;
            struct slice head = hex_bytes(&h, heads[k / 2]);
            scene_init(&s, MQTT_5, 0);
            if (k % 2 == 0)
                go_online(&s, false);
            else
                start(&s);
            fake_server_send(&s.server, head.data, head.len);
            turns(&s, 20);
            assert_int_equal(s.closed, 0);
            ways[i].how(&s);
            expect_closed(&s, MQTT_CLOSE_TCP, 0, ways[i].text);
            works_again(&s);
            scene_done(&s);
        }
    }
}

static void test_silence(void **state)
{
    struct scene s;

    (void)state;
    scene_init(&s, MQTT_5, 0);
    s.connect.connack_timeout = 50000;
    start(&s);
    expect_closed(&s, MQTT_CLOSE_TIMEOUT, 0, "CONNACK took too long");
    s.connect.connack_timeout = 10 * USEC_PER_SEC;
    works_again(&s);
    scene_done(&s);
    /* Half a CONNACK is none. */
    scene_init(&s, MQTT_5, 0);
    s.connect.connack_timeout = 50000;
    start(&s);
    SAY(&s, 0x20, 3, 0);
    expect_closed(&s, MQTT_CLOSE_TIMEOUT, 0, "CONNACK took too long");
    scene_done(&s);
    scene_init(&s, MQTT_5, 0);
    s.connect.keep_alive_s = 1;
    go_online(&s, false);
    expect_packet(&s, MQTT_TYPE_PINGREQ);
    /* Other traffic is no PINGRESP. */
    SAY(&s, 0x30, 5, 0, 1, 't', 0, 'x');
    expect_closed(&s, MQTT_CLOSE_KEEP_ALIVE, 0, "no PINGRESP within half a keep-alive");
    scene_done(&s);
}

/* --- In place of TLS, and within --- */

static struct fake_cert ca, own, others;

static void scene_init_tls(struct scene *s, SSL_CTX *server)
{
    char *pem = fake_cert_pem(&ca);
    struct error err;

    scene_init(s, MQTT_5, 0);
    s->server.tls = server;
    s->config.tls = tls_context_new(&(struct tls_options){.ca_pem = slice_str(pem)}, &err);
    assert_non_null(s->config.tls);
    mqtt_session_configure(s->client, &s->config);
    free(pem);
}

static void scene_done_tls(struct scene *s)
{
    struct tls_context *tls = s->config.tls;
    SSL_CTX *server = s->server.tls;

    scene_done(s);
    tls_context_free(tls);
    SSL_CTX_free(server);
}

static void connect_and_accept(struct scene *s)
{
    unsigned before = s->server.accepted;
    struct error err;

    assert_true(mqtt_client_connect(s->client, &s->connect, &err));
    assert_true(until(s, &s->server.accepted, before + 1));
}

static void works_again_with_tls(struct scene *s)
{
    SSL_CTX_free(s->server.tls);
    s->server.tls = fake_server_tls(&own, NULL);
    s->server.mute = false;
    s->connect.tls_timeout = 10 * USEC_PER_SEC;
    works_again(s);
}

static void test_no_tls_there(void **state)
{
    static const struct {
        const char *bytes;
        enum mqtt_close why;
        const char *text;
    } cases[] = {
        {"'HTTP/1.1 400 Bad Request' 0d0a0d0a",                   MQTT_CLOSE_TLS, "does not speak TLS on this port"},
        {"20 03 00 00 00",                                        MQTT_CLOSE_TLS, "TLS failed: unexpected message" },
        {"'SSH-2.0-OpenSSH_9.2' 0d0a",                            MQTT_CLOSE_TLS, "does not speak TLS on this port"},
        {"ff ff ff ff ff ff ff ff",                               MQTT_CLOSE_TLS, "does not speak TLS on this port"},
        {"15 03 03 00 02 02 28",                                  MQTT_CLOSE_TLS, "an alert: handshake failure"    },
        {"15 03 03 00 02 02 46",                                  MQTT_CLOSE_TLS, "an alert: protocol version"     },
        {"16 03 03 ff ff 02 00 00",                               MQTT_CLOSE_TLS, "TLS failed: "                   },
        {"16 03 03 00 04 02 ff ff ff",                            MQTT_CLOSE_TLS, "TLS failed: "                   },
        {"16 03 03 00 04 0e 00 00 00",                            MQTT_CLOSE_TLS, "TLS failed: "                   },
        {"17 03 03 00 05 61 62 63 64 65",                         MQTT_CLOSE_TLS, "TLS failed: "                   },
        {"14 03 03 00 01 01 14 03 03 00 01 01 17 03 03 00 01 00", MQTT_CLOSE_TLS, "TLS failed: "                   },
    };

    (void)state;
    for (size_t i = 0; i < 2 * COUNT(cases); i++) {
        struct scene s;
        struct hex h;
        struct slice bytes = hex_bytes(&h, cases[i / 2].bytes);
        scene_init_tls(&s, NULL);
        s.server.chunk = i % 2;
        connect_and_accept(&s);
        fake_server_send(&s.server, bytes.data, bytes.len);
        if (!until(&s, &s.closed, 1))
            fail_msg("%s: nothing happens", cases[i / 2].bytes);
        if (strstr(s.text, cases[i / 2].text) == NULL || s.why != cases[i / 2].why)
            fail_msg("%s: %s \"%s\"", cases[i / 2].bytes, mqtt_close_name(s.why), s.text);
        works_again_with_tls(&s);
        scene_done_tls(&s);
    }
}

static void test_broken_off_in_the_handshake(void **state)
{
    static void (*const ways[])(struct scene * s) = {reset, half_close, leave};

    (void)state;
    for (size_t i = 0; i < COUNT(ways); i++) {
        struct scene s;
        scene_init_tls(&s, fake_server_tls(&own, NULL));
        s.server.mute = true;
        connect_and_accept(&s);
        turns(&s, 5);
        ways[i](&s);
        assert_true(until(&s, &s.closed, 1));
        assert_int_equal(s.why, MQTT_CLOSE_TCP);
        /* Closing with our ClientHello unread is a reset, too. */
        assert_non_null(strstr(s.text, i == 1 ? "closed by the peer during the TLS handshake"
                                              : "Connection reset by peer"));
        works_again_with_tls(&s);
        scene_done_tls(&s);
    }
}

static void test_silence_in_the_handshake(void **state)
{
    struct scene s;

    (void)state;
    scene_init_tls(&s, fake_server_tls(&own, NULL));
    s.server.mute = true;
    s.connect.tls_timeout = 50000;
    connect_and_accept(&s);
    expect_closed(&s, MQTT_CLOSE_TIMEOUT, 0, "TLS handshake with 127.0.0.1");
    works_again_with_tls(&s);
    scene_done_tls(&s);
}

static void test_certificate_of_another(void **state)
{
    struct scene s;
    struct error err;

    (void)state;
    scene_init_tls(&s, fake_server_tls(&others, NULL));
    assert_true(mqtt_client_connect(s.client, &s.connect, &err));
    expect_closed(&s, MQTT_CLOSE_TLS, 0, "\"CN=somebody\" was not issued for \"127.0.0.1\"");
    assert_int_equal(s.phases[MQTT_PHASE_TLS], 0);
    works_again_with_tls(&s);
    scene_done_tls(&s);
}

/* Breaches inside TLS end in the same words. */
static void test_breaches_within_tls(void **state)
{
    struct scene s;

    (void)state;
    scene_init_tls(&s, fake_server_tls(&own, NULL));
    go_online(&s, false);
    s.server.chunk = 1;
    SAY(&s, 0x36, 6, 0, 1, 't', 0, 1, 0);
    expect_closed(&s, MQTT_CLOSE_PROTOCOL, 0x81, "the QoS of PUBLISH is 3");
    works_again_with_tls(&s);
    /* Without close_notify, in the middle of a packet. */
    SAY(&s, 0x30, 5, 0, 1);
    turns(&s, 20);
    SSL_set_quiet_shutdown(s.server.ssl, 1);
    leave(&s);
    assert_true(until(&s, &s.closed, 2));
    assert_int_equal(s.why, MQTT_CLOSE_TCP);
    assert_string_equal(s.text, "closed by the peer");
    scene_done_tls(&s);
}

static int make_certificates(void **state)
{
    (void)state;
    ca = fake_cert_make(&(struct fake_request){.name = "CA", .ca = true, .to_days = 9});
    own = fake_cert_make(&(struct fake_request){
        .name = "server", .issuer = &ca, .to_days = 9, .alt_names = "IP:127.0.0.1"});
    others = fake_cert_make(&(struct fake_request){
        .name = "somebody", .issuer = &ca, .to_days = 9, .alt_names = "DNS:somebody.example"});
    return 0;
}

static int free_certificates(void **state)
{
    (void)state;
    fake_cert_free(&ca);
    fake_cert_free(&own);
    fake_cert_free(&others);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_breaches),
        cmocka_unit_test(test_late_answers_are_borne),
        cmocka_unit_test(test_receive_maximum),
        cmocka_unit_test(test_endless_user_properties),
        cmocka_unit_test(test_flood),
        cmocka_unit_test(test_deaf),
        cmocka_unit_test(test_broken_off),
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_no_tls_there),
        cmocka_unit_test(test_broken_off_in_the_handshake),
        cmocka_unit_test(test_silence_in_the_handshake),
        cmocka_unit_test(test_certificate_of_another),
        cmocka_unit_test(test_breaches_within_tls),
    };
    return cmocka_run_group_tests(tests, make_certificates, free_certificates);
}
