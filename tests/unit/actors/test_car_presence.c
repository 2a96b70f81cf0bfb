/* Who is online, from events that are late, repeated, lost or out of order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "actors/car_presence.h"

#define S(seconds) ((usec_t)(seconds)*USEC_PER_SEC)

static const struct car_presence_rules rules = {
    .confirm_offline = S(5), .subscribe_within = S(10), .session_expiry = S(3600)};

static enum car_news up(struct car_presence *p, int64_t version, const char *session, usec_t now)
{
    return car_presence_connected(p, &rules,
                                  &(struct car_event){.version = version, .session = session}, now);
}

static enum car_news down(struct car_presence *p, int64_t version, const char *session, usec_t now)
{
    return car_presence_disconnected(
        p, &rules, &(struct car_event){.version = version, .session = session}, now);
}

static enum car_link link_at(struct car_presence *p, usec_t now)
{
    car_presence_tick(p, &rules, now);
    return p->link;
}

static void test_a_car_comes_and_goes(void **state)
{
    struct car_presence p;

    (void)state;
    car_presence_init(&p, S(1));
    assert_int_equal(link_at(&p, S(2)), CAR_LINK_UNKNOWN);
    assert_int_equal(up(&p, 0, "a", S(2)), CAR_NEWS_TAKEN);
    assert_int_equal(p.link, CAR_LINK_ONLINE);
    assert_false(car_presence_ready(&p, &rules, S(3)));
    assert_int_equal(car_presence_subscribed(&p, "a", S(3)), CAR_NEWS_TAKEN);
    assert_true(car_presence_ready(&p, &rules, S(3)));
    assert_int_equal(car_presence_due(&p, &rules, S(3)), CAR_PRESENCE_NEVER);

    assert_int_equal(down(&p, 0, "a", S(10)), CAR_NEWS_TAKEN);
    assert_int_equal(p.link, CAR_LINK_LEAVING);
    assert_false(car_presence_ready(&p, &rules, S(10)));
    assert_int_equal(car_presence_due(&p, &rules, S(10)), S(15));
    assert_int_equal(link_at(&p, S(15) - 1), CAR_LINK_LEAVING);
    assert_int_equal(link_at(&p, S(15)), CAR_LINK_OFFLINE);
    assert_int_equal(car_presence_due(&p, &rules, S(15)), CAR_PRESENCE_NEVER);
}

static void test_a_false_disconnect(void **state)
{
    struct car_presence p;

    (void)state;
    car_presence_init(&p, 0);
    up(&p, 4, "a", S(1));
    car_presence_subscribed(&p, "a", S(1));
    down(&p, 4, "a", S(2));
    assert_int_equal(up(&p, 5, "b", S(3)), CAR_NEWS_RETURNED);
    assert_int_equal(link_at(&p, S(60)), CAR_LINK_ONLINE);
    /* Its session was kept: no event says that it listens, and it does. */
    assert_true(car_presence_ready(&p, &rules, S(3)));
}

static void test_stale_events(void **state)
{
    struct car_presence p;

    (void)state;
    car_presence_init(&p, 0);
    up(&p, 7, "g", S(1));
    assert_int_equal(up(&p, 7, "g", S(1)), CAR_NEWS_STALE);
    assert_int_equal(up(&p, 6, "f", S(1)), CAR_NEWS_STALE);
    /* A takeover: the old connection's end comes after the new one's beginning (contract 2.2). */
    assert_int_equal(up(&p, 8, "h", S(2)), CAR_NEWS_TAKEN);
    assert_int_equal(down(&p, 7, "g", S(2)), CAR_NEWS_STALE);
    assert_int_equal(p.link, CAR_LINK_ONLINE);
    /* The end comes before its own beginning. */
    assert_int_equal(down(&p, 9, "i", S(3)), CAR_NEWS_TAKEN);
    assert_int_equal(up(&p, 9, "i", S(3)), CAR_NEWS_STALE);
    assert_int_equal(down(&p, 9, "i", S(4)), CAR_NEWS_STALE);
    assert_int_equal(link_at(&p, S(8)), CAR_LINK_OFFLINE);
    assert_int_equal(up(&p, 10, "j", S(9)), CAR_NEWS_TAKEN);
}

static void test_version_numbers_begin_anew(void **state)
{
    struct car_presence p;

    (void)state;
    car_presence_init(&p, 0);
    up(&p, 12, "a", S(1));
    car_presence_subscribed(&p, "a", S(1));
    down(&p, 12, "a", S(2));
    assert_int_equal(up(&p, 0, "old", S(600)), CAR_NEWS_STALE);
    assert_int_equal(link_at(&p, S(4000)), CAR_LINK_OFFLINE);
    assert_int_equal(up(&p, 0, "b", S(4000)), CAR_NEWS_TAKEN);
    /* And its session is over as well. */
    assert_false(car_presence_ready(&p, &rules, S(4000)));
    assert_int_equal(down(&p, 0, "b", S(4001)), CAR_NEWS_TAKEN);
}

