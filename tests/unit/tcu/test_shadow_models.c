/* Which named shadows a car has (contract 1.1): by its model, and when that changes. */
#include "unit/tcu/named_play.h"

static struct signal_schema *moved_schema(void)
{
    struct signal_schema *s = signal_schema_new("moved");

    car_declare(s, "locks.all", SIGNAL_ENUM, SIGNAL_REPORTED | SIGNAL_DESIRED, 0, 0);
    declare_in(s, "climate.on", SIGNAL_BOOL, "air");
    declare_in(s, "climate.target", SIGNAL_INT, "comfort");
    declare_in(s, "charge.limit", SIGNAL_INT, NULL);
    signal_schema_seal(s);
    return s;
}

/* A shadow is new, so it subscribes anew; what moved is withdrawn where it was. */
static void test_a_model_with_other_shadows(void **state)
{
    struct car *car = named_online();
    struct signal_schema *old = car->schema;

    (void)state;
    delta_in(car, COMFORT, 5, "{\"climate\":{\"target\":24}}");
    car->schema = moved_schema();
    tcu_change_schema(car->tcu, car->schema);
    signal_schema_free(old);
    assert_saw(car, "cancelled [app]");
    assert_saw(car, "state online > asleep\nstate asleep > connecting\n");
    fake_connected(car->client, true);
    for (int i = 0; i < 3; i++)
        fake_suback(car->client, 1);
    assert_int_equal(car->client->subscribes, 6);
    no_shadow_yet(car, "/name/air/get");
    car_reply(car, "/get", "/accepted", "\"version\":1,\"state\":{\"reported\":{\"locks\":1}}");
    car_reply(car, COMFORT "/get", "/accepted",
              "\"version\":5,\"state\":{\"reported\":{\"climate\":{}}}");
    assert_int_equal(car->tcu->state, TCU_ONLINE);
    assert_string_equal(last(car, COMFORT "/update"),
                        "{\"state\":{\"reported\":{\"climate\":{\"on\":null}}}}");
    assert_string_equal(last(car, CHARGING "/update"),
                        "{\"state\":{\"reported\":{\"charge\":{\"limit\":null}}}}");
    car_turn(car);
    assert_non_null(strstr(last(car, "/shadow/update"), "{\"charge\":{\"limit\":0}}"));
    assert_non_null(strstr(last(car, "/name/air/update"), "{\"climate\":{\"on\":false}}"));
    assert_int_equal(tcu_shadow_version(car->tcu, 2), 5); /* comfort, by its name */
    car_free(car);
}

static void test_a_model_without_named_shadows(void **state)
{
    struct car *car = named_online();
    struct signal_schema *old = car->schema;

    (void)state;
    set_target(car, 25);
    car_turn(car);
    car->schema = car_schema();
    tcu_change_schema(car->tcu, car->schema);
    signal_schema_free(old);
    assert_int_equal(car->tcu->state, TCU_ONLINE);
    accept_in(car, COMFORT "/update", 2); /* comes too late: nobody minds */
    assert_non_null(strstr(last(car, CHARGING "/update"), "{\"charge\":{\"limit\":null}}"));
    assert_non_null(strstr(last(car, COMFORT "/update"), "{\"on\":null,\"target\":null}"));
    car_turn(car);
    assert_non_null(
        strstr(last(car, "/shadow/update"), "\"climate\":{\"on\":false,\"target\":25}"));
    car_free(car);
}

/* All but one are answered, and the model that comes has not that one. */
static void test_a_model_without_the_shadow_that_is_awaited(void **state)
{
    struct car *car = named_car();
    struct signal_schema *old = car->schema;

    (void)state;
    connect(car);
    no_shadow_yet(car, "/get");
    no_shadow_yet(car, COMFORT "/get");
    assert_int_equal(car->tcu->state, TCU_SYNCING);
    car->schema = car_schema();
    tcu_change_schema(car->tcu, car->schema);
    signal_schema_free(old);
    assert_int_equal(car->tcu->state, TCU_ONLINE);
    assert_int_equal(said(car, "/shadow/get"), 2); /* for wishes that only the new model knows */
    assert_non_null(strstr(last(car, CHARGING "/update"), "{\"charge\":{\"limit\":null}}"));
    car_free(car);
}

