/* Keep-alive, on a clock of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "mqtt/keepalive.h"

static void expect(struct keepalive *k, double now, enum keepalive_action action, double wait)
{
    double got = -1;

    assert_int_equal(keepalive_check(k, now, &got), action);
    assert_float_equal(got, wait, 0.0001);
}

static void test_none(void **state)
{
    struct keepalive k = {.last_in = 1, .last_out = 1};

    (void)state;
    expect(&k, 1e9, KEEPALIVE_OFF, -1);
}

static void test_quiet(void **state)
{
    struct keepalive k = {.interval_s = 100, .last_in = 1000, .last_out = 1000};

    (void)state;
    expect(&k, 1000, KEEPALIVE_WAIT, 95);
    expect(&k, 1094, KEEPALIVE_WAIT, 1);
    expect(&k, 1095, KEEPALIVE_PING, 50);
    expect(&k, 1100, KEEPALIVE_WAIT, 45);
    /* Traffic other than PINGRESP is no answer. */
    k.last_in = 1120;
    expect(&k, 1145, KEEPALIVE_DEAD, -1);
}

static void test_answered(void **state)
{
    struct keepalive k = {.interval_s = 100, .last_in = 1000, .last_out = 1000};

    (void)state;
    expect(&k, 1095, KEEPALIVE_PING, 50);
    k.last_out = 1095;
    k.last_in = 1096;
    k.pinged = false;
    expect(&k, 1145, KEEPALIVE_WAIT, 45);
    expect(&k, 1190, KEEPALIVE_PING, 50);
}

/* Either direction alone does not keep a connection alive. */
static void test_one_way(void **state)
{
    struct keepalive sending = {.interval_s = 10, .last_in = 100, .last_out = 109};
    struct keepalive receiving = {.interval_s = 10, .last_in = 109, .last_out = 100};

    (void)state;
    expect(&sending, 109, KEEPALIVE_WAIT, 0.5);
    expect(&sending, 110, KEEPALIVE_PING, 5);
    expect(&receiving, 110, KEEPALIVE_PING, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_quiet),
        cmocka_unit_test(test_answered),
        cmocka_unit_test(test_one_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