static void test_it_subscribes_before_it_is_said_to_be_there(void **state)
{
    struct car_presence p;

    (void)state;
    car_presence_init(&p, 0);
    up(&p, 1, "a", S(1));
    down(&p, 1, "a", S(2));
    assert_int_equal(car_presence_subscribed(&p, "b", S(20)), CAR_NEWS_STALE);
    assert_false(car_presence_ready(&p, &rules, S(20)));
    up(&p, 2, "b", S(20));
    assert_true(car_presence_ready(&p, &rules, S(20)));
    assert_int_equal(car_presence_subscribed(&p, "b", S(21)), CAR_NEWS_STALE);
    assert_int_equal(car_presence_unsubscribed(&p, "a", S(22)), CAR_NEWS_STALE);
    assert_int_equal(car_presence_unsubscribed(&p, "b", S(22)), CAR_NEWS_TAKEN);
    assert_false(car_presence_ready(&p, &rules, S(22)));
}

static void test_a_subscription_that_nobody_reports(void **state)
{
    struct car_presence p;

    (void)state;
    car_presence_init(&p, 0);
    up(&p, 1, "a", S(1));
    assert_int_equal(car_presence_due(&p, &rules, S(1)), S(11));
    assert_false(car_presence_ready(&p, &rules, S(11) - 1));
    assert_true(car_presence_ready(&p, &rules, S(11)));
    /* The broker has found that nobody listens: so long once more. */
    car_presence_deaf(&p, S(12));
    assert_false(car_presence_ready(&p, &rules, S(13)));
    assert_true(car_presence_ready(&p, &rules, S(22)));
}

static void test_what_an_index_says(void **state)
{
    struct car_presence p;

    (void)state;
    car_presence_init(&p, 0);
    car_presence_learn(&p, true, S(1));
    assert_true(car_presence_ready(&p, &rules, S(1)));
    car_presence_learn(&p, false, S(2));
    assert_int_equal(p.link, CAR_LINK_ONLINE);
    assert_int_equal(down(&p, 3, "c", S(3)), CAR_NEWS_TAKEN);
    car_presence_forget(&p, S(4));
    assert_int_equal(p.link, CAR_LINK_UNKNOWN);
    car_presence_learn(&p, false, S(4));
    assert_int_equal(p.link, CAR_LINK_OFFLINE);
    assert_int_equal(up(&p, 0, "d", S(5)), CAR_NEWS_TAKEN);
    assert_true(car_presence_ready(&p, &rules, S(5)));
}

/* The car had connected before anybody listened; an index is behind. */
static void test_an_index_that_is_behind(void **state)
{
    struct car_presence p;

    (void)state;
    car_presence_init(&p, 0);
    car_presence_learn(&p, false, S(1));
    assert_int_equal(car_presence_subscribed(&p, "a", S(2)), CAR_NEWS_TAKEN);
    assert_int_equal(p.link, CAR_LINK_UNKNOWN);
    car_presence_learn(&p, true, S(2));
    assert_true(car_presence_ready(&p, &rules, S(2)));
    /* An old event, told late: it is gone already, and the index says so once more. */
    car_presence_init(&p, 0);
    car_presence_learn(&p, false, S(1));
    car_presence_subscribed(&p, "a", S(2));
    car_presence_learn(&p, false, S(2));
    assert_int_equal(p.link, CAR_LINK_OFFLINE);
    assert_false(car_presence_ready(&p, &rules, S(2)));
    /* What an event has said stands. */
    car_presence_init(&p, 0);
    up(&p, 1, "a", S(1));
    down(&p, 1, "a", S(2));
    car_presence_tick(&p, &rules, S(20));
    car_presence_subscribed(&p, "a", S(20));
    assert_int_equal(p.link, CAR_LINK_OFFLINE);
}

static void test_goodbye(void **state)
{
    struct car_presence_rules trusting = rules;
    struct car_presence p;

    (void)state;
    trusting.trust_goodbye = true;
    car_presence_init(&p, 0);
    up(&p, 1, "a", S(1));
    car_presence_disconnected(
        &p, &trusting, &(struct car_event){.version = 1, .session = "a", .goodbye = true}, S(2));
    assert_int_equal(p.link, CAR_LINK_OFFLINE);
    up(&p, 2, "b", S(3));
    car_presence_disconnected(&p, &trusting, &(struct car_event){.version = 2, .session = "b"},
                              S(4));
    assert_int_equal(p.link, CAR_LINK_LEAVING);
    assert_string_equal(car_link_name(CAR_LINK_LEAVING), "leaving");
    assert_string_equal(car_link_name(CAR_LINK_COUNT), "?");
}

/* Other brokers have no version numbers: what comes last counts. */
static void test_without_versions(void **state)
{
    struct car_presence p;

    (void)state;
    car_presence_init(&p, 0);
    assert_int_equal(up(&p, -1, "", S(1)), CAR_NEWS_TAKEN);
    assert_int_equal(down(&p, -1, "", S(2)), CAR_NEWS_TAKEN);
    assert_int_equal(up(&p, -1, "", S(3)), CAR_NEWS_RETURNED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_car_comes_and_goes),
        cmocka_unit_test(test_a_false_disconnect),
        cmocka_unit_test(test_stale_events),
        cmocka_unit_test(test_version_numbers_begin_anew),
        cmocka_unit_test(test_it_subscribes_before_it_is_said_to_be_there),
        cmocka_unit_test(test_a_subscription_that_nobody_reports),
        cmocka_unit_test(test_what_an_index_says),
        cmocka_unit_test(test_an_index_that_is_behind),
        cmocka_unit_test(test_goodbye),
        cmocka_unit_test(test_without_versions),
    };

    return cmocka_run_group_tests_name("car_presence", tests, NULL, NULL);
}
