#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/xmem.h"

static void prefixes_go_in_front(void **state)
{
    struct error err;

    (void)state;
    assert_false(error_set(&err, ERROR_TARGET, "connect: %s", "refused"));
    assert_int_equal(err.code, ERROR_TARGET);
    assert_string_equal(err.text, "connect: refused");
    assert_false(error_prefix(&err, "%s:%d", "host", 8883));
    assert_string_equal(err.text, "host:8883: connect: refused");
    assert_int_equal(err.code, ERROR_TARGET);
    assert_false(error_set(NULL, ERROR_USAGE, "nobody listens"));
    assert_false(error_prefix(NULL, "nobody listens"));
}

/* Whatever the lengths, the text stays within its room and begins with the prefix. */
static void long_texts_are_cut(void **state)
{
    char prefix[1024], text[1024];

    (void)state;
    for (size_t n = 480; n < 1000; n += 1) {
        struct error err;
        memset(prefix, 'p', n);
        prefix[n] = '\0';
        memset(text, 't', 700);
        text[700] = '\0';
        error_set(&err, ERROR_USAGE, "%s", text);
        assert_int_equal(strlen(err.text), sizeof err.text - 1);
        error_prefix(&err, "%s", prefix);
        size_t len = strlen(err.text);
        assert_true(len < sizeof err.text);
        assert_memory_equal(err.text, prefix, n < len ? n : len);
    }
}

static void allocation_never_fails(void **state)
{
    (void)state;
    free(xmalloc(0));
    free(xcalloc(0, 0));
    char *text = xrealloc(xstrdup("abc"), 10);
    assert_string_equal(text, "abc");
    free(text);
    text = xstrndup("abcdef", 3);
    assert_string_equal(text, "abc");
    free(text);
    text = xasprintf("%d-%s", 5, "x");
    assert_string_equal(text, "5-x");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prefixes_go_in_front),
        cmocka_unit_test(long_texts_are_cut),
        cmocka_unit_test(allocation_never_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
