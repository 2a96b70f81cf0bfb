#include "unit/tcu/shadow_play.h"

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
    assert_int_equal(tcu_shadow_version(car->tcu, 0), 9);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
