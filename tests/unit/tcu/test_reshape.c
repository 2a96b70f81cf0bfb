/* A car gets another model while it lives. */
#include "tcu/reshape.h"

#include "unit/tcu/car.h"

/* doors.open and climate.on are gone, charge.limit is a float, locks.all has another value, a
   window is new, the horn is reported now. */
static struct signal_schema *other_schema(void)
{
    const unsigned both = SIGNAL_REPORTED | SIGNAL_DESIRED;
    struct signal_schema *s = signal_schema_new("other");
    char ajar[] = "ajar", unlocked[] = "unlocked", locked[] = "locked";
    char *values[] = {ajar, unlocked, locked};
    char path[] = "locks.all";
    struct signal_def locks = {
        .path = path, .type = SIGNAL_ENUM, .flags = both, .values = values, .value_count = 3};
    struct error err;

    assert_true(signal_schema_add(s, &locks, &err));
    car_declare(s, "climate.target", SIGNAL_FLOAT, both, 16, 28);
    car_declare(s, "charge.limit", SIGNAL_FLOAT, both, 50, 100);
    car_declare(s, "label", SIGNAL_STRING, both, 0, 0);
    car_declare(s, "horn", SIGNAL_BOOL, both, 0, 0);
    car_declare(s, "cabin.secret", SIGNAL_BOOL, 0, 0, 0);
    car_declare(s, "window", SIGNAL_INT, both, 0, 100);
    signal_schema_seal(s);
    return s;
}

static size_t at(const struct signal_schema *s, const char *path)
{
    int index = signal_schema_find(s, slice_str(path));

    assert_true(index >= 0);
    return (size_t)index;
}

static void test_values_stay_by_path(void **state)
{
    struct signal_schema *from = car_schema(), *to = other_schema();
    struct signal_table t;
    char label[] = "Anna";

    (void)state;
    signal_table_init(&t, from);
    signal_set(&t, at(from, "locks.all"), (union signal_value){.e = 1});
    signal_set(&t, at(from, "climate.target"), (union signal_value){.f = 23.5});
    signal_set(&t, at(from, "charge.limit"), (union signal_value){.i = 90});
    signal_set(&t, at(from, "label"), (union signal_value){.s = label});
    signal_set(&t, at(from, "cabin.secret"), (union signal_value){.i = 3});
    signal_drop_dirty(&t, 0);
    signal_touch(&t, at(from, "climate.target"));
    signal_table_migrate(&t, to);
    assert_ptr_equal(t.schema, to);
    assert_int_equal(signal_get(&t, at(to, "locks.all")).e, 1); /* unlocked, by name */
    assert_true(fabs(signal_get(&t, at(to, "climate.target")).f - 23.5) < 1e-9);
    assert_true(fabs(signal_get(&t, at(to, "charge.limit")).f - 90) < 1e-9);
    assert_string_equal(signal_get(&t, at(to, "label")).s, "Anna");
    assert_false(signal_get(&t, at(to, "cabin.secret")).b); /* no number any more: initial */
    assert_int_equal(signal_get(&t, at(to, "window")).i, 80);
    /* Known of the reports: the same. Others are to be reported. */
    assert_false(signal_is_dirty(&t, at(to, "locks.all")));
    assert_true(signal_is_dirty(&t, at(to, "climate.target")));
    assert_false(signal_is_dirty(&t, at(to, "label")));
    assert_true(signal_is_dirty(&t, at(to, "charge.limit")));
    assert_true(signal_is_dirty(&t, at(to, "horn")));
    assert_true(signal_is_dirty(&t, at(to, "window")));
    /* And back: an enum that the schema has not begins anew. */
    signal_set(&t, at(to, "locks.all"), (union signal_value){.e = 0});
    signal_table_migrate(&t, from);
    assert_int_equal(signal_get(&t, at(from, "locks.all")).e, 0);
    assert_int_equal(signal_get(&t, at(from, "charge.limit")).i, 90);
    assert_string_equal(signal_get(&t, at(from, "label")).s, "Anna");
    signal_table_done(&t);
    signal_schema_free(from);
    signal_schema_free(to);
}

static void test_what_is_withdrawn(void **state)
{
    struct signal_schema *from = car_schema(), *to = other_schema();
    struct buf out;

    (void)state;
    buf_init(&out, 1000);
    assert_true(signal_write_withdrawn(from, to, 0, &out));
    assert_string_equal(buf_cstr(&out), "{\"climate\":{\"on\":null},\"doors\":{\"open\":null}}");
    buf_clear(&out);
    assert_false(signal_write_withdrawn(from, from, 0, &out));
    assert_int_equal(buf_len(&out), 0);
    buf_done(&out);
    buf_init(&out, 10);
    assert_false(signal_write_withdrawn(from, to, 0, &out));
    buf_done(&out);
    signal_schema_free(from);
    signal_schema_free(to);
}

static void reshape(struct car *car)
{
    struct signal_schema *old = car->schema;

    car->schema = other_schema();
    tcu_change_schema(car->tcu, car->schema);
    signal_schema_free(old);
}

