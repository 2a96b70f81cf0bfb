#include "unit/tcu/car.h"

/* Time moves only while pass() lets it. */
static bool passing;

static bool quiet(void *ctx)
{
    (void)ctx;
    return passing;
}

static void stop_time(void *arg)
{
    (void)arg;
    passing = false;
}

/* Lets seconds of virtual time pass. */
static void pass(struct car *car, double seconds)
{
    struct loop_timer timer;

    loop_timer_init(&timer, car->loop, stop_time, NULL);
    loop_timer_start_scaled(&timer, (usec_t)(seconds * 1e6));
    passing = true;
    while (passing)
        ev_run(car->loop->ev, EVRUN_NOWAIT);
    car_turn(car);
}

static void declare(struct signal_schema *s, const char *path, enum signal_type type,
                    unsigned flags, double report_every, double deadband)
{
    struct signal_def def = {.path = (char *)(uintptr_t)path,
                             .type = type,
                             .flags = flags,
                             .min = -1e9,
                             .max = 1e9,
                             .report_every = report_every,
                             .deadband = deadband};
    struct error err;

    if (!signal_schema_add(s, &def, &err))
        fail_msg("%s", err.text);
}

static struct car *paced_car(void)
{
    struct car *car = car_draft();

    loop_make_virtual(car->loop, &(struct loop_virtual){.quiet = quiet});
    signal_schema_free(car->schema);
    car->schema = signal_schema_new("paced");
    declare(car->schema, "speed", SIGNAL_FLOAT, SIGNAL_REPORTED, 10, 0);
    declare(car->schema, "power", SIGNAL_INT, SIGNAL_REPORTED, 60, 0);
    declare(car->schema, "cabin", SIGNAL_FLOAT, SIGNAL_REPORTED, 0, 0.5);
    declare(car->schema, "charge", SIGNAL_FLOAT, SIGNAL_REPORTED | SIGNAL_DESIRED, 30, 1);
    declare(car->schema, "door", SIGNAL_BOOL, SIGNAL_REPORTED, 0, 0);
    signal_schema_seal(car->schema);
    car->obey = true;
    car_build(car);
    return car;
}

static size_t index_of(struct car *car, const char *path)
{
    return (size_t)signal_schema_find(car->schema, slice_str(path));
}

static void set(struct car *car, const char *path, double value)
{
    tcu_set_signal(car->tcu, index_of(car, path), (union signal_value){.f = value});
}

static void set_power(struct car *car, int64_t watts)
{
    tcu_set_signal(car->tcu, index_of(car, "power"), (union signal_value){.i = watts});
}

static void set_door(struct car *car, bool open)
{
    tcu_set_signal(car->tcu, index_of(car, "door"), (union signal_value){.b = open});
}

static size_t updates(struct car *car)
{
    return fake_count(car->client, "/shadow/update");
}

/* A report has gone out since there were so many, and it says this; the cloud accepts it. */
static void expect_report(struct car *car, size_t before, const char *text)
{
    assert_int_equal(updates(car), before + 1);
    const char *payload = fake_last(car->client, "/shadow/update")->payload;
    if (strncmp(payload + strlen("{\"state\":{\"reported\":"), text, strlen(text)) != 0)
        fail_msg("expected %s in %s", text, payload);
    car_reply(car, "/update", "/accepted", "\"version\":2");
}

static void test_first_change_at_once_then_so_often(void **state)
{
    struct car *car = paced_car();

    (void)state;
    car_go_online(car);
    pass(car, 100);
    size_t n = updates(car);
    set(car, "speed", 10);
    car_turn(car);
    expect_report(car, n++, "{\"speed\":10}");
    for (int i = 1; i <= 9; i++) {
        pass(car, 1);
        set(car, "speed", 10 + i);
        assert_true(tcu_in_step(car->tcu));
    }
    car_turn(car);
    assert_int_equal(updates(car), n);
    pass(car, 2);
    expect_report(car, n++, "{\"speed\":19}");
    pass(car, 100);
    assert_int_equal(updates(car), n);
    car_free(car);
}

static void test_it_goes_along_with_others(void **state)
{
    struct car *car = paced_car();

    (void)state;
    car_go_online(car);
    size_t n = updates(car);
    set(car, "speed", 7);
    set_power(car, 500);
    car_turn(car);
    assert_int_equal(updates(car), n);
    set_door(car, true);
    assert_false(tcu_in_step(car->tcu));
    car_turn(car);
    expect_report(car, n++, "{\"door\":true,\"power\":500,\"speed\":7}");
    assert_true(tcu_in_step(car->tcu));
    /* Each has begun to wait anew: the shorter one is due first, and takes the other along. */
    pass(car, 5);
    set(car, "speed", 8);
    set_power(car, 600);
    pass(car, 4);
    assert_int_equal(updates(car), n);
    pass(car, 2);
    expect_report(car, n++, "{\"power\":600,\"speed\":8}");
    set_power(car, 700);
    pass(car, 59);
    assert_int_equal(updates(car), n);
    pass(car, 2);
    expect_report(car, n, "{\"power\":700}");
    car_free(car);
}

