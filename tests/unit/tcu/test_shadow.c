#include "unit/tcu/car.h"

/* A delta from an update of `token` ("": none): version, time, state, metadata. */
static void delta(struct car *car, int version, int time, const char *token, const char *state,
                  const char *metadata)
{
    char payload[4096];

    snprintf(payload, sizeof payload,
             "{\"version\":%d,\"timestamp\":%d,\"state\":%s,\"metadata\":%s%s%s%s}", version, time,
             state, metadata, token[0] != '\0' ? ",\"clientToken\":\"" : "", token,
             token[0] != '\0' ? "\"" : "");
    fake_message(car->client, SHADOW "/update/delta", payload);
}

#define UNLOCK   "{\"locks\":{\"all\":\"unlocked\"}}"
#define LOCK     "{\"locks\":{\"all\":\"locked\"}}"
#define STAMP(t) "{\"locks\":{\"all\":{\"timestamp\":" #t "}}}"

static void accept(struct car *car, int version)
{
    char text[64];
    snprintf(text, sizeof text, "\"version\":%d,\"timestamp\":1700000100", version);
    car_reply(car, "/update", "/accepted", text);
}

static size_t updates(struct car *car)
{
    return fake_count(car->client, "/shadow/update");
}

static const char *last_update(struct car *car)
{
    return fake_last(car->client, "/shadow/update")->payload;
}

static void set_bool(struct car *car, const char *path, bool value)
{
    tcu_set_signal(car->tcu, (size_t)signal_schema_find(car->schema, slice_str(path)),
                   (union signal_value){.b = value});
}

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
    assert_int_equal(tcu_shadow_version(car->tcu), 2);
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
    assert_int_equal(tcu_shadow_version(car->tcu), 3);
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
    assert_int_equal(tcu_shadow_version(car->tcu), 5);
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

/* ── Reports ────────────────────────────────────────────────────────────────────────────────── */

static void test_one_report_at_a_time(void **state)
{
    struct car *car = car_online();
    size_t before = updates(car);

    (void)state;
    set_bool(car, "climate.on", true);
    set_bool(car, "doors.open", true);
    car_turn(car);
    assert_int_equal(updates(car), before + 1); /* one for both */
    assert_non_null(
        strstr(last_update(car), "\"climate\":{\"on\":true},\"doors\":{\"open\":true}"));
    set_bool(car, "doors.open", false);
    car_turn(car);
    assert_int_equal(updates(car), before + 1); /* one flies already */
    fake_message(car->client, SHADOW "/update/accepted",
                 "{\"state\":{},\"version\":9,\"clientToken\":\"app\"}");
    car_turn(car);
    assert_int_equal(updates(car), before + 1); /* that was not ours */
    assert_int_equal(tcu_shadow_version(car->tcu), 9);
    accept(car, 10);
    car_turn(car);
    assert_int_equal(updates(car), before + 2);
    assert_non_null(strstr(last_update(car), "{\"reported\":{\"doors\":{\"open\":false}}}"));
    accept(car, 11);
    car_turn(car);
    assert_int_equal(updates(car), before + 2);
    assert_true(tcu_in_step(car->tcu));
    car_free(car);
}

static void test_order_done_while_a_report_flies(void **state)
{
    struct car *car = car_online();

    (void)state;
    delta(car, 2, 10, "a", UNLOCK, STAMP(10));
    set_bool(car, "doors.open", true);
    car_turn(car); /* a report without the order's signals flies */
    car_done(car, car->orders[0], TCU_SUCCEEDED);
    car_turn(car);
    accept(car, 3);
    assert_not_saw(car, "mark [a] accepted");
    assert_not_saw(car, "mark [a] reported");
    car_turn(car);
    assert_saw(car, "mark [a] reported in report");
    accept(car, 4);
    assert_saw(car, "mark [a] accepted");
    car_free(car);
}

