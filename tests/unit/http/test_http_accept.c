#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/http_accept.h"

static void the_closest_range_counts(void **state)
{
    static const struct {
        const char *header, *type;
        int weight;
    } cases[] = {
        {NULL,                                        "text/plain", 1000},
        {"",                                          "text/plain", 1000},
        {"text/plain",                                "text/plain", 1000},
        {"TEXT/Plain;q=0.5",                          "text/plain", 500 },
        {"text/html",                                 "text/plain", 0   },
        {"*/*;q=0.1",                                 "text/plain", 100 },
        {"text/*;q=0.3, */*;q=0.9",                   "text/plain", 300 },
        {"*/*;q=0.9,text/*;q=0.3,text/plain;q=0",     "text/plain", 0   },
        {"text/plain;version=0.0.4;q=0.25",           "text/plain", 250 },
        {"text/plain; version=1 ; q=0.125 , x/y",     "text/plain", 125 },
        {"text/plain;v=1;q=0.2,text/plain;v=2;q=0.7", "text/plain", 700 },
        {"text/plain;q=1.000",                        "text/plain", 1000},
        {"text/plain;q=9",                            "text/plain", 1000},
        {"text/plain;q=",                             "text/plain", 0   },
        {"text/plain;q=x",                            "text/plain", 0   },
        {",,; ;q=,text",                              "text/plain", 0   },
        {"textxplain, text/plain/",                   "text/plain", 0   },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(http_accept_weight(cases[i].header, cases[i].type), cases[i].weight);
}

static void what_prometheus_sends_prefers_openmetrics(void **state)
{
    static const char header[] =
        "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;"
        "q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";

    (void)state;
    assert_int_equal(http_accept_weight(header, "application/openmetrics-text"), 1000);
    assert_int_equal(http_accept_weight(header, "text/plain"), 500);
    assert_int_equal(http_accept_weight(header, "text/html"), 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_closest_range_counts),
        cmocka_unit_test(what_prometheus_sends_prefers_openmetrics),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
