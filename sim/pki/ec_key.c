#include "pki/ec_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <stdlib.h>

#include "base/xmem.h"

/* The arithmetic below fails only for lack of memory, and then the program ends as in xmem.h;
   OPENSSL_assert() is checked in every build. */
#define must(call) OPENSSL_assert((call) != 0)

struct ec {
    EC_GROUP *group;
    const BIGNUM *order;
    BN_CTX *scratch;
    EC_POINT *point;
    BIGNUM *k, *r, *s, *x;
};

struct ec *ec_new(void)
{
    struct ec *ec = xcalloc(1, sizeof *ec);

    must(ec->group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1));
    ec->order = EC_GROUP_get0_order(ec->group);
    must(ec->scratch = BN_CTX_secure_new());
    must(ec->point = EC_POINT_new(ec->group));
    must(ec->k = BN_secure_new());
    must(ec->r = BN_new());
    must(ec->s = BN_secure_new());
    must(ec->x = BN_secure_new());
    BN_set_flags(ec->k, BN_FLG_CONSTTIME);
    BN_set_flags(ec->x, BN_FLG_CONSTTIME);
    return ec;
}

void ec_free(struct ec *ec)
{
    if (ec == NULL)
        return;
    BN_clear_free(ec->x);
    BN_clear_free(ec->s);
    BN_free(ec->r);
    BN_clear_free(ec->k);
    EC_POINT_free(ec->point);
    BN_CTX_free(ec->scratch);
    EC_GROUP_free(ec->group);
    free(ec);
}

void hmac_sha256(struct slice key, const struct slice *parts, size_t count,
                 uint8_t ret[EC_DIGEST_SIZE])
{
    struct buf message;
    unsigned len = EC_DIGEST_SIZE;

    buf_init(&message, SIZE_MAX / 2);
    for (size_t i = 0; i < count; i++)
        buf_append_slice(&message, parts[i]);
    /* A NULL key would mean "the key of the last call". */
    const uint8_t *secret = key.len != 0 ? key.data : (const uint8_t *)"";
    must(
        HMAC(EVP_sha256(), secret, (int)key.len, buf_data(&message), buf_len(&message), ret, &len));
    OPENSSL_cleanse(message.data, message.cap);
    buf_done(&message);
}

static bool in_range(const struct ec *ec, const BIGNUM *k)
{
    return !BN_is_zero(k) && BN_cmp(k, ec->order) < 0;
}

bool ec_key_from_scalar(struct ec *ec, const uint8_t scalar[EC_SCALAR_SIZE], struct ec_key *ret)
{
    must(BN_bin2bn(scalar, EC_SCALAR_SIZE, ec->x));
    if (!in_range(ec, ec->x))
        return false;
    must(EC_POINT_mul(ec->group, ec->point, ec->x, NULL, NULL, ec->scratch));
    memmove(ret->scalar, scalar, EC_SCALAR_SIZE);
    must(EC_POINT_point2oct(ec->group, ec->point, POINT_CONVERSION_UNCOMPRESSED, ret->point,
                            EC_POINT_SIZE, ec->scratch) == EC_POINT_SIZE);
    return true;
}

static void put_be(uint8_t *to, uint64_t value, size_t bytes)
{
    for (size_t i = bytes; i-- > 0; value >>= 8)
        to[i] = (uint8_t)value;
}

void ec_key_derive(struct ec *ec, struct slice seed, const char *kind, uint64_t index,
                   uint32_t generation, struct ec_key *ret)
{
    uint8_t tail[8 + 4 + 4];
    uint8_t scalar[EC_DIGEST_SIZE];
    /* The NUL ends `kind`, so that no two owners share an input. */
    const struct slice parts[] = {
        slice_str("fleetsim key 1"),
        slice_of(kind, strlen(kind) + 1),
        slice_of(tail, sizeof tail),
    };

    put_be(tail, index, 8);
    put_be(tail + 8, generation, 4);
    for (uint32_t attempt = 0;; attempt++) {
        put_be(tail + 12, attempt, 4);
        hmac_sha256(seed, parts, sizeof parts / sizeof *parts, scalar);
        if (ec_key_from_scalar(ec, scalar, ret))
            break;
    }
    OPENSSL_cleanse(scalar, sizeof scalar);
}

static bool scalar_of(const EVP_PKEY *pkey, uint8_t ret[EC_SCALAR_SIZE])
{
    char group[32];
    size_t len;
    BIGNUM *scalar = NULL;

    if (EVP_PKEY_is_a(pkey, "EC") != 1 ||
        EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group,
                                       &len) != 1 ||
        OBJ_sn2nid(group) != NID_X9_62_prime256v1)
        return false;
    bool ok = EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_PRIV_KEY, &scalar) == 1 &&
              BN_bn2binpad(scalar, ret, EC_SCALAR_SIZE) == EC_SCALAR_SIZE;
    BN_clear_free(scalar);
    return ok;
}

