#include "pki/code_signing.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/store.h"
#include "base/xmem.h"
#include "pki/certificate.h"
#include "pki/pem_file.h"

#define AUTHORITY        "ca"
#define AUTHORITY_BEGINS INT64_C(1577836800) /* 2020-01-01 */
#define AUTHORITY_ENDS   INT64_C(3155760000) /* 2070-01-01 */

/* ---- names ---- */

static char *path_of(const char *dir, const char *name, const char *ending)
{
    return xasprintf("%s/%s.%s", dir, name, ending);
}

static bool check_name(const char *name, struct error *err)
{
    size_t len = strlen(name);

    return (len != 0 && len <= 64 && name[0] != '.' && strcmp(name, AUTHORITY) != 0 &&
            strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._") ==
                len) ||
           error_set(
               err, ERROR_USAGE,
               "signer %.80s: not a name for one (1 to 64 of A-Z a-z 0-9 - . _, not " AUTHORITY ")",
               name);
}

static bool is_there(const char *dir, const char *name)
{
    char *path = path_of(dir, name, "key");
    struct stat st;
    bool there = stat(path, &st) == 0;

    free(path);
    return there;
}

bool code_signer_exists(const char *dir, const char *name)
{
    struct error err;

    return check_name(name, &err) && is_there(dir, name);
}

/* ---- making ---- */

static bool make_key(struct ec *ec, struct ec_key *ret, struct error *err)
{
    uint8_t seed[EC_DIGEST_SIZE];

    if (RAND_bytes(seed, sizeof seed) != 1)
        return error_set(err, ERROR_USAGE, "signer: the system has no random bytes");
    ec_key_derive(ec, slice_of(seed, sizeof seed), "code", 0, 0, ret);
    OPENSSL_cleanse(seed, sizeof seed);
    return true;
}

struct making {
    struct ec *ec;
    const char *dir;
    struct certificate_issuer authority;
};

/* Both files of it. */
static bool make_pair(struct making *m, struct certificate_request *request, struct ec_key *key,
                      struct error *err)
{
    bool own = request->role == CERTIFICATE_ROOT;
    const char *name = own ? AUTHORITY : request->name;
    char *certificate = path_of(m->dir, name, "pem"), *secret = path_of(m->dir, name, "key");
    uint8_t spki[EC_SPKI_SIZE];
    struct buf der;

    buf_init(&der, CERTIFICATE_MAX);
    bool ok = make_key(m->ec, key, err);
    if (ok && own)
        m->authority.key = *key;
    if (ok) {
        ec_key_spki(key, spki);
        request->spki = slice_of(spki, sizeof spki);
        ok = certificate_make(m->ec, &m->authority, request, &der, err);
    }
    struct slice made = buf_slice(&der);
    ok = ok && pem_file_write_certificates(certificate, &made, 1, err) &&
         pem_file_write_key(secret, key, err);
    request->spki = slice_of(NULL, 0);
    if (ok && own)
        ok = certificate_issuer_init(key, made, &m->authority, err);
    buf_done(&der);
    free(certificate);
    free(secret);
    return ok;
}

static bool read_authority(struct making *m, struct error *err)
{
    char *certificate = path_of(m->dir, AUTHORITY, "pem"),
         *secret = path_of(m->dir, AUTHORITY, "key");
    struct buf der;

    buf_init(&der, CERTIFICATE_MAX);
    bool ok = pem_file_read_certificate(certificate, &der, err) &&
              pem_file_read_issuer(secret, m->ec, buf_slice(&der), &m->authority, err);
    buf_done(&der);
    free(certificate);
    free(secret);
    return ok;
}

static bool make_authority(struct making *m, struct error *err)
{
    struct certificate_request request = {.role = CERTIFICATE_ROOT,
                                          .name = "fleetsim code signing",
                                          .not_before = AUTHORITY_BEGINS,
                                          .not_after = AUTHORITY_ENDS};
    struct ec_key key;
    bool ok = make_pair(m, &request, &key, err);

    OPENSSL_cleanse(&key, sizeof key);
    return ok;
}

bool code_signer_make(const char *dir, const char *name, int64_t not_before, int64_t not_after,
                      struct error *err)
{
    struct certificate_request request = {
        .role = CERTIFICATE_SIGNER, .name = name, .not_before = not_before, .not_after = not_after};
    struct making m = {.dir = dir};
    struct ec_key key;

    if (!check_name(name, err) || !store_make_dir(dir, err))
        return false;
    m.ec = ec_new();
    bool ok = (is_there(dir, AUTHORITY) ? read_authority(&m, err) : make_authority(&m, err)) &&
              make_pair(&m, &request, &key, err);
    ec_free(m.ec);
    OPENSSL_cleanse(&m, sizeof m);
    OPENSSL_cleanse(&key, sizeof key);
    return ok;
}

