/* The commands for one car: each promise of dispatch.h, without a broker or a clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "actors/dispatch.h"

#define S(seconds) ((usec_t)((double)(seconds)*1e6))

static const struct dispatch_rules rules = {
    .presence = {.confirm_offline = S(5), .subscribe_within = S(10), .session_expiry = S(3600)},
    .tap_every = S(10),
    .tap_backoff = 2,
    .taps_most = 3,
};

struct car {
    struct dispatch d;
    struct dispatch_command pool[8];
    size_t used;
    bool unlinked;
    char did[512]; /* "tell:1=CREATED send:1 …" */
};

static void begin(struct car *c)
{
    *c = (struct car){.used = 0};
    dispatch_init(&c->d, 0);
}

/* A number for an id, so that what was done can be read. */
static struct dispatch_command *give(struct car *c, usec_t arrives, usec_t deadline)
{
    struct dispatch_command *command = &c->pool[c->used++];

    snprintf(command->id, sizeof command->id, "%zu", c->used);
    command->arrives = arrives;
    command->deadline = deadline;
    dispatch_add(&c->d, command);
    return command;
}

/* All that is to be done at `now`, as text. */
static const char *run(struct car *c, usec_t now)
{
    static const char *const words[] = {"send", "tap", "tell"};
    struct dispatch_action a;
    size_t len = 0;
    unsigned most = 100;

    c->did[0] = '\0';
    while (dispatch_next(&c->d, &rules, now, !c->unlinked, &a)) {
        assert_true(most-- > 0);
        len += (size_t)snprintf(
            c->did + len, sizeof c->did - len, "%s%s:%s%s%s%s", len != 0 ? " " : "", words[a.what],
            a.command->id, a.what == DISPATCH_TELL ? "=" : "",
            a.what == DISPATCH_TELL ? dispatch_status_name(a.command->status) : "",
            a.again ? "!" : "");
    }
    assert_true(dispatch_due(&c->d, &rules, now) > now);
    return c->did;
}

static void connect(struct car *c, int64_t version, const char *session, usec_t now)
{
    car_presence_connected(&c->d.presence, &rules.presence,
                           &(struct car_event){.version = version, .session = session}, now);
}

static void disconnect(struct car *c, int64_t version, const char *session, usec_t now)
{
    car_presence_disconnected(&c->d.presence, &rules.presence,
                              &(struct car_event){.version = version, .session = session}, now);
}

static void online(struct car *c, usec_t now)
{
    connect(c, 1, "a", now);
    dispatch_subscribed(&c->d, "a", now);
}

static void test_a_car_that_is_online(void **state)
{
    struct car c;

    (void)state;
    begin(&c);
    online(&c, S(1));
    give(&c, S(2), S(60));
    assert_string_equal(run(&c, S(2)), "tell:1=CREATED send:1 tell:1=SENT");
    assert_string_equal(run(&c, S(3)), "");
    assert_int_equal(dispatch_due(&c.d, &rules, S(3)), S(60));
    assert_int_equal(dispatch_answer(&c.d, "1", DISPATCH_SUCCEEDED), DISPATCH_REPLY_TAKEN);
    assert_string_equal(run(&c, S(4)), "tell:1=SUCCEEDED");
    assert_int_equal(dispatch_due(&c.d, &rules, S(4)), CAR_PRESENCE_NEVER);
    /* QoS 1: twice. */
    assert_int_equal(dispatch_answer(&c.d, "1", DISPATCH_FAILED), DISPATCH_REPLY_DUPLICATE);
    assert_int_equal(dispatch_answer(&c.d, "x", DISPATCH_FAILED), DISPATCH_REPLY_STRAY);
    assert_string_equal(run(&c, S(5)), "");
}