#define NULLS "{\"state\":{\"reported\":{\"climate\":{\"on\":null},\"doors\":{\"open\":null}}}}"

static void test_while_online(void **state)
{
    struct car *car = car_online();
    const struct fake_publish *update;

    (void)state;
    fake_message(car->client, SHADOW "/update/delta",
                 "{\"version\":2,\"timestamp\":9,\"state\":{\"locks\":{\"all\":\"unlocked\"}},"
                 "\"metadata\":{\"locks\":{\"all\":{\"timestamp\":9}}},\"clientToken\":\"app\"}");
    assert_int_equal(tcu_orders_open(car->tcu), 1);
    reshape(car);
    assert_saw(car, "cancelled [app]");
    assert_int_equal(tcu_orders_open(car->tcu), 0);
    update = fake_last(car->client, "/shadow/update");
    assert_string_equal(update->payload, NULLS);
    /* The wish still stands: it is acted on by the new model. */
    car_reply(car, "/get", "/accepted",
              "\"version\":3,\"timestamp\":9,\"state\":{\"desired\":{\"locks\":{\"all\":"
              "\"unlocked\"}},\"delta\":{\"locks\":{\"all\":\"unlocked\"}}},\"metadata\":{"
              "\"desired\":{\"locks\":{\"all\":{\"timestamp\":9}}}}");
    assert_int_equal(car_times(car, "order desired"), 2);
    car_done(car, car->orders[0], TCU_SUCCEEDED);
    car_turn(car);
    update = fake_last(car->client, "/shadow/update");
    assert_non_null(strstr(update->payload, "\"window\":80"));
    assert_non_null(strstr(update->payload, "\"horn\":false"));
    assert_non_null(strstr(update->payload, "\"all\":\"unlocked\""));
    assert_null(strstr(update->payload, "doors"));
    car_reply(car, "/update", "/accepted", "\"state\":{},\"version\":5,\"timestamp\":10");
    assert_true(tcu_in_step(car->tcu));
    car_free(car);
}

/* A report is in flight, with an order's outcome in it. */
static void test_while_a_report_flies(void **state)
{
    struct car *car = car_online();

    (void)state;
    fake_message(car->client, SHADOW "/update/delta",
                 "{\"version\":2,\"timestamp\":9,\"state\":{\"climate\":{\"on\":true},"
                 "\"label\":\"x\"},\"metadata\":{},\"clientToken\":\"app\"}");
    car_done(car, car->orders[0], TCU_SUCCEEDED);
    car_turn(car);
    reshape(car);
    tcu_drop_connection(car->tcu); /* the report is lost; what is left of it goes again */
    car_await(car, TCU_CONNECTING);
    fake_connected(car->client, true);
    car_reply(car, "/get", "/accepted", "\"version\":3,\"state\":{},\"metadata\":{}");
    assert_int_equal(car->tcu->state, TCU_ONLINE);
    car_turn(car);
    const struct fake_publish *update = fake_last(car->client, "/shadow/update");
    assert_non_null(strstr(update->payload, "\"label\":\"x\""));
    assert_null(strstr(update->payload, "climate.on"));
    car_free(car);
}

static void test_while_asleep(void **state)
{
    struct car *car = car_online();

    (void)state;
    tcu_sleep(car->tcu);
    size_t sent = car->client->sent_count;
    reshape(car);
    assert_int_equal(car->client->sent_count, sent);
    tcu_wake(car->tcu);
    fake_connected(car->client, true);
    car_reply(car, "/get", "/accepted", "\"version\":3,\"state\":{},\"metadata\":{}");
    assert_int_equal(car->tcu->state, TCU_ONLINE);
    assert_string_equal(fake_last(car->client, "/shadow/update")->payload, NULLS);
    car_turn(car);
    assert_non_null(strstr(fake_last(car->client, "/shadow/update")->payload, "\"window\":80"));
    car_free(car);
}

/* What never was sent goes with the car. */
static void test_never_sent(void **state)
{
    struct car *car = car_new();

    (void)state;
    reshape(car);
    car_free(car);
}

static void test_requests_fail(void **state)
{
    struct car *car = car_online();

    (void)state;
    fake_message(car->client, CMD "/request",
                 "{\"requestId\":\"r1\",\"responseTopic\":\"" CMD "/response/app\","
                 "\"command\":{\"horn\":true}}");
    assert_int_equal(tcu_orders_open(car->tcu), 1);
    reshape(car);
    assert_int_equal(tcu_orders_open(car->tcu), 0);
    const struct fake_publish *answer = fake_last(car->client, "/response/app");
    assert_non_null(answer);
    assert_non_null(strstr(answer->payload, "MODEL_RELOADED"));
    car_free(car);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_stay_by_path), cmocka_unit_test(test_what_is_withdrawn),
        cmocka_unit_test(test_while_online),        cmocka_unit_test(test_while_a_report_flies),
        cmocka_unit_test(test_while_asleep),        cmocka_unit_test(test_never_sent),
        cmocka_unit_test(test_requests_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
