#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "hex.h"
#include "mqtt/codec.h"
#include "vectors.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static uint8_t decode(const char *bytes, enum mqtt_version version, struct hex *h,
                      struct mqtt_packet *ret)
{
    const char *why = NULL;
    uint8_t code = mqtt_decode(hex_bytes(h, bytes), version, ret, &why);

    if (code == 0 && why != NULL)
        fail_msg("%s: accepted, and yet: %s", bytes, why);
    if (code != 0 && why == NULL)
        fail_msg("%s: refused with 0x%02x without a word", bytes, code);
    return code;
}

static struct mqtt_packet decode_ok(const char *bytes, enum mqtt_version version, struct hex *h)
{
    struct mqtt_packet p;
    const char *why = NULL;
    uint8_t code = mqtt_decode(hex_bytes(h, bytes), version, &p, &why);

    if (code != 0)
        fail_msg("%s: refused with 0x%02x: %s", bytes, code, why);
    return p;
}

static void test_encode_undoes_decode(void **state)
{
    (void)state;
    for (size_t i = 0; i < VECTOR_COUNT; i++) {
        const struct vector *v = &vectors[i];
        struct hex h;
        struct buf out;
        struct mqtt_packet p = decode_ok(v->bytes, v->version, &h);

        buf_init(&out, 4096);
        assert_true(mqtt_encode(&out, v->version, &p));
        if (!slice_equal(buf_slice(&out), slice_of(h.data, h.len)))
            fail_msg("%s: encodes differently", v->bytes);
        buf_done(&out);
    }
}

/* A connection's version does not matter to CONNECT, which brings its own. */
static void test_connect_brings_its_version(void **state)
{
    struct hex h;
    struct mqtt_packet p = decode_ok(vectors[0].bytes, MQTT_5, &h);

    (void)state;
    assert_int_equal(p.connect.version, MQTT_3_1_1);
}

static void test_framing_byte_by_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < VECTOR_COUNT; i++) {
        struct hex h;
        struct slice whole = hex_bytes(&h, vectors[i].bytes);
        size_t need = 0;
        for (size_t len = 0; len < whole.len; len++) {
            assert_int_equal(mqtt_decode_frame(whole.data, len, MQTT_PACKET_MAX, &need),
                             MQTT_DECODE_NEED_MORE);
            assert_true(need > len && need <= whole.len);
        }
        assert_int_equal(mqtt_decode_frame(whole.data, whole.len, MQTT_PACKET_MAX, &need),
                         MQTT_DECODE_OK);
        assert_int_equal(need, whole.len);
    }
}

