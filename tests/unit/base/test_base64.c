#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/base64.h"

/* RFC 4648, section 10. */
static const char *const vectors[][2] = {
    {"",       ""        },
    {"f",      "Zg=="    },
    {"fo",     "Zm8="    },
    {"foo",    "Zm9v"    },
    {"foob",   "Zm9vYg=="},
    {"fooba",  "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
};

static void texts_of_the_rfc(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        uint8_t room[8];
        size_t len = 99;
        struct buf out;
        buf_init(&out, 64);
        assert_true(base64_put(&out, slice_str(vectors[i][0])));
        assert_string_equal(buf_cstr(&out), vectors[i][1]);
        assert_true(base64_read(slice_str(vectors[i][1]), room, &len));
        assert_int_equal(len, strlen(vectors[i][0]));
        assert_memory_equal(room, vectors[i][0], len);
        buf_done(&out);
    }
}

static void what_is_not_base64(void **state)
{
    static const char *const bad[] = {
        "Z", "Zg=", "Zg==Zg==", "Zh==", "Zm9=", "Z===", "Zm9 ", "====", "Zm\xc3\xb6"};
    uint8_t room[16];
    size_t len;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (base64_read(slice_str(bad[i]), room, &len))
            fail_msg("taken for base64: %s", bad[i]);
}

static void nothing_is_appended_to_what_is_full(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, 7);
    assert_false(base64_put(&out, slice_str("foob")));
    assert_int_equal(buf_len(&out), 0);
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_of_the_rfc),
        cmocka_unit_test(what_is_not_base64),
        cmocka_unit_test(nothing_is_appended_to_what_is_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