static void change_model(struct car *car)
{
    struct signal_schema *s = car_schema();

    tcu_change_schema(car->tcu, s);
    signal_schema_free(car->schema);
    car->schema = s;
}

/* The observer does it while a message of the shadow is handled that the new model has not. */
static void test_a_model_that_changes_meanwhile(void **state)
{
    struct car *car = named_online();

    (void)state;
    car->meddle = change_model;
    car->meddle_at = "mark [app] received";
    delta_in(car, COMFORT, 5, "{\"climate\":{\"target\":24},\"cargo\":1}");
    assert_saw(car, "cancelled [app]");
    assert_int_equal(car->tcu->state, TCU_ONLINE);
    car_free(car);
}

static void test_names_and_numbers_of_shadows(void **state)
{
    static const struct {
        const char *name;
        const char *why; /* NULL: fine */
    } rows[] = {
        {"comfort",                                                           NULL                                    },
        {"A:b_c-1",                                                           NULL                                    },
        {"",                                                                  "a shadow's name is 1 to 64 letters"    },
        {"a/b",                                                               "signal x: shadow \"a/b\": a shadow's n"},
        {"a b",                                                               "a shadow's name is 1 to 64"            },
        {"0123456789012345678901234567890123456789012345678901234567890123",  NULL                                    },
        {"01234567890123456789012345678901234567890123456789012345678901234",
         "a shadow's name is 1 to 64"                                                                                 },
    };
    struct error err;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct signal_schema *s = signal_schema_new("m");
        char x[] = "x";
        struct signal_def def = {.path = x, .shadow = (char *)(uintptr_t)rows[i].name};
        assert_int_equal(signal_schema_add(s, &def, &err), rows[i].why == NULL);
        if (rows[i].why != NULL && strstr(err.text, rows[i].why) == NULL)
            fail_msg("%s", err.text);
        signal_schema_free(s);
    }
    struct signal_schema *s = signal_schema_new("m");
    for (int i = 0; i < SIGNAL_SHADOWS_MAX; i++) {
        char path[] = {'p', (char)('0' + i), '\0'}, name[] = {'s', (char)('0' + i), '\0'};
        struct signal_def def = {.path = path, .shadow = name};
        bool fits = i < SIGNAL_SHADOWS_MAX - 1;
        assert_int_equal(signal_schema_add(s, &def, &err), fits);
        assert_true(fits || strstr(err.text, "shadow \"s5\" would be one too many: a car has 5 "
                                             "named ones at most") != NULL);
    }
    signal_schema_seal(s);
    assert_int_equal(signal_schema_shadow_count(s), SIGNAL_SHADOWS_MAX);
    assert_null(signal_schema_shadow_name(s, 0));
    assert_int_equal(signal_schema_find_shadow(s, slice_str("s3")), 4);
    assert_int_equal(signal_schema_find_shadow(s, slice_str("s9")), -1);
    assert_int_equal(signal_schema_find_shadow(s, slice_of(NULL, 0)), -1);
    signal_schema_free(s);
}

/* A schema without any costs a car nothing: no set to look at, no list of shadows. */
static void test_cars_without_named_shadows_have_no_sets(void **state)
{
    struct signal_schema *s = car_schema();

    (void)state;
    assert_int_equal(signal_schema_shadow_count(s), 1);
    assert_null(signal_schema_shadow_set(s, 0));
    signal_schema_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_model_with_other_shadows),
        cmocka_unit_test(test_a_model_without_named_shadows),
        cmocka_unit_test(test_a_model_without_the_shadow_that_is_awaited),
        cmocka_unit_test(test_a_model_that_changes_meanwhile),
        cmocka_unit_test(test_names_and_numbers_of_shadows),
        cmocka_unit_test(test_cars_without_named_shadows_have_no_sets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