/* The signals of an order are reported even if nothing changed. */
static void test_refused_wish_is_reported(void **state)
{
    struct car *car = car_online();
    size_t before = updates(car);

    (void)state;
    delta(car, 2, 10, "a", UNLOCK, STAMP(10));
    car_done(car, car->orders[0], TCU_REJECTED);
    car_turn(car);
    assert_int_equal(updates(car), before + 1);
    assert_non_null(strstr(last_update(car), "\"locks\":{\"all\":\"locked\"}"));
    accept(car, 3);
    char own[80];
    car_token(car, "/shadow/update", own);
    delta(car, 3, 11, own, UNLOCK, STAMP(10));
    car_turn(car);
    assert_int_equal(updates(car), before + 1); /* no echo loop */
    assert_int_equal(car_times(car, "order"), 1);
    car_free(car);
}

static void test_desired_but_never_reported(void **state)
{
    struct car *car = car_online();
    size_t before = updates(car);

    (void)state;
    delta(car, 2, 10, "a", "{\"horn\":true}", "{\"horn\":{\"timestamp\":10}}");
    car_done(car, car->orders[0], TCU_SUCCEEDED);
    car_turn(car);
    assert_int_equal(updates(car), before);
    assert_true(tcu_in_step(car->tcu));
    car_free(car);
}

