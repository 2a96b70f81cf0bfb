#include "pki/crl.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/store.h"
#include "base/xmem.h"
#include "pki/crl_inside.h"

#define FILE_MAX    (64u << 20)
#define AUTHORITIES CRL_AUTHORITIES

/* Verifiers' clocks are not ours. */
#define BACKDATED 300

/* ORDER of RFC 5280, 5.3.1; 7 is not used. */
static const char *const reasons[] = {
    "unspecified", "keyCompromise",        "cACompromise",    "affiliationChanged",
    "superseded",  "cessationOfOperation", "certificateHold", NULL,
    NULL,          "privilegeWithdrawn",
};
#define REASON_COUNT (sizeof reasons / sizeof *reasons)

/* One authority and its lists. */
struct issuer {
    struct crl_authority *authority;
    X509_CRL *fresh;
};

char *crl_path(const char *dir)
{
    return xasprintf("%s/pki/crl.pem", dir);
}

/* -1: none. */
static int reason_find(const char *name)
{
    if (name == NULL)
        return 0;
    for (size_t i = 0; i < REASON_COUNT; i++)
        if (reasons[i] != NULL && strcmp(reasons[i], name) == 0)
            return (int)i;
    return -1;
}

bool crl_reason_is_known(const char *name, struct error *err)
{
    return reason_find(name) >= 0 ||
           error_set(err, ERROR_USAGE,
                     "reason %.40s: none of RFC 5280's (unspecified, keyCompromise, "
                     "affiliationChanged, superseded, cessationOfOperation, certificateHold, "
                     "privilegeWithdrawn)",
                     name);
}

static BIO *open_file(const char *path, struct buf *text, struct error *err)
{
    buf_init(text, FILE_MAX);
    if (!store_read(path, text, err))
        return NULL;
    return BIO_new_mem_buf(buf_cstr(text), (int)buf_len(text));
}

/* ---- authorities and their lists ---- */

static bool open_authority(const char *certificate, const char *key, struct crl_authority *ret,
                           struct error *err)
{
    struct buf text, secret;
    BIO *bio = open_file(certificate, &text, err);

    *ret = (struct crl_authority){
        .certificate = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL};
    BIO_free(bio);
    buf_done(&text);
    if (ret->certificate == NULL)
        return error_set(err, ERROR_USAGE, "%s: no certificate (run `fleetsim pki init` first?)",
                         certificate);
    bio = open_file(key, &secret, err);
    ret->key = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
    BIO_free(bio);
    if (secret.data != NULL)
        OPENSSL_cleanse(secret.data, secret.cap);
    buf_done(&secret);
    return ret->key != NULL || error_set(err, ERROR_USAGE, "%s: no private key", key);
}

bool crl_authorities_open(const struct pki *pki, struct crl_authority ret[AUTHORITIES],
                          struct error *err)
{
    return open_authority(pki_path(pki, PKI_FILE_INTERMEDIATE),
                          pki_path(pki, PKI_FILE_INTERMEDIATE_KEY), &ret[0], err) &&
           open_authority(pki_path(pki, PKI_FILE_CLOUD), pki_path(pki, PKI_FILE_CLOUD_KEY), &ret[1],
                          err);
}

void crl_authorities_close(struct crl_authority authorities[AUTHORITIES])
{
    for (size_t i = 0; i < AUTHORITIES; i++) {
        X509_free(authorities[i].certificate);
        EVP_PKEY_free(authorities[i].key);
        X509_CRL_free(authorities[i].list);
    }
}

bool crl_authorities_read(const char *path, struct crl_authority authorities[AUTHORITIES],
                          struct error *err)
{
    X509_CRL *crl, *found[AUTHORITIES] = {NULL};
    struct buf text;
    bool any = access(path, F_OK) != 0;

    BIO *bio = any ? NULL : open_file(path, &text, err);
    while (bio != NULL && (crl = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL)) != NULL) {
        any = true;
        for (size_t i = 0; i < AUTHORITIES && crl != NULL; i++)
            if (found[i] == NULL && X509_CRL_verify(crl, authorities[i].key) == 1) {
                found[i] = crl;
                crl = NULL;
            }
        X509_CRL_free(crl);
    }
    if (bio != NULL) {
        BIO_free(bio);
        buf_done(&text);
    }
    for (size_t i = 0; any && i < AUTHORITIES; i++) {
        X509_CRL_free(authorities[i].list);
        authorities[i].list = found[i];
    }
    ERR_clear_error();
    return any ||
           error_set(err, ERROR_USAGE,
                     "%s: no list of revoked certificates (remove it; a new one is made)", path);
}

/* ---- a new list ---- */

