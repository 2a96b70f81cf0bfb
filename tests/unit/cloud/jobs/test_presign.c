/* URLs that prove themselves, in the documents of jobs (contract 3.7). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "cloud/jobs/presign.h"

#define NOW    INT64_C(1767225600000) /* 2026-01-01 */
#define SECRET "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static struct presign reading(const char *text)
{
    struct presign p = {.base = ""};

    assert_true(presign_read(&p, text));
    return p;
}

static void test_what_it_is_told(void **state)
{
    struct presign p = reading("https://127.0.0.1:1," SECRET);

    (void)state;
    assert_string_equal(p.base, "https://127.0.0.1:1");
    assert_int_equal(p.secret[31], 0x1f);
    assert_false(presign_read(&p, ""));
    assert_false(presign_read(&p, "https://a"));
    assert_false(presign_read(&p, "https://a,00"));
    assert_false(presign_read(&p, "https://a," SECRET "00"));
    assert_false(presign_read(&p, "," SECRET));
}

static void test_paths(void **state)
{
    static const char *const good[] = {"/a", "/a/b-c_d.bin~", "/..a/b.."};
    static const char *const bad[] = {"",      "/",      "a",    "//a",   "/a/",
                                      "/../a", "/a/./b", "/a b", "/a%2f", "/ä"};

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(presign_path_is_good(slice_str(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(presign_path_is_good(slice_str(bad[i])));
}

/* The URL cut into what a server sees of it. */
static struct presign_claim claim_of(char *url, size_t base)
{
    struct presign_claim claim = {.path = url + base};
    char *query = strchr(url, '?');

    *query++ = '\0';
    claim.date = strchr(strtok(query, "&"), '=') + 1;
    claim.expires = strchr(strtok(NULL, "&"), '=') + 1;
    claim.signature = strchr(strtok(NULL, "&"), '=') + 1;
    return claim;
}

static void test_it_is_good_for_a_while(void **state)
{
    struct presign p = reading("https://x," SECRET);
    struct text t;
    size_t len;

    (void)state;
    text_init(&t);
    presign_url(&p, slice_str("/firmware/2.bin"), 60, NOW, &t);
    char *url = text_take(&t, &len);
    assert_non_null(url);
    struct presign_claim claim = claim_of(url, strlen("https://x"));
    assert_string_equal(claim.path, "/firmware/2.bin");
    assert_string_equal(claim.date, "20260101T000000Z");
    assert_int_equal(presign_check(&p, &claim, NOW), PRESIGN_GOOD);
    assert_int_equal(presign_check(&p, &claim, NOW + 59999), PRESIGN_GOOD);
    assert_int_equal(presign_check(&p, &claim, NOW + 60000), PRESIGN_EXPIRED);

    struct presign_claim other = claim;
    other.path = "/firmware/3.bin";
    assert_int_equal(presign_check(&p, &other, NOW), PRESIGN_WRONG);
    other = claim;
    other.expires = "600";
    assert_int_equal(presign_check(&p, &other, NOW), PRESIGN_WRONG);
    other = claim;
    other.date = "20270101T000000Z";
    assert_int_equal(presign_check(&p, &other, NOW), PRESIGN_WRONG);
    other = claim;
    other.signature = NULL;
    assert_int_equal(presign_check(&p, &other, NOW), PRESIGN_WRONG);
    p.secret[0] ^= 1;
    assert_int_equal(presign_check(&p, &claim, NOW), PRESIGN_WRONG);
    free(url);
}

static char *presigned(const struct presign *p, const char *document)
{
    struct text t;
    size_t len;

    text_init(&t);
    presign_document(p, document, 600, NOW, &t);
    return text_take(&t, &len);
}

static void test_placeholders(void **state)
{
    static const char *const left[] = {"{\"a\":\"plain\"}",
                                       "{\"a\":\"${aws:iot:other:https://s3/a}\"}",
                                       "{\"a\":\"${aws:iot:s3-presigned-url:https://s3/a\"}",
                                       "{\"a\":\"${aws:iot:s3-presigned-url:https://s3}\"}",
                                       "{\"a\":\"${aws:iot:s3-presigned-url:http://s3/a}\"}",
                                       "{\"a\":\"${aws:iot:s3-presigned-url:https://s3/../a}\"}",
                                       "{\"a\":\"${aws:iot:s3-presigned-url:}${\"}"};
    struct presign p = reading("https://x," SECRET), none = {.base = ""};

    (void)state;
    for (size_t i = 0; i < sizeof left / sizeof *left; i++) {
        char *same = presigned(&p, left[i]);
        assert_string_equal(same, left[i]);
        free(same);
    }
    const char *document =
        "{\"a\":\"${aws:iot:s3-presigned-url:https://s3.eu-west-1.amazonaws.com/b/k.bin}\","
        "\"c\":\"${aws:iot:s3-presigned-url-v2:https://b.s3.amazonaws.com/k}\"}";
    char *filled = presigned(&p, document);
    assert_non_null(
        strstr(filled, "{\"a\":\"https://x/b/k.bin?X-Amz-Date=20260101T000000Z&X-Amz-Expires=600&"
                       "X-Amz-Signature="));
    assert_non_null(strstr(filled, "\",\"c\":\"https://x/k?X-Amz-Date="));
    assert_null(strstr(filled, "${"));
    free(filled);
    filled = presigned(&none, document);
    assert_string_equal(filled, document);
    free(filled);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_it_is_told),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_it_is_good_for_a_while),
        cmocka_unit_test(test_placeholders),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
