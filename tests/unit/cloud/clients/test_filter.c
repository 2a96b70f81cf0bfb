/* Topics and filters as AWS IoT sees them (contract 6.2, 6.8, 6.9). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cloud/clients/filter.h"

static void matching(void **state)
{
    static const struct {
        const char *filter, *topic;
        bool matches;
    } cases[] = {
        {"a",      "a",      true },
        {"a",      "b",      false},
        {"a",      "a/b",    false},
        {"a/b",    "a",      false},
        {"a/b",    "a/bc",   false},
        {"a/bc",   "a/b",    false},
        {"+",      "a",      true },
        {"+",      "a/b",    false},
        {"+/b",    "a/b",    true },
        {"a/+",    "a/",     true },
        {"a/+",    "a",      false},
        {"a/+/c",  "a/b/c",  true },
        {"a/+/c",  "a/b/d",  false},
        {"#",      "a/b",    true },
        {"a/#",    "a/b/c",  true },
        {"a/#",    "a/",     true },
        {"a/#",    "a",      false},
        {"a/+/#",  "a/b",    false},
        {"a/+/#",  "a/b/c",  true },
        {"#",      "$aws/x", false},
        {"+/x",    "$aws/x", false},
        {"$aws/#", "$aws/x", true },
        {"",       "a",      false},
        {"a",      "",       false},
        {"/",      "/",      true },
        {"+/+",    "/",      true },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (filter_matches(cases[i].filter, cases[i].topic) != cases[i].matches)
            fail_msg("%s with %s", cases[i].filter, cases[i].topic);
}

static void shares(void **state)
{
    static const struct {
        const char *filter, *bare;
    } cases[] = {
        {"a/b",          "a/b"        },
        {"$share/g/a/b", "a/b"        },
        {"$share/g/#",   "#"          },
        {"$share/g/",    NULL         },
        {"$share/g",     NULL         },
        {"$share//a",    NULL         },
        {"$share/a+/b",  NULL         },
        {"$share/#",     NULL         },
        {"$shared/g/a",  "$shared/g/a"},
    };
    char long_name[200] = "$share/";

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *bare = filter_unshared(cases[i].filter);
        if (cases[i].bare == NULL)
            assert_null(bare);
        else
            assert_string_equal(bare, cases[i].bare);
    }
    memset(long_name + 7, 'g', 129);
    memcpy(long_name + 7 + 128, "/a", 3);
    assert_string_equal(filter_unshared(long_name), "a");
    memcpy(long_name + 7 + 128, "g/a", 4);
    assert_null(filter_unshared(long_name));
}

static void limits(void **state)
{
    char text[300];

    (void)state;
    assert_true(topic_within_limits("1/2/3/4/5/6/7/8"));
    assert_false(topic_within_limits("1/2/3/4/5/6/7/8/9"));
    assert_true(topic_within_limits("$aws/rules/r/1/2/3/4/5/6/7/8"));
    assert_false(topic_within_limits("$aws/rules/r/1/2/3/4/5/6/7/8/9"));
    assert_false(filter_within_limits("1/2/3/4/5/6/7/8/#"));
    assert_true(filter_within_limits("$aws/commands/things/x/executions/+/response/accepted/json"));
    memset(text, 'x', sizeof text);
    text[256] = '\0';
    assert_true(topic_within_limits(text));
    text[256] = 'x';
    text[257] = '\0';
    assert_false(topic_within_limits(text));
}

static void kinds(void **state)
{
    (void)state;
    assert_true(filter_has_wildcard("a/+"));
    assert_true(filter_has_wildcard("#"));
    assert_false(filter_has_wildcard("a/b"));
    assert_true(filter_is_open("a/#"));
    assert_false(filter_is_open("a/+"));
    assert_false(filter_is_open(""));
    assert_true(filter_is_shared("$share/g/a"));
    assert_false(filter_is_shared("share/g/a"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matching),
        cmocka_unit_test(shares),
        cmocka_unit_test(limits),
        cmocka_unit_test(kinds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