int64_t crl_time(const ASN1_TIME *time)
{
    struct tm tm;

    return ASN1_TIME_to_tm(time, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

/* Later than the one before, for of two lists alike in age the older one wins. */
static int64_t issued_at(const struct issuer *issuer, int64_t now)
{
    int64_t before = issuer->authority->list != NULL
                         ? crl_time(X509_CRL_get0_lastUpdate(issuer->authority->list)) + 1
                         : 0;

    return before > now - BACKDATED ? before : now - BACKDATED;
}

static bool copy_entries(const struct issuer *issuer)
{
    STACK_OF(X509_REVOKED) *entries =
        issuer->authority->list != NULL ? X509_CRL_get_REVOKED(issuer->authority->list) : NULL;

    for (int i = 0; i < sk_X509_REVOKED_num(entries); i++) {
        X509_REVOKED *copy = X509_REVOKED_dup(sk_X509_REVOKED_value(entries, i));
        if (copy == NULL || X509_CRL_add0_revoked(issuer->fresh, copy) != 1) {
            X509_REVOKED_free(copy);
            return false;
        }
    }
    return true;
}

/* The number of the list and the key that signs it (RFC 5280, 5.2.1, 5.2.3). */
static bool add_extensions(const struct issuer *issuer)
{
    ASN1_INTEGER *number =
        issuer->authority->list != NULL
            ? X509_CRL_get_ext_d2i(issuer->authority->list, NID_crl_number, NULL, NULL)
            : NULL;
    int64_t value = 0;
    X509V3_CTX ctx;

    if (number == NULL)
        number = ASN1_INTEGER_new();
    else
        ASN1_INTEGER_get_int64(&value, number);
    bool ok = number != NULL && ASN1_INTEGER_set_int64(number, value + 1) == 1 &&
              X509_CRL_add1_ext_i2d(issuer->fresh, NID_crl_number, number, 0, 0) == 1;
    ASN1_INTEGER_free(number);
    X509V3_set_ctx(&ctx, issuer->authority->certificate, NULL, NULL, issuer->fresh, 0);
    X509_EXTENSION *key =
        ok ? X509V3_EXT_conf_nid(NULL, &ctx, NID_authority_key_identifier, "keyid") : NULL;
    ok = key != NULL && X509_CRL_add_ext(issuer->fresh, key, -1) == 1;
    X509_EXTENSION_free(key);
    return ok;
}

static bool begin_list(struct issuer *issuer, const struct crl_change *change)
{
    ASN1_TIME *from = ASN1_TIME_set(NULL, issued_at(issuer, change->now));
    ASN1_TIME *to = ASN1_TIME_set(NULL, change->now + (int64_t)change->days * 86400);

    issuer->fresh = X509_CRL_new();
    bool ok = issuer->fresh != NULL && from != NULL && to != NULL &&
              X509_CRL_set_version(issuer->fresh, 1) == 1 &&
              X509_CRL_set_issuer_name(
                  issuer->fresh, X509_get_subject_name(issuer->authority->certificate)) == 1 &&
              X509_CRL_set1_lastUpdate(issuer->fresh, from) == 1 &&
              X509_CRL_set1_nextUpdate(issuer->fresh, to) == 1 && copy_entries(issuer) &&
              add_extensions(issuer);
    ASN1_TIME_free(from);
    ASN1_TIME_free(to);
    return ok;
}

static bool add_entry(X509_CRL *list, X509 *certificate, int reason, int64_t now)
{
    X509_REVOKED *entry = X509_REVOKED_new(), *known = NULL;
    ASN1_TIME *when = ASN1_TIME_set(NULL, now);
    ASN1_ENUMERATED *code = ASN1_ENUMERATED_new();

    if (X509_CRL_get0_by_cert(list, &known, certificate) == 1) {
        X509_REVOKED_free(entry);
        ASN1_TIME_free(when);
        ASN1_ENUMERATED_free(code);
        return true;
    }
    bool ok = entry != NULL && when != NULL && code != NULL &&
              X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(certificate)) == 1 &&
              X509_REVOKED_set_revocationDate(entry, when) == 1 &&
              (reason == 0 || (ASN1_ENUMERATED_set(code, reason) == 1 &&
                               X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, code, 0, 0) == 1));
    ASN1_TIME_free(when);
    ASN1_ENUMERATED_free(code);
    if (ok && X509_CRL_add0_revoked(list, entry) == 1)
        return true;
    X509_REVOKED_free(entry);
    return false;
}

