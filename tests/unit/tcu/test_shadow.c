#include "unit/tcu/shadow_play.h"

static void test_journey_of_a_wish(void **state)
{
    struct car *car = car_online();

    (void)state;
    car->obey = true;
    delta(car, 2, 1700000010, "app-1", UNLOCK, STAMP(1700000010));
    assert_string_equal(buf_cstr(&car->journal), "mark [app-1] received\n"
                                                 "order desired [app-1] locks.all=\"unlocked\"\n"
                                                 "mark [app-1] started\n"
                                                 "signal locks.all\n"
                                                 "mark [app-1] acted\n");
    assert_int_equal(tcu_shadow_version(car->tcu, 0), 2);
    car_blank(car);
    car_turn(car);
    assert_string_equal(buf_cstr(&car->journal), "mark [app-1] reported in report\n");
    assert_non_null(strstr(last_update(car),
                           "{\"state\":{\"reported\":{\"locks\":{\"all\":\"unlocked\"}}},"
                           "\"clientToken\":\"" THING "-"));
    assert_false(tcu_in_step(car->tcu));
    accept(car, 3);
    assert_saw(car, "mark [app-1] accepted");
    assert_true(tcu_in_step(car->tcu));
    assert_int_equal(tcu_shadow_version(car->tcu, 0), 3);
    car_free(car);
}

/* What is acted on, and what is not. Each row is one delta on the same car. */
static void test_which_wishes_count(void **state)
{
    static const struct {
        int version, time;
        const char *token, *state, *metadata;
        const char *order; /* NULL: none */
    } rows[] = {
        {2,  10, "a",              UNLOCK,                                                                       STAMP(10),         "order desired [a] locks.all=\"unlocked\"\n"                                  },
 /* Repeated by our own report, by somebody else's update, by one without a token. */
        {3,  11, THING "-1000001", UNLOCK,                                                                       STAMP(10),         NULL                                                                          },
        {4,  12, "b",              UNLOCK,                                                                       STAMP(10),         NULL                                                                          },
        {5,  13, "",               UNLOCK,                                                                       STAMP(10),         NULL                                                                          },
 /* Not newer. */
        {5,  14, "c",              LOCK,                                                                         STAMP(14),         NULL                                                                          },
        {4,  14, "c",              LOCK,                                                                         STAMP(14),         NULL                                                                          },
 /* The same wish once more, later; and within the same second. */
        {6,  20, "d",              UNLOCK,                                                                       STAMP(20),         "order desired [d] locks.all=\"unlocked\"\n"                                  },
        {7,  20, "e",              UNLOCK,                                                                       STAMP(20),         "order desired [e] locks.all=\"unlocked\"\n"                                  },
        {8,  20, "",               UNLOCK,                                                                       STAMP(20),         "order desired [] locks.all=\"unlocked\"\n"                                   },
        {9,  20, THING "-1000002", UNLOCK,                                                                       STAMP(20),         NULL                                                                          },
 /* Another value within the same second. */
        {10, 20, "f",              LOCK,                                                                         STAMP(20),         "order desired [f] locks.all=\"locked\"\n"                                    },
 /* Something new beside something outstanding of the same second: only the new. */
        {11, 20, "g",              "{\"locks\":{\"all\":\"locked\"},\"climate\":{\"on\":true}}",
         "{\"locks\":{\"all\":{\"timestamp\":20}},\"climate\":{\"on\":{\"timestamp\":20}}}",                                        "order desired [g] climate.on=true\n"                                         },
 /* All leaves of one document are one order, in signal order. */
        {12, 30, "h",              "{\"locks\":{\"all\":\"unlocked\"},\"climate\":{\"target\":21,\"on\":true}}",
         "{\"locks\":{\"all\":{\"timestamp\":30}},\"climate\":{\"on\":{\"timestamp\":30},"
         "\"target\":{\"timestamp\":30}}}",                                                                                         "order desired [h] climate.on=true climate.target=21 locks.all=\"unlocked\"\n"},
 /* Tokens that only look like ours are foreign. */
        {13, 40, THING "-",        UNLOCK,                                                                       STAMP(40),         "order desired [" THING "-]"                                                  },
        {14, 41, THING "-1a",      UNLOCK,                                                                       STAMP(41),         "order desired [" THING "-1a]"                                                },
        {15, 42, "tcu-00011",      UNLOCK,                                                                       STAMP(42),         "order desired [tcu-00011]"                                                   },
 /* Without metadata. */
        {16, 43, "i",              LOCK,                                                                         "null",            "order desired [i] locks.all=\"locked\"\n"                                    },
        {17, 44, "j",              LOCK,                                                                         "null",            NULL                                                                          },
        {18, 45, "k",              UNLOCK,                                                                       "{\"locks\":[3]}", "order desired [k] locks.all=\"unlocked\"\n"                                  },
        {19, 46, "l",              "{}",                                                                         "{}",              NULL                                                                          },
    };
    struct car *car = car_online();

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        car_blank(car);
        delta(car, rows[i].version, rows[i].time, rows[i].token, rows[i].state, rows[i].metadata);
        if (rows[i].order != NULL)
            assert_saw(car, rows[i].order);
        else
            assert_not_saw(car, "order");
        while (car->order_count > 0)
            car_done(car, car->orders[0], TCU_REJECTED); /* so that all stays outstanding */
    }
    car_free(car);
}

