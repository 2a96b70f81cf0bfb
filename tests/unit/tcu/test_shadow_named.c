/* Signals that live in named shadows (contract 1.1): each shadow is kept as if it were alone. */
#include "unit/tcu/named_play.h"

/* One SUBSCRIBE for each, of at most 8 filters (contract 6.8); then a get for each. */
static void test_subscribes_shadow_by_shadow(void **state)
{
    struct car *car = named_car();

    (void)state;
    tcu_power_on(car->tcu);
    fake_connected(car->client, false);
    assert_int_equal(car->client->subscribes, 1);
    assert_int_equal(car->client->filter_count, 8);
    fake_suback(car->client, 1);
    assert_int_equal(car->client->subscribes, 2);
    assert_int_equal(car->client->filter_count, 6);
    assert_string_equal(car->client->filters[0], SHADOW COMFORT "/get/accepted");
    assert_string_equal(car->client->filters[5], SHADOW COMFORT "/delete/accepted");
    fake_suback(car->client, 1);
    assert_int_equal(car->client->subscribes, 3);
    assert_string_equal(car->client->filters[4], SHADOW CHARGING "/update/delta");
    assert_int_equal(said(car, "/get"), 0); /* not before all may be answered */
    fake_suback(car->client, 1);
    assert_int_equal(said(car, "/shadow/get"), 1);
    assert_int_equal(said(car, COMFORT "/get"), 1);
    assert_int_equal(said(car, CHARGING "/get"), 1);
    car_free(car);
}

static void test_online_once_all_were_answered(void **state)
{
    struct car *car = named_car();

    (void)state;
    connect(car);
    no_shadow_yet(car, CHARGING "/get");
    no_shadow_yet(car, "/get");
    assert_int_equal(car->tcu->state, TCU_SYNCING);
    car_reply(car, COMFORT "/get", "/accepted",
              "\"version\":7,\"timestamp\":9,\"state\":{\"desired\":{\"climate\":{\"target\":24}},"
              "\"delta\":{\"climate\":{\"target\":24}}},\"metadata\":{\"desired\":{\"climate\":{"
              "\"target\":{\"timestamp\":9}}}}");
    assert_int_equal(car->tcu->state, TCU_ONLINE);
    assert_saw(car, "order desired [] climate.target=24\n");
    assert_int_equal(tcu_shadow_version(car->tcu, 0), 0);
    assert_int_equal(tcu_shadow_version(car->tcu, 1), 7);
    car_turn(car);
    assert_non_null(strstr(last(car, "/shadow/update"),
                           "{\"state\":{\"reported\":{\"locks\":{\"all\":\"locked\"}}},"));
    assert_non_null(strstr(last(car, CHARGING "/update"),
                           "{\"state\":{\"reported\":{\"charge\":{\"limit\":0}}},"));
    assert_non_null(strstr(last(car, COMFORT "/update"),
                           "{\"state\":{\"reported\":{\"climate\":{\"on\":false,\"target\":0}}},"));
    car_free(car);
}

/* 429: that one is asked for again, the others are not. */
static void test_one_that_is_busy_is_asked_again(void **state)
{
    struct car *car = named_car();

    (void)state;
    connect(car);
    no_shadow_yet(car, "/get");
    no_shadow_yet(car, CHARGING "/get");
    car_reply(car, COMFORT "/get", "/rejected", "\"code\":429,\"message\":\"too many\"");
    assert_saw(car, "note connect failed: comfort: shadow get refused: 429 too many\n");
    for (int i = 0; i < 10000 && said(car, COMFORT "/get") == 1; i++)
        ev_run(car->loop->ev, EVRUN_ONCE);
    assert_int_equal(said(car, COMFORT "/get"), 2);
    assert_int_equal(said(car, "/shadow/get"), 1);
    no_shadow_yet(car, COMFORT "/get");
    assert_int_equal(car->tcu->state, TCU_ONLINE);
    car_free(car);
}

