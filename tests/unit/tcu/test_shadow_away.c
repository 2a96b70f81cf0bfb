#include "unit/tcu/shadow_play.h"

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
    assert_int_equal(tcu_shadow_version(car->tcu, 0), 9);
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
    assert_int_equal(tcu_shadow_version(car->tcu, 0), 0);
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
    assert_int_equal(tcu_shadow_version(car->tcu, 0), 0);
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