static void test_stale_deltas_are_noted(void **state)
{
    struct car *car = car_online();

    (void)state;
    delta(car, 5, 10, "a", UNLOCK, STAMP(10));
    delta(car, 5, 10, "a", UNLOCK, STAMP(10));
    delta(car, 4, 9, "a", LOCK, STAMP(9));
    assert_int_equal(car_times(car, "note stale delta: version"), 2);
    assert_saw(car, "note stale delta: version 4 after 5");
    assert_int_equal(car_times(car, "order"), 1);
    assert_int_equal(tcu_shadow_version(car->tcu, 0), 5);
    car_free(car);
}

/* The answer to the get that asks whether the wish still stands. */
static void still_stands(struct car *car, int version, const char *delta_state)
{
    char text[512];

    snprintf(text, sizeof text,
             "\"state\":{\"desired\":" UNLOCK ",\"reported\":" LOCK
             "%s},\"metadata\":{\"desired\":" STAMP(10) "},\"version\":%d",
             delta_state, version);
    car_reply(car, "/get", "/accepted", text);
}

/* Two apps, or one twice, wish the same within a second; the car's own report between them makes a
   delta that comes before the second one's. */
static void test_a_wish_that_is_overtaken_is_obeyed(void **state)
{
    struct car *car = car_online();
    size_t gets = fake_count(car->client, "/shadow/get");

    (void)state;
    delta(car, 2, 10, "a", UNLOCK, STAMP(10));
    delta(car, 4, 10, THING "-1000001", UNLOCK, STAMP(10));
    assert_int_equal(car_times(car, "order desired"), 1);
    delta(car, 3, 10, "b", UNLOCK, STAMP(10));
    assert_int_equal(car_times(car, "order desired"), 1); /* it may be withdrawn by now */
    assert_int_equal(fake_count(car->client, "/shadow/get"), gets + 1);
    delta(car, 3, 10, "b", UNLOCK, STAMP(10)); /* twice: legal for QoS 1 */
    assert_int_equal(fake_count(car->client, "/shadow/get"), gets + 1);
    still_stands(car, 4, ",\"delta\":" UNLOCK);
    assert_int_equal(car_times(car, "order desired [b] locks.all=\"unlocked\""), 1);
    assert_int_equal(car_times(car, "order desired"), 2);
    assert_int_equal(car->tcu->state, TCU_ONLINE);
    delta(car, 3, 10, "b", UNLOCK, STAMP(10));
    assert_int_equal(car_times(car, "order desired"), 2);
    car_free(car);
}

static void test_a_wish_that_is_overtaken_and_withdrawn_is_not_obeyed(void **state)
{
    struct car *car = car_online();

    (void)state;
    delta(car, 2, 10, "a", UNLOCK, STAMP(10));
    delta(car, 4, 10, THING "-1000001", UNLOCK, STAMP(10));
    delta(car, 3, 10, "b", UNLOCK, STAMP(10));
    still_stands(car, 5, "");
    assert_int_equal(car_times(car, "order desired"), 1);
    /* What another delta tells meanwhile, its answer does not tell again. */
    delta(car, 8, 20, "c", UNLOCK, STAMP(20));
    delta(car, 10, 20, THING "-1000002", UNLOCK, STAMP(20));
    delta(car, 9, 20, "d", UNLOCK, STAMP(20));
    delta(car, 11, 20, THING "-1000003", UNLOCK, STAMP(20));
    assert_int_equal(car_times(car, "order desired"), 3);
    still_stands(car, 10, ",\"delta\":" UNLOCK);
    assert_int_equal(car_times(car, "order desired"), 3);
    assert_int_equal(tcu_shadow_version(car->tcu, 0), 11);
    car_free(car);
}

/* Whatever a later delta has shown first is not wished again by the one that wrote it. */
static void test_what_is_merely_late_is_obeyed_once(void **state)
{
    static const char both[] = "{\"locks\":{\"all\":\"unlocked\"},\"climate\":{\"on\":true}}";
    static const char stamps[] =
        "{\"locks\":{\"all\":{\"timestamp\":10}},\"climate\":{\"on\":{\"timestamp\":10}}}";
    struct car *car = car_online();
    size_t gets = fake_count(car->client, "/shadow/get");

    (void)state;
    delta(car, 3, 10, THING "-1000001", UNLOCK, STAMP(10));
    delta(car, 2, 10, "a", UNLOCK, STAMP(10));
    assert_int_equal(car_times(car, "order desired"), 1);
    /* Of two apps: the later one's delta shows the wishes of both. */
    delta(car, 5, 10, "c",
          "{\"locks\":{\"all\":\"unlocked\"},\"climate\":{\"on\":true,\"target\":21}}",
          "{\"locks\":{\"all\":{\"timestamp\":10}},"
          "\"climate\":{\"on\":{\"timestamp\":10},\"target\":{\"timestamp\":10}}}");
    delta(car, 4, 10, "b", both, stamps);
    assert_int_equal(car_times(car, "order desired"), 2);
    /* One of another second, and one that is too old to be known. */
    delta(car, 7, 11, THING "-1000002", both, stamps);
    delta(car, 6, 11, "d", both, stamps);
    delta(car, 100, 12, THING "-1000003", both, stamps);
    delta(car, 30, 10, "e", both, stamps);
    assert_int_equal(car_times(car, "order desired"), 2);
    assert_int_equal(fake_count(car->client, "/shadow/get"), gets);
    car_free(car);
}