static void test_first_in_first_out(void **state)
{
    struct car c;

    (void)state;
    begin(&c);
    online(&c, S(1));
    give(&c, S(4), S(60)); /* spoken first, but it takes longer */
    give(&c, S(2), S(60));
    give(&c, S(2), S(60));
    assert_string_equal(run(&c, S(1)), "");
    assert_int_equal(dispatch_due(&c.d, &rules, S(1)), S(2));
    assert_string_equal(run(&c, S(2)), "tell:2=CREATED tell:3=CREATED send:2 tell:2=SENT");
    assert_string_equal(run(&c, S(4)), "tell:1=CREATED");
    dispatch_answer(&c.d, "2", DISPATCH_REJECTED);
    assert_string_equal(run(&c, S(5)), "tell:2=REJECTED send:3 tell:3=SENT");
    /* The next goes when the former is dead, too. */
    assert_string_equal(run(&c, S(60)), "tell:3=TIMED_OUT tell:1=EXPIRED");
}

static void test_taps_until_it_listens(void **state)
{
    struct car c;

    (void)state;
    begin(&c);
    car_presence_learn(&c.d.presence, false, 0);
    give(&c, S(1), S(300));
    assert_string_equal(run(&c, S(1)), "tell:1=CREATED tell:1=WAKING tap:1");
    assert_int_equal(dispatch_due(&c.d, &rules, S(1)), S(11));
    assert_string_equal(run(&c, S(11)), "tap:1!");
    assert_string_equal(run(&c, S(30)), "");
    assert_string_equal(run(&c, S(31)), "tap:1!");
    /* No more than three. */
    assert_string_equal(run(&c, S(200)), "");
    assert_int_equal(dispatch_due(&c.d, &rules, S(200)), S(300));
    connect(&c, 1, "a", S(201));
    assert_string_equal(run(&c, S(201)), "");
    dispatch_subscribed(&c.d, "a", S(202));
    assert_string_equal(run(&c, S(202)), "send:1 tell:1=SENT");
    /* Gone again before it could answer: the text messages begin anew. */
    disconnect(&c, 1, "a", S(203));
    assert_string_equal(run(&c, S(203)), "");
    assert_string_equal(run(&c, S(208)), "tap:1");
}

static void test_what_cannot_be_delivered_in_time_never_is(void **state)
{
    struct car c;

    (void)state;
    begin(&c);
    car_presence_learn(&c.d.presence, false, 0);
    give(&c, S(1), S(5));
    run(&c, S(1));
    assert_string_equal(run(&c, S(5)), "tell:1=EXPIRED");
    online(&c, S(6));
    assert_string_equal(run(&c, S(6)), "");
    assert_int_equal(dispatch_due(&c.d, &rules, S(6)), CAR_PRESENCE_NEVER);
}

static void test_a_false_disconnect_costs_no_text_message(void **state)
{
    struct car c;

    (void)state;
    begin(&c);
    online(&c, S(1));
    disconnect(&c, 1, "a", S(2));
    give(&c, S(3), S(60));
    assert_string_equal(run(&c, S(3)), "tell:1=CREATED");
    assert_int_equal(dispatch_due(&c.d, &rules, S(3)), S(7));
    connect(&c, 2, "b", S(6));
    assert_string_equal(run(&c, S(6)), "send:1 tell:1=SENT");
    /* Its session was lost after all, and with it the request. */
    dispatch_subscribed(&c.d, "b", S(7));
    assert_string_equal(run(&c, S(7)), "send:1!");
    dispatch_subscribed(&c.d, "b", S(7));
    assert_string_equal(run(&c, S(7)), "");
}

static void test_a_late_answer(void **state)
{
    struct car c;

    (void)state;
    begin(&c);
    online(&c, S(1));
    give(&c, S(1), S(4));
    run(&c, S(1));
    assert_string_equal(run(&c, S(4)), "tell:1=TIMED_OUT");
    assert_int_equal(dispatch_answer(&c.d, "1", DISPATCH_SUCCEEDED), DISPATCH_REPLY_LATE);
    assert_string_equal(run(&c, S(5)), "tell:1=SUCCEEDED");
    assert_int_equal(dispatch_answer(&c.d, "1", DISPATCH_SUCCEEDED), DISPATCH_REPLY_DUPLICATE);
}