static void test_rejected_reports(void **state)
{
    static const struct {
        const char *answer;
        bool again;
        const char *note;
    } rows[] = {
        {"\"code\":400,\"message\":\"Invalid JSON\"",     false, "note report rejected: 400 Invalid"  },
        {"\"code\":413,\"message\":\"too large\"",        false, "note report rejected: 413 too large"},
        {"\"code\":403",                                  false, "note report rejected: 403"          },
        {"\"code\":\"x\"",                                false, "note report rejected: 0"            },
        {"\"code\":1e99",                                 false, "note report rejected: 0"            },
        {"\"code\":409,\"message\":\"Version conflict\"", true,  NULL                                 },
        {"\"code\":429",                                  true,  NULL                                 },
        {"\"code\":500",                                  true,  NULL                                 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct car *car = car_online();
        delta(car, 2, 10, "a", UNLOCK, STAMP(10));
        car_done(car, car->orders[0], TCU_SUCCEEDED);
        car_turn(car);
        size_t before = updates(car);
        car_reply(car, "/update", "/rejected", rows[i].answer);
        assert_int_equal(tcu_in_step(car->tcu), !rows[i].again);
        if (rows[i].note != NULL)
            assert_saw(car, rows[i].note);
        else
            assert_not_saw(car, "note");
        if (rows[i].again) {
            while (updates(car) == before)
                ev_run(car->loop->ev, EVRUN_ONCE);
            accept(car, 4);
            assert_int_equal(car_times(car, "mark [a] reported"), 2);
            assert_int_equal(car_times(car, "mark [a] accepted"), 1);
        } else {
            car_turn(car);
            assert_int_equal(updates(car), before); /* not again as it was */
            assert_not_saw(car, "accepted");
            set_bool(car, "doors.open", true);
            car_turn(car);
            assert_int_equal(updates(car), before + 1);
        }
        car_free(car);
    }
}

static void test_report_without_answer(void **state)
{
    struct car *car = car_draft();

    (void)state;
    car->config.request_timeout = 2 * USEC_PER_MSEC;
    car_build(car);
    car_go_online(car);
    size_t before = updates(car);
    set_bool(car, "doors.open", true);
    car_turn(car);
    char late[80];
    char answer[200];
    car_token(car, "/shadow/update", late);
    while (updates(car) < before + 2)
        ev_run(car->loop->ev, EVRUN_ONCE);
    assert_non_null(strstr(last_update(car), "{\"reported\":{\"doors\":{\"open\":true}}}"));
    snprintf(answer, sizeof answer, "{\"version\":7,\"clientToken\":\"%s\"}", late);
    fake_message(car->client, SHADOW "/update/accepted", answer);
    assert_false(tcu_in_step(car->tcu)); /* too late: it counts as foreign */
    accept(car, 8);
    assert_true(tcu_in_step(car->tcu));
    car_free(car);
}

static void test_report_refused_by_puback(void **state)
{
    struct car *car = car_online();

    (void)state;
    set_bool(car, "doors.open", true);
    car_turn(car);
    fake_puback(car->client, fake_last(car->client, "/update")->id, 0x87);
    assert_saw(car, "note report rejected: PUBACK 0x87");
    assert_true(tcu_in_step(car->tcu));
    set_bool(car, "doors.open", false);
    car_turn(car);
    fake_puback(car->client, fake_last(car->client, "/update")->id, 0x10);
    assert_false(tcu_in_step(car->tcu));
    car_free(car);
}

static void test_client_is_full(void **state)
{
    struct car *car = car_online();

    (void)state;
    car->client->fail_publish = true;
    set_bool(car, "doors.open", true);
    car_turn(car);
    assert_false(tcu_in_step(car->tcu));
    car->client->fail_publish = false;
    size_t before = updates(car);
    while (updates(car) == before)
        ev_run(car->loop->ev, EVRUN_ONCE);
    accept(car, 2);
    assert_true(tcu_in_step(car->tcu));
    car_free(car);
}

static void test_report_too_large(void **state)
{
    struct car *car = car_online();
    char *huge = xmalloc(200 * 1024);

    (void)state;
    memset(huge, 'x', 200 * 1024 - 1);
    huge[200 * 1024 - 1] = '\0';
    tcu_set_signal(car->tcu, (size_t)signal_schema_find(car->schema, slice_str("label")),
                   (union signal_value){.s = huge});
    size_t before = updates(car);
    car_turn(car);
    assert_int_equal(updates(car), before);
    assert_saw(car, "note report rejected: a signal takes more than the 131");
    assert_true(tcu_in_step(car->tcu));
    set_bool(car, "doors.open", true);
    car_turn(car);
    assert_int_equal(updates(car), before + 1);
    free(huge);
    car_free(car);
}

/* A report that one packet cannot carry goes in parts, each once the one before is accepted; an
   order is told of with the last part that it changed. */
static void test_report_in_parts(void **state)
{
    static const char *const parts[] = {
        "{\"state\":{\"reported\":{\"charge\":{\"limit\":80},\"climate\":{\"on\":true}}},",
        "{\"state\":{\"reported\":{\"climate\":{\"target\":20},\"doors\":{\"open\":false}}},",
        "{\"state\":{\"reported\":{\"label\":\"\",\"locks\":{\"all\":\"unlocked\"}}},"};
    struct car *car = car_new();
    size_t topic = strlen(SHADOW "/update");

    (void)state;
    car->obey = true;
    tcu_power_on(car->tcu);
    car->client->packet_max = 150;
    fake_connected(car->client, false);
    fake_suback(car->client, 1);
    car_reply(car, "/get", "/accepted",
              "\"version\":5,\"timestamp\":1700000000,\"state\":{\"delta\":{\"climate\":{\"on\":"
              "true},\"locks\":{\"all\":\"unlocked\"}}},\"metadata\":{\"desired\":{}}");
    assert_int_equal(car->tcu->state, TCU_ONLINE);
    delta(car, 6, 1700000100, "app-1",
          "{\"climate\":{\"on\":false},\"locks\":{\"all\":\"locked\"}}", "{}");
    delta(car, 7, 1700000101, "app-2",
          "{\"climate\":{\"on\":true},\"locks\":{\"all\":\"unlocked\"}}", "{}");
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        assert_not_saw(car, "reported in report");
        car_turn(car);
        assert_int_equal(updates(car), i + 1);
        assert_memory_equal(last_update(car), parts[i], strlen(parts[i]));
        assert_in_range(strlen(last_update(car)), 1, 150 - 10 - topic);
        if (i + 1 < sizeof parts / sizeof parts[0])
            accept(car, (int)(8 + i));
        assert_false(tcu_in_step(car->tcu));
    }
    assert_saw(car, "mark [app-2] reported in report");
    accept(car, 11);
    assert_saw(car, "mark [app-2] accepted");
    assert_true(tcu_in_step(car->tcu));
    car_free(car);
}

/* ── Losing and finding the cloud ───────────────────────────────────────────────────────────── */

static void reconnect(struct car *car, const char *document)
{
    tcu_wake(car->tcu);
    fake_connected(car->client, true);
    car_reply(car, "/get", "/accepted", document);
    car_turn(car);
}

