/* A TCU on a fake client with the oracle between: what is right is let be, what is wrong is found.
 */
#include "unit/oracle/car_rig.h"

/* ---- what is right ---- */

static void a_healthy_session_breaks_nothing(void **state)
{
    struct rig *rig = *state;

    come_online(rig);
    desire(rig, 2, "{\"horn\":true}");
    delta(rig, 2, "{\"horn\":true}");
    accept_report(rig, 3);
    desire(rig, 4, "{\"lock\":{\"front\":\"unlocked\"}}");
    delta(rig, 4, "{\"lock\":{\"front\":\"unlocked\"}}");
    accept_report(rig, 5);
    be_quiet(rig);
    assert_int_equal(oracle_car_settle(rig->car), ORACLE_CALM);
    expect_none(rig);
    static const enum oracle_rule looked[] = {
        ORACLE_VERSION_RISES, ORACLE_DELTA_EXACT,   ORACLE_REPORT_MATCHES, ORACLE_TWIN_AGREES,
        ORACLE_NO_ECHO,       ORACLE_ASLEEP_SILENT, ORACLE_PUBACK,         ORACLE_SUBSCRIBED_FIRST};
    for (size_t i = 0; i < sizeof looked / sizeof *looked; i++)
        if (oracle_checks(rig->oracle, looked[i]) == 0)
            fail_msg("%s was not looked at", oracle_rule_name(looked[i]));
}

static void repeated_and_reordered_messages_break_nothing(void **state)
{
    struct rig *rig = *state;

    come_online(rig);
    for (int twice = 0; twice < 2; twice++) {
        delta(rig, 3, "{\"horn\":true}");
        desire(rig, 3, "{\"horn\":true}");
        delta(rig, 2, "{\"lock\":{\"front\":\"unlocked\"}}");
        desire(rig, 2, "{\"lock\":{\"front\":\"unlocked\"},\"horn\":false}");
        delta(rig, 1, "{}");
    }
    expect(rig, ORACLE_DELTA_EXACT, 2); /* of version 3: the lock is outstanding as well */
    fake_message(rig->client, SHADOW "/update/accepted", "not json");
    fake_message(rig->client, SHADOW "/update/delta", "{\"version\":\"x\",\"state\":[]}");
    fake_message(rig->client, SHADOW "/name/other/update/accepted", "{\"version\":1,\"state\":{}}");
    expect_none(rig);
}

/* What answered an earlier question comes once more. */
static void old_answers_break_nothing(void **state)
{
    struct rig *rig = *state;
    char token[80];

    come_online(rig);
    token_of(rig, "/get", token);
    say(rig, SHADOW "/get/rejected", "{\"code\":404,\"clientToken\":\"%s\"}", token);
    desire(rig, 2, "{\"horn\":false}");
    delta(rig, 3, "{\"horn\":true}");
    desire(rig, 3, "{\"horn\":true}");
    accept_report(rig, 4);
    say_accepted(rig, 4);
    be_quiet(rig);
    assert_int_equal(oracle_car_settle(rig->car), ORACLE_CALM);
    expect_none(rig);
    /* The same report under the same token: the answer may be that to the first one. */
    oracle_car_sabotage(rig->car, ORACLE_ECHOES);
    tcu_set_signal(rig->tcu, HORN, (union signal_value){.b = false});
    for (int version = 5; version < 9; version++) {
        accept_report(rig, version);
        say_accepted(rig, version);
    }
    expect_none(rig);
}

static void others_may_write_what_is_reported(void **state)
{
    struct rig *rig = *state;

    come_online(rig);
    say(rig, SHADOW "/update/accepted",
        "{\"state\":{\"reported\":{\"horn\":true,\"speed\":null}},\"version\":2,\"clientToken\":"
        "\"x\"}");
    be_quiet(rig);
    assert_int_equal(oracle_car_settle(rig->car), ORACLE_CALM);
    expect_none(rig);
}

static void a_deletion_lets_numbers_begin_again(void **state)
{
    struct rig *rig = *state;

    come_online(rig);
    say(rig, SHADOW "/delete/accepted", "{\"version\":1}");
    accept_report(rig, 1);
    be_quiet(rig);
    oracle_car_settle(rig->car);
    expect_none(rig);
}

