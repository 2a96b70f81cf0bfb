#include "net/tls_options.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"
#include "pki/ocsp.h"

bool tls_options_chosen(const struct tls_options *o)
{
    return o->alpn != NULL || o->version != NULL || o->ciphers != NULL || o->groups != NULL ||
           o->crl_file != NULL || o->ocsp != NULL || o->ocsp_responder != NULL || o->resumption;
}

/* --- Whom to trust --- */

static bool trust_pem(SSL_CTX *ssl, struct slice pem, struct error *err)
{
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
    size_t found = 0;

    for (X509 *cert; (cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL; found++) {
        X509_STORE_add_cert(SSL_CTX_get_cert_store(ssl), cert);
        X509_free(cert);
    }
    BIO_free(bio);
    ERR_clear_error();
    if (found == 0)
        return error_set(err, ERROR_USAGE, "CA certificates: no PEM certificate found in them");
    return true;
}

static bool trust(SSL_CTX *ssl, const struct tls_options *o, struct error *err)
{
    if (o->ca_file == NULL && o->ca_pem.len == 0)
        SSL_CTX_set_default_verify_paths(ssl);
    if (o->ca_file != NULL && SSL_CTX_load_verify_file(ssl, o->ca_file) != 1) {
        unsigned long code = ERR_peek_last_error();
        const char *reason = ERR_SYSTEM_ERROR(ERR_peek_error())
                                 ? strerror(ERR_GET_REASON(ERR_peek_error()))
                                 : ERR_reason_error_string(code);
        return error_set(err, ERROR_USAGE,
                         "CA file %s: %s (a PEM file with CA certificates is needed)", o->ca_file,
                         reason != NULL ? reason : "unreadable");
    }
    return o->ca_pem.len == 0 || trust_pem(ssl, o->ca_pem, err);
}

static bool load_crls(SSL_CTX *ssl, const struct tls_options *o, struct error *err)
{
    X509_STORE *store = SSL_CTX_get_cert_store(ssl);
    size_t found = 0;

    if (o->crl_file == NULL)
        return true;
    if (o->insecure)
        return error_set(err, ERROR_USAGE,
                         "CRL file %s: not used while the server is not verified (leave one of the "
                         "two out)",
                         o->crl_file);
    BIO *bio = BIO_new_file(o->crl_file, "re");
    if (bio == NULL)
        return error_set(err, ERROR_USAGE, "CRL file %s: %s", o->crl_file, strerror(errno));
    for (X509_CRL *crl; (crl = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL)) != NULL; found++) {
        X509_STORE_add_crl(store, crl);
        X509_CRL_free(crl);
    }
    BIO_free(bio);
    ERR_clear_error();
    if (found == 0)
        return error_set(err, ERROR_USAGE,
                         "CRL file %s: no PEM revocation list in it (\"BEGIN X509 CRL\" is needed)",
                         o->crl_file);
    X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
    return true;
}

bool tls_options_revocation(const struct tls_options *o, enum revocation_mode *ret,
                            struct error *err)
{
    *ret = REVOCATION_OFF;
    if (o->ocsp != NULL && !revocation_mode_parse(o->ocsp, ret, err))
        return false;
    if (*ret != REVOCATION_OFF && o->insecure)
        return error_set(err, ERROR_USAGE,
                         "OCSP: not asked while the server is not verified (leave one of the two "
                         "out)");
    if (o->ocsp_responder == NULL)
        return true;
    if (*ret != REVOCATION_REQUIRE)
        return error_set(err, ERROR_USAGE,
                         "OCSP responder %.200s: nobody asks it (it goes with --ocsp require)",
                         o->ocsp_responder);
    return ocsp_url_check(o->ocsp_responder, err);
}

/* --- What to offer --- */

static bool offer_alpn(SSL_CTX *ssl, const char *alpn, struct error *err)
{
    unsigned char wire[256]; /* length and name, no NUL */
    size_t len = alpn != NULL ? strlen(alpn) : 0;

    if (alpn == NULL)
        return true;
    if (len == 0 || len > 255)
        return error_set(err, ERROR_USAGE, "ALPN: \"%s\" is not a protocol name (1 to 255 bytes)",
                         alpn);
    wire[0] = (unsigned char)len;
    for (size_t i = 0; i < len; i++)
        wire[i + 1] = (unsigned char)alpn[i];
    SSL_CTX_set_alpn_protos(ssl, wire, (unsigned)len + 1);
    return true;
}

static bool limit_version(SSL_CTX *ssl, const char *name, struct error *err)
{
    static const struct version {
        const char *name;
        int min, max; /* 0: the highest there is */
    } versions[] = {
        {"any", TLS1_2_VERSION, 0             },
        {"1.2", TLS1_2_VERSION, TLS1_2_VERSION},
        {"1.3", TLS1_3_VERSION, TLS1_3_VERSION},
    };

    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
        if (name != NULL && strcmp(versions[i].name, name) != 0)
            continue;
        SSL_CTX_set_min_proto_version(ssl, versions[i].min);
        SSL_CTX_set_max_proto_version(ssl, versions[i].max);
        return true;
    }
    return error_set(err, ERROR_USAGE, "TLS version \"%s\": not known (1.2, 1.3 or any)", name);
}