static void test_lost_report_is_sent_again(void **state)
{
    struct car *car = car_online();

    (void)state;
    delta(car, 2, 10, "a", UNLOCK, STAMP(10));
    car_done(car, car->orders[0], TCU_SUCCEEDED);
    car_turn(car);
    fake_close(car->client, MQTT_CLOSE_TCP, "reset");
    assert_false(tcu_in_step(car->tcu));
    set_bool(car, "doors.open", true); /* while away */
    reconnect(car, "\"state\":{\"reported\":{}},\"version\":2");
    assert_non_null(
        strstr(last_update(car),
               "{\"reported\":{\"doors\":{\"open\":true},\"locks\":{\"all\":\"unlocked"));
    accept(car, 3);
    assert_int_equal(car_times(car, "mark [a] accepted"), 1);
    assert_true(tcu_in_step(car->tcu));
    car_free(car);
}

#define WISH_DOCUMENT(version, time)                                                               \
    "\"state\":{\"desired\":" UNLOCK ",\"reported\":" LOCK ",\"delta\":" UNLOCK                    \
    "},\"metadata\":{\"desired\":" STAMP(time) "},\"version\":" #version

static void test_wish_while_away(void **state)
{
    struct car *car = car_online();

    (void)state;
    tcu_sleep(car->tcu);
    reconnect(car, WISH_DOCUMENT(7, 50));
    assert_int_equal(car_times(car, "order desired [] locks.all=\"unlocked\""), 1);
    assert_not_saw(car, "mark"); /* nobody knows its token */
    /* The delta that the session kept says the same: at most once. */
    delta(car, 7, 50, "app", UNLOCK, STAMP(50));
    assert_saw(car, "note stale delta");
    tcu_sleep(car->tcu); /* the order goes on */
    assert_int_equal(tcu_orders_open(car->tcu), 1);
    reconnect(car, WISH_DOCUMENT(7, 50));
    assert_int_equal(car_times(car, "order"), 1);
    /* Desired again meanwhile. */
    tcu_sleep(car->tcu);
    reconnect(car, WISH_DOCUMENT(8, 60));
    assert_int_equal(car_times(car, "order"), 2);
    car_free(car);
}

static void test_power_lost_while_acting(void **state)
{
    struct car *car = car_online();

    (void)state;
    delta(car, 2, 10, "a", UNLOCK, STAMP(10));
    tcu_power_off(car->tcu);
    assert_saw(car, "cancelled [a]");
    assert_int_equal(tcu_orders_open(car->tcu), 0);
    tcu_power_on(car->tcu);
    reconnect(car, WISH_DOCUMENT(2, 10));
    assert_int_equal(car_times(car, "order desired"), 2);
    car_done(car, car->orders[0], TCU_SUCCEEDED);
    tcu_power_off(car->tcu);
    tcu_power_on(car->tcu);
    reconnect(car, WISH_DOCUMENT(2, 10)); /* its report was never sent */
    assert_int_equal(car_times(car, "order desired"), 2);
    assert_non_null(strstr(last_update(car), "unlocked"));
    car_free(car);
}

/* Deltas that waited in the session, or that come while the document is on its way, only tell which
   command they came of: the document says what holds. */
static void test_deltas_before_get(void **state)
{
    struct car *car = car_online();

    (void)state;
    tcu_sleep(car->tcu);
    tcu_wake(car->tcu);
    fake_connected(car->client, true);
    delta(car, 7, 60, "a", UNLOCK, STAMP(60));
    delta(car, 9, 70, "b", LOCK, STAMP(70));
    assert_int_equal(car_times(car, "order"), 0);
    /* Older than the delta: asked once more. */
    car_reply(car, "/get", "/accepted", WISH_DOCUMENT(8, 60));
    assert_int_equal(car->tcu->state, TCU_SYNCING);
    assert_int_equal(car_times(car, "order"), 0);
    car_reply(car, "/get", "/accepted", WISH_DOCUMENT(9, 70));
    assert_int_equal(car->tcu->state, TCU_ONLINE);
    assert_int_equal(car_times(car, "order"), 1);
    assert_saw(car, "order desired [b]");
    assert_int_equal(tcu_shadow_version(car->tcu), 9);
    car_free(car);
}