static void test_unknown_desires(void **state)
{
    static const struct {
        const char *state, *note;
    } rows[] = {
        {"{\"nonsense\":1}",                   "note unknown desired: nonsense: the car has no such signal\n"},
        {"{\"locks\":{\"rear\":1}}",
         "note unknown desired: locks.rear: the car has no such signal"                                      },
        {"{\"locks\":\"all\"}",                "note unknown desired: locks: is a group of signals"          },
        {"{\"locks.all\":\"unlocked\"}",       "note unknown desired: locks.all: the car has no such"        },
        {"{\"\":{\"all\":1}}",                 "note unknown desired: : the car has no such signal"          },
        {"{\"Locks\":{\"all\":\"unlocked\"}}", "note unknown desired: Locks: the car has no such"            },
        {"{\"locks\":{\"all\":{\"x\":1}}}",    "locks.all: expected a string, got an object"                 },
        {"{\"doors\":{\"open\":true}}",        "doors.open: cannot be asked for, only reported"              },
        {"{\"cabin\":{\"secret\":1}}",         "cabin.secret: cannot be asked for, only reported"            },
        {"{\"climate\":{\"target\":99}}",      "climate.target: 99 is above 28"                              },
        {"{\"a\":1,\"b\":2,\"c\":[1,{}]}",     "note unknown desired: a: the car has no such signal "
                                           "(and 2 more)"          },
        {"{\"locks\":{\"all\":null}}",         "locks.all: expected a string, got null"                      },
    };
    struct car *car = car_online();
    int version = 2;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        car_blank(car);
        delta(car, version++, 10, "a", rows[i].state, "{}");
        assert_saw(car, rows[i].note);
        assert_int_equal(car_times(car, "note"), 1);
        assert_not_saw(car, "order");
    }
    car_blank(car);
    delta(car, version++, 10, "a", "{\"bad\":1,\"climate\":{\"on\":true}}", "{}");
    assert_saw(car, "order desired [a] climate.on=true");
    assert_saw(car, "note unknown desired: bad");
    car_free(car);
}

static void test_twice_in_one_document(void **state)
{
    struct car *car = car_online();

    (void)state;
    delta(car, 2, 10, "a",
          "{\"climate\":{\"target\":21,\"target\":22},\"climate\":{\"target\":23,\"on\":true}}",
          "{}");
    assert_saw(car, "order desired [a] climate.on=true climate.target=23\n");
    car_free(car);
}

static void test_strings_outlive_the_message(void **state)
{
    struct car *car = car_online();

    (void)state;
    delta(car, 2, 10, "a", "{\"label\":\"mine\",\"climate\":{\"on\":true}}", "{}");
    assert_int_equal(car->order_count, 1);
    assert_string_equal(car->orders[0]->changes[1].value.s, "mine");
    car_done(car, car->orders[0], TCU_SUCCEEDED);
    car_turn(car);
    assert_non_null(strstr(last_update(car), "\"label\":\"mine\""));
    car_free(car);
}

static void test_long_tokens_are_unknown(void **state)
{
    struct car *car = car_online();
    char token[200];

    (void)state;
    memset(token, 'x', sizeof token);
    token[65] = '\0';
    delta(car, 2, 10, token, UNLOCK, STAMP(10));
    assert_saw(car, "order desired [] locks.all");
    token[64] = '\0';
    delta(car, 3, 11, token, LOCK, STAMP(11));
    assert_int_equal(strlen(car->orders[1]->token), 64);
    car_free(car);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_journey_of_a_wish),
        cmocka_unit_test(test_which_wishes_count),
        cmocka_unit_test(test_stale_deltas_are_noted),
        cmocka_unit_test(test_a_wish_that_is_overtaken_is_obeyed),
        cmocka_unit_test(test_a_wish_that_is_overtaken_and_withdrawn_is_not_obeyed),
        cmocka_unit_test(test_what_is_merely_late_is_obeyed_once),
        cmocka_unit_test(test_unknown_desires),
        cmocka_unit_test(test_twice_in_one_document),
        cmocka_unit_test(test_strings_outlive_the_message),
        cmocka_unit_test(test_long_tokens_are_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