static void test_deadband(void **state)
{
    struct car *car = paced_car();

    (void)state;
    car_go_online(car);
    size_t n = updates(car);
    set(car, "cabin", 0.4);
    pass(car, 1000);
    assert_int_equal(updates(car), n);
    assert_true(tcu_in_step(car->tcu));
    set(car, "cabin", -0.6);
    car_turn(car);
    expect_report(car, n++, "{\"cabin\":-0.6}");
    set(car, "cabin", -0.2);
    set_door(car, true);
    car_turn(car);
    expect_report(car, n++, "{\"cabin\":-0.2,\"door\":true}");
    /* Both: not before 30 s, and only if it has moved by 1. */
    set(car, "charge", 50);
    car_turn(car);
    expect_report(car, n++, "{\"charge\":50}");
    set(car, "charge", 50.5);
    pass(car, 60);
    assert_int_equal(updates(car), n);
    set(car, "charge", 51);
    car_turn(car);
    expect_report(car, n++, "{\"charge\":51}");
    set(car, "charge", 60);
    pass(car, 20);
    assert_int_equal(updates(car), n);
    pass(car, 11);
    expect_report(car, n, "{\"charge\":60}");
    car_free(car);
}

static void test_after_a_reconnect_all_is_told(void **state)
{
    struct car *car = paced_car();

    (void)state;
    car_go_online(car);
    set(car, "speed", 50);
    set(car, "cabin", 0.1);
    car_turn(car);
    size_t n = updates(car);
    tcu_drop_connection(car->tcu);
    assert_false(tcu_in_step(car->tcu));
    pass(car, 1);
    fake_connected(car->client, true);
    car_reply(car, "/get", "/accepted", "\"version\":1,\"state\":{\"reported\":{}}");
    car_turn(car);
    expect_report(car, n, "{\"cabin\":0.1,\"speed\":50}");
    car_free(car);
}

static void test_what_was_lost_is_not_kept_back(void **state)
{
    struct car *car = paced_car();

    (void)state;
    car_go_online(car);
    pass(car, 20);
    set(car, "speed", 50);
    car_turn(car);
    size_t n = updates(car);
    set(car, "speed", 51);
    car_reply(car, "/update", "/rejected", "\"code\":409,\"message\":\"Version conflict\"");
    assert_false(tcu_in_step(car->tcu));
    pass(car, 1);
    expect_report(car, n, "{\"speed\":51}");
    car_free(car);
}

/* What an app asked for is answered at once. */
static void test_an_order_is_reported_at_once(void **state)
{
    struct car *car = paced_car();

    (void)state;
    car_go_online(car);
    size_t n = updates(car);
    fake_message(car->client, SHADOW "/update/delta",
                 "{\"version\":2,\"state\":{\"charge\":70},\"metadata\":{},\"clientToken\":\"a\"}");
    assert_false(tcu_in_step(car->tcu));
    car_turn(car);
    expect_report(car, n, "{\"charge\":70}");
    assert_saw(car, "mark [a] accepted");
    car_free(car);
}

static void test_all_of_it_on_request(void **state)
{
    struct car *car = paced_car();

    (void)state;
    car_go_online(car);
    size_t n = updates(car);
    tcu_report(car->tcu);
    car_turn(car);
    assert_int_equal(updates(car), n);
    set(car, "speed", 7);
    set(car, "cabin", 0.1);
    tcu_report(car->tcu);
    assert_false(tcu_in_step(car->tcu));
    car_turn(car);
    expect_report(car, n, "{\"cabin\":0.1,\"speed\":7}");
    car_free(car);
}

static void test_what_cannot_be_paced(void **state)
{
    static const struct {
        struct signal_def def;
        const char *why;
    } cases[] = {
        {{.type = SIGNAL_INT, .flags = SIGNAL_REPORTED, .report_every = -1},
         "report_every is from 0 to"                                                                },
        {{.type = SIGNAL_INT, .flags = SIGNAL_REPORTED, .report_every = NAN},
         "report_every is from 0 to"                                                                },
        {{.type = SIGNAL_INT, .flags = SIGNAL_REPORTED, .report_every = 1e9},
         "report_every is from 0 to"                                                                },
        {{.type = SIGNAL_INT, .flags = SIGNAL_REPORTED, .deadband = -1},      "deadband is a number"},
        {{.type = SIGNAL_BOOL, .flags = SIGNAL_REPORTED, .deadband = 1},
         "only numbers have a deadband"                                                             },
        {{.type = SIGNAL_INT, .flags = SIGNAL_DESIRED, .report_every = 1},    "it is not reported"  },
    };
    char path[] = "a.b";

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct signal_schema *s = signal_schema_new("bad");
        struct signal_def def = cases[i].def;
        struct error err;
        def.path = path;
        def.max = 1;
        assert_false(signal_schema_add(s, &def, &err));
        if (strstr(err.text, cases[i].why) == NULL || strstr(err.text, "a.b") == NULL)
            fail_msg("%zu: %s", i, err.text);
        signal_schema_free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_change_at_once_then_so_often),
        cmocka_unit_test(test_it_goes_along_with_others),
        cmocka_unit_test(test_deadband),
        cmocka_unit_test(test_after_a_reconnect_all_is_told),
        cmocka_unit_test(test_what_was_lost_is_not_kept_back),
        cmocka_unit_test(test_an_order_is_reported_at_once),
        cmocka_unit_test(test_all_of_it_on_request),
        cmocka_unit_test(test_what_cannot_be_paced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
