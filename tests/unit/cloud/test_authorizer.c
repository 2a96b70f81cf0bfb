/* Who is let in without a certificate, and who is not (the user name as AWS IoT's custom
 * authorizers have it). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cloud/authorizer.h"

#define TOKEN "0123456789abcdef"

static void lets_in_who_shows_the_token(void **state)
{
    static const struct {
        const char *user_name, *password;
        bool in;
    } cases[] = {
        {"page",                                                        TOKEN,     true },
        {"page?",                                                       TOKEN,     true },
        {"page?x-amz-customauthorizer-name=fleetsim",                   TOKEN,     true },
        {"page?SDK=js&x-amz-customauthorizer-name=fleetsim&Platform=x", TOKEN,     true },
        {"page?SDK=js&&",                                               TOKEN,     true },
        {"page?x-amz-customauthorizer-name=another",                    TOKEN,     false},
        {"page?x-amz-customauthorizer-name=",                           TOKEN,     false},
        {"page?x-amz-customauthorizer-name=fleetsim2",                  TOKEN,     false},
        {"pages",                                                       TOKEN,     false},
        {"",                                                            TOKEN,     false},
        {"?x-amz-customauthorizer-name=fleetsim",                       TOKEN,     false},
        {"page",                                                        TOKEN "0", false},
        {"page",                                                        "",        false},
        {"page",                                                        NULL,      false},
        {NULL,                                                          TOKEN,     false},
        {NULL,                                                          NULL,      false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (authorizer_lets_in(TOKEN, cases[i].user_name, cases[i].password) != cases[i].in)
            fail_msg("%s", cases[i].user_name);
}

static void without_a_token_nobody_is(void **state)
{
    (void)state;
    assert_false(authorizer_lets_in("", "page", ""));
    assert_false(authorizer_lets_in("", "page", TOKEN));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lets_in_who_shows_the_token),
        cmocka_unit_test(without_a_token_nobody_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