static void test_framing_limits(void **state)
{
    static const struct {
        const char *bytes;
        size_t max_packet;
        enum mqtt_decode outcome;
        size_t total;
    } cases[] = {
        {"",                           MQTT_PACKET_MAX, MQTT_DECODE_NEED_MORE, 2              },
        {"30",                         MQTT_PACKET_MAX, MQTT_DECODE_NEED_MORE, 2              },
        {"30 80",                      MQTT_PACKET_MAX, MQTT_DECODE_NEED_MORE, 3              },
        {"30 7f",                      MQTT_PACKET_MAX, MQTT_DECODE_NEED_MORE, 2 + 127        },
        {"30 80 01",                   MQTT_PACKET_MAX, MQTT_DECODE_NEED_MORE, 3 + 128        },
        {"30 ff 7f",                   MQTT_PACKET_MAX, MQTT_DECODE_NEED_MORE, 3 + 16383      },
        {"30 80 80 01",                MQTT_PACKET_MAX, MQTT_DECODE_NEED_MORE, 4 + 16384      },
        {"30 ff ff 7f",                MQTT_PACKET_MAX, MQTT_DECODE_NEED_MORE, 4 + 2097151    },
        {"30 80 80 80 01",             MQTT_PACKET_MAX, MQTT_DECODE_NEED_MORE, 5 + 2097152    },
        {"30 ff ff ff 7f",             MQTT_PACKET_MAX, MQTT_DECODE_NEED_MORE, MQTT_PACKET_MAX},
        {"30 ff ff ff ff",             MQTT_PACKET_MAX, MQTT_DECODE_MALFORMED, 0              },
        {"30 ff ff ff ff 00",          MQTT_PACKET_MAX, MQTT_DECODE_MALFORMED, 0              },
        {"30 80 80 80 80 01",          MQTT_PACKET_MAX, MQTT_DECODE_MALFORMED, 0              },
        {"30 80 08",                   1027,            MQTT_DECODE_NEED_MORE, 1027           },
        {"30 80 08",                   1026,            MQTT_DECODE_TOO_LARGE, 0              },
        {"30 ff ff ff 7f",             1024,            MQTT_DECODE_TOO_LARGE, 0              },
        {"c0 00",                      2,               MQTT_DECODE_OK,        2              },
        {"c0 00",                      1,               MQTT_DECODE_TOO_LARGE, 0              },
        {"c0 00 c0 00",                MQTT_PACKET_MAX, MQTT_DECODE_OK,        2              },
        {"00",                         MQTT_PACKET_MAX, MQTT_DECODE_MALFORMED, 0              },
        {"'HTTP/1.1 400 Bad Request'", MQTT_PACKET_MAX, MQTT_DECODE_MALFORMED, 0              },
        {"15 03 03 00 02",             MQTT_PACKET_MAX, MQTT_DECODE_MALFORMED, 0              }, /* a TLS alert */
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct hex h;
        struct slice s = hex_bytes(&h, cases[i].bytes);
        size_t total = 0;
        enum mqtt_decode outcome = mqtt_decode_frame(s.data, s.len, cases[i].max_packet, &total);
        if (outcome != cases[i].outcome || total != cases[i].total)
            fail_msg("%s: %s, %zu", cases[i].bytes, mqtt_decode_name(outcome), total);
    }
}

/* Every first byte: only PUBLISH and the one legal set of flags of each type start a packet. */
static void test_reserved_flags(void **state)
{
    (void)state;
    for (unsigned first = 0; first < 256; first++) {
        uint8_t byte = (uint8_t)first;
        unsigned type = first >> 4, flags = first & 15,
                 want = type == 6 || type == 8 || type == 10 ? 2 : 0;
        bool legal = type == 3 || (type != 0 && flags == want);
        size_t total;
        assert_int_equal(mqtt_decode_frame(&byte, 1, MQTT_PACKET_MAX, &total),
                         legal ? MQTT_DECODE_NEED_MORE : MQTT_DECODE_MALFORMED);
    }
}

static void test_cut_or_extended_packets_are_malformed(void **state)
{
    (void)state;
    for (size_t i = 0; i < VECTOR_COUNT; i++) {
        struct hex h;
        struct mqtt_packet p;
        const char *why = NULL;
        struct slice whole = hex_bytes(&h, vectors[i].bytes);
        for (size_t len = 0; len < whole.len; len++)
            assert_int_equal(mqtt_decode(slice_of(whole.data, len), vectors[i].version, &p, &why),
                             0x81);
        h.data[h.len++] = 0;
        assert_int_equal(mqtt_decode(slice_of(h.data, h.len), vectors[i].version, &p, &why), 0x81);
    }
}

