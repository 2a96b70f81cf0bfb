#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "hex.h"
#include "mqtt/codec.h"
#include "mqtt/describe.h"
#include "vectors.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static void expect_line(enum mqtt_version version, const char *bytes, const char *line)
{
    struct hex h;
    struct buf out;

    buf_init(&out, 4096);
    assert_true(mqtt_describe(hex_bytes(&h, bytes), version, &out));
    assert_string_equal(buf_cstr(&out), line);
    buf_done(&out);
}

static void test_every_packet(void **state)
{
    (void)state;
    for (size_t i = 0; i < VECTOR_COUNT; i++)
        expect_line(vectors[i].version, vectors[i].bytes, vectors[i].line);
}

static void test_payloads(void **state)
{
    (void)state;
    expect_line(MQTT_3_1_1, "30 ~ 0001 't' 61 0d 0a 62 09 63", "PUBLISH q0 t a\\r\\nb\\tc (6 B)");
    expect_line(MQTT_3_1_1, "30 ~ 0001 't' c3 a4", "PUBLISH q0 t \xc3\xa4 (2 B)");
    expect_line(MQTT_3_1_1, "30 ~ 0001 't' c3 28", "PUBLISH q0 t 0xc328 (2 B)");
    expect_line(MQTT_3_1_1, "30 ~ 0001 't' 1b '[2J'", "PUBLISH q0 t 0x1b5b324a (4 B)");
    expect_line(MQTT_3_1_1, "30 ~ 0001 't' c2 9b '2J'", "PUBLISH q0 t 0xc29b324a (4 B)");
}

/* Nothing that comes over the network may move the cursor of a terminal or break the line. */
static void test_controls_are_escaped(void **state)
{
    (void)state;
    expect_line(MQTT_3_1_1, "30 ~ 0005 'a' 0a 1b 7f 'b'", "PUBLISH q0 a\\n\\x1b\\x7fb (0 B)");
    expect_line(MQTT_3_1_1, "30 ~ 0005 'a' c2 9b c2 a0", "PUBLISH q0 a\\x9b\xc2\xa0 (0 B)");
}

static void describe_publish(size_t len, uint8_t fill, const char *end, struct buf *out)
{
    uint8_t *payload = malloc(len);
    struct mqtt_message m = {.topic = slice_str("t"), .payload = slice_of(payload, len)};
    struct buf packet;

    assert_non_null(payload);
    memset(payload, fill, len);
    if (end != NULL)
        memcpy(payload + MQTT_DESCRIBE_PAYLOAD_MAX - 1, end, strlen(end));
    buf_init(&packet, 4096);
    assert_true(mqtt_encode_publish(&packet, MQTT_3_1_1, &m, 0));
    assert_true(mqtt_describe(buf_slice(&packet), MQTT_3_1_1, out));
    buf_done(&packet);
    free(payload);
}

static void test_long_payloads_are_shortened(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, 4096);
    describe_publish(400, 'x', NULL, &out);
    assert_null(strstr(buf_cstr(&out), "…"));
    assert_int_equal(buf_len(&out), strlen("PUBLISH q0 t  (400 B)") + 400);
    buf_clear(&out);
    describe_publish(1000, 'x', NULL, &out);
    assert_non_null(strstr(buf_cstr(&out), "x… (1000 B)"));
    assert_int_equal(buf_len(&out), strlen("PUBLISH q0 t … (1000 B)") + 400);
    buf_clear(&out);
    /* a character that the limit would cut stays away whole */
    describe_publish(1000, 'x', "\xe2\x82\xac", &out);
    assert_int_equal(buf_len(&out), strlen("PUBLISH q0 t … (1000 B)") + 399);
    buf_clear(&out);
    describe_publish(1000, 0xff, NULL, &out);
    assert_non_null(strstr(buf_cstr(&out), " 0xffff"));
    assert_non_null(strstr(buf_cstr(&out), "ff… (1000 B)"));
    assert_int_equal(buf_len(&out), strlen("PUBLISH q0 t 0x… (1000 B)") + 400);
    buf_done(&out);
}

static void test_broken_packets(void **state)
{
    (void)state;
    expect_line(
        MQTT_5, "",
        "reserved broken: the bytes are not one whole packet (0x81 Malformed Packet) (0 B)");
    expect_line(MQTT_5, "40 02 0000",
                "PUBACK broken: the packet identifier is 0 (0x82 Protocol Error) 0x40020000 (4 B)");
    expect_line(MQTT_5, "20 02 00 01",
                "CONNACK broken: the server answers CONNECT in MQTT 3.1.1, not 5 (0x81 Malformed "
                "Packet) 0x20020001 (4 B)");
}

/* Secrets stay out of the line, whole packet or not. */
static void test_secrets(void **state)
{
    static const char *const packets[] = {
        "10 ~ 0004 'MQTT' 04 c2 000a 0003 'car' 0004 'anna' 0006 'secret'",
        "10 ~ 0004 'MQTT' 04 82 000a 0003 'car' 000b 'anna?secret'",
        "10 ~ 0004 'MQTT' 04 c2 000a 0003 'car' 0004 'anna' 0007 'secret'",
        "10 ~ 0004 'MQTT' 05 02 000a 0d 15 0001 'm' 16 0006 'secret' 0003 'car'",
        "20 ~ 00 00 0d 15 0001 'm' 16 0006 'secret'",
        "f0 ~ 18 0d 15 0001 'm' 16 0006 'secret'",
        "f0 ~ 18 09 16 0006 'secret'",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(packets); i++) {
        struct hex h;
        struct buf out;
        buf_init(&out, 4096);
        mqtt_describe(hex_bytes(&h, packets[i]), i < 3 ? MQTT_3_1_1 : MQTT_5, &out);
        assert_null(strstr(buf_cstr(&out), "secret"));
        assert_null(strstr(buf_cstr(&out), "736563"));
        buf_done(&out);
    }
}

