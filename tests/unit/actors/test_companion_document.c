#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "actors/companion_document.h"

static void assert_text(char *text, const char *expected)
{
    if (expected == NULL) {
        assert_null(text);
        return;
    }
    assert_non_null(text);
    assert_string_equal(text, expected);
    free(text);
}

static void test_desire(void **state)
{
    static const struct {
        const char *desired, *token, *expected;
    } cases[] = {
        {"{\"a\":1.10}", "t",      "{\"state\":{\"desired\":{\"a\":1.10}},\"clientToken\":\"t\"}"},
        {"null",         NULL,     "{\"state\":{\"desired\":null}}"                              },
        {"{}",           "a\"b\\", "{\"state\":{\"desired\":{}},\"clientToken\":\"a\\\"b\\\\\"}" },
        {"{} {}",        "t",      NULL                                                          },
        {"",             "t",      NULL                                                          },
        {NULL,           "t",      NULL                                                          },
        {"{}",           "\xff",   NULL                                                          },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct error err;
        assert_text(companion_document_desire(cases[i].desired, cases[i].token, &err),
                    cases[i].expected);
    }
}

static void test_token(void **state)
{
    struct error err;

    (void)state;
    assert_text(companion_document_token(NULL, &err), "");
    assert_text(companion_document_token("t", &err), "{\"clientToken\":\"t\"}");
}

static void test_request(void **state)
{
    struct companion_document_request r = {.request_id = "r-1",
                                           .response_topic = "cmd/fleetsim/c/response/a",
                                           .issued_at_ms = 1795224553123,
                                           .expires_at_ms = 1795224563123,
                                           .command_json = "{\"lock\":\"all\"}"};
    struct error err;

    (void)state;
    assert_text(companion_document_request(&r, &err),
                "{\"requestId\":\"r-1\",\"responseTopic\":\"cmd/fleetsim/c/response/a\","
                "\"issuedAt\":1795224553123,\"expiresAt\":1795224563123,"
                "\"command\":{\"lock\":\"all\"}}");
    r.expires_at_ms = 0;
    r.command_json = "true";
    assert_text(companion_document_request(&r, &err),
                "{\"requestId\":\"r-1\",\"responseTopic\":\"cmd/fleetsim/c/response/a\","
                "\"issuedAt\":1795224553123,\"command\":true}");
    r.command_json = "lock";
    assert_text(companion_document_request(&r, &err), NULL);
    assert_non_null(strstr(err.text, "command: not JSON"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_desire),
        cmocka_unit_test(test_token),
        cmocka_unit_test(test_request),
    };

    return cmocka_run_group_tests_name("companion_document", tests, NULL, NULL);
}