static const struct {
    enum mqtt_version version;
    uint8_t code;
    const char *bytes;
} refused[] = {
  /* fixed header */
    {MQTT_5,     0x81, ""                                                            },
    {MQTT_5,     0x81, "00 00"                                                       },
    {MQTT_5,     0x81, "c0 01 00"                                                    },
    {MQTT_5,     0x81, "c1 00"                                                       },
    {MQTT_5,     0x81, "60 02 0007"                                                  },
    {MQTT_5,     0x81, "c0 80 00"                                                    },
    {MQTT_3_1_1, 0x81, "f0 00"                                                       },
 /* CONNECT */
    {MQTT_5,     0x84, "10 ~ 0004 'MQTX' 05 02 003c 00 0000"                         },
    {MQTT_5,     0x84, "10 ~ 0006 'MQIsdp' 03 02 003c 0000"                          },
    {MQTT_5,     0x84, "10 ~ 0004 'MQTT' 06 02 003c 00 0000"                         },
    {MQTT_5,     0x81, "10 ~ 0004 'MQTT' 05 03 003c 00 0000"                         },
    {MQTT_5,     0x81, "10 ~ 0004 'MQTT' 05 0a 003c 00 0000"                         },
    {MQTT_5,     0x81, "10 ~ 0004 'MQTT' 05 22 003c 00 0000"                         },
    {MQTT_5,     0x81, "10 ~ 0004 'MQTT' 05 1e 003c 00 0000 00 0001 'w' 0000"        },
    {MQTT_5,     0x81, "10 ~ 0004 'MQTT' 05 06 003c 00 0000 00 0001 '#' 0000"        },
    {MQTT_5,     0x81, "10 ~ 0004 'MQTT' 05 06 003c 00 0000 00 0000 0000"            },
    {MQTT_5,     0x81, "10 ~ 0004 'MQTT' 05 06 003c 00 0000 03 23 0001 0001 'w' 0000"},
    {MQTT_5,     0x81, "10 ~ 0004 'MQTT' 05 02 003c 05 18 00000001 0000"             },
    {MQTT_5,     0x81, "10 ~ 0004 'MQTT' 05 02 003c 00 0001 ff"                      },
    {MQTT_5,     0x81, "10 ~ 0004 'MQTT' 05 82 003c 00 0000 0001 00"                 },
    {MQTT_5,     0x82, "10 ~ 0004 'MQTT' 05 02 003c 03 21 0000 0000"                 },
    {MQTT_5,     0x82, "10 ~ 0004 'MQTT' 05 02 003c 05 27 00000000 0000"             },
    {MQTT_5,     0x82, "10 ~ 0004 'MQTT' 05 02 003c 02 17 02 0000"                   },
    {MQTT_5,     0x82, "10 ~ 0004 'MQTT' 05 02 003c 02 19 02 0000"                   },
    {MQTT_5,     0x82, "10 ~ 0004 'MQTT' 05 02 003c 04 16 0001 'd' 0000"             },
    {MQTT_5,     0x82, "10 ~ 0004 'MQTT' 05 02 003c 06 21 0001 21 0001 0000"         },
    {MQTT_3_1_1, 0x85, "10 ~ 0004 'MQTT' 04 00 003c 0000"                            },
    {MQTT_3_1_1, 0x81, "10 ~ 0004 'MQTT' 04 42 003c 0000 0001 'p'"                   },
 /* CONNACK */
    {MQTT_3_1_1, 0x81, "20 02 02 00"                                                 },
    {MQTT_3_1_1, 0x82, "20 02 01 01"                                                 },
    {MQTT_3_1_1, 0x82, "20 02 00 06"                                                 },
    {MQTT_3_1_1, 0x81, "20 03 00 00 00"                                              },
    {MQTT_5,     0x81, "20 02 00 01"                                                 },
    {MQTT_5,     0x82, "20 03 01 80 00"                                              },
    {MQTT_5,     0x82, "20 03 00 01 00"                                              },
    {MQTT_5,     0x82, "20 ~ 00 00 02 24 02"                                         },
    {MQTT_5,     0x82, "20 ~ 00 00 02 25 02"                                         },
    {MQTT_5,     0x82, "20 ~ 00 00 02 28 02"                                         },
    {MQTT_5,     0x82, "20 ~ 00 00 02 29 ff"                                         },
    {MQTT_5,     0x82, "20 ~ 00 00 02 2a 02"                                         },
    {MQTT_5,     0x81, "20 ~ 00 00 02 17 00"                                         },
    {MQTT_5,     0x81, "20 ~ 00 00 02 04 00"                                         },
    {MQTT_5,     0x81, "20 ~ 00 00 03 80 01 00"                                      },
    {MQTT_5,     0x81, "20 ~ 00 00 02 21 00"                                         },
    {MQTT_5,     0x81, "20 ~ 00 00 05 1f 0002 c3 28"                                 },
    {MQTT_5,     0x81, "20 ~ 00 00 80 00"                                            },
    {MQTT_5,     0x81, "20 ~ 00 00 ff ff ff ff 7f"                                   },
    {MQTT_5,     0x81, "20 ~ 00 00 7f"                                               },
 /* PUBLISH */
    {MQTT_3_1_1, 0x81, "36 ~ 0001 'a' 0001"                                          },
    {MQTT_3_1_1, 0x81, "38 ~ 0001 'a'"                                               },
    {MQTT_3_1_1, 0x81, "30 ~ 0000 'x'"                                               },
    {MQTT_3_1_1, 0x81, "30 ~ 0003 'a/+'"                                             },
    {MQTT_3_1_1, 0x81, "30 ~ 0003 'a/#'"                                             },
    {MQTT_3_1_1, 0x81, "30 ~ 0003 61 00 62"                                          },
    {MQTT_3_1_1, 0x81, "30 ~ 0002 c0 80"                                             },
    {MQTT_3_1_1, 0x81, "30 ~ 0003 ed a0 80"                                          },
    {MQTT_3_1_1, 0x81, "30 ~ 0002 e2 82"                                             },
    {MQTT_3_1_1, 0x81, "30 ~ 0004 f4 90 80 80"                                       },
    {MQTT_3_1_1, 0x82, "32 ~ 0001 'a' 0000"                                          },
    {MQTT_3_1_1, 0x81, "32 ~ 0001 'a' 00"                                            },
    {MQTT_5,     0x82, "30 ~ 0000 00 'x'"                                            },
    {MQTT_5,     0x94, "30 ~ 0001 'a' 03 23 0000"                                    },
    {MQTT_5,     0x82, "30 ~ 0001 'a' 02 01 02"                                      },
    {MQTT_5,     0x82, "30 ~ 0001 'a' 04 01 01 01 01"                                },
    {MQTT_5,     0x82, "30 ~ 0001 'a' 02 0b 00"                                      },
    {MQTT_5,     0x82, "30 ~ 0001 'a' 04 0b 01 0b 00"                                },
    {MQTT_5,     0x81, "30 ~ 0001 'a' 03 0b 81 00"                                   },
    {MQTT_5,     0x81, "30 ~ 0001 'a' 06 0b ff ff ff ff 01"                          },
    {MQTT_5,     0x82, "30 ~ 0001 'a' 04 08 0001 '#'"                                },
    {MQTT_5,     0x82, "30 ~ 0001 'a' 03 08 0000"                                    },
    {MQTT_5,     0x81, "30 ~ 0001 'a' 05 11 00000001"                                },
    {MQTT_5,     0x81, "30 ~ 0001 'a' 06 26 0001 'k' 0001"                           },
    {MQTT_5,     0x81, "30 ~ 0001 'a' 07 26 0001 'k' 0001 ff"                        },
 /* PUBACK and its kin */
    {MQTT_5,     0x82, "40 02 0000"                                                  },
    {MQTT_5,     0x82, "40 03 0001 92"                                               },
    {MQTT_5,     0x82, "50 03 0001 18"                                               },
    {MQTT_5,     0x82, "62 03 0001 10"                                               },
    {MQTT_5,     0x82, "70 03 0001 80"                                               },
    {MQTT_5,     0x82, "40 03 0001 ff"                                               },
    {MQTT_3_1_1, 0x81, "40 03 0001 00"                                               },
    {MQTT_3_1_1, 0x81, "40 01 00"                                                    },
    {MQTT_5,     0x81, "40 ~ 0001 00 02 25 01"                                       },
 /* SUBSCRIBE, UNSUBSCRIBE */
    {MQTT_3_1_1, 0x82, "82 02 0001"                                                  },
    {MQTT_5,     0x82, "82 03 0001 00"                                               },
    {MQTT_5,     0x82, "a2 03 0001 00"                                               },
    {MQTT_3_1_1, 0x82, "82 ~ 0000 0001 'a' 00"                                       },
    {MQTT_3_1_1, 0x82, "82 ~ 0001 0001 'a' 03"                                       },
    {MQTT_3_1_1, 0x81, "82 ~ 0001 0001 'a' 04"                                       },
    {MQTT_3_1_1, 0x81, "82 ~ 0001 0001 'a' 00 0002 'b'"                              },
    {MQTT_3_1_1, 0x81, "82 ~ 0001 0001 'a'"                                          },
    {MQTT_3_1_1, 0x81, "82 ~ 0001 0000 00"                                           },
    {MQTT_3_1_1, 0x81, "82 ~ 0001 0002 'a#' 00"                                      },
    {MQTT_3_1_1, 0x81, "82 ~ 0001 0003 '#/a' 00"                                     },
    {MQTT_3_1_1, 0x81, "a2 ~ 0001 0002 'a+'"                                         },
    {MQTT_5,     0x81, "82 ~ 0001 00 0001 'a' 40"                                    },
    {MQTT_5,     0x81, "82 ~ 0001 00 0001 'a' 80"                                    },
    {MQTT_5,     0x82, "82 ~ 0001 00 0001 'a' 30"                                    },
    {MQTT_5,     0x82, "82 ~ 0001 00 0001 'a' 03"                                    },
    {MQTT_5,     0x82, "82 ~ 0001 00 000a '$share/g/a' 04"                           },
    {MQTT_5,     0x81, "82 ~ 0001 00 0008 '$share/g' 00"                             },
    {MQTT_5,     0x82, "82 ~ 0001 02 0b 00 0001 'a' 00"                              },
    {MQTT_5,     0x82, "82 ~ 0001 04 0b 01 0b 02 0001 'a' 00"                        },
    {MQTT_5,     0x81, "a2 ~ 0001 02 0b 01 0001 'a'"                                 },
 /* SUBACK, UNSUBACK */
    {MQTT_3_1_1, 0x82, "90 03 0001 03"                                               },
    {MQTT_3_1_1, 0x82, "90 03 0001 87"                                               },
    {MQTT_3_1_1, 0x82, "90 02 0001"                                                  },
    {MQTT_3_1_1, 0x82, "90 03 0000 00"                                               },
    {MQTT_3_1_1, 0x81, "b0 03 0001 00"                                               },
    {MQTT_5,     0x82, "90 ~ 0001 00 03"                                             },
    {MQTT_5,     0x82, "90 ~ 0001 00 11"                                             },
    {MQTT_5,     0x82, "b0 ~ 0001 00 01"                                             },
    {MQTT_5,     0x82, "b0 ~ 0001 00"                                                },
 /* DISCONNECT, AUTH */
    {MQTT_3_1_1, 0x81, "e0 01 00"                                                    },
    {MQTT_5,     0x82, "e0 01 01"                                                    },
    {MQTT_5,     0x82, "e0 01 84"                                                    },
    {MQTT_5,     0x81, "e0 ~ 00 02 25 01"                                            },
    {MQTT_5,     0x82, "f0 02 18 00"                                                 },
    {MQTT_5,     0x82, "f0 01 19"                                                    },
    {MQTT_5,     0x82, "f0 01 87"                                                    },
};

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        struct hex h;
        struct mqtt_packet p;
        uint8_t code = decode(refused[i].bytes, refused[i].version, &h, &p);
        if (code != refused[i].code)
            fail_msg("%s: 0x%02x, not 0x%02x", refused[i].bytes, code, refused[i].code);
    }
}

