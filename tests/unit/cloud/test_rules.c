/* Basic ingest: which topics are, and what the local rule makes of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cloud/rules.h"

static void topics(void **state)
{
    static const struct {
        const char *topic;
        bool ingest;
        const char *rest;
    } cases[] = {
        {"$aws/rules/republish/dt/fleetsim/car/x", true,  "dt/fleetsim/car/x"},
        {"$aws/rules/republish/x",                 true,  "x"                },
        {"$aws/rules/other/dt/x",                  true,  NULL               },
        {"$aws/rules/republish/",                  false, NULL               },
        {"$aws/rules/republish",                   false, NULL               },
        {"$aws/rules//x",                          false, NULL               },
        {"$aws/rules/",                            false, NULL               },
        {"$aws/things/car/shadow/update",          false, NULL               },
        {"dt/fleetsim/car/x",                      false, NULL               },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(rules_is_ingest(cases[i].topic), cases[i].ingest);
        const char *rest = rules_republished(cases[i].topic);
        if (cases[i].rest == NULL)
            assert_null(rest);
        else
            assert_string_equal(rest, cases[i].rest);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(topics)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