/* What was not acknowledged goes with the session, and nobody answers it any more. */
static void a_new_session_owes_nothing(void **state)
{
    struct rig *rig = *state;

    rig->config.session_expiry_s = 0;
    come_online(rig);
    tcu_set_signal(rig->tcu, HORN, (union signal_value){.b = true});
    ev_run(rig->loop->ev, EVRUN_NOWAIT);
    assert_int_equal(rig->car->unacked, 1);
    fake_close(rig->client, MQTT_CLOSE_TCP, "reset");
    tcu_wake(rig->tcu);
    assert_true(rig->client->options.clean_start);
    assert_int_equal(rig->car->unacked, 0);
    fake_connected(rig->client, false);
    fake_suback(rig->client, 1);
    fake_puback(rig->client, fake_last(rig->client, "/get")->id, 0);
    expect_none(rig);
}

/* ---- what is wrong ---- */

static void versions_that_do_not_rise(void **state)
{
    struct rig *rig = *state;

    come_online(rig);
    desire(rig, 5, "{}");
    tcu_set_signal(rig->tcu, HORN, (union signal_value){.b = true});
    accept_report(rig, 5);
    expect(rig, ORACLE_VERSION_RISES, 1);
    assert_string_equal(rig->text,
                        "shadow.version-rises: expected a version above 5, which the car had seen "
                        "when it asked; update/accepted says 5");
}

static void a_shadow_that_is_not_the_car(void **state)
{
    struct rig *rig = *state;
    char token[80];

    come_online(rig);
    tcu_set_signal(rig->tcu, HORN, (union signal_value){.b = true});
    ev_run(rig->loop->ev, EVRUN_NOWAIT);
    token_of(rig, "/update", token);
    fake_puback(rig->client, fake_last(rig->client, "/update")->id, 0);
    say(rig, SHADOW "/update/accepted",
        "{\"state\":{\"reported\":{\"horn\":false}},\"version\":2,\"clientToken\":\"%s\"}", token);
    assert_int_equal(oracle_car_settle(rig->car), ORACLE_RESTLESS);
    expect_none(rig);
    be_quiet(rig);
    assert_int_equal(oracle_car_settle(rig->car), ORACLE_CALM);
    assert_non_null(strstr(rig->text,
                           "twin.agrees: horn is true in the car; the shadow (version 2) "
                           "says false, after "));
    expect(rig, ORACLE_TWIN_AGREES, 1);
}

static void a_companion_with_another_idea(void **state)
{
    struct rig *rig = *state;

    come_online(rig);
    desire(rig, 2, "{\"horn\":true}");
    assert_int_equal(oracle_car_version(rig->car, NULL), 2);
    struct slice reported =
        slice_str("{\"horn\":false,\"lock\":{\"front\":\"locked\"},\"speed\":0}");
    struct oracle_idea idea = {.who = "the app",
                               .version = 2,
                               .desired = slice_str("{\"horn\":true}"),
                               .reported = reported};
    oracle_car_compare(rig->car, NULL, &idea);
    idea.version = 1;
    idea.desired = slice_str("{}");
    oracle_car_compare(rig->car, NULL, &idea);
    expect_none(rig);
    idea.version = 2;
    idea.desired = slice_str("{\"horn\":false}");
    oracle_car_compare(rig->car, NULL, &idea);
    expect(rig, ORACLE_TWIN_AGREES, 1);
    assert_string_equal(rig->text,
                        "twin.agrees: the app has another idea of version 2 of the shadow at horn");
}

static void a_wish_that_does_not_reach_the_car(void **state)
{
    struct rig *rig = *state;

    come_online(rig);
    desire(rig, 2, "{\"horn\":true,\"speed\":7,\"lock\":{\"front\":\"ajar\"},\"no\":1}");
    assert_int_equal(oracle_car_settle(rig->car), ORACLE_RESTLESS);
    be_quiet(rig);
    assert_int_equal(oracle_car_settle(rig->car), ORACLE_CALM);
    assert_non_null(strstr(rig->text, "desired.not-lost: horn is desired to be true (version 2)"));
    expect(rig, ORACLE_DESIRED_NOT_LOST, 1);
    /* Told once. */
    be_quiet(rig);
    oracle_car_settle(rig->car);
    expect_none(rig);
}

static void companions_tell_of_wishes_too(void **state)
{
    struct rig *rig = *state;

    come_online(rig);
    const char *wish = "{\"state\":{\"desired\":{\"horn\":true}},\"version\":2}";
    oracle_car_seen(rig->car, NULL, ORACLE_SAW_ACCEPTED, 2, slice_str(wish));
    oracle_car_seen(rig->car, NULL, ORACLE_SAW_ACCEPTED, 2, slice_str("nonsense that is skipped"));
    oracle_car_seen(rig->car, NULL, ORACLE_SAW_DOCUMENT, 3, slice_str("nonsense"));
    assert_int_equal(oracle_car_version(rig->car, NULL), 2);
    be_quiet(rig);
    /* The car's session has not brought it: it may be on its way for as long as a dead connection
       goes unnoticed. */
    assert_int_equal(oracle_car_settle(rig->car), ORACLE_RESTLESS);
    expect_none(rig);
}