/* Without a callback, OpenSSL would ask for a password on the terminal. */
/* NOLINTNEXTLINE(readability-non-const-parameter): pem_password_cb */
static int no_password(char *buffer, int size, int writing, void *ctx)
{
    (void)buffer;
    (void)size;
    (void)writing;
    (void)ctx;
    return -1;
}

/* Frees `pkey`. */
static bool from_pkey(struct ec *ec, EVP_PKEY *pkey, struct ec_key *ret, struct error *err)
{
    uint8_t scalar[EC_SCALAR_SIZE];

    bool ok = scalar_of(pkey, scalar) && ec_key_from_scalar(ec, scalar, ret);
    EVP_PKEY_free(pkey);
    ERR_clear_error();
    OPENSSL_cleanse(scalar, sizeof scalar);
    return ok || error_set(err, ERROR_USAGE,
                           "private key not usable here: it is not an ECDSA P-256 key (use P-256)");
}

bool ec_key_from_pem(struct ec *ec, struct slice pem, struct ec_key *ret, struct error *err)
{
    if (pem.len == 0 || pem.len > INT32_MAX)
        return error_set(err, ERROR_USAGE, "no private key: the file is empty or too long");
    ERR_clear_error();
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
    must(bio);
    EVP_PKEY *pkey = PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);
    BIO_free(bio);
    ERR_clear_error();
    if (pkey == NULL)
        return error_set(err, ERROR_USAGE,
                         "no private key: not an unencrypted PEM private key (decrypt it, or make "
                         "one with \"fleetsim pki\")");
    return from_pkey(ec, pkey, ret, err);
}

bool ec_key_from_der(struct ec *ec, struct slice der, struct ec_key *ret, struct error *err)
{
    const unsigned char *at = der.data;
    EVP_PKEY *pkey = d2i_AutoPrivateKey(NULL, &at, (long)der.len);

    ERR_clear_error();
    if (pkey == NULL)
        return error_set(err, ERROR_USAGE, "no private key: not DER that OpenSSL reads");
    return from_pkey(ec, pkey, ret, err);
}

EVP_PKEY *ec_key_to_pkey(const struct ec_key *key, struct error *err)
{
    uint8_t native[EC_SCALAR_SIZE]; /* OSSL_PARAM integers are in the machine's byte order */
    uint8_t point[EC_POINT_SIZE];
    char group[] = SN_X9_62_prime256v1;
    BIGNUM *scalar = BN_bin2bn(key->scalar, EC_SCALAR_SIZE, NULL);
    EVP_PKEY *pkey = NULL;

    must(scalar);
    must(BN_bn2nativepad(scalar, native, sizeof native) > 0);
    BN_clear_free(scalar);
    memcpy(point, key->point, sizeof point);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point),
        OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, native, sizeof native),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    bool ok = ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1 &&
              EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_KEYPAIR, params) == 1;
    EVP_PKEY_CTX_free(ctx);
    OPENSSL_cleanse(native, sizeof native);
    if (ok)
        return pkey;
    ERR_clear_error();
    EVP_PKEY_free(pkey);
    error_set(err, ERROR_USAGE,
              "private key not usable: its public point is not on the curve "
              "P-256 (the file is damaged; make it again)");
    return NULL;
}

void ec_key_spki(const struct ec_key *key, uint8_t ret[EC_SPKI_SIZE])
{
    static const uint8_t head[EC_SPKI_SIZE - EC_POINT_SIZE] = {
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
        0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};

    memcpy(ret, head, sizeof head);
    memcpy(ret + sizeof head, key->point, EC_POINT_SIZE);
}

void ec_key_pkcs8(const struct ec_key *key, uint8_t ret[EC_PKCS8_SIZE])
{
    static const uint8_t head[] = {0x30, 0x81, 0x87, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06,
                                   0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
                                   0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07,
                                   0x04, 0x6d, 0x30, 0x6b, 0x02, 0x01, 0x01, 0x04, 0x20};
    static const uint8_t middle[] = {0xa1, 0x44, 0x03, 0x42, 0x00};

    _Static_assert(sizeof head + EC_SCALAR_SIZE + sizeof middle + EC_POINT_SIZE == EC_PKCS8_SIZE,
                   "the template's lengths are fixed");
    memcpy(ret, head, sizeof head);
    ret += sizeof head;
    memcpy(ret, key->scalar, EC_SCALAR_SIZE);
    ret += EC_SCALAR_SIZE;
    memcpy(ret, middle, sizeof middle);
    memcpy(ret + sizeof middle, key->point, EC_POINT_SIZE);
}

