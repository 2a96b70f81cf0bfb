/*
 * fake_certs.h — throw-away certificates for tests: P-256, made in memory. Header-only, because
 * only some tests link OpenSSL.
 */
#ifndef SUPPORT_FAKE_CERTS_H
#define SUPPORT_FAKE_CERTS_H

#include <assert.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"

struct fake_cert {
    X509 *cert;
    EVP_PKEY *key;
    uint8_t *der;
    size_t der_len;
    uint8_t *key_der;
    size_t key_der_len;
};

struct fake_request {
    const char *name;               /* CN */
    const struct fake_cert *issuer; /* NULL: self-signed */
    const char *alt_names;          /* "DNS:localhost,IP:127.0.0.1", or NULL */
    const char *responder;          /* whom to ask about it (AIA), "http://…", or NULL */
    const char *key_usage;          /* extended, "OCSPSigning", or NULL */
    bool ca;
    long from_days, to_days; /* from now */
};

static inline void fake_cert_extend(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;

    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    assert(ext != NULL);
    X509_add_ext(cert, ext, -1);
    X509_EXTENSION_free(ext);
}

static inline struct fake_cert fake_cert_make(const struct fake_request *r)
{
    static long serial = 1;
    struct fake_cert c = {.cert = X509_new(), .key = EVP_EC_gen("P-256")};
    X509_NAME *name = X509_NAME_new();
    X509 *issuer = r->issuer != NULL ? r->issuer->cert : c.cert;

    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)r->name, -1, -1,
                               0);
    X509_set_version(c.cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(c.cert), serial++);
    X509_time_adj_ex(X509_getm_notBefore(c.cert), (int)r->from_days, 0, NULL);
    X509_time_adj_ex(X509_getm_notAfter(c.cert), (int)r->to_days, 0, NULL);
    X509_set_subject_name(c.cert, name);
    X509_set_issuer_name(c.cert, X509_get_subject_name(issuer));
    X509_set_pubkey(c.cert, c.key);
    fake_cert_extend(c.cert, issuer, NID_basic_constraints,
                     r->ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
    fake_cert_extend(c.cert, issuer, NID_subject_key_identifier, "hash");
    if (r->alt_names != NULL)
        fake_cert_extend(c.cert, issuer, NID_subject_alt_name, r->alt_names);
    if (r->key_usage != NULL)
        fake_cert_extend(c.cert, issuer, NID_ext_key_usage, r->key_usage);
    if (r->responder != NULL) {
        char aia[128];
        snprintf(aia, sizeof aia, "OCSP;URI:%s", r->responder);
        fake_cert_extend(c.cert, issuer, NID_info_access, aia);
    }
    X509_sign(c.cert, r->issuer != NULL ? r->issuer->key : c.key, EVP_sha256());
    X509_NAME_free(name);
    c.der_len = (size_t)i2d_X509(c.cert, &c.der);
    c.key_der_len = (size_t)i2d_PrivateKey(c.key, &c.key_der);
    return c;
}

static inline void fake_cert_free(struct fake_cert *c)
{
    X509_free(c->cert);
    EVP_PKEY_free(c->key);
    OPENSSL_free(c->der);
    OPENSSL_free(c->key_der);
    *c = (struct fake_cert){0};
}

/* The certificate as PEM text; free() it. */
static inline char *fake_cert_pem(const struct fake_cert *c)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *data = NULL;

    PEM_write_bio_X509(bio, c->cert);
    long len = BIO_get_mem_data(bio, &data);
    char *text = strndup(data, (size_t)len);
    BIO_free(bio);
    return text;
}

/* The private key as PEM text; free() it. */
static inline char *fake_key_pem(const struct fake_cert *c)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *data = NULL;

    PEM_write_bio_PrivateKey(bio, c->key, NULL, NULL, 0, NULL, NULL);
    long len = BIO_get_mem_data(bio, &data);
    char *text = strndup(data, (size_t)len);
    BIO_free(bio);
    return text;
}

#endif