/* Longer forms that the standard allows; they encode to the shortest. */
static void test_accepted_long_forms(void **state)
{
    static const struct {
        enum mqtt_version version;
        const char *bytes, *shortest;
    } cases[] = {
        {MQTT_5,     "40 04 0007 00 00",          "40 02 0007"               },
        {MQTT_5,     "40 03 0007 00",             "40 02 0007"               },
        {MQTT_5,     "e0 02 00 00",               "e0 00"                    },
        {MQTT_5,     "e0 02 8e 00",               "e0 01 8e"                 },
        {MQTT_3_1_1, "c0 80 00",                  "c0 00"                    },
        {MQTT_5,     "20 ~ 00 00 04 25 00 24 01", "20 ~ 00 00 04 24 01 25 00"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct hex h, want;
        struct buf out;
        struct mqtt_packet p = decode_ok(cases[i].bytes, cases[i].version, &h);
        buf_init(&out, 64);
        assert_true(mqtt_encode(&out, cases[i].version, &p));
        assert_true(slice_equal(buf_slice(&out), hex_bytes(&want, cases[i].shortest)));
        buf_done(&out);
    }
}

static void test_connect_fields(void **state)
{
    struct hex h;
    struct mqtt_packet p = decode_ok(
        "10 ~ 0004 'MQTT' 05 ee 0102 05 11 0000000a 0003 'car' 05 18 00000005 0001 'w' 0002 'pp' "
        "0001 'u' 0000",
        MQTT_3_1_1, &h);
    const struct mqtt_packet_connect *c = &p.connect;

    (void)state;
    assert_int_equal(p.type, MQTT_TYPE_CONNECT);
    assert_int_equal(c->version, MQTT_5);
    assert_true(c->clean_start);
    assert_int_equal(c->keep_alive_s, 258);
    assert_int_equal(c->props.session_expiry_interval, 10);
    assert_true(slice_is(c->client_id, "car"));
    assert_true(c->has_will);
    assert_int_equal(c->will.message.qos, 1);
    assert_true(c->will.message.retain);
    assert_int_equal(c->will.delay_s, 5);
    assert_true(slice_is(c->will.message.topic, "w"));
    assert_true(slice_is(c->will.message.payload, "pp"));
    assert_true(slice_is(c->username, "u"));
    assert_non_null(c->password.data); /* present, and empty */
    assert_int_equal(c->password.len, 0);
}

static void test_publish_fields(void **state)
{
    struct hex h;
    struct mqtt_packet p = decode_ok("3d ~ 0003 'a/b' 0102 03 23 0009 'xyz'", MQTT_5, &h);
    const struct mqtt_message *m = &p.publish.message;

    (void)state;
    assert_int_equal(p.publish.packet_id, 0x0102);
    assert_int_equal(m->qos, 2);
    assert_true(m->dup);
    assert_true(m->retain);
    assert_true(slice_is(m->topic, "a/b"));
    assert_true(slice_is(m->payload, "xyz"));
    assert_true(mqtt_props_has(&m->props, MQTT_PROP_TOPIC_ALIAS));
    assert_int_equal(m->props.topic_alias, 9);
    p = decode_ok("30 ~ 0003 'a/b' 'xyz'", MQTT_3_1_1, &h);
    assert_int_equal(p.publish.packet_id, 0);
    assert_int_equal(p.publish.message.props.present, 0);
}

static void test_subscription_walk(void **state)
{
    struct hex h;
    struct mqtt_packet p = decode_ok("82 ~ 000a 00 0003 'a/+' 2d 0001 '#' 02", MQTT_5, &h);
    struct slice rest = p.subscribe.entries;
    struct mqtt_subscription s;
    struct buf again;

    (void)state;
    buf_init(&again, 64);
    assert_int_equal(p.subscribe.packet_id, 10);
    assert_true(mqtt_subscription_next(&rest, p.type, &s));
    assert_true(slice_is(s.filter, "a/+"));
    assert_int_equal(s.qos, 1);
    assert_true(s.no_local && s.retain_as_published);
    assert_int_equal(s.retain_handling, 2);
    assert_true(mqtt_subscription_add(&again, p.type, &s));
    assert_true(mqtt_subscription_next(&rest, p.type, &s));
    assert_true(slice_is(s.filter, "#"));
    assert_int_equal(s.qos, 2);
    assert_true(mqtt_subscription_add(&again, p.type, &s));
    assert_false(mqtt_subscription_next(&rest, p.type, &s));
    assert_true(slice_equal(buf_slice(&again), p.subscribe.entries));
    buf_done(&again);

    rest = slice_of("\0\5ab", 4);
    assert_false(mqtt_subscription_next(&rest, MQTT_TYPE_UNSUBSCRIBE, &s));
    assert_int_equal(rest.len, 0);
}

static void expect_bytes(struct buf *out, const char *bytes)
{
    struct hex h;

    if (!slice_equal(buf_slice(out), hex_bytes(&h, bytes)))
        fail_msg("not %s", bytes);
    buf_clear(out);
}

static void test_direct_encoders(void **state)
{
    struct mqtt_message m = {.topic = slice_str("a/b"), .payload = slice_str("hi"), .qos = 1};
    const struct mqtt_filter filters[] = {
        {.filter = slice_str("a/#"), .qos = 1},
        {.filter = slice_str("b"),   .qos = 0}
    };
    struct mqtt_props props = {.subscription_identifier = 7};
    struct buf out;

    (void)state;
    buf_init(&out, 256);
    assert_true(mqtt_encode_publish(&out, MQTT_3_1_1, &m, 5));
    expect_bytes(&out, "32 09 0003 'a/b' 0005 'hi'");
    assert_true(mqtt_encode_publish(&out, MQTT_5, &m, 5));
    mqtt_publish_set_dup(buf_data(&out));
    expect_bytes(&out, "3a 0a 0003 'a/b' 0005 00 'hi'");
    m.qos = 0;
    m.retain = true;
    m.props.message_expiry_interval = 2;
    mqtt_props_set(&m.props, MQTT_PROP_MESSAGE_EXPIRY_INTERVAL);
    assert_true(mqtt_encode_publish(&out, MQTT_5, &m, 5));
    expect_bytes(&out, "31 ~ 0003 'a/b' 05 02 00000002 'hi'");
    assert_true(mqtt_encode_publish(&out, MQTT_3_1_1, &m, 5));
    expect_bytes(&out, "31 ~ 0003 'a/b' 'hi'");

    assert_true(mqtt_encode_ack(&out, MQTT_5, MQTT_TYPE_PUBACK, 0x1234, 0));
    expect_bytes(&out, "40 02 1234");
    assert_true(mqtt_encode_ack(&out, MQTT_5, MQTT_TYPE_PUBACK, 1, 0x99));
    expect_bytes(&out, "40 03 0001 99");
    assert_true(mqtt_encode_ack(&out, MQTT_3_1_1, MQTT_TYPE_PUBACK, 1, 0x99));
    expect_bytes(&out, "40 02 0001");
    assert_true(mqtt_encode_pingreq(&out));
    expect_bytes(&out, "c0 00");
    assert_true(mqtt_encode_disconnect(&out, MQTT_3_1_1, 4));
    expect_bytes(&out, "e0 00");
    assert_true(mqtt_encode_disconnect(&out, MQTT_5, 4));
    expect_bytes(&out, "e0 01 04");
    assert_true(mqtt_encode_subscribe(&out, MQTT_3_1_1, 3, NULL, filters, 2));
    expect_bytes(&out, "82 ~ 0003 0003 'a/#' 01 0001 'b' 00");
    mqtt_props_set(&props, MQTT_PROP_SUBSCRIPTION_IDENTIFIER);
    assert_true(mqtt_encode_subscribe(&out, MQTT_5, 3, &props, filters, 2));
    expect_bytes(&out, "82 ~ 0003 02 0b 07 0003 'a/#' 01 0001 'b' 00");
    buf_done(&out);
}

/* The delay of a will counts even if the caller left its property alone. */
static void test_will_delay(void **state)
{
    struct mqtt_packet p = {.type = MQTT_TYPE_CONNECT};
    struct buf out;

    (void)state;
    buf_init(&out, 256);
    p.connect.version = MQTT_5;
    p.connect.has_will = true;
    p.connect.will.delay_s = 9;
    p.connect.will.message.topic = slice_str("w");
    assert_true(mqtt_encode(&out, MQTT_5, &p));
    expect_bytes(&out, "10 ~ 0004 'MQTT' 05 04 0000 00 0000 05 18 00000009 0001 'w' 0000");
    p.connect.version = MQTT_3_1_1;
    assert_true(mqtt_encode(&out, MQTT_3_1_1, &p));
    expect_bytes(&out, "10 ~ 0004 'MQTT' 04 04 0000 0000 0001 'w' 0000");
    buf_done(&out);
}

/* Lengths around each step of the remaining length, through both passes. */
static void test_length_steps(void **state)
{
    static const size_t remaining[] = {127, 128, 16383, 16384, 2097151, 2097152};
    uint8_t *payload = calloc(1, 2097152);

    (void)state;
    assert_non_null(payload);
    for (size_t i = 0; i < COUNT(remaining); i++) {
        struct mqtt_message m = {.topic = slice_str("t"),
                                 .payload = slice_of(payload, remaining[i] - 3)};
        struct mqtt_packet p;
        const char *why = NULL;
        struct buf out;
        size_t total = 0;
        buf_init(&out, 4 << 20);
        assert_true(mqtt_encode_publish(&out, MQTT_3_1_1, &m, 0));
        assert_int_equal(mqtt_decode_frame(buf_data(&out), buf_len(&out), MQTT_PACKET_MAX, &total),
                         MQTT_DECODE_OK);
        assert_int_equal(total, buf_len(&out));
        assert_int_equal(mqtt_decode(buf_slice(&out), MQTT_3_1_1, &p, &why), 0);
        assert_int_equal(p.publish.message.payload.len, m.payload.len);
        buf_done(&out);
    }
    free(payload);
}

static void test_encode_refuses(void **state)
{
    uint8_t *bytes = calloc(1, 65536);
    struct slice longest = slice_of(bytes, 65535), too_long = slice_of(bytes, 65536);
    struct mqtt_message m = {.topic = too_long};
    struct mqtt_filter filter = {.filter = too_long};
    struct mqtt_subscription s = {.filter = too_long};
    struct mqtt_packet p = {.type = MQTT_TYPE_CONNECT};
    struct buf out;

    (void)state;
    assert_non_null(bytes);
    memset(bytes, 'x', 65536);
    buf_init(&out, 70000);
    assert_false(mqtt_encode_publish(&out, MQTT_5, &m, 0));
    assert_false(mqtt_encode_subscribe(&out, MQTT_5, 1, NULL, &filter, 1));
    assert_false(mqtt_subscription_add(&out, MQTT_TYPE_SUBSCRIBE, &s));
    p.connect.version = MQTT_5;
    p.connect.client_id = too_long;
    assert_false(mqtt_encode(&out, MQTT_5, &p));
    m = (struct mqtt_message){.topic = slice_str("t")};
    m.props.reason_string = too_long;
    mqtt_props_set(&m.props, MQTT_PROP_REASON_STRING);
    assert_false(mqtt_encode_publish(&out, MQTT_5, &m, 0));
    p = (struct mqtt_packet){.type = MQTT_TYPE_PUBACK};
    p.ack.props = m.props;
    assert_false(mqtt_encode(&out, MQTT_5, &p));
    /* Only the length counts here: the payload is never read. */
    m = (struct mqtt_message){.topic = slice_str("t"), .payload = slice_of(bytes, MQTT_PACKET_MAX)};
    assert_false(mqtt_encode_publish(&out, MQTT_5, &m, 0));
    assert_false(out.overflow);
    assert_int_equal(buf_len(&out), 0);

    p = (struct mqtt_packet){.type = MQTT_TYPE_CONNECT};
    p.connect.version = MQTT_5;
    p.connect.client_id = longest;
    assert_true(mqtt_encode(&out, MQTT_5, &p));
    size_t len = buf_len(&out);
    assert_false(mqtt_encode(&out, MQTT_5, &p));
    assert_true(out.overflow);
    assert_int_equal(buf_len(&out), len);
    buf_done(&out);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_encode_undoes_decode),
        cmocka_unit_test(test_connect_brings_its_version),
        cmocka_unit_test(test_framing_byte_by_byte),
        cmocka_unit_test(test_framing_limits),
        cmocka_unit_test(test_reserved_flags),
        cmocka_unit_test(test_cut_or_extended_packets_are_malformed),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_accepted_long_forms),
        cmocka_unit_test(test_connect_fields),
        cmocka_unit_test(test_publish_fields),
        cmocka_unit_test(test_subscription_walk),
        cmocka_unit_test(test_direct_encoders),
        cmocka_unit_test(test_will_delay),
        cmocka_unit_test(test_length_steps),
        cmocka_unit_test(test_encode_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