bool ec_key_pem(const struct ec_key *key, struct buf *to)
{
    uint8_t der[EC_PKCS8_SIZE];
    char *text = NULL;
    BIO *bio = BIO_new(BIO_s_mem());

    must(bio);
    ec_key_pkcs8(key, der);
    must(PEM_write_bio(bio, PEM_STRING_PKCS8INF, "", der, sizeof der) > 0);
    long len = BIO_get_mem_data(bio, &text);
    bool ok = buf_append(to, text, (size_t)len);
    OPENSSL_cleanse(text, (size_t)len);
    OPENSSL_cleanse(der, sizeof der);
    BIO_free(bio);
    return ok;
}

/* The nonce generator of RFC 6979, 3.2: HMAC-DRBG fed with key and digest. */
struct nonces {
    uint8_t k[EC_DIGEST_SIZE];
    uint8_t v[EC_DIGEST_SIZE];
};

static void nonces_mix(struct nonces *n, uint8_t round, struct slice seed)
{
    const struct slice parts[] = {slice_of(n->v, sizeof n->v), slice_of(&round, 1), seed};
    const struct slice v = slice_of(n->v, sizeof n->v);

    hmac_sha256(slice_of(n->k, sizeof n->k), parts, 3, n->k);
    hmac_sha256(slice_of(n->k, sizeof n->k), &v, 1, n->v);
}

static void nonces_next(struct nonces *n)
{
    const struct slice v = slice_of(n->v, sizeof n->v);

    hmac_sha256(slice_of(n->k, sizeof n->k), &v, 1, n->v);
}

/* r and s for the nonce in ec->k and the key in ec->x; false if either is 0. */
static bool sign_with_nonce(struct ec *ec, const BIGNUM *digest)
{
    BN_CTX *scratch = ec->scratch;

    must(EC_POINT_mul(ec->group, ec->point, ec->k, NULL, NULL, scratch));
    must(EC_POINT_get_affine_coordinates(ec->group, ec->point, ec->r, NULL, scratch));
    must(BN_nnmod(ec->r, ec->r, ec->order, scratch));
    must(BN_mod_mul(ec->s, ec->r, ec->x, ec->order, scratch));
    must(BN_mod_add(ec->s, ec->s, digest, ec->order, scratch));
    must(BN_mod_inverse(ec->k, ec->k, ec->order, scratch));
    must(BN_mod_mul(ec->s, ec->s, ec->k, ec->order, scratch));
    return !BN_is_zero(ec->r) && !BN_is_zero(ec->s);
}

void ec_sign(struct ec *ec, const struct ec_key *key, const uint8_t digest[EC_DIGEST_SIZE],
             struct ec_signature *ret)
{
    struct nonces nonces;
    uint8_t seed[EC_SCALAR_SIZE + EC_DIGEST_SIZE]; /* int2octets(x), bits2octets(h1) */
    BIGNUM *z = BN_bin2bn(digest, EC_DIGEST_SIZE, NULL);

    must(z);
    must(BN_nnmod(z, z, ec->order, ec->scratch));
    memcpy(seed, key->scalar, EC_SCALAR_SIZE);
    must(BN_bn2binpad(z, seed + EC_SCALAR_SIZE, EC_DIGEST_SIZE) > 0);
    memset(nonces.v, 0x01, sizeof nonces.v);
    memset(nonces.k, 0x00, sizeof nonces.k);
    nonces_mix(&nonces, 0x00, slice_of(seed, sizeof seed));
    nonces_mix(&nonces, 0x01, slice_of(seed, sizeof seed));
    must(BN_bin2bn(key->scalar, EC_SCALAR_SIZE, ec->x));
    for (;;) {
        nonces_next(&nonces);
        must(BN_bin2bn(nonces.v, sizeof nonces.v, ec->k));
        if (in_range(ec, ec->k) && sign_with_nonce(ec, z))
            break;
        nonces_mix(&nonces, 0x00, slice_of(NULL, 0));
    }
    must(BN_bn2binpad(ec->r, ret->r, EC_SCALAR_SIZE) > 0);
    must(BN_bn2binpad(ec->s, ret->s, EC_SCALAR_SIZE) > 0);
    OPENSSL_cleanse(&nonces, sizeof nonces);
    OPENSSL_cleanse(seed, sizeof seed);
    BN_free(z);
}

static size_t put_integer(uint8_t *to, const uint8_t value[EC_SCALAR_SIZE])
{
    size_t skip = 0;

    while (skip < EC_SCALAR_SIZE - 1 && value[skip] == 0)
        skip++;
    size_t pad = (value[skip] & 0x80) != 0 ? 1 : 0;
    size_t len = EC_SCALAR_SIZE - skip;
    to[0] = 0x02;
    to[1] = (uint8_t)(len + pad);
    to[2] = 0;
    memcpy(to + 2 + pad, value + skip, len);
    return 2 + pad + len;
}

size_t ec_signature_der(const struct ec_signature *sig, uint8_t ret[EC_SIGNATURE_SIZE])
{
    size_t len = 2;

    len += put_integer(ret + len, sig->r);
    len += put_integer(ret + len, sig->s);
    ret[0] = 0x30;
    ret[1] = (uint8_t)(len - 2);
    return len;
}