static void test_a_refused_filter_is_named(void **state)
{
    struct car *car = named_car();

    (void)state;
    tcu_power_on(car->tcu);
    fake_connected(car->client, false);
    fake_suback(car->client, 1);
    fake_suback(car->client, 0x80);
    assert_saw(car,
               "note connect failed: subscribe refused: " SHADOW COMFORT "/get/accepted: 0x80");
    assert_int_equal(car->tcu->state, TCU_BACKING_OFF);
    car_free(car);
}

/* A session that was kept has all its subscriptions. */
static void test_a_kept_session_only_gets(void **state)
{
    struct car *car = named_online();

    (void)state;
    tcu_sleep(car->tcu);
    tcu_wake(car->tcu);
    fake_connected(car->client, true);
    assert_int_equal(car->client->subscribes, 3);
    assert_int_equal(said(car, "/shadow/get"), 2);
    assert_int_equal(said(car, COMFORT "/get"), 2);
    assert_int_equal(said(car, CHARGING "/get"), 2);
    car_free(car);
}

static void test_without_shadows_there_are_no_named_ones(void **state)
{
    struct car *car = car_draft();

    (void)state;
    signal_schema_free(car->schema);
    car->schema = named_schema();
    car->config.no_shadow = true;
    car_build(car);
    tcu_power_on(car->tcu);
    fake_connected(car->client, false);
    assert_int_equal(car->client->filter_count, 1);
    fake_suback(car->client, 1);
    assert_int_equal(car->tcu->state, TCU_ONLINE);
    set_target(car, 25);
    car_turn(car);
    assert_int_equal(car->client->sent_count, 0);
    assert_true(tcu_in_step(car->tcu));
    car_free(car);
}

static void test_a_wish_is_reported_where_it_was_wished(void **state)
{
    struct car *car = named_online();

    (void)state;
    car->obey = true;
    delta_in(car, COMFORT, 2, "{\"climate\":{\"target\":24}}");
    assert_saw(car, "order desired [app] climate.target=24\n");
    car_turn(car);
    assert_non_null(
        strstr(last(car, COMFORT "/update"), "\"reported\":{\"climate\":{\"target\":24}}"));
    assert_int_equal(said(car, "/shadow/update"), 1);
    assert_int_equal(said(car, CHARGING "/update"), 1);
    assert_false(tcu_in_step(car->tcu));
    accept_in(car, COMFORT "/update", 3);
    assert_saw(car, "mark [app] accepted");
    assert_true(tcu_in_step(car->tcu));
    assert_int_equal(tcu_shadow_version(car->tcu, 0), 1);
    assert_int_equal(tcu_shadow_version(car->tcu, 1), 3);
    assert_int_equal(tcu_shadow_version(car->tcu, 2), 1);
    car_free(car);
}

/* Versions are counted apart: what is stale in one is news in another. */
static void test_a_stale_delta_is_stale_in_its_shadow_only(void **state)
{
    struct car *car = named_online();

    (void)state;
    car->obey = true;
    delta_in(car, COMFORT, 9, "{\"climate\":{\"target\":24}}");
    delta_in(car, COMFORT, 8, "{\"climate\":{\"target\":19}}");
    assert_saw(car, "note stale delta: comfort: version 8 after 9\n");
    assert_not_saw(car, "climate.target=19");
    delta_in(car, CHARGING, 2, "{\"charge\":{\"limit\":80}}");
    assert_saw(car, "order desired [app] charge.limit=80\n");
    delta_in(car, "", 2, UNLOCK);
    assert_saw(car, "order desired [app] locks.all=\"unlocked\"\n");
    car_free(car);
}

