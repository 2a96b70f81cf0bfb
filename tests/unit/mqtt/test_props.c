#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "hex.h"
#include "mqtt/codec.h"
#include "mqtt/props.h"
#include "mqtt/reason.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* MQTT 5, table 2-4, once more and by itself: a sample and the packets that may have it, as
   letters: W will, C CONNECT, c CONNACK, P PUBLISH, a PUBACK, r PUBREC, l PUBREL, p PUBCOMP, S
   SUBSCRIBE, s SUBACK, U UNSUBSCRIBE, u UNSUBACK, D DISCONNECT, A AUTH. */
static const struct {
    enum mqtt_prop id;
    const char *bytes;
    const char *where;
} samples[] = {
    {MQTT_PROP_PAYLOAD_FORMAT_INDICATOR,          "01 01",                   "WP"            },
    {MQTT_PROP_MESSAGE_EXPIRY_INTERVAL,           "02 01020304",             "WP"            },
    {MQTT_PROP_CONTENT_TYPE,                      "03 0004 'json'",          "WP"            },
    {MQTT_PROP_RESPONSE_TOPIC,                    "08 0003 'a/b'",           "WP"            },
    {MQTT_PROP_CORRELATION_DATA,                  "09 0003 00ff00",          "WP"            },
    {MQTT_PROP_SUBSCRIPTION_IDENTIFIER,           "0b ffffff7f",             "PS"            },
    {MQTT_PROP_SESSION_EXPIRY_INTERVAL,           "11 ffffffff",             "CcD"           },
    {MQTT_PROP_ASSIGNED_CLIENT_IDENTIFIER,        "12 0002 'id'",            "c"             },
    {MQTT_PROP_SERVER_KEEP_ALIVE,                 "13 0102",                 "c"             },
    {MQTT_PROP_AUTHENTICATION_METHOD,             "15 0001 'm'",             "CcA"           },
    {MQTT_PROP_AUTHENTICATION_DATA,               "15 0001 'm' 16 0001 'd'", "CcA"           },
    {MQTT_PROP_REQUEST_PROBLEM_INFORMATION,       "17 01",                   "C"             },
    {MQTT_PROP_WILL_DELAY_INTERVAL,               "18 00000001",             "W"             },
    {MQTT_PROP_REQUEST_RESPONSE_INFORMATION,      "19 01",                   "C"             },
    {MQTT_PROP_RESPONSE_INFORMATION,              "1a 0001 'r'",             "c"             },
    {MQTT_PROP_SERVER_REFERENCE,                  "1c 0001 's'",             "cD"            },
    {MQTT_PROP_REASON_STRING,                     "1f 0002 'no'",            "carlpsuDA"     },
    {MQTT_PROP_RECEIVE_MAXIMUM,                   "21 ffff",                 "Cc"            },
    {MQTT_PROP_TOPIC_ALIAS_MAXIMUM,               "22 0000",                 "Cc"            },
    {MQTT_PROP_TOPIC_ALIAS,                       "23 0001",                 "P"             },
    {MQTT_PROP_MAXIMUM_QOS,                       "24 01",                   "c"             },
    {MQTT_PROP_RETAIN_AVAILABLE,                  "25 01",                   "c"             },
    {MQTT_PROP_USER_PROPERTY,                     "26 0001 'k' 0001 'v'",    "WCcParlpSsUuDA"},
    {MQTT_PROP_MAXIMUM_PACKET_SIZE,               "27 00000001",             "Cc"            },
    {MQTT_PROP_WILDCARD_SUBSCRIPTION_AVAILABLE,   "28 01",                   "c"             },
    {MQTT_PROP_SUBSCRIPTION_IDENTIFIER_AVAILABLE, "29 01",                   "c"             },
    {MQTT_PROP_SHARED_SUBSCRIPTION_AVAILABLE,     "2a 01",                   "c"             },
};
static const char letters[] = "WCcParlpSsUu__DA"; /* by packet type */

static void expect_same_again(const struct mqtt_props *p, const struct hex *h)
{
    uint8_t again[64];

    assert_int_equal(mqtt_props_size(p), h->len);
    assert_ptr_equal(mqtt_props_write(p, again), again + h->len);
    assert_memory_equal(again, h->data, h->len);
}

static void test_every_property_in_every_packet(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(samples); i++) {
        for (unsigned type = 0; type < MQTT_TYPE_COUNT; type++) {
            struct hex h;
            struct mqtt_props p;
            const char *why = NULL;
            bool allowed = strchr(samples[i].where, letters[type]) != NULL;
            struct slice bytes = hex_bytes(&h, samples[i].bytes);
            uint8_t code = mqtt_props_read(bytes, (enum mqtt_type)type, &p, &why);
            if (code != (allowed ? 0 : MQTT_REASON_MALFORMED_PACKET))
                fail_msg("%s in %s: 0x%02x", mqtt_prop_name(samples[i].id),
                         mqtt_type_name((enum mqtt_type)type), code);
            if (!allowed)
                continue;
            assert_true(mqtt_props_has(&p, samples[i].id));
            assert_int_equal(mqtt_props_check(&p, (enum mqtt_type)type, &why), 0);
            expect_same_again(&p, &h);
        }
    }
}

