#include "pki/signing_request.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

/* Always false. */
static bool failed(const char *what, struct error *err)
{
    const char *why = ERR_reason_error_string(ERR_peek_last_error());

    error_set(err, ERROR_FAILED, "%s: %s", what, why != NULL ? why : "OpenSSL cannot");
    ERR_clear_error();
    return false;
}

static bool append_key(EVP_PKEY *key, struct buf *to)
{
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
    unsigned char *der = NULL;
    int len = info != NULL ? i2d_PKCS8_PRIV_KEY_INFO(info, &der) : -1;
    bool ok = len > 0 && buf_append(to, der, (size_t)len);

    if (der != NULL)
        OPENSSL_clear_free(der, (size_t)len);
    PKCS8_PRIV_KEY_INFO_free(info);
    return ok;
}

static bool append_request(X509_REQ *request, struct buf *to)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    bool ok = bio != NULL && PEM_write_bio_X509_REQ(bio, request) == 1;

    if (ok) {
        long len = BIO_get_mem_data(bio, &text);
        ok = buf_append(to, text, (size_t)len);
    }
    BIO_free(bio);
    return ok;
}

static bool fill(X509_REQ *request, const char *common_name, EVP_PKEY *key)
{
    X509_NAME *subject = X509_REQ_get_subject_name(request);

    return X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8,
                                      (const unsigned char *)common_name, -1, -1, 0) == 1 &&
           X509_REQ_set_pubkey(request, key) == 1 && X509_REQ_sign(request, key, EVP_sha256()) > 0;
}

bool signing_request_make(const char *common_name, struct buf *ret_key, struct buf *ret_pem,
                          struct error *err)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509_REQ *request = X509_REQ_new();
    bool ok = key != NULL && request != NULL && fill(request, common_name, key) &&
              append_key(key, ret_key) && append_request(request, ret_pem);

    X509_REQ_free(request);
    EVP_PKEY_free(key);
    return ok || failed("signing request", err);
}

bool signing_key_from_pem(struct slice pem, struct buf *ret_key, struct error *err)
{
    BIO *bio =
        pem.len != 0 && pem.len <= INT32_MAX ? BIO_new_mem_buf(pem.data, (int)pem.len) : NULL;
    EVP_PKEY *key = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
    bool ok = key != NULL && append_key(key, ret_key);

    EVP_PKEY_free(key);
    BIO_free(bio);
    return ok || failed("private key", err);
}

bool signing_key_fits(struct slice certificate, struct slice key_der, struct error *err)
{
    const unsigned char *at = certificate.data, *key_at = key_der.data;
    X509 *x509 = d2i_X509(NULL, &at, (long)certificate.len);
    EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &key_at, (long)key_der.len);
    bool ok = x509 != NULL && key != NULL && X509_check_private_key(x509, key) == 1;

    EVP_PKEY_free(key);
    X509_free(x509);
    return ok || failed("the certificate is not of the key", err);
}
