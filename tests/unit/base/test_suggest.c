/* Tests of base/suggest.h. */
#include "base/suggest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_distance(void **state)
{
    static const struct {
        const char *a, *b;
        unsigned mistakes;
    } cases[] = {
        {"",        "",        0},
        {"a",       "",        1},
        {"",        "abc",     3},
        {"locks",   "locks",   0},
        {"lokcs",   "locks",   1}, /* neighbours swapped */
        {"loks",    "locks",   1}, /* one left out */
        {"lockss",  "locks",   1}, /* one added */
        {"lacks",   "locks",   1}, /* one exchanged */
        {"Locks",   "locks",   0}, /* a capital */
        {"kitten",  "sitting", 3},
        {"ca",      "abc",     3}, /* optimal string alignment: no letter is touched twice */
        {"timeout", "tiemuot", 2},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(suggest_distance(slice_str(cases[i].a), slice_str(cases[i].b)),
                         cases[i].mistakes);
        assert_int_equal(suggest_distance(slice_str(cases[i].b), slice_str(cases[i].a)),
                         cases[i].mistakes);
    }
}

static void test_nearest(void **state)
{
    static const struct {
        const char *wrong;
        const char *names[5];
        const char *best;
    } cases[] = {
        {"lokcs",      {"doors", "locks", "lights"},          "locks"     },
        {"open_dor",   {"close_door", "open_door", "unlock"}, "open_door" },
        {"timout",     {"time", "timeout"},                   "timeout"   },
        {"compact-ev", {"compact_ev", "combustion_van"},      "compact_ev"},
        {"LOCKS",      {"lock", "locks"},                     "locks"     },
        {"zebra",      {"doors", "locks"},                    ""          },
        {"id",         {"it", "is"},                          "is"        }, /* by the alphabet */
        {"id",         {"is", "it"},                          "is"        },
        {"x",          {"horn"},                              ""          },
        {"horn",       {""},                                  ""          },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct suggestion s;
        suggestion_init(&s, slice_str(cases[i].wrong));
        for (size_t n = 0; cases[i].names[n] != NULL; n++)
            suggestion_offer(&s, slice_str(cases[i].names[n]));
        assert_string_equal(s.best, cases[i].best);
    }
}

static void test_long_names(void **state)
{
    char at_limit[SUGGEST_MAX + 2], beyond[SUGGEST_MAX + 3];
    struct suggestion s;

    (void)state;
    memset(at_limit, 'a', sizeof at_limit);
    at_limit[SUGGEST_MAX] = '\0';
    memset(beyond, 'a', sizeof beyond);
    beyond[SUGGEST_MAX + 1] = '\0';
    suggestion_init(&s, slice_str(at_limit));
    suggestion_offer(&s, slice_str(beyond));
    assert_string_equal(s.best, "");
    suggestion_offer(&s, slice_str(at_limit));
    assert_string_equal(s.best, at_limit);
    suggestion_init(&s, slice_str(beyond));
    suggestion_offer(&s, slice_str(at_limit));
    assert_string_equal(s.best, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_distance),
        cmocka_unit_test(test_nearest),
        cmocka_unit_test(test_long_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