/* The row of the table leads to the right member. */
static void test_members(void **state)
{
    static const char bytes[] =
        "11 00000001 12 0002 'id' 13 0002 15 0001 'm' 16 0001 'd' 1a 0001 'r' 1c 0001 's' "
        "1f 0002 'no' 21 0003 22 0004 24 01 25 01 27 00000005 28 01 29 01 2a 01";
    struct hex h;
    struct mqtt_props p;
    const char *why = NULL;

    (void)state;
    assert_int_equal(mqtt_props_read(hex_bytes(&h, bytes), MQTT_TYPE_CONNACK, &p, &why), 0);
    assert_int_equal(p.session_expiry_interval, 1);
    assert_true(slice_is(p.assigned_client_identifier, "id"));
    assert_int_equal(p.server_keep_alive, 2);
    assert_true(slice_is(p.authentication_method, "m"));
    assert_true(slice_is(p.authentication_data, "d"));
    assert_true(slice_is(p.response_information, "r"));
    assert_true(slice_is(p.server_reference, "s"));
    assert_true(slice_is(p.reason_string, "no"));
    assert_int_equal(p.receive_maximum, 3);
    assert_int_equal(p.topic_alias_maximum, 4);
    assert_int_equal(p.maximum_qos, 1);
    assert_int_equal(p.retain_available, 1);
    assert_int_equal(p.maximum_packet_size, 5);
    assert_int_equal(p.wildcard_subscription_available, 1);
    assert_int_equal(p.subscription_identifier_available, 1);
    assert_int_equal(p.shared_subscription_available, 1);

    assert_int_equal(mqtt_props_read(hex_bytes(&h, "01 01 02 00000006 03 0001 'c' 08 0001 't' "
                                                   "09 0001 'x' 0b 07 23 0008"),
                                     MQTT_TYPE_PUBLISH, &p, &why),
                     0);
    assert_int_equal(p.payload_format_indicator, 1);
    assert_int_equal(p.message_expiry_interval, 6);
    assert_true(slice_is(p.content_type, "c"));
    assert_true(slice_is(p.response_topic, "t"));
    assert_true(slice_is(p.correlation_data, "x"));
    assert_int_equal(p.subscription_identifier, 7);
    assert_int_equal(p.topic_alias, 8);

    assert_int_equal(mqtt_props_read(hex_bytes(&h, "17 01 19 01"), MQTT_TYPE_CONNECT, &p, &why), 0);
    assert_int_equal(p.request_problem_information, 1);
    assert_int_equal(p.request_response_information, 1);
    assert_int_equal(mqtt_props_read(hex_bytes(&h, "18 00000009"), MQTT_PROPS_WILL, &p, &why), 0);
    assert_int_equal(p.will_delay_interval, 9);
}

static void test_get(void **state)
{
    struct mqtt_props p = {.topic_alias = 3, .content_type = slice_str("x")};
    struct mqtt_prop_value v;

    (void)state;
    assert_false(mqtt_props_get(&p, MQTT_PROP_TOPIC_ALIAS, &v));
    mqtt_props_set(&p, MQTT_PROP_TOPIC_ALIAS);
    mqtt_props_set(&p, MQTT_PROP_CONTENT_TYPE);
    mqtt_props_set(&p, MQTT_PROP_CORRELATION_DATA);
    mqtt_props_set(&p, MQTT_PROP_USER_PROPERTY);
    assert_true(mqtt_props_get(&p, MQTT_PROP_TOPIC_ALIAS, &v));
    assert_int_equal(v.kind, MQTT_PROP_NUMBER);
    assert_int_equal(v.number, 3);
    assert_true(mqtt_props_get(&p, MQTT_PROP_CONTENT_TYPE, &v));
    assert_int_equal(v.kind, MQTT_PROP_TEXT);
    assert_true(slice_is(v.text, "x"));
    assert_true(mqtt_props_get(&p, MQTT_PROP_CORRELATION_DATA, &v));
    assert_int_equal(v.kind, MQTT_PROP_BINARY);
    assert_false(mqtt_props_get(&p, MQTT_PROP_USER_PROPERTY, &v));
    assert_false(mqtt_props_get(&p, (enum mqtt_prop)0, &v));
}

static void test_only_some_may_repeat(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(samples); i++) {
        struct hex h;
        struct mqtt_props p;
        const char *why = NULL;
        enum mqtt_prop id = samples[i].id;
        enum mqtt_type type = (enum mqtt_type)(strchr(letters, samples[i].where[0]) - letters);
        bool repeats = id == MQTT_PROP_USER_PROPERTY ||
                       (id == MQTT_PROP_SUBSCRIPTION_IDENTIFIER && type == MQTT_TYPE_PUBLISH);
        struct slice once = hex_bytes(&h, samples[i].bytes);
        memcpy(h.data + once.len, h.data, once.len);
        assert_int_equal(mqtt_props_read(slice_of(h.data, 2 * once.len), type, &p, &why),
                         repeats ? 0 : MQTT_REASON_PROTOCOL_ERROR);
    }
}

