/* What a broker says beside a reason code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "mqtt/remark.h"

static const struct {
    const char *reason, *server, *name, *value;
    size_t size;
    const char *text;
} cases[] = {
    {"",          "",    NULL, NULL, 64, ""                              },
    {"not today", "",    NULL, NULL, 64, "not today"                     },
    {"",          "b:1", NULL, NULL, 64, "use another server: b:1"       },
    {"no",        "b",   "k",  "v",  64, "no; use another server: b; k=v"},
    {"a\nb\x7f",  "",    NULL, NULL, 64, "a?b?"                          },
    {"abcdef",    "",    "k",  "v",  5,  "abcd"                          },
 /* Not half a character, and nothing behind it. */
    {"abc\u00e9", "",    "k",  "v",  5,  "abc"                           },
    {"ab\u00e9",  "",    "k",  "v",  5,  "ab\u00e9"                      },
};

static void test_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mqtt_props p = {.reason_string = slice_str(cases[i].reason),
                               .server_reference = slice_str(cases[i].server)};
        struct buf run;
        char text[64];

        buf_init(&run, 100);
        if (cases[i].name != NULL)
            mqtt_props_add_user(&run, slice_str(cases[i].name), slice_str(cases[i].value));
        p.user = buf_slice(&run);
        mqtt_remark(&p, text, cases[i].size);
        assert_string_equal(text, cases[i].text);
        buf_done(&run);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_text)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
