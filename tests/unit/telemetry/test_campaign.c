/* Conditions, campaigns, orders from the cloud, plans. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "telemetry/orders.h"
#include "telemetry/plan.h"
#include "unit/telemetry/telemetry_schema.h"

static int make(void **state)
{
    *state = make_schema("tester");
    return *state == NULL;
}

static int end(void **state)
{
    signal_schema_free(*state);
    return 0;
}

static void conditions(void **state)
{
    static const struct {
        const char *text;
        bool holds;
    } cases[] = {
        {"driving.speed > 50",                                         true },
        {"driving.speed >= 50.5",                                      true },
        {"driving.speed<50.5",                                         false},
        {"driving.speed <= 50.5 && driving.speed != 50",               true },
        {"Vehicle.Speed == 50.5",                                      true },
        {"driving.odometer == -3",                                     true },
        {"locks.all == \"unlocked\"",                                  true },
        {"locks.all != \"unlocked\" || doors.open == true",            true },
        {"doors.open == false",                                        false},
        {"!doors.open == false",                                       true },
        {"!(doors.open == true || driving.speed > 1000)",              false},
        {"note == \"hi there\"",                                       true },
        {"driving.speed > 60 && doors.open == true || note != \"\"",   true },
        {"driving.speed > 60 && (doors.open == true || note != \"\")", false},
        {"driving.speed > 5e1",                                        true },
    };
    struct signal_table t;
    struct error err;

    signal_table_init(&t, *state);
    signal_set(&t, SPEED, (union signal_value){.f = 50.5});
    signal_set(&t, ODOMETER, (union signal_value){.i = -3});
    signal_set(&t, LOCKS, (union signal_value){.e = 1});
    signal_set(&t, OPEN, (union signal_value){.b = true});
    signal_set(&t, NOTE, (union signal_value){.s = "hi there"});
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct condition *c = condition_parse(slice_str(cases[i].text), *state, &err);
        if (c == NULL)
            fail_msg("%s: %s", cases[i].text, err.text);
        if (condition_holds(c, &t) != cases[i].holds)
            fail_msg("%s", cases[i].text);
        condition_free(c);
    }
    signal_table_done(&t);
}

static void no_conditions(void **state)
{
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"",                                "a signal expected"       },
        {"driving.sped > 1",                "no signal 'driving.sped'"},
        {"driving.speed",                   "==, !=, <"               },
        {"driving.speed >",                 "a number expected"       },
        {"driving.speed > fast",            "\"fast\" is none"        },
        {"driving.speed > inf",             "\"inf\" is none"         },
        {"driving.speed > 1 driving.speed", "&& or || expected"       },
        {"driving.speed > 1 &&",            "a signal expected"       },
        {"(driving.speed > 1",              "')' expected"            },
        {"doors.open > true",               "only == and !="          },
        {"doors.open == 1",                 "true or false"           },
        {"locks.all == \"ajar\"",           "never \"ajar\""          },
        {"note == \"x",                     "closing quote"           },
        {"note == x",                       "a value in quotes"       },
        {"1 < driving.speed",               "no signal '1'"           },
    };
    struct error err;
    char deep[200];

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_null(condition_parse(slice_str(cases[i].text), *state, &err));
        if (strstr(err.text, cases[i].why) == NULL)
            fail_msg("%s: %s", cases[i].text, err.text);
    }
    memset(deep, '(', sizeof deep);
    assert_null(condition_parse(slice_of(deep, sizeof deep), *state, &err));
    memset(deep, '!', sizeof deep);
    assert_null(condition_parse(slice_of(deep, sizeof deep), *state, &err));
}

static void too_long_a_condition(void **state)
{
    struct error err;
    struct buf text;

    buf_init(&text, 10000);
    for (int i = 0; i < 40; i++)
        buf_printf(&text, "%sdriving.speed > %d", i != 0 ? " || " : "", i);
    assert_null(condition_parse(buf_slice(&text), *state, &err));
    assert_non_null(strstr(err.text, "more than 64 parts"));
    buf_done(&text);
}

static void orders(void **state)
{
    static const char document[] =
        "{\"token\":\"t\",\"campaigns\":["
        "{\"id\":\"a\",\"signals\":[\"driving.speed\",\"Vehicle.Speed\",\"note\"],\"every\":2.5},"
        "{\"id\":\"a\",\"signals\":[\"note\"],\"every\":1},"
        "{\"id\":\"old\",\"signals\":[\"note\"],\"every\":1,\"until\":\"2020-01-01\"},"
        "{\"id\":\"b\",\"signals\":[\"note\"],\"when\":\"doors.open == true\",\"before\":3,"
        "\"after\":1,\"until\":2000000000},"
        "{\"id\":\"c\",\"signals\":[\"note\"],\"when\":\"doors.open == true\",\"before\":1e7},"
        "17]}";
    struct orders o;
    struct buf answer;

    buf_init(&answer, 10000);
    assert_true(orders_read(slice_str(document), *state, 1768203000000, &o, &answer));
    assert_int_equal(o.count, 2);
    assert_string_equal(o.campaigns[0]->id, "a");
    assert_int_equal(o.campaigns[0]->signal_count, 2);
    assert_true(o.campaigns[0]->every == 2500000 && o.campaigns[0]->until_ms == 0);
    assert_true(o.campaigns[1]->before == 3000000 && o.campaigns[1]->after == 1000000);
    assert_true(o.campaigns[1]->until_ms == 2000000000000);
    assert_int_equal(campaign_history(o.campaigns[1]), 4);
    assert_string_equal(
        buf_cstr(&answer),
        "{\"status\":\"ACCEPTED\",\"token\":\"t\",\"campaigns\":["
        "{\"id\":\"a\",\"status\":\"ACTIVE\"},"
        "{\"id\":\"a\",\"status\":\"REJECTED\",\"reason\":\"another campaign has this id\"},"
        "{\"id\":\"old\",\"status\":\"ENDED\"},"
        "{\"id\":\"b\",\"status\":\"ACTIVE\"},"
        "{\"id\":\"c\",\"status\":\"REJECTED\",\"reason\":\"before: more than 4096 samples to "
        "remember\"},"
        "{\"id\":\"\",\"status\":\"REJECTED\",\"reason\":\"a campaign is an object\"}]}");
    orders_done(&o);
    buf_clear(&answer);
    assert_true(orders_read(slice_of(NULL, 0), *state, 0, &o, &answer));
    assert_int_equal(o.count, 0);
    buf_done(&answer);
}

static void bad_orders(void **state)
{
    static const char *const bad[] = {
        "{", "[]", "null", "{}", "{\"campaigns\":{}}", "{\"campaigns\":[],\"token\":1}"};
    struct orders o;
    struct buf answer;

    buf_init(&answer, 10000);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        buf_clear(&answer);
        assert_false(orders_read(slice_str(bad[i]), *state, 0, &o, &answer));
        assert_non_null(strstr(buf_cstr(&answer), "\"status\":\"REJECTED\""));
        assert_int_equal(o.count, 0);
    }
    buf_done(&answer);
}

static void plans(void **state)
{
    static const char text[] =
        "{\"format\":\"cbor\",\"compress\":\"deflate\",\"qos\":0,\"kind\":\"trip\","
        "\"topic\":\"x/{thing}/{vin}/{model}/{kind}/{else}\",\"batch\":{\"count\":5,\"seconds\":2},"
        "\"offline\":{\"samples\":9,\"persist\":true},\"rules\":[{\"signals\":[\"note\"],"
        "\"onChange\":true}]}";
    static const char *const bad[] = {
        "",
        "[]",
        "{\"campaigns\":false}",
        "{\"format\":\"xml\"}",
        "{\"compress\":\"lzma\"}",
        "{\"qos\":2}",
        "{\"batch\":{\"count\":0}}",
        "{\"offline\":{\"samples\":0}}",
        "{\"offline\":{\"persist\":1}}",
        "{\"topic\":\"\"}",
        "{\"rules\":[{}]}",
        "{\"encrypt\":[\"note\"]}",
    };
    struct plan_names names = {
        .thing = "CAR1", .vin = "VIN1", .standard = "dt/fleetsim/{thing}/{kind}"};
    struct error err;
    struct buf topic;

    struct plan *p = plan_parse(slice_str(text), *state, NULL, &err);
    assert_non_null(p);
    assert_int_equal(p->format, TELEMETRY_CBOR);
    assert_true(p->deflate && p->persist && p->receives && p->qos == 0);
    assert_true(p->batch_max == 5 && p->batch_age == 2000000 && p->waiting_max == 9);
    buf_init(&topic, 1000);
    assert_true(plan_topic(p, &names, &topic));
    assert_string_equal(buf_cstr(&topic), "x/CAR1/VIN1/tester/trip/{else}");
    buf_done(&topic);
    plan_drop(p);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (plan_parse(slice_str(bad[i]), *state, NULL, &err) != NULL)
            fail_msg("%s", bad[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conditions),           cmocka_unit_test(no_conditions),
        cmocka_unit_test(too_long_a_condition), cmocka_unit_test(orders),
        cmocka_unit_test(bad_orders),           cmocka_unit_test(plans),
    };

    return cmocka_run_group_tests(tests, make, end);
}
