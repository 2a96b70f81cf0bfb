/* A car with a named shadow: the rules hold of it as of the classic one, and apart from it. */
#include "unit/oracle/car_rig.h"

#define COMFORT SHADOW "/name/comfort"

enum { FAN = 0, HORN_HERE = 1 }; /* in the order of their paths */

/* The rig's car, with a fan that lives in the shadow "comfort". */
static int make_named(void **state)
{
    return make_with(state, "comfort");
}

/* Its get was answered by 404, its first report accepted as version 1. */
static void comfort_comes(struct rig *rig)
{
    char token[80];

    token_of(rig, "/name/comfort/get", token);
    say(rig, COMFORT "/get/rejected", "{\"code\":404,\"clientToken\":\"%s\"}", token);
}

static void accept_in(struct rig *rig, const char *update, int version)
{
    const struct fake_publish *p = fake_last(rig->client, update);
    char topic[200], token[80];

    assert_non_null(p);
    fake_puback(rig->client, p->id, 0);
    cJSON *doc = json_parse(slice_str(p->payload), 16);
    char *text = cJSON_PrintUnformatted(json_get(doc, "state"));
    snprintf(topic, sizeof topic, "%s/accepted", p->topic);
    snprintf(token, sizeof token, "%s", json_str(doc, "clientToken", ""));
    say(rig, topic, "{\"state\":%s,\"version\":%d,\"clientToken\":\"%s\"}", text, version, token);
    free(text);
    cJSON_Delete(doc);
}

static void named_online(struct rig *rig)
{
    char token[80];

    tcu_power_on(rig->tcu);
    fake_connected(rig->client, false);
    fake_suback(rig->client, 1);
    fake_suback(rig->client, 1);
    fake_puback(rig->client, fake_last(rig->client, "/shadow/get")->id, 0);
    fake_puback(rig->client, fake_last(rig->client, "/comfort/get")->id, 0);
    token_of(rig, "/shadow/get", token);
    say(rig, SHADOW "/get/rejected", "{\"code\":404,\"clientToken\":\"%s\"}", token);
    comfort_comes(rig);
    assert_int_equal(rig->tcu->state, TCU_ONLINE);
    rig->car->keep_alive_s = 60; /* the fake CONNACK says none */
    ev_run(rig->loop->ev, EVRUN_NOWAIT);
    accept_in(rig, "/shadow/update", 1);
    accept_in(rig, "/comfort/update", 1);
    expect_none(rig);
}

static void wish(struct rig *rig, int version, const char *desired)
{
    say(rig, COMFORT "/update/accepted",
        "{\"state\":{\"desired\":%s},\"version\":%d,\"clientToken\":\"app\"}", desired, version);
}

static void set_fan(struct rig *rig, double value)
{
    tcu_set_signal(rig->tcu, FAN, (union signal_value){.f = value});
    ev_run(rig->loop->ev, EVRUN_NOWAIT);
}

/* ---- what is right ---- */

static void both_are_looked_at(void **state)
{
    struct rig *rig = *state;

    named_online(rig);
    wish(rig, 2, "{\"fan\":3}");
    say(rig, COMFORT "/update/delta", "{\"version\":2,\"timestamp\":9,\"state\":{\"fan\":3}}");
    ev_run(rig->loop->ev, EVRUN_NOWAIT);
    accept_in(rig, "/comfort/update", 3);
    desire(rig, 2, "{\"horn\":true}");
    delta(rig, 2, "{\"horn\":true}");
    ev_run(rig->loop->ev, EVRUN_NOWAIT);
    accept_in(rig, "/shadow/update", 3);
    be_quiet(rig);
    assert_int_equal(oracle_car_settle(rig->car), ORACLE_CALM);
    expect_none(rig);
    assert_int_equal(oracle_car_version(rig->car, NULL), 3);
    assert_int_equal(oracle_car_version(rig->car, "comfort"), 3);
    assert_int_equal(oracle_car_version(rig->car, "cargo"), 0);
    assert_int_equal(oracle_checks(rig->oracle, ORACLE_DELTA_EXACT), 2);
}

