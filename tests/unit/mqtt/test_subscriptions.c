#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mqtt/subscriptions.h"

#define FILTER(text)                                                                               \
    {                                                                                              \
        .filter = {.data = (const uint8_t *)(text), .len = sizeof(text) - 1 }                      \
    }

static void they_are_counted_once(void **state)
{
    static const struct mqtt_filter three[] = {FILTER("a"), FILTER("b"), FILTER("a")};
    static const struct mqtt_filter other[] = {FILTER("b"), FILTER("c")};
    struct subscriptions t = {0};

    (void)state;
    assert_int_equal(subscriptions_fresh(&t, three, 3), 2);
    subscriptions_ask(&t, 1, three, 3);
    assert_int_equal(t.count, 2);
    assert_int_equal(subscriptions_fresh(&t, other, 2), 1);
    subscriptions_answer(&t, 1, (const uint8_t[]){1, 1, 1}, 3);
    subscriptions_ask(&t, 2, other, 2);
    assert_int_equal(t.count, 3);
    subscriptions_end(&t, &three[0].filter, 1);
    subscriptions_end(&t, &three[0].filter, 1);
    assert_int_equal(t.count, 2);
    assert_int_equal(subscriptions_fresh(&t, three, 3), 1);
    subscriptions_done(&t);
    assert_int_equal(subscriptions_fresh(&t, three, 3), 2);
}

static void refused_ones_are_gone(void **state)
{
    static const struct mqtt_filter three[] = {FILTER("a"), FILTER("b"), FILTER("c")};
    struct subscriptions t = {0};

    (void)state;
    subscriptions_ask(&t, 1, three, 1);
    subscriptions_answer(&t, 1, (const uint8_t[]){0}, 1);
    subscriptions_ask(&t, 2, three, 3);
    subscriptions_answer(&t, 3, (const uint8_t[]){0x80, 0x80, 0x80}, 3);
    assert_int_equal(t.count, 3);
    /* "a" stays, as it was there before; "c" has no code at all. */
    subscriptions_answer(&t, 2, (const uint8_t[]){0x80, 1}, 2);
    assert_int_equal(t.count, 2);
    assert_int_equal(subscriptions_fresh(&t, three, 3), 1);
    subscriptions_done(&t);
}

static void an_answer_that_never_comes(void **state)
{
    static const struct mqtt_filter three[] = {FILTER("a"), FILTER("b"), FILTER("c")};
    struct subscriptions t = {0};

    (void)state;
    subscriptions_ask(&t, 1, three, 1);
    subscriptions_answer(&t, 1, (const uint8_t[]){1}, 1);
    subscriptions_ask(&t, 2, three, 3);
    subscriptions_rewind(&t);
    assert_int_equal(t.count, 1);
    subscriptions_done(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_are_counted_once),
        cmocka_unit_test(refused_ones_are_gone),
        cmocka_unit_test(an_answer_that_never_comes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