/* OpenSSL takes no notice of a TLS 1.3 name that it does not know. */
static bool known_suite(const char *name)
{
    static const char *const suites[] = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
                                         "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_CCM_SHA256",
                                         "TLS_AES_128_CCM_8_SHA256"};

    for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++)
        if (strcmp(suites[i], name) == 0)
            return true;
    return false;
}

static void append_name(char *list, const char *name)
{
    char *end = list + strlen(list);

    if (end != list)
        *end++ = ':';
    memcpy(end, name, strlen(name) + 1);
}

/* Sorts the names into lists for TLS 1.3 and 1.2, each as large as `ciphers`. */
static bool sort_ciphers(SSL_CTX *ssl, char *ciphers, char *ret_new, char *ret_old,
                         struct error *err)
{
    char *rest = NULL;

    for (char *name = strtok_r(ciphers, ":, ", &rest); name != NULL;
         name = strtok_r(NULL, ":, ", &rest)) {
        bool is_new = strncmp(name, "TLS_", 4) == 0;
        bool word = (name[0] | 0x20) >= 'a' && (name[0] | 0x20) <= 'z';
        /* "!aNULL" and the like say something only about the others. */
        if (is_new ? !known_suite(name) : word && SSL_CTX_set_cipher_list(ssl, name) != 1)
            return error_set(err, ERROR_USAGE,
                             "cipher \"%s\": not known (see them with: openssl ciphers -v)", name);
        append_name(is_new ? ret_new : ret_old, name);
    }
    return true;
}

static bool use_ciphers(SSL_CTX *ssl, const char *new, const char *old, const struct tls_options *o,
                        struct error *err)
{
    int min = new[0] != '\0' && old[0] == '\0' ? TLS1_3_VERSION : TLS1_2_VERSION;
    int max = new[0] == '\0' ? TLS1_2_VERSION : TLS1_3_VERSION;
    int may = (int)SSL_CTX_get_max_proto_version(ssl);

    if ((new[0] != '\0' && SSL_CTX_set_ciphersuites(ssl, new) != 1) ||
        (old[0] != '\0' && SSL_CTX_set_cipher_list(ssl, old) != 1) ||
        (new[0] == '\0' && old[0] == '\0'))
        return error_set(err, ERROR_USAGE, "ciphers \"%s\": not a list of cipher names",
                         o->ciphers);
    if (SSL_CTX_get_min_proto_version(ssl) > max || (may != 0 && may < min))
        return error_set(err, ERROR_USAGE, "ciphers \"%s\": none of them belongs to TLS %s",
                         o->ciphers, o->version);
    if (SSL_CTX_get_min_proto_version(ssl) < min)
        SSL_CTX_set_min_proto_version(ssl, min);
    if (may == 0)
        SSL_CTX_set_max_proto_version(ssl, max);
    return true;
}

static bool choose_ciphers(SSL_CTX *ssl, const struct tls_options *o, struct error *err)
{
    /* AES-128 first: what telematics units use, and the smaller key schedule. */
    SSL_CTX_set_ciphersuites(ssl, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
                                  "TLS_CHACHA20_POLY1305_SHA256");
    if (o->ciphers == NULL)
        return true;
    char *names = xstrdup(o->ciphers);
    char *new = xcalloc(1, strlen(names) + 1), *old = xcalloc(1, strlen(names) + 1);
    bool ok = sort_ciphers(ssl, names, new, old, err) && use_ciphers(ssl, new, old, o, err);
    ERR_clear_error();
    free(names);
    free(new);
    free(old);
    return ok;
}

static bool choose_groups(SSL_CTX *ssl, const char *groups, struct error *err)
{
    if (groups == NULL)
        return true;
    char *list = xstrdup(groups);
    for (char *at = list; (at = strchr(at, ',')) != NULL;)
        *at = ':';
    bool ok = SSL_CTX_set1_groups_list(ssl, list) == 1;
    ERR_clear_error();
    free(list);
    return ok || error_set(err, ERROR_USAGE,
                           "groups \"%s\": one of them is not known (X25519, P-256, P-384, P-521, "
                           "X448 or ffdhe2048)",
                           groups);
}

bool tls_options_apply(const struct tls_options *o, SSL_CTX *ssl, struct error *err)
{
    return limit_version(ssl, o->version, err) && choose_ciphers(ssl, o, err) &&
           choose_groups(ssl, o->groups, err) && (o->insecure || trust(ssl, o, err)) &&
           load_crls(ssl, o, err) && offer_alpn(ssl, o->alpn, err);
}
