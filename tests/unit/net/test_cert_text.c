/*
 * What is said about certificates.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <time.h>

#include <cmocka.h>

#include "net/cert_text.h"
#include "support/fake_certs.h"

static void test_validity(void **state)
{
    static const struct {
        const char *name;
        long from, to;
        const char *begin, *end; /* NULL: it counts */
    } cases[] = {
        {"now",   -1, 1,  NULL,                         NULL                                      },
        {"old",   -9, -2, "\"CN=old\" expired on 2",    " UTC (renew it)"                         },
        {"early", 2,  9,  "\"CN=early\" is valid from", " UTC (check the clocks of both machines)"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fake_cert c = fake_cert_make(&(struct fake_request){
            .name = cases[i].name, .from_days = cases[i].from, .to_days = cases[i].to});
        char text[320] = "";
        assert_int_equal(cert_text_valid(c.cert, (int64_t)time(NULL), text, sizeof text),
                         cases[i].begin == NULL);
        if (cases[i].begin != NULL) {
            assert_ptr_equal(strstr(text, cases[i].begin), text);
            assert_non_null(strstr(text, cases[i].end));
        } else {
            assert_string_equal(text, "");
        }
        fake_cert_free(&c);
    }
}

static void test_cut_and_absent(void **state)
{
    struct fake_cert c = fake_cert_make(&(struct fake_request){.name = "long name", .to_days = 1});
    char text[8] = "?";

    (void)state;
    cert_text_subject(c.cert, text, sizeof text);
    assert_string_equal(text, "CN=long");
    cert_text_subject(NULL, text, sizeof text);
    assert_string_equal(text, "");
    char date[64];
    cert_text_date(NULL, date, sizeof date);
    assert_string_equal(date, "an unreadable date");
    fake_cert_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_validity),
        cmocka_unit_test(test_cut_and_absent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