/* ---- signing ---- */

static bool read_key(const char *path, struct ec *ec, struct ec_key *ret, struct error *err)
{
    struct buf pem;

    buf_init(&pem, PEM_FILE_MAX);
    bool ok = store_read(path, &pem, err) && ec_key_from_pem(ec, buf_slice(&pem), ret, err);
    if (pem.data != NULL)
        OPENSSL_cleanse(pem.data, pem.cap);
    buf_done(&pem);
    return ok;
}

bool code_sign(const char *dir, const char *name, const uint8_t digest[EC_DIGEST_SIZE],
               struct buf *ret_signature, struct buf *ret_certificate, struct error *err)
{
    uint8_t der[EC_SIGNATURE_SIZE];
    struct ec_signature signature;
    struct ec_key key;

    if (!check_name(name, err))
        return false;
    char *certificate = path_of(dir, name, "pem"), *secret = path_of(dir, name, "key");
    struct ec *ec = ec_new();
    bool ok = store_read(certificate, ret_certificate, err) && read_key(secret, ec, &key, err);
    if (ok) {
        ec_sign(ec, &key, digest, &signature);
        buf_append(ret_signature, der, ec_signature_der(&signature, der));
    }
    OPENSSL_cleanse(&key, sizeof key);
    ec_free(ec);
    free(certificate);
    free(secret);
    return ok;
}

/* ---- checking ---- */

const char *code_verdict_name(enum code_verdict verdict)
{
    /* ORDER CODE_VERDICT */
    static const char *const names[] = {"GOOD", "SIGNATURE_INVALID", "SIGNER_UNTRUSTED",
                                        "SIGNER_EXPIRED", "SIGNATURE_UNREADABLE"};

    return names[verdict];
}

static X509 *read_certificate(struct slice pem)
{
    BIO *bio =
        pem.len != 0 && pem.len <= PEM_FILE_MAX ? BIO_new_mem_buf(pem.data, (int)pem.len) : NULL;
    X509 *x509 = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;

    BIO_free(bio);
    return x509;
}

static bool may_sign_code(X509 *signer)
{
    return (X509_get_extension_flags(signer) & EXFLAG_XKUSAGE) != 0 &&
           (X509_get_extended_key_usage(signer) & XKU_CODE_SIGN) != 0;
}

static enum code_verdict judge_chain(int error)
{
    switch (error) {
    case X509_V_OK:
        return CODE_GOOD;
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return CODE_SIGNER_EXPIRED;
    default:
        return CODE_SIGNER_UNTRUSTED;
    }
}

static enum code_verdict check_signer(const char *authority, X509 *signer, int64_t at)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *check = X509_STORE_CTX_new();
    enum code_verdict verdict = CODE_SIGNER_UNTRUSTED;

    if (store != NULL && check != NULL && may_sign_code(signer) &&
        X509_STORE_load_file(store, authority) == 1 &&
        X509_STORE_CTX_init(check, store, signer, NULL) == 1) {
        X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(check), (time_t)at);
        X509_verify_cert(check);
        verdict = judge_chain(X509_STORE_CTX_get_error(check));
    }
    X509_STORE_CTX_free(check);
    X509_STORE_free(store);
    return verdict;
}

/* Is it the signature of that digest by that key, which must be on P-256? */
static bool is_signed(X509 *signer, const struct code_claim *claim)
{
    EVP_PKEY *key = X509_get0_pubkey(signer);
    EVP_PKEY_CTX *ctx = key != NULL && EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_bits(key) == 256
                            ? EVP_PKEY_CTX_new(key, NULL)
                            : NULL;
    bool good = ctx != NULL && EVP_PKEY_verify_init(ctx) == 1 &&
                EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1 &&
                EVP_PKEY_verify(ctx, claim->signature.data, claim->signature.len, claim->digest,
                                EC_DIGEST_SIZE) == 1;

    EVP_PKEY_CTX_free(ctx);
    return good;
}

enum code_verdict code_verify(const char *authority, const struct code_claim *claim, int64_t at)
{
    ERR_clear_error();
    X509 *signer = read_certificate(claim->certificate);
    enum code_verdict verdict = CODE_UNREADABLE;

    if (signer != NULL && claim->signature.len != 0)
        verdict = check_signer(authority, signer, at);
    if (verdict == CODE_GOOD && !is_signed(signer, claim))
        verdict = CODE_SIGNATURE_INVALID;
    X509_free(signer);
    ERR_clear_error();
    return verdict;
}