static void test_what_may_be_lost_goes_again(void **state)
{
    struct car c;

    (void)state;
    begin(&c);
    online(&c, S(1));
    give(&c, S(1), S(100));
    c.unlinked = true;
    assert_string_equal(run(&c, S(1)), "tell:1=CREATED");
    c.unlinked = false;
    assert_string_equal(run(&c, S(2)), "send:1 tell:1=SENT");
    dispatch_undelivered(&c.d, "1", false, S(3));
    assert_string_equal(run(&c, S(3)), "send:1!");
    /* Nobody listened: not before somebody does, or is taken to. */
    dispatch_undelivered(&c.d, "1", true, S(4));
    assert_string_equal(run(&c, S(4)), "");
    assert_string_equal(run(&c, S(14)), "send:1!");
    /* The service has lost its session: what it knew, and perhaps the answer. */
    dispatch_resync(&c.d, S(20));
    assert_string_equal(run(&c, S(20)), "");
    car_presence_learn(&c.d.presence, true, S(21));
    assert_string_equal(run(&c, S(21)), "send:1!");
    dispatch_undelivered(&c.d, "9", true, S(21));
    assert_string_equal(run(&c, S(22)), "");
}

static void test_ids_and_memory(void **state)
{
    struct car c;

    (void)state;
    begin(&c);
    online(&c, S(1));
    struct dispatch_command *one = give(&c, S(1), S(2));
    give(&c, S(1), S(3));
    run(&c, S(1));
    assert_ptr_equal(dispatch_find(&c.d, "1"), one);
    run(&c, S(3));
    assert_ptr_equal(dispatch_find(&c.d, "1"), one);
    assert_null(dispatch_find(&c.d, "3"));
    dispatch_repeated(one);
    assert_string_equal(run(&c, S(4)), "tell:1=TIMED_OUT");
    assert_null(dispatch_trim(&c.d, 2));
    assert_ptr_equal(dispatch_trim(&c.d, 1), one);
    assert_null(dispatch_find(&c.d, "1"));
    give(&c, S(5), S(9));
    assert_string_equal(dispatch_take(&c.d)->id, "3");
    assert_string_equal(dispatch_take(&c.d)->id, "2");
    assert_null(dispatch_take(&c.d));
    struct dispatch_command *again = give(&c, S(5), S(9));
    dispatch_answer(&c.d, again->id, DISPATCH_FAILED);
    assert_string_equal(run(&c, S(6)), "tell:4=FAILED");
}

static void test_names(void **state)
{
    (void)state;
    assert_int_equal(dispatch_status_of("SUCCEEDED"), DISPATCH_SUCCEEDED);
    assert_int_equal(dispatch_status_of("TIMED_OUT"), DISPATCH_TIMED_OUT);
    assert_int_equal(dispatch_status_of("SENT"), DISPATCH_STATUS_COUNT);
    assert_int_equal(dispatch_status_of("EXPIRED"), DISPATCH_STATUS_COUNT);
    assert_string_equal(dispatch_status_name(DISPATCH_STATUS_COUNT), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_car_that_is_online),
        cmocka_unit_test(test_first_in_first_out),
        cmocka_unit_test(test_taps_until_it_listens),
        cmocka_unit_test(test_what_cannot_be_delivered_in_time_never_is),
        cmocka_unit_test(test_a_false_disconnect_costs_no_text_message),
        cmocka_unit_test(test_a_late_answer),
        cmocka_unit_test(test_what_may_be_lost_goes_again),
        cmocka_unit_test(test_ids_and_memory),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests_name("dispatch", tests, NULL, NULL);
}