/* One is deleted and begins anew; the other counts on. */
static void a_deletion_is_of_one_only(void **state)
{
    struct rig *rig = *state;

    named_online(rig);
    say(rig, COMFORT "/delete/accepted", "{\"version\":1,\"timestamp\":9}");
    ev_run(rig->loop->ev, EVRUN_NOWAIT);
    accept_in(rig, "/comfort/update", 1);
    expect_none(rig);
    tcu_set_signal(rig->tcu, HORN_HERE, (union signal_value){.b = true});
    ev_run(rig->loop->ev, EVRUN_NOWAIT);
    accept_in(rig, "/shadow/update", 1);
    expect(rig, ORACLE_VERSION_RISES, 1);
}

/* Nobody of the car lives there: what a script or an app does with it is right. */
static void strange_names_are_let_be(void **state)
{
    struct rig *rig = *state;

    named_online(rig);
    say(rig, SHADOW "/name/cargo/update/delta", "{\"version\":2,\"state\":{\"fan\":7}}");
    say(rig, SHADOW "/name/", "{}");
    say(rig, SHADOW "/name/comfort", "{}");
    oracle_car_seen(rig->car, "cargo", ORACLE_SAW_ACCEPTED, 2,
                    slice_str("{\"state\":{\"desired\":{\"fan\":7}},\"version\":2}"));
    be_quiet(rig);
    assert_int_equal(oracle_car_settle(rig->car), ORACLE_CALM);
    expect_none(rig);
}

/* ---- what is wrong ---- */

static void texts_name_the_shadow(void **state)
{
    struct rig *rig = *state;

    named_online(rig);
    set_fan(rig, 2);
    accept_in(rig, "/comfort/update", 1);
    expect(rig, ORACLE_VERSION_RISES, 1);
    assert_string_equal(rig->text,
                        "shadow.version-rises: comfort: expected a version above 1, which the car "
                        "had seen when it asked; update/accepted says 1");
}

static void an_inexact_delta(void **state)
{
    struct rig *rig = *state;

    named_online(rig);
    wish(rig, 2, "{\"fan\":3}");
    say(rig, COMFORT "/update/delta",
        "{\"version\":2,\"timestamp\":9,\"state\":{\"fan\":3,\"horn\":true}}");
    expect(rig, ORACLE_DELTA_EXACT, 1);
    assert_non_null(strstr(rig->text, "delta-exact: comfort: update/delta of version 2 is not"));
}

static void a_lost_wish(void **state)
{
    struct rig *rig = *state;

    named_online(rig);
    oracle_car_seen(rig->car, "comfort", ORACLE_SAW_ACCEPTED, 2,
                    slice_str("{\"state\":{\"desired\":{\"fan\":3}},\"version\":2}"));
    wish(rig, 2, "{\"fan\":3}"); /* its own session brings it too, but no delta */
    assert_int_equal(oracle_car_settle(rig->car), ORACLE_RESTLESS);
    be_quiet(rig);
    assert_int_equal(oracle_car_settle(rig->car), ORACLE_CALM);
    expect(rig, ORACLE_DESIRED_NOT_LOST, 1);
    assert_non_null(strstr(rig->text, "not-lost: comfort: fan is desired to be 3 (version 2)"));
}

/* A signal that is wished where it does not live is no wish to the car. */
static void a_wish_in_the_wrong_shadow(void **state)
{
    struct rig *rig = *state;

    named_online(rig);
    desire(rig, 2, "{\"fan\":3}");
    wish(rig, 2, "{\"horn\":true}");
    be_quiet(rig);
    assert_int_equal(oracle_car_settle(rig->car), ORACLE_CALM);
    expect_none(rig);
}

static void a_shadow_that_is_not_the_car(void **state)
{
    struct rig *rig = *state;

    named_online(rig);
    oracle_car_sabotage(rig->car, ORACLE_STORES_WRONG);
    set_fan(rig, 2);
    const struct fake_publish *p = fake_last(rig->client, "/comfort/update");
    assert_non_null(strstr(p->payload, "{\"fan\":92}"));
    accept_in(rig, "/comfort/update", 2);
    be_quiet(rig);
    oracle_car_settle(rig->car);
    expect(rig, ORACLE_TWIN_AGREES, 1);
    assert_non_null(strstr(rig->text, "twin.agrees: comfort: fan is 2 in the car; the shadow "
                                      "(version 2) says 92"));
}

