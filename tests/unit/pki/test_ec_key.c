#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "pki/ec_key.h"

static void from_hex(const char *hex, uint8_t *ret)
{
    for (; hex[0] != '\0'; hex += 2) {
        unsigned byte;
        assert_int_equal(sscanf(hex, "%2x", &byte), 1);
        *ret++ = (uint8_t)byte;
    }
}

/* RFC 6979, A.2.5: P-256 with SHA-256. */
#define RFC6979_X  "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721"
#define RFC6979_UX "60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6"
#define RFC6979_UY "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299"

static const struct {
    const char *message, *r, *s;
} rfc6979[] = {
    {"sample", "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716",
     "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"},
    {"test",   "F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367",
     "019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083"},
};

static void rfc_key(struct ec *ec, struct ec_key *ret)
{
    uint8_t scalar[EC_SCALAR_SIZE];

    from_hex(RFC6979_X, scalar);
    assert_true(ec_key_from_scalar(ec, scalar, ret));
}

static void test_public_point(void **state)
{
    (void)state;
    struct ec *ec = ec_new();
    struct ec_key key;
    uint8_t expected[EC_POINT_SIZE] = {0x04};

    rfc_key(ec, &key);
    from_hex(RFC6979_UX RFC6979_UY, expected + 1);
    assert_memory_equal(key.point, expected, sizeof expected);
    ec_free(ec);
}

static void test_rfc6979_vectors(void **state)
{
    (void)state;
    struct ec *ec = ec_new();
    struct ec_key key;

    rfc_key(ec, &key);
    for (size_t i = 0; i < sizeof rfc6979 / sizeof *rfc6979; i++) {
        uint8_t digest[EC_DIGEST_SIZE], r[32], s[32];
        struct ec_signature sig;
        EVP_Digest(rfc6979[i].message, strlen(rfc6979[i].message), digest, NULL, EVP_sha256(),
                   NULL);
        ec_sign(ec, &key, digest, &sig);
        from_hex(rfc6979[i].r, r);
        from_hex(rfc6979[i].s, s);
        assert_memory_equal(sig.r, r, 32);
        assert_memory_equal(sig.s, s, 32);
    }
    ec_free(ec);
}

/* OpenSSL's own verifier accepts what we sign, for many keys and digests. */
static void test_openssl_accepts_signatures(void **state)
{
    (void)state;
    struct ec *ec = ec_new();
    struct error err = {0};

    for (uint32_t i = 0; i < 100; i++) {
        struct ec_key key;
        struct ec_signature sig;
        uint8_t digest[EC_DIGEST_SIZE], der[EC_SIGNATURE_SIZE];
        ec_key_derive(ec, slice_str("seed"), "vehicle", i, 0, &key);
        EVP_Digest(&i, sizeof i, digest, NULL, EVP_sha256(), NULL);
        ec_sign(ec, &key, digest, &sig);
        size_t len = ec_signature_der(&sig, der);
        EVP_PKEY *pkey = ec_key_to_pkey(&key, &err);
        assert_non_null(pkey);
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey, NULL);
        assert_int_equal(EVP_PKEY_verify_init(ctx), 1);
        assert_int_equal(EVP_PKEY_verify(ctx, der, len, digest, sizeof digest), 1);
        digest[0] ^= 1;
        assert_int_not_equal(EVP_PKEY_verify(ctx, der, len, digest, sizeof digest), 1);
        EVP_PKEY_CTX_free(ctx);
        EVP_PKEY_free(pkey);
    }
    ec_free(ec);
}

