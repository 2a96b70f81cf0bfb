/* Numbers worked out by hand from docs/aws.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "cli/aws_plan.h"

#define assert_near(a, b)                                                                          \
    assert_true(fabs((double)(a) - (double)(b)) <= 1e-9 * (1 + fabs((double)(b))))

static const struct aws_plan small = {
    .cars = 100,
    .apps = 1,
    .seconds = 90,
    .connects_per_s = 10,
    .commands_per_s = 5,
    .telemetry_per_s = 20,
    .telemetry_size = 200,
    .loaded_seconds = 60,
};

static const struct aws_plan large = {
    .cars = 10000,
    .apps = 4,
    .seconds = 345,
    .connects_per_s = 300,
    .commands_per_s = 1000,
    .loaded_seconds = 310,
};

static const char *told(const struct aws_plan *plan, unsigned *ret_passed)
{
    static char text[4096];
    struct buf out;

    buf_init(&out, sizeof text - 1);
    *ret_passed = aws_plan_tell(plan, &out);
    assert_false(out.overflow);
    strncpy(text, buf_cstr(&out), sizeof text - 1);
    buf_done(&out);
    return text;
}

static void what_is_asked_of_each_quota(void **state)
{
    static const struct {
        enum aws_quota quota;
        double small, large, limit;
    } cases[] = {
        {AWS_CONNECTIONS,       101, 10004, 500000},
        {AWS_CONNECTS,          10,  300,   500   },
        {AWS_SUBSCRIPTIONS,     80,  2400,  500   },
        {AWS_PUBLISHES_IN,      40,  4000,  20000 },
        {AWS_PUBLISHES_OUT,     20,  3000,  20000 },
        {AWS_SHADOW_OPERATIONS, 20,  1000,  4000  },
        {AWS_APP_PUBLISHES,     10,  500,   100   },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_near(aws_plan_quota(&small, cases[i].quota).asked, cases[i].small);
        assert_near(aws_plan_quota(&large, cases[i].quota).asked, cases[i].large);
        assert_near(aws_plan_quota(&large, cases[i].quota).limit, cases[i].limit);
    }
}

static void what_is_charged_for(void **state)
{
    struct aws_bill bill = aws_plan_bill(&small);
    struct aws_plan shadow = small, heavy = small;

    (void)state;
    assert_near(bill.minutes, 101 * 2);
    assert_near(bill.messages, 100 * 8 + 300 * 9 + 1200);
    assert_near(bill.shadow_operations, (100 * 2 + 300) * 4);
    assert_near(bill.connectivity, 202 * 0.08e-6);
    assert_near(bill.messaging, 4700e-6);
    assert_near(bill.shadow, 2000 * 1.25e-6);
    shadow.by_shadow = true;
    assert_near(aws_plan_bill(&shadow).messages, 100 * 8 + 300 * 12 + 1200);
    heavy.telemetry_size = 5121; /* two pieces of 5 KB */
    assert_near(aws_plan_bill(&heavy).messages, 100 * 8 + 300 * 9 + 2400);
}

/* Each named shadow costs a connect 7 messages, 6 filters and 2 operations of 1 KB. */
static void named_shadows_come_on_top(void **state)
{
    struct aws_plan plan = small;
    unsigned passed;

    (void)state;
    plan.named_shadows = 2;
    plan.named_commands = 0.25;
    struct aws_bill bill = aws_plan_bill(&plan);
    assert_near(bill.messages, 100 * (8 + 2 * 7) + 300 * 9 + 1200);
    assert_near(bill.shadow_operations, 100 * (2 * 4 + 2 * 2 * 1) + 225 * 4 + 75 * 1);
    assert_near(aws_plan_quota(&plan, AWS_SUBSCRIPTIONS).asked, 10 * (8 + 2 * 6));
    assert_near(aws_plan_quota(&plan, AWS_PUBLISHES_IN).asked, 10 * (4 + 2 * 4));
    assert_near(aws_plan_quota(&plan, AWS_PUBLISHES_OUT).asked, 10 * (2 + 2 * 2));
    assert_near(aws_plan_quota(&plan, AWS_SHADOW_OPERATIONS).asked, 10 * (2 + 2 * 2));
    plan.cars = 1000;
    plan.connects_per_s = 50;
    assert_non_null(strstr(told(&plan, &passed), "1000/s of 500/s  TOO MANY (--ramp 40s, "
                                                 "--connect-rate 25)"));
}

static void what_is_passed_comes_with_its_remedy(void **state)
{
    unsigned passed;
    const char *text = told(&large, &passed);

    (void)state;
    assert_int_equal(passed, 2);
    assert_non_null(strstr(text, "300/s of 500/s\n"));
    assert_non_null(strstr(text, "2400/s of 500/s  TOO MANY (--ramp 160s, --connect-rate 62)\n"));
    assert_non_null(strstr(text, "500/s of 100/s  TOO MANY (--apps 20)\n"));
    assert_null(strstr(text, "connections at once"));
    assert_non_null(strstr(text, "check yours"));
    text = told(&small, &passed);
    assert_int_equal(passed, 0);
    assert_non_null(strstr(text, "none by half"));
}

static void each_remedy_mends(void **state)
{
    struct aws_plan much = large;
    unsigned passed;

    (void)state;
    much.connects_per_s = 50;
    much.apps = 1000;
    much.commands_per_s = 6000;
    assert_non_null(
        strstr(told(&much, &passed), "24000/s of 20000/s  TOO MANY (--commands 5000/s)"));
    assert_non_null(strstr(told(&much, &passed), "6000/s of 4000/s  TOO MANY (--commands 4000/s)"));
    assert_int_equal(passed, 2);
    much.commands_per_s = 4000;
    told(&much, &passed);
    assert_int_equal(passed, 0);
    much.connects_per_s = 10000; /* a storm */
    assert_non_null(strstr(told(&much, &passed), "TOO MANY (--ramp 20s, --connect-rate 500)"));
    assert_int_equal(passed, 4); /* connects, subscriptions, publishes in, shadow */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_asked_of_each_quota),
        cmocka_unit_test(what_is_charged_for),
        cmocka_unit_test(named_shadows_come_on_top),
        cmocka_unit_test(what_is_passed_comes_with_its_remedy),
        cmocka_unit_test(each_remedy_mends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