static void test_withdrawn_while_away(void **state)
{
    struct car *car = car_online();

    (void)state;
    tcu_sleep(car->tcu);
    tcu_wake(car->tcu);
    fake_connected(car->client, true);
    delta(car, 7, 60, "a", UNLOCK, STAMP(60));
    car_reply(car, "/get", "/accepted",
              "\"version\":8,\"state\":{\"reported\":{}},\"metadata\":{}");
    assert_int_equal(car->tcu->state, TCU_ONLINE);
    assert_int_equal(car_times(car, "order"), 0);
    car_free(car);
}

static void test_foreign_answers(void **state)
{
    struct car *car = car_new();

    (void)state;
    tcu_power_on(car->tcu);
    fake_connected(car->client, false);
    fake_suback(car->client, 1);
    fake_message(car->client, SHADOW "/get/accepted",
                 "{\"version\":9,\"state\":{\"delta\":" UNLOCK "},\"clientToken\":\"app\"}");
    fake_message(car->client, SHADOW "/get/accepted", "{\"version\":9,\"state\":{}}");
    fake_message(car->client, SHADOW "/get/rejected", "{\"code\":404,\"clientToken\":\"app\"}");
    assert_int_equal(car->tcu->state, TCU_SYNCING);
    assert_not_saw(car, "order");
    car_free(car);
}

static void test_deleted_shadow(void **state)
{
    struct car *car = car_online();

    (void)state;
    delta(car, 5, 10, "a", UNLOCK, STAMP(10));
    car_done(car, car->orders[0], TCU_REJECTED);
    car_turn(car);
    accept(car, 6);
    fake_message(car->client, SHADOW "/delete/accepted", "{\"version\":6,\"timestamp\":12}");
    assert_int_equal(tcu_shadow_version(car->tcu), 0);
    car_turn(car);
    assert_non_null(strstr(last_update(car), "\"charge\":{\"limit\":80}")); /* all of it */
    delta(car, 1, 10, "a", UNLOCK, STAMP(10));
    assert_int_equal(car_times(car, "order"), 2);
    car_free(car);
}