static void test_aliases(void **state)
{
    static const struct {
        bool outgoing;
        const char *packet, *text;
    } rows[] = {
        {true,  "30 ~ 0000 03 23 0001 'x'",                "PUBLISH q0  [Topic Alias=1] x (1 B)"    },
        {true,  "30 ~ 0003 'a/b' 03 23 0001 'x'",          "PUBLISH q0 a/b [Topic Alias=1] x (1 B)" },
        {true,  "30 ~ 0000 03 23 0001 'y'",                "PUBLISH q0 a/b [Topic Alias=1] y (1 B)" },
        {false, "30 ~ 0000 03 23 0001 'y'",                "PUBLISH q0  [Topic Alias=1] y (1 B)"    },
        {false, "30 ~ 0001 'c' 03 23 0001 'y'",            "PUBLISH q0 c [Topic Alias=1] y (1 B)"   },
        {false, "30 ~ 0000 03 23 0001 'z'",                "PUBLISH q0 c [Topic Alias=1] z (1 B)"   },
        {true,  "30 ~ 0001 'd' 03 23 0001 'y'",            "PUBLISH q0 d [Topic Alias=1] y (1 B)"   },
        {true,  "30 ~ 0000 03 23 0001 'y'",                "PUBLISH q0 d [Topic Alias=1] y (1 B)"   },
        {true,  "30 ~ 0000 03 23 ffff 'y'",                "PUBLISH q0  [Topic Alias=65535] y (1 B)"},
        {true,  "c0 ~",                                    "PINGREQ"                                },
        {true,  "10 ~ 0004 'MQTT' 05 02 003c 00 0001 'c'",
         "CONNECT v5 client=c clean=1 keep-alive=60"                                                },
        {true,  "30 ~ 0000 03 23 0001 'y'",                "PUBLISH q0  [Topic Alias=1] y (1 B)"    },
    };
    struct mqtt_describer d = {0};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct hex h;
        struct buf out;
        buf_init(&out, 4096);
        assert_true(
            mqtt_describe_next(&d, rows[i].outgoing, hex_bytes(&h, rows[i].packet), MQTT_5, &out));
        assert_string_equal(buf_cstr(&out), rows[i].text);
        buf_done(&out);
    }
    mqtt_describer_done(&d);
    mqtt_describer_done(&d);
}

static void test_ceiling(void **state)
{
    struct hex h;
    struct buf out;

    (void)state;
    buf_init(&out, 12);
    assert_false(mqtt_describe(hex_bytes(&h, "30 ~ 0003 'a/b' 'hello'"), MQTT_3_1_1, &out));
    assert_true(buf_len(&out) <= 12);
    buf_done(&out);
}

static void test_reason_names(void **state)
{
    (void)state;
    assert_string_equal(mqtt_reason_name(0x87), "Not authorized");
    assert_string_equal(mqtt_reason_name(0xa2), "Wildcard Subscriptions not supported");
    assert_string_equal(mqtt_reason_name(0x03), "unknown");
    assert_string_equal(mqtt_reason_name_in(MQTT_TYPE_DISCONNECT, 0), "Normal disconnection");
    assert_string_equal(mqtt_reason_name_in(MQTT_TYPE_SUBACK, 0), "Granted QoS 0");
    assert_string_equal(mqtt_reason_name_in(MQTT_TYPE_PUBACK, 0), "Success");
    assert_string_equal(mqtt_return_name(4), "Connection Refused, bad user name or password");
    assert_string_equal(mqtt_return_name(6), "unknown");
    assert_string_equal(mqtt_type_name(MQTT_TYPE_AUTH), "AUTH");
    assert_string_equal(mqtt_type_name((enum mqtt_type)0), "reserved");
    assert_string_equal(mqtt_type_name((enum mqtt_type)16), "reserved");
    uint8_t code = 1;
    assert_true(mqtt_reason_find(MQTT_TYPE_DISCONNECT, "normal disconnection", &code));
    assert_int_equal(code, 0);
    assert_true(mqtt_reason_find(MQTT_TYPE_DISCONNECT, "Disconnect with Will Message", &code));
    assert_int_equal(code, 4);
    assert_false(mqtt_reason_find(MQTT_TYPE_DISCONNECT, "Success", &code));
    assert_false(mqtt_reason_find(MQTT_TYPE_SUBACK, "Server busy", &code));
    assert_int_equal(code, 4);
    assert_true(mqtt_reason_allowed(MQTT_TYPE_PUBREL, 0x92));
    assert_false(mqtt_reason_allowed(MQTT_TYPE_PUBLISH, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_packet),
        cmocka_unit_test(test_payloads),
        cmocka_unit_test(test_controls_are_escaped),
        cmocka_unit_test(test_long_payloads_are_shortened),
        cmocka_unit_test(test_broken_packets),
        cmocka_unit_test(test_secrets),
        cmocka_unit_test(test_aliases),
        cmocka_unit_test(test_ceiling),
        cmocka_unit_test(test_reason_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