static void test_a_signal_of_another_shadow_is_no_wish(void **state)
{
    struct car *car = named_online();

    (void)state;
    delta_in(car, "", 2, "{\"climate\":{\"target\":24}}");
    delta_in(car, COMFORT, 2, UNLOCK);
    delta_in(car, CHARGING, 2, "{\"climate\":{\"on\":true},\"charge\":{\"limits\":1}}");
    assert_not_saw(car, "order");
    assert_saw(car, "note unknown desired: climate.target: lives in the shadow \"comfort\"\n");
    assert_saw(car, "note unknown desired: comfort: locks.all: lives in the classic shadow\n");
    assert_saw(car, "note unknown desired: charging: climate.on: lives in the shadow \"comfort\" "
                    "(and 1 more)\n");
    car_free(car);
}

/* A command may touch several; each is told its own. */
static void test_a_request_is_reported_to_every_shadow(void **state)
{
    struct car *car = named_online();

    (void)state;
    car->obey = true;
    fake_message(car->client, CMD "/request",
                 "{\"requestId\":\"r1\",\"responseTopic\":\"" CMD "/response/app\",\"command\":{"
                 "\"locks\":{\"all\":\"unlocked\"},\"climate\":{\"on\":true}}}");
    assert_saw(car, "order request [r1] climate.on=true locks.all=\"unlocked\"\n");
    car_turn(car);
    assert_non_null(strstr(last(car, "/shadow/update"), "{\"locks\":{\"all\":\"unlocked\"}}"));
    assert_non_null(strstr(last(car, COMFORT "/update"), "{\"climate\":{\"on\":true}}"));
    assert_int_equal(said(car, CHARGING "/update"), 1);
    car_free(car);
}

static void test_a_conflict_holds_up_its_shadow_only(void **state)
{
    struct car *car = named_online();

    (void)state;
    set_target(car, 25);
    car_turn(car);
    car_reply(car, COMFORT "/update", "/rejected", "\"code\":409,\"message\":\"Version conflict\"");
    assert_false(tcu_in_step(car->tcu));
    tcu_set_signal(car->tcu, (size_t)signal_schema_find(car->schema, slice_str("locks.all")),
                   (union signal_value){.e = 1});
    car_turn(car);
    accept_in(car, "/update", 2);
    for (int i = 0; i < 10000 && said(car, COMFORT "/update") == 2; i++)
        ev_run(car->loop->ev, EVRUN_ONCE);
    assert_non_null(strstr(last(car, COMFORT "/update"), "{\"climate\":{\"target\":25}}"));
    accept_in(car, COMFORT "/update", 2);
    assert_true(tcu_in_step(car->tcu));
    car_free(car);
}

static void test_a_refused_report_says_whose_it_was(void **state)
{
    struct car *car = named_online();

    (void)state;
    set_target(car, 25);
    car_turn(car);
    car_reply(car, COMFORT "/update", "/rejected", "\"code\":400,\"message\":\"Bad\"");
    assert_saw(car, "note report rejected: comfort: 400 Bad\n");
    assert_true(tcu_in_step(car->tcu)); /* not sent again as it was */
    car_free(car);
}

/* The connection is lost while two reports fly: both are said again. */
static void test_what_flew_is_reported_again(void **state)
{
    struct car *car = named_online();

    (void)state;
    set_target(car, 25);
    set_bool(car, "climate.on", true);
    tcu_set_signal(car->tcu, (size_t)signal_schema_find(car->schema, slice_str("locks.all")),
                   (union signal_value){.e = 1});
    car_turn(car);
    assert_int_equal(said(car, COMFORT "/update"), 2);
    tcu_drop_connection(car->tcu);
    car_await(car, TCU_CONNECTING);
    fake_connected(car->client, true);
    car_reply(car, "/get", "/accepted", "\"version\":1,\"state\":{\"reported\":{}}");
    car_reply(car, CHARGING "/get", "/accepted", "\"version\":1,\"state\":{\"reported\":{}}");
    car_reply(car, COMFORT "/get", "/accepted", "\"version\":1,\"state\":{\"reported\":{}}");
    car_turn(car);
    assert_int_equal(said(car, "/shadow/update"), 3);
    assert_int_equal(said(car, COMFORT "/update"), 3);
    assert_int_equal(said(car, CHARGING "/update"), 1);
    assert_non_null(
        strstr(last(car, COMFORT "/update"), "{\"climate\":{\"on\":true,\"target\":25}}"));
    car_free(car);
}

