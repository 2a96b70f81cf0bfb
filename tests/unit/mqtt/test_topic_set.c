/* Topics of commands and telemetry by template. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fleetsim/topics.h"
#include "mqtt/topic_set.h"

static void assert_made(const char *pattern, const char *thing, const char *second,
                        const char *expected)
{
    char *topic = topic_pattern_make(pattern, thing, second);

    assert_string_equal(topic, expected);
    free(topic);
}

static void templates(void **state)
{
    struct topic_set set;
    struct error err;

    (void)state;
    topic_set_defaults(&set);
    assert_string_equal(set.request, TOPIC_COMMAND_REQUEST);
    assert_true(topic_set_choose(&set, "request=fleet/{thing}/in", &err));
    assert_true(topic_set_choose(&set, "response={thing}/out/{app}/answers", &err));
    assert_true(topic_set_choose(&set, "telemetry=t/{thing}/{kind}", &err));
    assert_made(set.request, "car-1", NULL, "fleet/car-1/in");
    assert_made(set.response, "car-1", "phone", "car-1/out/phone/answers");
    assert_made(set.telemetry, "car-1", "trip", "t/car-1/trip");
    assert_made(set.config, "car-1", NULL, "cmd/fleetsim/car-1/config");
}

static void what_is_no_template(void **state)
{
    static const char *const bad[] = {
        "",
        "request",
        "=a/{thing}",
        "requests=a/{thing}",
        "request=",
        "request=a/b",
        "request=a/x{thing}",
        "request={thing}/{thing}",
        "request={thing}/+",
        "request={thing}/#",
        "request={thing}/%s",
        "request={thing}/{app}",
        "request={thing}/{vin}",
        "response=a/{thing}",
        "response=a/{app}/{thing}",
        "response=a/{thing}/{app}s",
        "telemetry=a/{thing}/{app}",
        "config=a/{thing}/0123456789012345678901234567890123456789012345678901234567890123456789012"
        "34567890123456789012345678901234567890123456789012345",
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct topic_set set;
        struct error err = {0};
        topic_set_defaults(&set);
        if (topic_set_choose(&set, bad[i], &err))
            fail_msg("taken: %s", bad[i]);
        assert_int_equal(err.code, ERROR_USAGE);
        assert_non_null(strstr(err.text, "--topic"));
    }
}

static void matching(void **state)
{
    struct slice thing, second;

    (void)state;
    assert_true(topic_pattern_match("a/%s/b/%s/c", slice_str("a/car/b/app/c"), &thing, &second));
    assert_true(slice_is(thing, "car"));
    assert_true(slice_is(second, "app"));
    assert_true(topic_pattern_match("%s/in", slice_str("car/in"), &thing, &second));
    assert_true(slice_is(thing, "car"));
    assert_int_equal(second.len, 0);
    static const char *const others[] = {"",
                                         "a",
                                         "a/",
                                         "a//b/app/c",
                                         "a/car/b/",
                                         "a/car/b//c",
                                         "a/car/b/app",
                                         "a/car/b/app/c/d",
                                         "b/car/b/app/c",
                                         "a/car/x/app/c"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(topic_pattern_match("a/%s/b/%s/c", slice_str(others[i]), &thing, &second));
    assert_false(topic_pattern_match("%s/in", slice_of(NULL, 0), &thing, &second));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(templates),
        cmocka_unit_test(what_is_no_template),
        cmocka_unit_test(matching),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
