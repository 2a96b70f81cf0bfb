#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mqtt/pace.h"

static unsigned take_all(struct pace *p, double now, double *ret_wait)
{
    unsigned n = 0;

    while (n < 10000 && pace_take(p, now, ret_wait))
        n++;
    return n;
}

static void a_second_holds_so_many(void **state)
{
    struct pace p;
    double wait = 0;

    (void)state;
    pace_init(&p, 100, 7);
    assert_int_equal(take_all(&p, 7, &wait), 100);
    assert_true(wait > 0.0099 && wait < 0.0101);
    assert_int_equal(take_all(&p, 7 + wait, &wait), 1);
    assert_int_equal(take_all(&p, 7.51, &wait), 50);
    /* What is not used is not saved up. */
    assert_int_equal(take_all(&p, 100, &wait), 100);
    /* A clock that stands still, or goes back, gives nothing. */
    assert_int_equal(take_all(&p, 100, &wait), 0);
    assert_int_equal(take_all(&p, 99, &wait), 0);
}

static void what_comes_in_counts(void **state)
{
    struct pace p;
    double wait = 0;

    (void)state;
    pace_init(&p, 10, 0);
    for (int i = 0; i < 4; i++)
        pace_charge(&p, 0);
    assert_int_equal(take_all(&p, 0, &wait), 6);
    /* However many come, a second's worth is owed at most. */
    for (int i = 0; i < 1000; i++)
        pace_charge(&p, 0);
    assert_int_equal(take_all(&p, 0.5, &wait), 0);
    assert_true(wait > 0.5 && wait < 0.61);
    assert_int_equal(take_all(&p, 2, &wait), 10);
}

static void no_limit(void **state)
{
    struct pace p;
    double wait = 0;

    (void)state;
    pace_init(&p, 0, 0);
    pace_charge(&p, 0);
    assert_int_equal(take_all(&p, 0, &wait), 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_second_holds_so_many),
        cmocka_unit_test(what_comes_in_counts),
        cmocka_unit_test(no_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