static void test_a_deleted_shadow_is_made_anew_alone(void **state)
{
    struct car *car = named_online();

    (void)state;
    delta_in(car, COMFORT, 5, "{\"climate\":{\"target\":24}}");
    car_done(car, car->orders[0], TCU_FAILED);
    car_turn(car);
    accept_in(car, COMFORT "/update", 6);
    fake_message(car->client, SHADOW COMFORT "/delete/accepted", "{\"version\":6,\"timestamp\":9}");
    assert_int_equal(tcu_shadow_version(car->tcu, 1), 0);
    assert_int_equal(tcu_shadow_version(car->tcu, 0), 1);
    car_turn(car);
    assert_non_null(
        strstr(last(car, COMFORT "/update"), "{\"climate\":{\"on\":false,\"target\":0}}"));
    assert_int_equal(said(car, "/shadow/update"), 1);
    assert_int_equal(said(car, CHARGING "/update"), 1);
    accept_in(car, COMFORT "/update", 8);
    /* The wish that had been handled is a new one, in a new document. */
    car_blank(car);
    delta_in(car, COMFORT, 9, "{\"climate\":{\"target\":24}}");
    assert_saw(car, "order desired [app] climate.target=24\n");
    car_free(car);
}

static void test_held_reports_are_held_in_all(void **state)
{
    struct car *car = named_online();

    (void)state;
    tcu_hold_reports(car->tcu, true);
    set_target(car, 25);
    set_bool(car, "climate.on", true);
    car_turn(car);
    assert_int_equal(said(car, COMFORT "/update"), 1);
    tcu_hold_reports(car->tcu, false);
    car_turn(car);
    assert_int_equal(said(car, COMFORT "/update"), 2);
    car_free(car);
}

/* Shadows that the model does not have are none of the car's business. */
static void test_other_names_are_strange(void **state)
{
    static const char *const topics[] = {
        SHADOW "/name/cargo/update/delta", SHADOW "/name/comfort/update/documents",
        SHADOW "/name/comfort", SHADOW "/name/", SHADOW "/name//update/delta"};
    struct car *car = named_online();

    (void)state;
    for (size_t i = 0; i < sizeof topics / sizeof *topics; i++) {
        car_blank(car);
        fake_message(car->client, topics[i],
                     "{\"version\":9,\"state\":{\"climate\":{\"target\":24}}}");
        assert_saw(car, "note bad message: ");
        assert_saw(car, "not a topic that this car asked for");
        assert_not_saw(car, "order");
    }
    car_free(car);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_subscribes_shadow_by_shadow),
        cmocka_unit_test(test_online_once_all_were_answered),
        cmocka_unit_test(test_one_that_is_busy_is_asked_again),
        cmocka_unit_test(test_a_refused_filter_is_named),
        cmocka_unit_test(test_a_kept_session_only_gets),
        cmocka_unit_test(test_without_shadows_there_are_no_named_ones),
        cmocka_unit_test(test_a_wish_is_reported_where_it_was_wished),
        cmocka_unit_test(test_a_stale_delta_is_stale_in_its_shadow_only),
        cmocka_unit_test(test_a_signal_of_another_shadow_is_no_wish),
        cmocka_unit_test(test_a_request_is_reported_to_every_shadow),
        cmocka_unit_test(test_a_conflict_holds_up_its_shadow_only),
        cmocka_unit_test(test_a_refused_report_says_whose_it_was),
        cmocka_unit_test(test_what_flew_is_reported_again),
        cmocka_unit_test(test_a_deleted_shadow_is_made_anew_alone),
        cmocka_unit_test(test_held_reports_are_held_in_all),
        cmocka_unit_test(test_other_names_are_strange),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