static void test_check_refuses(void **state)
{
    struct mqtt_props p = {0};
    const char *why = NULL;

    (void)state;
    assert_int_equal(mqtt_props_check(&p, MQTT_TYPE_PINGREQ, &why), 0);
    mqtt_props_set(&p, MQTT_PROP_TOPIC_ALIAS);
    assert_int_equal(mqtt_props_check(&p, MQTT_TYPE_CONNECT, &why), MQTT_REASON_MALFORMED_PACKET);
    assert_int_equal(mqtt_props_check(&p, MQTT_TYPE_PUBLISH, &why),
                     MQTT_REASON_TOPIC_ALIAS_INVALID);
    p.topic_alias = 1;
    assert_int_equal(mqtt_props_check(&p, MQTT_TYPE_PUBLISH, &why), 0);
    p = (struct mqtt_props){.present = (uint64_t)1 << 63};
    assert_int_equal(mqtt_props_check(&p, MQTT_TYPE_PUBLISH, &why), MQTT_REASON_MALFORMED_PACKET);
    assert_int_equal(mqtt_props_size(&p), 0);
    p = (struct mqtt_props){.authentication_data = slice_str("d")};
    mqtt_props_set(&p, MQTT_PROP_AUTHENTICATION_DATA);
    assert_int_equal(mqtt_props_check(&p, MQTT_TYPE_CONNECT, &why), MQTT_REASON_PROTOCOL_ERROR);
    p = (struct mqtt_props){.subscription_identifier = 268435456};
    mqtt_props_set(&p, MQTT_PROP_SUBSCRIPTION_IDENTIFIER);
    assert_int_equal(mqtt_props_size(&p), SIZE_MAX);
}

static void test_user_properties(void **state)
{
    struct buf run;
    struct mqtt_props p = {0};
    struct slice rest, name, value;
    uint8_t *long_text = calloc(1, 65536);

    (void)state;
    assert_non_null(long_text);
    buf_init(&run, 1024);
    assert_true(mqtt_props_add_user(&run, slice_str("status"), slice_str("ok")));
    assert_true(mqtt_props_add_user(&run, slice_str("status"), slice_str("")));
    assert_false(mqtt_props_add_user(&run, slice_str("n"), slice_of(long_text, 65536)));
    assert_false(run.overflow);
    assert_false(mqtt_props_add_user(&run, slice_str("n"), slice_of(long_text, 2000)));
    assert_true(run.overflow);

    p.user = buf_slice(&run);
    rest = p.user;
    assert_true(mqtt_props_user_next(&rest, &name, &value));
    assert_true(slice_is(name, "status") && slice_is(value, "ok"));
    assert_true(mqtt_props_user_next(&rest, &name, &value));
    assert_true(slice_is(name, "status") && slice_is(value, ""));
    assert_false(mqtt_props_user_next(&rest, &name, &value));
    assert_int_equal(mqtt_props_size(&p), run.end);
    buf_done(&run);
    free(long_text);
}

static void test_walks_skip_the_rest(void **state)
{
    struct hex h;
    struct mqtt_props p;
    const char *why = NULL;
    struct slice rest, name, value;
    uint32_t id;

    (void)state;
    assert_int_equal(
        mqtt_props_read(hex_bytes(&h, "0b 01 26 0001 'a' 0001 'b' 03 0001 'c' 0b 8001"),
                        MQTT_TYPE_PUBLISH, &p, &why),
        0);
    rest = p.user;
    assert_true(mqtt_props_subscription_next(&rest, &id));
    assert_int_equal(id, 1);
    assert_true(mqtt_props_subscription_next(&rest, &id));
    assert_int_equal(id, 128);
    assert_false(mqtt_props_subscription_next(&rest, &id));
    assert_int_equal(p.subscription_identifier, 128);
    rest = p.user;
    assert_true(mqtt_props_user_next(&rest, &name, &value));
    assert_true(slice_is(name, "a"));
    assert_false(mqtt_props_user_next(&rest, &name, &value));

    /* Handing on the user properties of a message does not hand on its subscription identifiers,
       which a client must not send (MQTT-3.3.4-6). */
    struct mqtt_props onward = {.user = p.user};
    uint8_t out[64];
    struct hex want;
    struct slice w = hex_bytes(&want, "26 0001 'a' 0001 'b'");
    size_t size = mqtt_props_size(&onward);
    assert_int_equal(size, w.len);
    mqtt_props_write(&onward, out);
    assert_memory_equal(out, w.data, w.len);

    rest = slice_of("\x26\x00\x05x", 4);
    assert_false(mqtt_props_user_next(&rest, &name, &value));
    assert_int_equal(rest.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_property_in_every_packet),
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_get),
        cmocka_unit_test(test_only_some_may_repeat),
        cmocka_unit_test(test_check_refuses),
        cmocka_unit_test(test_user_properties),
        cmocka_unit_test(test_walks_skip_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
