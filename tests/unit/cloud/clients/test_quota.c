/* Rates: who is let through, and what of the rest is counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cloud/clients/quota.h"

#define NOW ((int64_t)1700000000000)

static void off(void **state)
{
    struct quota q;

    (void)state;
    quota_init(&q);
    for (int i = 0; i < 1000; i++)
        assert_true(quota_take(&q, QUOTA_CONNECT, "car-1", NOW));
    assert_int_equal(q.counters.count, 0);
    quota_done(&q);
}

static void by_the_second(void **state)
{
    struct quota q;

    (void)state;
    quota_init(&q);
    q.on = true;
    assert_true(quota_take(&q, QUOTA_CONNECT, "car-1", NOW));
    assert_false(quota_take(&q, QUOTA_CONNECT, "car-1", NOW + 999));
    assert_true(quota_take(&q, QUOTA_CONNECT, "car-2", NOW + 999));
    assert_true(quota_take(&q, QUOTA_CONNECT, "car-1", NOW + 1000));
    assert_int_equal(q.broken[QUOTA_CONNECT], 1);
    for (int i = 0; i < 100; i++)
        assert_true(quota_take(&q, QUOTA_MESSAGES, "car-1", NOW + i));
    assert_false(quota_take(&q, QUOTA_MESSAGES, "car-1", NOW + 500));
    assert_true(quota_take(&q, QUOTA_MESSAGES, "car-1", NOW + 1000));
    /* The clock was set back: no harm. */
    assert_true(quota_take(&q, QUOTA_MESSAGES, "car-1", NOW - 5000));
    quota_sweep(&q, NOW + 5000);
    assert_int_equal(q.counters.count, 0);
    quota_done(&q);
}

static void in_flight(void **state)
{
    struct quota q;

    (void)state;
    quota_init(&q);
    q.on = true;
    for (int i = 0; i < 10; i++)
        assert_true(quota_take(&q, QUOTA_SHADOW_FLIGHT, "car-1", NOW));
    assert_false(quota_take(&q, QUOTA_SHADOW_FLIGHT, "car-1", NOW + 5000));
    quota_landed(&q);
    assert_true(quota_take(&q, QUOTA_SHADOW_FLIGHT, "car-1", NOW));
    assert_string_equal(quota_name(QUOTA_SHADOW_FLIGHT), "shadowInFlight");
    quota_done(&q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(off),
        cmocka_unit_test(by_the_second),
        cmocka_unit_test(in_flight),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
