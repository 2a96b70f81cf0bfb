/* Lists of URIs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "paho/paho_uris.h"

static void test_split(void **state)
{
    static const struct {
        const char *list;
        int count;
        const char *items[3];
    } cases[] = {
        {"mqtts://a:8883",                       1, {"mqtts://a:8883"}                            },
        {"mqtts://a:8883,wss://b:443/mqtt",      2, {"mqtts://a:8883", "wss://b:443/mqtt"}        },
        {"mqtt://[::1]:1,ws://b:80/x?y,tcp://c", 3, {"mqtt://[::1]:1", "ws://b:80/x?y", "tcp://c"}},
        {"",                                     1, {""}                                          },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct paho_uris uris;
        paho_uris_split(&uris, cases[i].list);
        assert_int_equal(uris.count, cases[i].count);
        for (int k = 0; k < uris.count; k++)
            assert_string_equal(uris.items[k], cases[i].items[k]);
        paho_uris_done(&uris);
        assert_int_equal(uris.count, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_split),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
