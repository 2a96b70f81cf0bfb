/* Who may make software for vehicles, and what a vehicle makes of a signature. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "pki/code_signing.h"
#include "pki/pki.h"

#define NOW INT64_C(1767225600) /* 2026-01-01 */
#define DAY 86400

struct place {
    char dir[40], authority[64];
    uint8_t digest[EC_DIGEST_SIZE];
    struct buf signature, certificate;
};

static void open_place(struct place *p)
{
    struct error err;

    memset(p, 0, sizeof *p);
    memset(p->digest, 0x5a, sizeof p->digest);
    snprintf(p->dir, sizeof p->dir, "/tmp/fleetsim-code-XXXXXX");
    assert_non_null(mkdtemp(p->dir));
    snprintf(p->authority, sizeof p->authority, "%s/" CODE_AUTHORITY_FILE, p->dir);
    buf_init(&p->signature, 1000);
    buf_init(&p->certificate, 100000);
    if (!code_signer_make(p->dir, "release", NOW - DAY, NOW + DAY, &err) ||
        !code_sign(p->dir, "release", p->digest, &p->signature, &p->certificate, &err))
        fail_msg("%s", err.text);
}

static void close_place(struct place *p)
{
    char command[64];

    buf_done(&p->signature);
    buf_done(&p->certificate);
    snprintf(command, sizeof command, "rm -r %s", p->dir);
    assert_int_equal(system(command), 0); // NOLINT(cert-env33-c): a path of our own
}

static enum code_verdict verdict(const struct place *p, int64_t at)
{
    const struct code_claim claim = {buf_slice(&p->signature), buf_slice(&p->certificate),
                                     p->digest};

    return code_verify(p->authority, &claim, at);
}

static void test_good_between_its_times(void **state)
{
    struct place p;
    struct stat st;
    char key[64];

    (void)state;
    open_place(&p);
    assert_int_equal(verdict(&p, NOW), CODE_GOOD);
    assert_int_equal(verdict(&p, NOW - 2 * DAY), CODE_SIGNER_EXPIRED);
    assert_int_equal(verdict(&p, NOW + 2 * DAY), CODE_SIGNER_EXPIRED);
    snprintf(key, sizeof key, "%s/release.key", p.dir);
    assert_int_equal(stat(key, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_true(code_signer_exists(p.dir, "release"));
    assert_false(code_signer_exists(p.dir, "other"));
    close_place(&p);
}

static void test_other_bytes_or_another_key(void **state)
{
    struct place p;
    struct error err;

    (void)state;
    open_place(&p);
    p.digest[0] ^= 1;
    assert_int_equal(verdict(&p, NOW), CODE_SIGNATURE_INVALID);
    p.digest[0] ^= 1;
    assert_true(code_signer_make(p.dir, "second", NOW - DAY, NOW + DAY, &err));
    buf_clear(&p.signature);
    struct buf other;
    buf_init(&other, 100000);
    assert_true(code_sign(p.dir, "second", p.digest, &p.signature, &other, &err));
    assert_int_equal(verdict(&p, NOW), CODE_SIGNATURE_INVALID);
    buf_done(&other);
    close_place(&p);
}

static void test_strangers(void **state)
{
    struct place p, other;

    (void)state;
    open_place(&p);
    open_place(&other);
    struct code_claim claim = {buf_slice(&other.signature), buf_slice(&other.certificate),
                               other.digest};
    assert_int_equal(code_verify(p.authority, &claim, NOW), CODE_SIGNER_UNTRUSTED);
    assert_int_equal(code_verify("/nowhere/ca.pem", &claim, NOW), CODE_SIGNER_UNTRUSTED);
    close_place(&other);
    close_place(&p);
}

/* The authority's own certificate is none of a signer's. */
static void test_not_every_certificate_signs_code(void **state)
{
    struct place p;

    (void)state;
    open_place(&p);
    buf_clear(&p.certificate);
    FILE *f = fopen(p.authority, "re");
    assert_non_null(f);
    uint8_t *room = buf_reserve(&p.certificate, 10000);
    buf_commit(&p.certificate, fread(room, 1, 10000, f));
    fclose(f);
    assert_int_equal(verdict(&p, NOW), CODE_SIGNER_UNTRUSTED);
    close_place(&p);
}

static void test_what_is_none(void **state)
{
    struct place p;

    (void)state;
    open_place(&p);
    struct slice signature = buf_slice(&p.signature), certificate = buf_slice(&p.certificate);
    struct code_claim claim = {slice_of(NULL, 0), certificate, p.digest};
    assert_int_equal(code_verify(p.authority, &claim, NOW), CODE_UNREADABLE);
    claim.signature = slice_of(signature.data, signature.len - 1);
    assert_int_equal(code_verify(p.authority, &claim, NOW), CODE_SIGNATURE_INVALID);
    claim = (struct code_claim){signature, slice_str("no certificate"), p.digest};
    assert_int_equal(code_verify(p.authority, &claim, NOW), CODE_UNREADABLE);
    claim.certificate = slice_of(certificate.data, certificate.len / 2);
    assert_int_equal(code_verify(p.authority, &claim, NOW), CODE_UNREADABLE);
    close_place(&p);
}

static void test_names(void **state)
{
    static const char *const bad[] = {"", "ca", "../x", ".x", "a/b", "a b"};
    struct place p;
    struct error err;

    (void)state;
    open_place(&p);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(code_signer_make(p.dir, bad[i], 0, 1, &err));
        assert_int_equal(err.code, ERROR_USAGE);
        assert_false(code_sign(p.dir, bad[i], p.digest, &p.signature, &p.certificate, &err));
    }
    assert_false(code_sign(p.dir, "nobody", p.digest, &p.signature, &p.certificate, &err));
    close_place(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_between_its_times),
        cmocka_unit_test(test_other_bytes_or_another_key),
        cmocka_unit_test(test_strangers),
        cmocka_unit_test(test_not_every_certificate_signs_code),
        cmocka_unit_test(test_what_is_none),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
