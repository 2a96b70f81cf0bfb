#include "cloud/plugin/signer.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "pki/certificate.h"
#include "pki/pem_file.h"

/* AWS IoT's certificates end with the year 2049. */
#define NOT_AFTER INT64_C(2524607999)
/* A car whose clock is a little behind shall not find its certificate invalid. */
#define BACKDATED_S 3600
#define CSR_MAX     65536

struct signer {
    struct ec *ec;
    struct certificate_issuer authority;
    bool signs;
    struct issuer issuer;
};

/* Of what the cloud has signed. */
static enum issuer_result write_out(struct slice der, struct text *ret_pem,
                                    char ret_id[REGISTRY_ID_SIZE])
{
    struct buf pem;

    buf_init(&pem, PEM_FILE_MAX);
    bool ok = certificate_pem(der, &pem);
    if (ok)
        text_bytes(ret_pem, buf_cstr(&pem), buf_len(&pem));
    buf_done(&pem);
    certificate_id(der, ret_id);
    return ok && !ret_pem->failed ? ISSUER_OK : ISSUER_FAILED;
}

static enum issuer_result issue(struct signer *s, const char *name, struct slice spki,
                                int64_t now_ms, struct text *ret_pem, char ret_id[REGISTRY_ID_SIZE])
{
    struct certificate_request request = {.role = CERTIFICATE_VEHICLE,
                                          .name = name,
                                          .spki = spki,
                                          .not_before = now_ms / 1000 - BACKDATED_S,
                                          .not_after = NOT_AFTER};
    enum issuer_result result = ISSUER_BAD_REQUEST;
    struct error err;
    struct buf der;

    buf_init(&der, CERTIFICATE_MAX);
    if (certificate_make(s->ec, &s->authority, &request, &der, &err))
        result = write_out(buf_slice(&der), ret_pem, ret_id);
    buf_done(&der);
    return result;
}

/* Its common name, as AWS IoT keeps the subject of a request; without one, AWS IoT's own. */
static void common_name(X509_REQ *csr, char ret[65])
{
    int len = X509_NAME_get_text_by_NID(X509_REQ_get_subject_name(csr), NID_commonName, ret, 65);

    if (len <= 0)
        memcpy(ret, "AWS IoT Certificate", sizeof "AWS IoT Certificate");
}

static enum issuer_result sign_request(struct signer *s, X509_REQ *csr, int64_t now_ms,
                                       struct text *ret_pem, char ret_id[REGISTRY_ID_SIZE])
{
    char name[65];
    unsigned char *spki = NULL;
    EVP_PKEY *key = X509_REQ_get0_pubkey(csr);
    enum issuer_result result = ISSUER_BAD_REQUEST;

    /* Whoever asks must have the private key. */
    if (key == NULL || X509_REQ_verify(csr, key) != 1)
        return ISSUER_BAD_REQUEST;
    common_name(csr, name);
    int len = i2d_PUBKEY(key, &spki);
    if (len > 0)
        result = issue(s, name, slice_of(spki, (size_t)len), now_ms, ret_pem, ret_id);
    OPENSSL_free(spki);
    return result;
}

static enum issuer_result sign(void *ctx, struct slice pem, int64_t now_ms, struct text *ret_pem,
                               char ret_id[REGISTRY_ID_SIZE])
{
    struct signer *s = ctx;

    if (!s->signs)
        return ISSUER_FAILED;
    if (pem.len == 0 || pem.len > CSR_MAX)
        return ISSUER_BAD_REQUEST;
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
    if (bio == NULL)
        return ISSUER_FAILED;
    X509_REQ *csr = PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL);
    enum issuer_result result =
        csr != NULL ? sign_request(s, csr, now_ms, ret_pem, ret_id) : ISSUER_BAD_REQUEST;
    X509_REQ_free(csr);
    BIO_free(bio);
    ERR_clear_error();
    return result;
}

static enum issuer_result make(void *ctx, int64_t now_ms, struct text *ret_pem,
                               struct text *ret_key, char ret_id[REGISTRY_ID_SIZE])
{
    struct signer *s = ctx;
    uint8_t scalar[EC_SCALAR_SIZE], spki[EC_SPKI_SIZE];
    struct ec_key key;
    struct buf pem;

    if (!s->signs || RAND_bytes(scalar, sizeof scalar) != 1 ||
        !ec_key_from_scalar(s->ec, scalar, &key))
        return ISSUER_FAILED;
    ec_key_spki(&key, spki);
    buf_init(&pem, PEM_FILE_MAX);
    enum issuer_result result =
        issue(s, "AWS IoT Certificate", slice_of(spki, sizeof spki), now_ms, ret_pem, ret_id);
    if (result == ISSUER_OK && ec_key_pem(&key, &pem))
        text_bytes(ret_key, buf_cstr(&pem), buf_len(&pem));
    buf_done(&pem);
    OPENSSL_cleanse(scalar, sizeof scalar);
    OPENSSL_cleanse(&key, sizeof key);
    return ret_key->failed ? ISSUER_FAILED : result;
}

static enum issuer_result identify(void *ctx, struct slice pem, char ret_id[REGISTRY_ID_SIZE])
{
    struct error err;
    struct buf der;

    (void)ctx;
    buf_init(&der, PEM_FILE_MAX);
    bool ok = certificate_from_pem(pem, &der, &err);
    if (ok)
        certificate_id(buf_slice(&der), ret_id);
    buf_done(&der);
    return ok ? ISSUER_OK : ISSUER_BAD_REQUEST;
}

struct signer *signer_new(const char *certificate, const char *key, struct error *err)
{
    struct signer *s = calloc(1, sizeof *s);
    struct buf der;
    bool ok = true;

    if (s == NULL) {
        error_set(err, ERROR_TARGET, "no memory");
        return NULL;
    }
    s->ec = ec_new();
    s->issuer = (struct issuer){.ctx = s, .sign = sign, .make = make, .identify = identify};
    buf_init(&der, PEM_FILE_MAX);
    if (certificate != NULL && key != NULL) {
        ok = pem_file_read_certificate(certificate, &der, err) &&
             pem_file_read_issuer(key, s->ec, buf_slice(&der), &s->authority, err);
        s->signs = ok;
    }
    buf_done(&der);
    if (ok)
        return s;
    signer_free(s);
    return NULL;
}

void signer_free(struct signer *s)
{
    if (s == NULL)
        return;
    ec_free(s->ec);
    OPENSSL_cleanse(&s->authority, sizeof s->authority);
    free(s);
}

const struct issuer *signer_issuer(const struct signer *s)
{
    return &s->issuer;
}
