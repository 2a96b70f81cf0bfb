/* Lists of endpoints that stand in for each other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "net/endpoints.h"

static void test_ring(void **state)
{
    static const char urls[] = "mqtts://10.0.0.1,wss://10.0.0.2/x,10.0.0.3:1";

    (void)state;
    for (unsigned policy = 0; policy < ENDPOINT_POLICY_COUNT; policy++) {
        struct endpoints *list = endpoints_new(urls, (enum endpoint_policy)policy, NULL);
        assert_non_null(list);
        assert_int_equal(endpoints_count(list), 3);
        for (uint32_t i = 0; i < 7; i++)
            assert_ptr_equal(endpoints_first(list, i),
                             endpoints_at(list, policy == ENDPOINT_SPREAD ? i % 3 : 0));
        for (size_t i = 0; i < 3; i++)
            assert_ptr_equal(endpoint_next(endpoints_at(list, i)), endpoints_at(list, (i + 1) % 3));
        char *text = endpoints_join(list, 1);
        assert_string_equal(text,
                            policy == ENDPOINT_SPREAD
                                ? "wss://10.0.0.2:443/x,mqtts://10.0.0.3:1,mqtts://10.0.0.1:8883"
                                : "mqtts://10.0.0.1:8883,wss://10.0.0.2:443/x,mqtts://10.0.0.3:1");
        free(text);
        endpoints_free(list);
    }
}

static void test_bad(void **state)
{
    static const char *const urls[][2] = {
        {"",                        "not an address"                },
        {"mqtts://a,",              "not an address"                },
        {",mqtts://a",              "not an address"                },
        {"mqtts://a,,mqtts://b",    "not an address"                },
        {"mqtts://a,mqtt://b",      "cannot stand in for each other"},
        {"ws://a,mqtt://b,wss://c", "cannot stand in for each other"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        struct error err = {0};
        assert_null(endpoints_new(urls[i][0], ENDPOINT_ORDER, &err));
        assert_int_equal(err.code, ERROR_USAGE);
        assert_non_null(strstr(err.text, urls[i][1]));
    }
    endpoints_free(NULL);
}

static void test_one_that_resolves_will_do(void **state)
{
    struct endpoints *list = endpoints_new("nothing.invalid,localhost", ENDPOINT_ORDER, NULL);
    struct error err = {0};

    (void)state;
    assert_true(endpoints_resolve(list, &err));
    assert_int_equal(endpoint_count(endpoints_at(list, 0)), 0);
    assert_true(endpoint_count(endpoints_at(list, 1)) > 0);
    endpoints_free(list);
    list = endpoints_new("nothing.invalid,nobody.invalid", ENDPOINT_ORDER, NULL);
    assert_false(endpoints_resolve(list, &err));
    assert_non_null(strstr(err.text, "nothing.invalid"));
    endpoints_free(list);
}

static void test_policy_names(void **state)
{
    enum endpoint_policy policy;

    (void)state;
    for (unsigned i = 0; i < ENDPOINT_POLICY_COUNT; i++) {
        assert_true(endpoint_policy_parse(endpoint_policy_name((enum endpoint_policy)i), &policy));
        assert_int_equal(policy, i);
    }
    assert_false(endpoint_policy_parse("random", &policy));
    assert_string_equal(endpoint_policy_name(ENDPOINT_POLICY_COUNT), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ring),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_one_that_resolves_will_do),
        cmocka_unit_test(test_policy_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