static void power_loss_does_not_excuse(void **state)
{
    struct rig *rig = *state;

    come_online(rig);
    rig->lazy = true;
    desire(rig, 2, "{\"horn\":true}");
    delta(rig, 2, "{\"horn\":true}");
    be_quiet(rig);
    assert_int_equal(oracle_car_settle(rig->car), ORACLE_CALM); /* it acts */
    tcu_power_off(rig->tcu);
    connect(rig);
    oracle_car_sabotage(rig->car, ORACLE_FORGETS_DESIRED);
    char token[80];
    token_of(rig, "/get", token);
    say(rig, SHADOW "/get/accepted",
        "{\"state\":{\"desired\":{\"horn\":true},\"reported\":{\"horn\":false,\"lock\":{\"front\":"
        "\"locked\"},\"speed\":0},\"delta\":{\"horn\":true}},\"version\":2,\"clientToken\":\"%s\"}",
        token);
    assert_int_equal(rig->tcu->state, TCU_ONLINE);
    expect_none(rig);
    be_quiet(rig);
    oracle_car_settle(rig->car);
    expect(rig, ORACLE_DESIRED_NOT_LOST, 1);
}

static void an_endless_echo(void **state)
{
    struct rig *rig = *state;

    come_online(rig);
    oracle_car_sabotage(rig->car, ORACLE_ECHOES);
    tcu_set_signal(rig->tcu, HORN, (union signal_value){.b = true});
    for (int version = 2; version < 30; version++)
        accept_report(rig, version);
    assert_true(rig->found[ORACLE_NO_ECHO] >= 1);
    rig->found[ORACLE_NO_ECHO] = 0;
    expect_none(rig);
}

static void a_report_that_is_not_so(void **state)
{
    struct rig *rig = *state;

    come_online(rig);
    oracle_car_sabotage(rig->car, ORACLE_REPORTS_WRONG);
    tcu_set_signal(rig->tcu, SPEED, (union signal_value){.f = 12.5});
    ev_run(rig->loop->ev, EVRUN_NOWAIT);
    expect(rig, ORACLE_REPORT_MATCHES, 1);
    assert_string_equal(rig->text, "report.matches-signals: speed is 12.5; the car reports 912.5");
}

