#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mqtt/profile.h"

static char long_text[200001];

static const struct mqtt_profile *aws(void)
{
    const struct mqtt_profile *p = NULL;

    assert_true(mqtt_profile_find("aws", &p));
    assert_non_null(p);
    return p;
}

/* part NULL: within the limits */
static void expect(bool ok, const struct error *err, const char *what, const char *part)
{
    if (ok != (part == NULL))
        fail_msg("%s: %s", what, ok ? "taken" : err->text);
    if (!ok && (strstr(err->text, part) == NULL || strstr(err->text, "profile aws: ") == NULL ||
                strstr(err->text, "contract 6.") == NULL))
        fail_msg("%s: no \"%s\" in \"%s\"", what, part, err->text);
}

static void messages(void **state)
{
#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    static const struct {
        const char *topic;
        size_t payload;
        uint8_t qos;
        bool retain;
        const char *refusal;
    } rows[] = {
        {"a/b",                               0,      1, true,  NULL                },
        {"a/b",                               131072, 1, false, NULL                },
        {"a/b",                               131073, 0, false, "131073 bytes"      },
        {"a/b",                               0,      2, false, "QoS 2"             },
        {A64 A64 A64 A64,                     0,      0, false, NULL                },
        {A64 A64 A64 A64 "a",                 0,      0, false, "topic of 257 bytes"},
        {"1/2/3/4/5/6/7/8",                   0,      0, false, NULL                },
        {"1/2/3/4/5/6/7/8/9",                 0,      0, false, "with 8 slashes"    },
        {"$aws/rules/r/1/2/3/4/5/6/7/8",      0,      0, false, NULL                },
        {"$aws/rules/r/1/2/3/4/5/6/7/8/9",    0,      0, false, "with 8 slashes"    },
        {"$aws/rules/r/" A64 A64 A64 A64,     0,      0, false, NULL                },
        {"$aws/rules/r/" A64 A64 A64 A64 "a", 0,      0, false, "bytes"             },
        {"$aws/rules",                        0,      0, false, NULL                },
        {"$aws/things/x/shadow/update",       0,      1, true,  "retained"          },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct mqtt_message m = {.topic = slice_str(rows[i].topic),
                                 .payload = slice_of(long_text, rows[i].payload),
                                 .qos = rows[i].qos,
                                 .retain = rows[i].retain};
        struct mqtt_will will = {.message = m};
        struct mqtt_connect c = {.client_id = slice_str("car"), .will = &will};
        struct error err;
        expect(mqtt_profile_check_publish(aws(), &m, &err), &err, rows[i].topic, rows[i].refusal);
        expect(mqtt_profile_check_connect(aws(), &c, &err), &err, rows[i].topic, rows[i].refusal);
        assert_true(mqtt_profile_check_publish(NULL, &m, &err));
        assert_true(mqtt_profile_check_connect(NULL, &c, &err));
    }
}

static void client_ids(void **state)
{
    static const struct {
        const char *id;
        const char *refusal;
    } rows[] = {
        {"",          NULL             },
        {A64 A64,     NULL             },
        {A64 A64 "a", "id of 129 bytes"},
        {"$car",      "starts with '$'"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct mqtt_connect c = {.client_id = slice_str(rows[i].id)};
        struct error err;
        expect(mqtt_profile_check_connect(aws(), &c, &err), &err, rows[i].id, rows[i].refusal);
    }
}

static void filters(void **state)
{
    static const struct {
        const char *filter;
        size_t count, fresh, held;
        uint8_t qos;
        uint32_t identifier;
        const char *refusal;
    } rows[] = {
        {"a/#",                        1, 1, 0,  1, 0, NULL                            },
        {"a/#",                        8, 8, 42, 1, 0, NULL                            },
        {"a/#",                        9, 1, 0,  1, 0,
         "9 filters in one SUBSCRIBE (AWS IoT "
         "takes 8"                                                                     },
        {"a/#",                        1, 1, 50, 1, 0, "1 more subscriptions beside 50"},
        {"a/#",                        1, 0, 50, 1, 0, NULL                            },
        {"a/#",                        1, 1, 0,  2, 0, "subscription of QoS 2"         },
        {"a/#",                        1, 1, 0,  1, 7, "subscription identifier"       },
        {"+/+/+/+/+/+/+/#",            1, 1, 0,  1, 0, NULL                            },
        {"+/+/+/+/+/+/+/+/#",          1, 1, 0,  1, 0, "with 8 slashes"                },
        {"$share/g/+/+/+/+/+/+/+/#",   1, 1, 0,  1, 0, NULL                            },
        {"$share/g/+/+/+/+/+/+/+/+/#", 1, 1, 0,  1, 0, "with 8 slashes"                },
        {"$share/" A64 A64 "/a",       1, 1, 0,  1, 0, NULL                            },
        {"$share/" A64 A64 "a/a",      1, 1, 0,  1, 0, "share name of 129 bytes"       },
        {A64 A64 A64 A64 "a",          1, 1, 0,  1, 0, "filter of 257 bytes"           },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct mqtt_filter f[9];
        struct error err;
        for (size_t k = 0; k < 9; k++)
            f[k] = (struct mqtt_filter){.filter = slice_str(rows[i].filter),
                                        .qos = rows[i].qos,
                                        .identifier = rows[i].identifier};
        expect(mqtt_profile_check_subscribe(aws(), f, rows[i].count, rows[i].fresh, rows[i].held,
                                            &err),
               &err, rows[i].filter, rows[i].refusal);
        assert_true(mqtt_profile_check_subscribe(NULL, f, rows[i].count, 1000, 1000, &err));
    }
}

static void keep_alives(void **state)
{
    static const uint16_t rows[][2] = {
        {0,    1200},
        {1,    30  },
        {29,   30  },
        {30,   30  },
        {60,   60  },
        {1200, 1200},
        {1201, 1200},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(mqtt_profile_keep_alive(aws(), rows[i][0]), rows[i][1]);
        assert_int_equal(mqtt_profile_keep_alive(NULL, rows[i][0]), rows[i][0]);
    }
}

static void names(void **state)
{
    static const struct {
        const char *host;
        bool is_aws;
    } rows[] = {
        {"abc-ats.iot.eu-central-1.amazonaws.com",  true },
        {"ABC.IOT.US-EAST-1.AMAZONAWS.COM",         true },
        {"abc.ats.iot.cn-north-1.amazonaws.com.cn", true },
        {".amazonaws.com",                          false},
        {"amazonaws.com",                           false},
        {"amazonaws.com.example.org",               false},
        {"127.0.0.1",                               false},
        {"",                                        false},
    };
    const struct mqtt_profile *p = aws();

    (void)state;
    assert_true(mqtt_profile_find("generic", &p));
    assert_null(p);
    assert_false(mqtt_profile_find("AWS", &p));
    assert_false(mqtt_profile_find("", &p));
    assert_string_equal(mqtt_profile_name(NULL), "generic");
    assert_string_equal(mqtt_profile_name(aws()), "aws");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if ((mqtt_profile_of_host(rows[i].host) == aws()) != rows[i].is_aws)
            fail_msg("%s", rows[i].host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages),    cmocka_unit_test(client_ids), cmocka_unit_test(filters),
        cmocka_unit_test(keep_alives), cmocka_unit_test(names),
    };
    memset(long_text, 'x', sizeof long_text - 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