static void a_report_in_the_wrong_shadow(void **state)
{
    static const char topic[] = COMFORT "/update";
    static const char payload[] = "{\"state\":{\"reported\":{\"horn\":false}}}";
    struct rig *rig = *state;
    struct mqtt_message m = {.topic = slice_str(topic), .payload = slice_str(payload), .qos = 1};

    named_online(rig);
    oracle_tap_publish(rig->car, &m);
    expect(rig, ORACLE_REPORT_MATCHES, 1);
    assert_string_equal(rig->text,
                        "report.matches-signals: comfort: horn is a signal of another shadow; the "
                        "car reports false");
}

/* Not one endless echo in the other hides it. */
static void an_echo(void **state)
{
    struct rig *rig = *state;

    named_online(rig);
    oracle_car_sabotage(rig->car, ORACLE_ECHOES);
    set_fan(rig, 2);
    for (int version = 2; version < 30; version++)
        accept_in(rig, "/comfort/update", version);
    assert_int_equal(rig->found[ORACLE_NO_ECHO], 1);
    assert_non_null(strstr(rig->text, "comfort: 17 reports in a row"));
}

static void a_get_before_its_own_subscription(void **state)
{
    struct rig *rig = *state;

    oracle_car_sabotage(rig->car, ORACLE_ASKS_TOO_SOON);
    tcu_power_on(rig->tcu);
    fake_connected(rig->client, false);
    expect(rig, ORACLE_SUBSCRIBED_FIRST, 2);
    assert_non_null(strstr(rig->text, "comfort: shadow get before the SUBACK"));
}

static void a_companion_with_another_idea(void **state)
{
    struct rig *rig = *state;
    struct oracle_idea idea = {.who = "the app",
                               .version = 1,
                               .desired = slice_str("{}"),
                               .reported = slice_str("{\"fan\":0}")};

    named_online(rig);
    oracle_car_compare(rig->car, "comfort", &idea);
    expect_none(rig);
    idea.reported = slice_str("{\"fan\":1}");
    oracle_car_compare(rig->car, "comfort", &idea);
    expect(rig, ORACLE_TWIN_AGREES, 1);
    oracle_car_compare(rig->car, "cargo", &idea);
    expect_none(rig);
}

/* ---- another model ---- */

/* "comfort" is not there any more, "air" is new: what was known of the classic one stays. */
static void a_model_with_other_shadows(void **state)
{
    struct rig *rig = *state;
    struct signal_schema *old = rig->schema;

    named_online(rig);
    rig->schema = rig_schema("air");
    oracle_car_speaks(rig->car, true);
    tcu_change_schema(rig->tcu, rig->schema);
    oracle_car_changed_schema(rig->car);
    oracle_car_speaks(rig->car, false);
    assert_int_equal(oracle_car_version(rig->car, NULL), 1);
    assert_int_equal(oracle_car_version(rig->car, "comfort"), 0);
    say(rig, COMFORT "/update/accepted", "{\"state\":{},\"version\":2}");
    say(rig, SHADOW "/name/air/update/accepted", "{\"state\":{},\"version\":2}");
    assert_int_equal(oracle_car_version(rig->car, "air"), 0); /* not known whole */
    expect_none(rig);
    signal_schema_free(old);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, make_named, unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(both_are_looked_at),
        TEST(a_deletion_is_of_one_only),
        TEST(strange_names_are_let_be),
        TEST(texts_name_the_shadow),
        TEST(an_inexact_delta),
        TEST(a_lost_wish),
        TEST(a_wish_in_the_wrong_shadow),
        TEST(a_shadow_that_is_not_the_car),
        TEST(a_report_in_the_wrong_shadow),
        TEST(an_echo),
        TEST(a_get_before_its_own_subscription),
        TEST(a_companion_with_another_idea),
        TEST(a_model_with_other_shadows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