static bool revoke_one(struct issuer issuers[AUTHORITIES], struct slice der, int reason,
                       const struct crl_change *change, struct error *err)
{
    const unsigned char *p = der.data;
    X509 *certificate = d2i_X509(NULL, &p, (long)der.len);
    bool found = false, ok = true;

    for (size_t i = 0; certificate != NULL && !found && i < AUTHORITIES; i++) {
        found = X509_verify(certificate, issuers[i].authority->key) == 1;
        ok = !found || add_entry(issuers[i].fresh, certificate, reason, change->now);
    }
    X509_free(certificate);
    if (!found)
        return error_set(err, ERROR_USAGE,
                         "this PKI has not issued the certificate (name the directory of the one "
                         "that has)");
    return ok || error_set(err, ERROR_FAILED, "the list cannot be made");
}

static bool write_lists(const char *path, struct issuer issuers[AUTHORITIES], struct error *err)
{
    BIO *bio = BIO_new(BIO_s_mem());
    bool ok = bio != NULL;
    char *text = NULL;

    for (size_t i = 0; ok && i < AUTHORITIES; i++)
        ok = X509_CRL_sort(issuers[i].fresh) == 1 &&
             X509_CRL_sign(issuers[i].fresh, issuers[i].authority->key, EVP_sha256()) > 0 &&
             PEM_write_bio_X509_CRL(bio, issuers[i].fresh) == 1;
    long len = ok ? BIO_get_mem_data(bio, &text) : 0;
    ok = ok ? store_write(path, STORE_PUBLIC, slice_of(text, (size_t)len), err)
            : error_set(err, ERROR_FAILED, "%s: the list cannot be signed", path);
    BIO_free(bio);
    return ok;
}

bool crl_update(const struct pki *pki, const char *dir, const struct crl_change *change,
                struct error *err)
{
    struct crl_authority authorities[AUTHORITIES] = {0};
    struct issuer issuers[AUTHORITIES] = {{.authority = &authorities[0]},
                                          {.authority = &authorities[1]}};
    int reason = reason_find(change->reason);
    char *path = crl_path(dir);

    bool ok = crl_reason_is_known(change->reason, err);
    ok = ok && crl_authorities_open(pki, authorities, err) &&
         crl_authorities_read(path, authorities, err);
    for (size_t i = 0; ok && i < AUTHORITIES; i++)
        ok = begin_list(&issuers[i], change) ||
             error_set(err, ERROR_FAILED, "%s: the list cannot be made", path);
    for (size_t i = 0; ok && i < change->count; i++)
        ok = revoke_one(issuers, change->certificates[i], reason, change, err);
    ok = ok && write_lists(path, issuers, err);
    for (size_t i = 0; i < AUTHORITIES; i++)
        X509_CRL_free(issuers[i].fresh);
    crl_authorities_close(authorities);
    free(path);
    return ok;
}

/* ---- reading ---- */

int crl_entry_reason(const X509_REVOKED *entry)
{
    ASN1_ENUMERATED *code = X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, NULL, NULL);
    long reason = code != NULL ? ASN1_ENUMERATED_get(code) : 0;

    ASN1_ENUMERATED_free(code);
    return reason >= 0 && (size_t)reason < REASON_COUNT && reasons[reason] != NULL ? (int)reason
                                                                                   : 0;
}

static void show_entry(const X509_CRL *crl, const X509_REVOKED *entry,
                       void (*visit)(void *ctx, const struct crl_entry *e), void *ctx)
{
    char issuer[128] = "?";
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_REVOKED_get0_serialNumber(entry), NULL);
    char *serial = number != NULL ? BN_bn2hex(number) : NULL;

    X509_NAME_get_text_by_NID(X509_CRL_get_issuer(crl), NID_commonName, issuer, sizeof issuer);
    visit(ctx, &(struct crl_entry){.issuer = issuer,
                                   .serial = serial != NULL ? serial : "?",
                                   .reason = reasons[crl_entry_reason(entry)],
                                   .when = crl_time(X509_REVOKED_get0_revocationDate(entry))});
    OPENSSL_free(serial);
    BN_free(number);
}

size_t crl_read(const char *path, void (*visit)(void *ctx, const struct crl_entry *e), void *ctx,
                struct error *err)
{
    struct buf text;
    size_t lists = 0;
    X509_CRL *crl;
    BIO *bio = open_file(path, &text, err);

    for (; bio != NULL && (crl = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL)) != NULL; lists++) {
        STACK_OF(X509_REVOKED) *entries = X509_CRL_get_REVOKED(crl);
        for (int i = 0; visit != NULL && i < sk_X509_REVOKED_num(entries); i++)
            show_entry(crl, sk_X509_REVOKED_value(entries, i), visit, ctx);
        X509_CRL_free(crl);
    }
    if (bio != NULL && lists == 0)
        error_set(err, ERROR_USAGE,
                  "%s: no list of revoked certificates (make one with `fleetsim "
                  "pki crl`)",
                  path);
    BIO_free(bio);
    buf_done(&text);
    return lists;
}