static void a_document_past_its_limits(void **state)
{
    struct rig *rig = *state;

    come_online(rig);
    desire(rig, 2, "{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":{\"f\":{\"g\":{\"h\":1}}}}}}}}");
    expect_none(rig);
    desire(rig, 3, "{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":{\"f\":{\"g\":{\"h\":{\"i\":1}}}}}}}}}");
    expect(rig, ORACLE_WITHIN_LIMITS, 1);
}

static void a_shadow_request_before_its_subscription(void **state)
{
    struct rig *rig = *state;

    oracle_car_sabotage(rig->car, ORACLE_ASKS_TOO_SOON);
    tcu_power_on(rig->tcu);
    fake_connected(rig->client, false);
    expect(rig, ORACLE_SUBSCRIBED_FIRST, 1);
}

static void a_car_that_talks_in_its_sleep(void **state)
{
    struct rig *rig = *state;

    come_online(rig);
    oracle_car_sabotage(rig->car, ORACLE_TALKS_ASLEEP);
    tcu_sleep(rig->tcu);
    expect(rig, ORACLE_ASLEEP_SILENT, 1);
    assert_int_equal(rig->client->disconnects, 1);
}

static void an_acknowledgement_of_nothing(void **state)
{
    struct rig *rig = *state;

    come_online(rig);
    fake_puback(rig->client, 77, 0);
    expect(rig, ORACLE_PUBACK, 1);
}

/* ---- requests ---- */

static void request(struct rig *rig, const char *id, int64_t expires)
{
    say(rig, CMD "/request",
        "{\"requestId\":\"%s\",\"responseTopic\":\"" CMD "/response/app\",\"expiresAt\":%lld,"
        "\"command\":{\"horn\":true}}",
        id, (long long)expires);
}

static void requests_are_executed_once_and_in_time(void **state)
{
    struct rig *rig = *state;
    int64_t now = clock_wall_ms();

    come_online(rig);
    request(rig, "one", now + 60000);
    request(rig, "one", now + 60000);
    request(rig, "two", now - 60000);
    expect_none(rig);
    assert_int_equal(oracle_checks(rig->oracle, ORACLE_COMMAND_ONCE), 1);

    oracle_car_sabotage(rig->car, ORACLE_REPEATS_COMMANDS);
    request(rig, "one", now + 60000);
    expect(rig, ORACLE_COMMAND_ONCE, 1);
}

static void a_request_after_its_expiry(void **state)
{
    struct rig *rig = *state;

    come_online(rig);
    oracle_car_sabotage(rig->car, ORACLE_IGNORES_EXPIRY);
    request(rig, "late", clock_wall_ms() - 60000);
    expect(rig, ORACLE_COMMAND_IN_TIME, 1);
}

static void a_request_that_nobody_sent(void **state)
{
    struct rig *rig = *state;

    come_online(rig);
    oracle_car_sabotage(rig->car, ORACLE_INVENTS_COMMANDS);
    request(rig, "real", clock_wall_ms() + 60000);
    expect(rig, ORACLE_COMMAND_ASKED_FOR, 1);
}

static void answers_are_counted(void **state)
{
    struct rig *rig = *state;

    come_online(rig);
    oracle_car_sabotage(rig->car, ORACLE_ANSWERS_TWICE);
    request(rig, "one", clock_wall_ms() + 60000);
    expect(rig, ORACLE_RESPONSE, 1);
    assert_string_equal(rig->text, "response.one-per-request: request one arrived 1 time; this is "
                                   "its response number 2");
}

static void many_requests_are_remembered_in_bounds(void **state)
{
    struct rig *rig = *state;
    char id[20];
    int32_t acknowledged = 0;

    come_online(rig);
    rig->oracle->options.quiet = 60 * USEC_PER_SEC; /* its report waits for the loop */
    for (int i = 0; i < 500; i++) {
        snprintf(id, sizeof id, "r%d", i);
        request(rig, id, clock_wall_ms() + 60000);
        const struct fake_publish *answer = fake_last(rig->client, "/response/app");
        if (answer->id != acknowledged)
            fake_puback(rig->client, answer->id, 0);
        acknowledged = answer->id;
    }
    expect_none(rig);
    assert_true(oracle_car_bytes(rig->car) < 8000);
}

/* ---- options ---- */

static void rules_are_chosen(void **state)
{
    bool on[ORACLE_RULE_COUNT];
    struct error err;

    (void)state;
    assert_true(oracle_rules_parse("off", on, &err));
    assert_false(on[ORACLE_DELTA_EXACT]);
    assert_true(oracle_rules_parse("command.once,twin.agrees", on, &err));
    assert_true(on[ORACLE_COMMAND_ONCE] && on[ORACLE_TWIN_AGREES] && !on[ORACLE_DELTA_EXACT]);
    assert_true(oracle_rules_parse("-command.once,-twin.agrees", on, &err));
    assert_true(!on[ORACLE_COMMAND_ONCE] && !on[ORACLE_TWIN_AGREES] && on[ORACLE_DELTA_EXACT]);
    assert_false(oracle_rules_parse("command.onse", on, &err));
    assert_string_equal(err.text, "--oracle command.onse: not a rule (did you mean command.once?) "
                                  "(docs/oracle.md lists them)");
    assert_false(oracle_rules_parse("", on, &err));
    for (int i = 0; i < ORACLE_RULE_COUNT; i++) {
        assert_int_equal(oracle_rule_find(oracle_rule_name((enum oracle_rule)i)), i);
        assert_true(strlen(oracle_rule_text((enum oracle_rule)i)) > 10);
    }
    assert_int_equal(oracle_rule_find("nothing"), -1);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, make, unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_healthy_session_breaks_nothing),
        TEST(repeated_and_reordered_messages_break_nothing),
        TEST(old_answers_break_nothing),
        TEST(others_may_write_what_is_reported),
        TEST(a_deletion_lets_numbers_begin_again),
        TEST(a_new_session_owes_nothing),
        TEST(versions_that_do_not_rise),
        TEST(a_shadow_that_is_not_the_car),
        TEST(a_companion_with_another_idea),
        TEST(a_wish_that_does_not_reach_the_car),
        TEST(companions_tell_of_wishes_too),
        TEST(power_loss_does_not_excuse),
        TEST(an_endless_echo),
        TEST(a_report_that_is_not_so),
        TEST(a_document_past_its_limits),
        TEST(a_shadow_request_before_its_subscription),
        TEST(a_car_that_talks_in_its_sleep),
        TEST(an_acknowledgement_of_nothing),
        TEST(requests_are_executed_once_and_in_time),
        TEST(a_request_after_its_expiry),
        TEST(a_request_that_nobody_sent),
        TEST(answers_are_counted),
        TEST(many_requests_are_remembered_in_bounds),
        cmocka_unit_test(rules_are_chosen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