static void test_shadow_replaced_while_away(void **state)
{
    static const struct {
        const char *document;
        bool all; /* is everything reported again? */
        size_t orders;
    } rows[] = {
        {"\"state\":{\"reported\":{\"x\":1}},\"version\":9",                      false, 0},
        {"\"state\":{},\"version\":12",                                           true,  0},
        {"\"state\":{\"desired\":" UNLOCK ",\"delta\":" UNLOCK "},\"version\":1", true,  1},
        {"\"state\":{\"desired\":" UNLOCK ",\"delta\":" UNLOCK "},\"version\":9,\"metadata\":{"
         "\"desired\":" STAMP(10) "}",
         true,                                                                           0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct car *car = car_online();
        delta(car, 9, 10, "a", UNLOCK, STAMP(10));
        car_done(car, car->orders[0], TCU_SUCCEEDED);
        car_turn(car);
        accept(car, 9);
        tcu_sleep(car->tcu);
        car_blank(car);
        size_t before = updates(car);
        reconnect(car, rows[i].document);
        assert_int_equal(updates(car) - before, rows[i].all ? 1 : 0);
        assert_int_equal(car_times(car, "order"), rows[i].orders);
        car_free(car);
    }
}

static void test_not_found_starts_over(void **state)
{
    struct car *car = car_online();

    (void)state;
    delta(car, 9, 10, "a", UNLOCK, STAMP(10));
    tcu_drop_connection(car->tcu);
    tcu_wake(car->tcu);
    fake_connected(car->client, false);
    fake_suback(car->client, 1);
    car_reply(car, "/get", "/rejected", "\"code\":404,\"message\":\"No shadow\"");
    assert_int_equal(tcu_shadow_version(car->tcu), 0);
    car_turn(car);
    assert_non_null(strstr(last_update(car), "\"charge\":{\"limit\":80}"));
    car_free(car);
}

static void test_hostile_documents(void **state)
{
    static const char *const topics[] = {"/get/accepted",    "/get/rejected", "/update/accepted",
                                         "/update/rejected", "/update/delta", "/delete/accepted"};
    static const char *const payloads[] = {
        "",
        "{",
        "null",
        "[]",
        "3",
        "\"x\"",
        "{}",
        "{\"state\":[],\"version\":2}",
        "{\"state\":{\"delta\":[]},\"version\":2}",
        "{\"state\":{},\"version\":\"2\"}",
        "{\"state\":{},\"version\":-2}",
        "{\"state\":{},\"version\":1e300}",
        "{\"state\":{},\"version\":1e15,\"timestamp\":1e300,\"clientToken\":[1]}",
        "{\"state\":" UNLOCK ",\"version\":1e15,\"metadata\":" STAMP(-1e300) ",\"timestamp\":-5}",
        "{\"state\":null,\"version\":5}",
        "\xff\xfe\x00",
    };
    struct car *car = car_online();
    char *deep = xmalloc(20001);
    char topic[200];

    (void)state;
    memset(deep, '[', 20000);
    deep[20000] = '\0';
    set_bool(car, "doors.open", true);
    car_turn(car);
    for (size_t i = 0; i < sizeof topics / sizeof topics[0]; i++) {
        snprintf(topic, sizeof topic, SHADOW "%s", topics[i]);
        for (size_t k = 0; k < sizeof payloads / sizeof payloads[0]; k++)
            fake_message(car->client, topic, payloads[k]);
        fake_message(car->client, topic, deep);
        for (int n = 0; n < 2000; n++)
            memcpy(deep + n * 6, "{\"a\": ", 6);
        fake_message(car->client, topic, deep);
    }
    assert_saw(car, "note bad message: " SHADOW "/update/delta: its payload is not a JSON object");
    assert_saw(car, "note bad message: shadow delta: it has no version");
    assert_saw(car, "note bad message: shadow delta: it has no state object");
    fake_message(car->client, "$aws/things/another/shadow/update/delta", "{}");
    assert_saw(car, "note bad message: $aws/things/another/shadow/update/delta: not a topic");
    free(deep);
    car_free(car);
}

static void test_tokens_of_long_names(void **state)
{
    static const char name[] = "a-very-long-thing-name-that-goes-on-and-on-and-on-to-its-end";
    struct car *car = car_draft();

    (void)state;
    car_build(car);
    car->tcu->thing_name = name;
    tcu_power_on(car->tcu);
    fake_connected(car->client, false);
    fake_suback(car->client, 1);
    char token[80];
    car_token(car, "/get", token);
    assert_memory_equal(token, name + strlen(name) - 32, 32);
    assert_int_equal(token[32], '-');
    assert_true(strlen(token) <= 64);
    car_free(car);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_journey_of_a_wish),
        cmocka_unit_test(test_which_wishes_count),
        cmocka_unit_test(test_stale_deltas_are_noted),
        cmocka_unit_test(test_unknown_desires),
        cmocka_unit_test(test_twice_in_one_document),
        cmocka_unit_test(test_strings_outlive_the_message),
        cmocka_unit_test(test_long_tokens_are_unknown),
        cmocka_unit_test(test_one_report_at_a_time),
        cmocka_unit_test(test_order_done_while_a_report_flies),
        cmocka_unit_test(test_refused_wish_is_reported),
        cmocka_unit_test(test_desired_but_never_reported),
        cmocka_unit_test(test_rejected_reports),
        cmocka_unit_test(test_report_without_answer),
        cmocka_unit_test(test_report_refused_by_puback),
        cmocka_unit_test(test_client_is_full),
        cmocka_unit_test(test_report_too_large),
        cmocka_unit_test(test_report_in_parts),
        cmocka_unit_test(test_lost_report_is_sent_again),
        cmocka_unit_test(test_wish_while_away),
        cmocka_unit_test(test_power_lost_while_acting),
        cmocka_unit_test(test_deltas_before_get),
        cmocka_unit_test(test_withdrawn_while_away),
        cmocka_unit_test(test_foreign_answers),
        cmocka_unit_test(test_deleted_shadow),
        cmocka_unit_test(test_shadow_replaced_while_away),
        cmocka_unit_test(test_not_found_starts_over),
        cmocka_unit_test(test_hostile_documents),
        cmocka_unit_test(test_tokens_of_long_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