static void test_digest_above_the_order(void **state)
{
    (void)state;
    struct ec *ec = ec_new();
    struct ec_key key;
    struct ec_signature a, b;
    uint8_t digest[EC_DIGEST_SIZE];

    rfc_key(ec, &key);
    memset(digest, 0xff, sizeof digest);
    ec_sign(ec, &key, digest, &a);
    ec_sign(ec, &key, digest, &b);
    assert_memory_equal(&a, &b, sizeof a);
    EVP_PKEY *pkey = ec_key_to_pkey(&key, NULL);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey, NULL);
    uint8_t der[EC_SIGNATURE_SIZE];
    size_t len = ec_signature_der(&a, der);
    assert_int_equal(EVP_PKEY_verify_init(ctx), 1);
    assert_int_equal(EVP_PKEY_verify(ctx, der, len, digest, sizeof digest), 1);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    ec_free(ec);
}

static void test_signature_der(void **state)
{
    (void)state;
    struct ec_signature sig = {0};
    uint8_t der[EC_SIGNATURE_SIZE];

    sig.r[31] = 0x01;
    sig.s[31] = 0x80;
    const uint8_t small[] = {0x30, 0x07, 0x02, 0x01, 0x01, 0x02, 0x02, 0x00, 0x80};
    assert_int_equal(ec_signature_der(&sig, der), sizeof small);
    assert_memory_equal(der, small, sizeof small);
    memset(&sig, 0xff, sizeof sig);
    assert_int_equal(ec_signature_der(&sig, der), EC_SIGNATURE_SIZE);
}

static void test_scalar_range(void **state)
{
    (void)state;
    static const struct {
        const char *scalar;
        bool ok;
    } cases[] = {
        {"0000000000000000000000000000000000000000000000000000000000000000", false},
        {"0000000000000000000000000000000000000000000000000000000000000001", true },
        {"FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632550", true },
        {"FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551", false},
        {"FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF", false},
    };
    struct ec *ec = ec_new();

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t scalar[EC_SCALAR_SIZE];
        struct ec_key key;
        from_hex(cases[i].scalar, scalar);
        assert_int_equal(ec_key_from_scalar(ec, scalar, &key), cases[i].ok);
    }
    ec_free(ec);
}

static void test_derivation_separates_owners(void **state)
{
    (void)state;
    static const struct {
        const char *seed, *kind;
        uint64_t index;
        uint32_t generation;
    } owners[] = {
        {"a", "vehicle", 0,          0},
        {"a", "vehicle", 1,          0},
        {"a", "vehicle", 0,          1},
        {"b", "vehicle", 0,          0},
        {"a", "root",    0,          0},
        {"a", "vehicl",  0,          0},
        {"",  "vehicle", 0,          0},
        {"a", "vehicle", 1ull << 32, 0},
    };
    enum { COUNT = sizeof owners / sizeof *owners };
    struct ec_key keys[COUNT];
    struct ec *ec = ec_new();

    for (size_t i = 0; i < COUNT; i++) {
        struct ec_key again;
        struct slice seed = slice_str(owners[i].seed);
        ec_key_derive(ec, seed, owners[i].kind, owners[i].index, owners[i].generation, &keys[i]);
        ec_key_derive(ec, seed, owners[i].kind, owners[i].index, owners[i].generation, &again);
        assert_memory_equal(&keys[i], &again, sizeof again);
        for (size_t j = 0; j < i; j++)
            assert_memory_not_equal(keys[j].scalar, keys[i].scalar, EC_SCALAR_SIZE);
    }
    ec_free(ec);
}

/* A fleet must stay itself across releases: this key may never change. */
static void test_derivation_is_frozen(void **state)
{
    (void)state;
    uint8_t expected[EC_SCALAR_SIZE];
    struct ec *ec = ec_new();
    struct ec_key key;

    ec_key_derive(ec, slice_str("42"), "vehicle", 7, 0, &key);
    from_hex("9008651c9e3f2cb1a96dc4cfb93f6d49334c44dfce6622c33c13a47db2d65ae9", expected);
    assert_memory_equal(key.scalar, expected, sizeof expected);
    ec_free(ec);
}

