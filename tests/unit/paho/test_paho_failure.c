#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "paho/paho_failure.h"

static void test_tls_reason(void **state)
{
    static const struct {
        const char *line, *expected;
    } cases[] = {
        {"00:error:0A000086:SSL routines:f:certificate verify failed:s.c:1889:\n",
         "certificate verify failed"                                                     },
        {"odd\n",                                                                  "odd" },
        {"",                                                                       ""    },
        {"a:b:c:d:e:",                                                             ""    },
        {":::::last",                                                              "last"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[64];
        paho_failure_tls_reason(slice_str(cases[i].line), text, sizeof text);
        assert_string_equal(text, cases[i].expected);
    }
}

static void test_failures(void **state)
{
    static const struct {
        struct paho_failure f;
        const char *expected;
    } cases[] = {
        {{.was_connected = true},                                        "u: connection lost"                },
        {{.was_connected = true, .disconnect = "0x8e taken over"},
         "disconnected us: 0x8e taken over"                                                                  },
        {{.tls_error = "certificate verify failed", .ca_file = "ca"},    "is ca the CA that signed"          },
        {{.tls_error = "certificate verify failed"},                     "the system's trust store"          },
        {{.tls_error = "sslv3 alert bad certificate", .cert_file = "c"},
         "does the server trust c?"                                                                          },
        {{.code = 5},                                                    "0x05 not authorized"               },
        {{.code = -1, .reason_code = 0x87},                              "0x87 Not authorized"               },
        {{.code = 0x77},                                                 "0x77 unknown reason"               },
        {{.code = -1, .message = "TCP connect timeout"},                 "TCP connect timeout (is the broker"},
        {{.code = -1, .cert_file = "c"},                                 "does it trust c?"                  },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct paho_failure f = cases[i].f;
        char text[512];
        f.uri = "u";
        paho_failure_text(&f, text, sizeof text);
        assert_non_null(strstr(text, cases[i].expected));
        paho_failure_text(&f, text, 8);
        assert_int_equal(strlen(text), 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tls_reason),
        cmocka_unit_test(test_failures),
    };

    return cmocka_run_group_tests_name("paho_failure", tests, NULL, NULL);
}