static void test_pem_round_trip(void **state)
{
    (void)state;
    struct ec *ec = ec_new();
    struct ec_key key, back;
    struct buf pem;
    struct error err = {0};

    ec_key_derive(ec, slice_str("seed"), "companion", 3, 0, &key);
    buf_init(&pem, 4096);
    assert_true(ec_key_pem(&key, &pem));
    assert_true(strncmp(buf_cstr(&pem), "-----BEGIN PRIVATE KEY-----\n", 28) == 0);
    assert_true(ec_key_from_pem(ec, buf_slice(&pem), &back, &err));
    assert_memory_equal(&key, &back, sizeof key);

    /* The template is byte for byte what OpenSSL would write. */
    EVP_PKEY *pkey = ec_key_to_pkey(&key, &err);
    BIO *bio = BIO_new(BIO_s_mem());
    char *text;
    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL), 1);
    long len = BIO_get_mem_data(bio, &text);
    assert_true(slice_equal(buf_slice(&pem), slice_of(text, (size_t)len)));
    BIO_free(bio);
    uint8_t spki[EC_SPKI_SIZE], *der = NULL;
    ec_key_spki(&key, spki);
    assert_int_equal(i2d_PUBKEY(pkey, &der), EC_SPKI_SIZE);
    assert_memory_equal(der, spki, EC_SPKI_SIZE);
    OPENSSL_free(der);
    EVP_PKEY_free(pkey);
    buf_done(&pem);
    ec_free(ec);
}

static void append_foreign_key(EVP_PKEY *pkey, const char *password, struct buf *to)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text;

    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(
                         bio, pkey, password != NULL ? EVP_aes_128_cbc() : NULL, password,
                         password != NULL ? (int)strlen(password) : 0, NULL, NULL),
                     1);
    long len = BIO_get_mem_data(bio, &text);
    buf_append(to, text, (size_t)len);
    BIO_free(bio);
    EVP_PKEY_free(pkey);
}

static void test_foreign_keys_are_refused(void **state)
{
    (void)state;
    struct ec *ec = ec_new();
    struct buf pems[4];
    const char *expected[] = {"P-256", "P-256", "unencrypted", "unencrypted"};

    for (size_t i = 0; i < 4; i++)
        buf_init(&pems[i], 65536);
    append_foreign_key(EVP_RSA_gen(2048), NULL, &pems[0]);
    append_foreign_key(EVP_EC_gen("P-384"), NULL, &pems[1]);
    append_foreign_key(EVP_EC_gen("P-256"), "secret", &pems[2]);
    buf_append_str(&pems[3], "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
    for (size_t i = 0; i < 4; i++) {
        struct ec_key key;
        struct error err = {0};
        assert_false(ec_key_from_pem(ec, buf_slice(&pems[i]), &key, &err));
        assert_int_equal(err.code, ERROR_USAGE);
        assert_non_null(strstr(err.text, expected[i]));
        buf_done(&pems[i]);
    }
    struct error err = {0};
    struct ec_key key;
    assert_false(ec_key_from_pem(ec, slice_of(NULL, 0), &key, &err));
    ec_free(ec);
}

static void test_damaged_point_is_refused(void **state)
{
    (void)state;
    struct ec *ec = ec_new();
    struct ec_key key;
    struct error err = {0};

    rfc_key(ec, &key);
    key.point[40] ^= 1;
    assert_null(ec_key_to_pkey(&key, &err));
    assert_non_null(strstr(err.text, "curve"));
    ec_free(ec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_public_point),
        cmocka_unit_test(test_rfc6979_vectors),
        cmocka_unit_test(test_openssl_accepts_signatures),
        cmocka_unit_test(test_digest_above_the_order),
        cmocka_unit_test(test_signature_der),
        cmocka_unit_test(test_scalar_range),
        cmocka_unit_test(test_derivation_separates_owners),
        cmocka_unit_test(test_derivation_is_frozen),
        cmocka_unit_test(test_pem_round_trip),
        cmocka_unit_test(test_foreign_keys_are_refused),
        cmocka_unit_test(test_damaged_point_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
