#include "pki/certificate.h"

#include <arpa/inet.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "pki/der.h"
#include "pki/ocsp.h"

#define NAME_BYTES_MAX 64 /* ub-common-name (RFC 5280, appendix A.1) */
#define DNS_NAME_MAX   253
#define SERIAL_SIZE    16
#define KEY_ID_SIZE    20

/* Last octet of the id-ce extensions (RFC 5280, 4.2.1). */
enum extension {
    EXTENSION_SUBJECT_KEY_ID = 14,
    EXTENSION_KEY_USAGE = 15,
    EXTENSION_ALT_NAME = 17,
    EXTENSION_BASIC_CONSTRAINTS = 19,
    EXTENSION_AUTHORITY_KEY_ID = 35,
    EXTENSION_EXTENDED_KEY_USAGE = 37
};

enum attribute { ATTRIBUTE_CN = 3, ATTRIBUTE_O = 10, ATTRIBUTE_OU = 11 };

/* Last octet of id-kp (RFC 5280, 4.2.1.12). */
enum purpose { PURPOSE_NONE, PURPOSE_SERVER = 1, PURPOSE_CLIENT = 2, PURPOSE_CODE = 3 };

/* ORDER CERTIFICATE_ROLE */
static const struct role {
    const char *name;
    const char *unit; /* OU, NULL: none */
    enum purpose purpose;
    bool authority;
    bool leaves_only; /* path length 0 */
} roles[CERTIFICATE_ROLE_COUNT] = {
    {"root",         NULL,        PURPOSE_NONE,   true,  false},
    {"intermediate", NULL,        PURPOSE_NONE,   true,  true },
    {"server",       NULL,        PURPOSE_SERVER, false, false},
    {"vehicle",      "vehicle",   PURPOSE_CLIENT, false, false},
    {"companion",    "companion", PURPOSE_CLIENT, false, false},
    {"claim",        "claim",     PURPOSE_CLIENT, false, false},
    {"signer",       NULL,        PURPOSE_CODE,   false, false},
};

const char *certificate_role_name(enum certificate_role role)
{
    return role < CERTIFICATE_ROLE_COUNT ? roles[role].name : "?";
}

bool certificate_role_parse(const char *name, enum certificate_role *ret)
{
    for (int i = 0; i < CERTIFICATE_ROLE_COUNT; i++)
        if (strcmp(roles[i].name, name) == 0) {
            *ret = (enum certificate_role)i;
            return true;
        }
    return false;
}

static void sha256(struct slice bytes, uint8_t ret[EC_DIGEST_SIZE])
{
    OPENSSL_assert(EVP_Digest(bytes.data, bytes.len, ret, NULL, EVP_sha256(), NULL) == 1);
}

/* What was written since `mark` becomes the value of an extension. */
static void wrap_extension(struct der *d, enum extension id, bool critical, size_t mark)
{
    const uint8_t oid[] = {0x55, 0x1d, (uint8_t)id};

    der_wrap(d, DER_OCTET_STRING, mark);
    if (critical)
        der_value(d, DER_BOOLEAN, slice_of("\xff", 1));
    der_value(d, DER_OID, slice_of(oid, sizeof oid));
    der_wrap(d, DER_SEQUENCE, mark);
}

static void put_key_ids(struct der *d, struct slice authority, struct slice spki)
{
    uint8_t digest[EC_DIGEST_SIZE];
    size_t mark = d->start;

    /* RFC 7093, section 2, method 4, cut to the length that everybody expects. */
    sha256(spki, digest);
    struct slice own = slice_of(digest, KEY_ID_SIZE);
    if (authority.data == NULL)
        authority = own;
    if (authority.len != 0) {
        der_value(d, DER_CONTEXT(0), authority);
        der_wrap(d, DER_SEQUENCE, mark);
        wrap_extension(d, EXTENSION_AUTHORITY_KEY_ID, false, mark);
    }
    mark = d->start;
    der_value(d, DER_OCTET_STRING, own);
    wrap_extension(d, EXTENSION_SUBJECT_KEY_ID, false, mark);
}

/* Authority information access, RFC 5280, 4.2.2.1. */
static void put_responder(struct der *d, const char *url)
{
    static const uint8_t ocsp[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01};
    static const uint8_t access[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x01};
    size_t mark = d->start;

    if (url == NULL)
        return;
    der_value(d, DER_CONTEXT(6), slice_str(url)); /* a GeneralName that is a URI */
    der_value(d, DER_OID, slice_of(ocsp, sizeof ocsp));
    der_wrap(d, DER_SEQUENCE, mark);
    der_wrap(d, DER_SEQUENCE, mark);
    der_wrap(d, DER_OCTET_STRING, mark);
    der_value(d, DER_OID, slice_of(access, sizeof access));
    der_wrap(d, DER_SEQUENCE, mark);
}

static bool is_dns_name(const char *name)
{
    size_t len = strlen(name);

    return len != 0 && len <= DNS_NAME_MAX && name[0] != '.' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._*") ==
               len;
}

static bool put_alt_names(struct der *d, const struct certificate_request *request,
                          struct error *err)
{
    size_t mark = d->start;

    if (request->alt_name_count == 0)
        return error_set(err, ERROR_USAGE,
                         "a server certificate needs a name that clients reach "
                         "it by (give a DNS name or an IP address)");
    for (size_t i = request->alt_name_count; i-- > 0;) {
        const char *name = request->alt_names[i];
        uint8_t address[16];
        if (inet_pton(AF_INET, name, address) == 1)
            der_value(d, DER_CONTEXT(7), slice_of(address, 4));
        else if (inet_pton(AF_INET6, name, address) == 1)
            der_value(d, DER_CONTEXT(7), slice_of(address, 16));
        else if (is_dns_name(name))
            der_value(d, DER_CONTEXT(2), slice_str(name));
        else
            return error_set(err, ERROR_USAGE,
                             "server name \"%.64s\": neither a DNS name nor an IP address (use "
                             "letters, digits, '-', '.', or an address without brackets)",
                             name);
    }
    der_wrap(d, DER_SEQUENCE, mark);
    wrap_extension(d, EXTENSION_ALT_NAME, false, mark);
    return true;
}

static void put_usage(struct der *d, const struct role *role)
{
    size_t mark = d->start;

    if (role->purpose != PURPOSE_NONE) {
        const uint8_t oid[] = {0x2b, 6, 1, 5, 5, 7, 3, (uint8_t)role->purpose};
        der_value(d, DER_OID, slice_of(oid, sizeof oid));
        der_wrap(d, DER_SEQUENCE, mark);
        wrap_extension(d, EXTENSION_EXTENDED_KEY_USAGE, false, mark);
        mark = d->start;
    }
    /* Leading octet: unused bits at the end. */
    const uint8_t authority[] = {1, KU_KEY_CERT_SIGN | KU_CRL_SIGN};
    const uint8_t leaf[] = {7, KU_DIGITAL_SIGNATURE};
    der_value(d, DER_BIT_STRING, slice_of(role->authority ? authority : leaf, sizeof leaf));
    wrap_extension(d, EXTENSION_KEY_USAGE, true, mark);

    mark = d->start;
    if (role->leaves_only)
        der_value(d, DER_INTEGER, slice_of("\0", 1));
    if (role->authority)
        der_value(d, DER_BOOLEAN, slice_of("\xff", 1));
    der_wrap(d, DER_SEQUENCE, mark);
    wrap_extension(d, EXTENSION_BASIC_CONSTRAINTS, true, mark);
}

static void put_attribute(struct der *d, enum attribute id, const char *text)
{
    const uint8_t oid[] = {0x55, 0x04, (uint8_t)id};
    size_t mark = d->start;

    if (text == NULL)
        return;
    der_value(d, DER_UTF8_STRING, slice_str(text));
    der_value(d, DER_OID, slice_of(oid, sizeof oid));
    der_wrap(d, DER_SEQUENCE, mark);
    der_wrap(d, DER_SET, mark);
}

static void put_subject(struct der *d, const struct certificate_request *request)
{
    size_t mark = d->start;

    put_attribute(d, ATTRIBUTE_CN, request->name);
    put_attribute(d, ATTRIBUTE_OU, roles[request->role].unit);
    put_attribute(d, ATTRIBUTE_O, "fleetsim");
    der_wrap(d, DER_SEQUENCE, mark);
}

static void put_algorithm(struct der *d)
{
    /* ecdsa-with-SHA256 (RFC 5758, 3.2) */
    static const uint8_t oid[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
    size_t mark = d->start;

    der_value(d, DER_OID, slice_of(oid, sizeof oid));
    der_wrap(d, DER_SEQUENCE, mark);
}

static bool put_extensions(struct der *d, const struct certificate_issuer *issuer,
                           const struct certificate_request *request, struct error *err)
{
    const struct role *role = &roles[request->role];
    size_t mark = d->start;

    put_responder(d, request->responder);
    put_key_ids(d, slice_of(issuer->subject_len != 0 ? issuer->key_id : NULL, issuer->key_id_len),
                request->spki);
    if (role->purpose == PURPOSE_SERVER && !put_alt_names(d, request, err))
        return false;
    put_usage(d, role);
    der_wrap(d, DER_SEQUENCE, mark);
    der_wrap(d, DER_EXPLICIT(3), mark);
    return true;
}

/* TBSCertificate, RFC 5280, 4.1.2; back to front. */
static bool put_to_be_signed(struct der *d, const struct certificate_issuer *issuer,
                             const struct certificate_request *request, struct error *err)
{
    uint8_t serial[EC_DIGEST_SIZE];
    size_t end = d->start;

    if (!put_extensions(d, issuer, request, err))
        return false;
    der_raw(d, request->spki);
    put_subject(d, request);
    size_t mark = d->start;
    der_time(d, request->not_after);
    der_time(d, request->not_before);
    der_wrap(d, DER_SEQUENCE, mark);
    if (issuer->subject_len != 0)
        der_raw(d, slice_of(issuer->subject, issuer->subject_len));
    else
        put_subject(d, request);
    put_algorithm(d);
    /* Everything that makes the certificate what it is has been written: it names itself. */
    sha256(der_since(d, end), serial);
    serial[0] = (serial[0] & 0x3f) | 0x40; /* positive, and always of the same length */
    der_value(d, DER_INTEGER, slice_of(serial, SERIAL_SIZE));
    mark = d->start;
    der_value(d, DER_INTEGER, slice_of("\2", 1)); /* v3 */
    der_wrap(d, DER_EXPLICIT(0), mark);
    der_wrap(d, DER_SEQUENCE, end);
    return true;
}

static bool check_request(const struct certificate_request *request, struct error *err)
{
    size_t len = strlen(request->name);
    bool control = false;

    for (size_t i = 0; i < len; i++)
        control = control || (unsigned char)request->name[i] < 0x20 || request->name[i] == 0x7f;
    if (len == 0 || len > NAME_BYTES_MAX || control || !json_is_utf8(slice_str(request->name)))
        return error_set(err, ERROR_USAGE,
                         "certificate name \"%.64s\": not 1 to %d bytes of printable UTF-8 (choose "
                         "a shorter or plainer name)",
                         control ? "" : request->name, NAME_BYTES_MAX);
    if (request->responder != NULL && !ocsp_url_check(request->responder, err))
        return false;
    if (request->not_after < request->not_before)
        return error_set(err, ERROR_USAGE,
                         "certificate for \"%s\": it would end before it begins (check the dates)",
                         request->name);
    return true;
}

bool certificate_make(struct ec *ec, const struct certificate_issuer *issuer,
                      const struct certificate_request *request, struct buf *ret_der,
                      struct error *err)
{
    uint8_t inner[CERTIFICATE_MAX], outer[CERTIFICATE_MAX];
    uint8_t digest[EC_DIGEST_SIZE];
    uint8_t signature_der[EC_SIGNATURE_SIZE];
    struct ec_signature signature;
    struct der tbs, whole;

    if (!check_request(request, err))
        return false;
    der_init(&tbs, inner, sizeof inner);
    if (!put_to_be_signed(&tbs, issuer, request, err))
        return false;
    struct slice signed_part = der_since(&tbs, sizeof inner);
    sha256(signed_part, digest);
    ec_sign(ec, &issuer->key, digest, &signature);

    der_init(&whole, outer, sizeof outer);
    der_raw(&whole, slice_of(signature_der, ec_signature_der(&signature, signature_der)));
    der_byte(&whole, 0); /* no unused bits */
    der_wrap(&whole, DER_BIT_STRING, sizeof outer);
    put_algorithm(&whole);
    der_raw(&whole, signed_part);
    der_wrap(&whole, DER_SEQUENCE, sizeof outer);
    if (tbs.overflow || whole.overflow ||
        !buf_append_slice(ret_der, der_since(&whole, sizeof outer)))
        return error_set(err, ERROR_USAGE,
                         "certificate for \"%s\": longer than %d bytes or outside the years 1950 "
                         "to 9999 (give fewer names or other dates)",
                         request->name, CERTIFICATE_MAX);
    return true;
}

static X509 *parse(struct slice der)
{
    const unsigned char *at = der.data;

    ERR_clear_error();
    X509 *x509 = der.len <= INT32_MAX ? d2i_X509(NULL, &at, (long)der.len) : NULL;
    if (x509 != NULL && at != der.data + der.len) {
        X509_free(x509);
        x509 = NULL;
    }
    ERR_clear_error();
    return x509;
}

static bool issuer_from(X509 *x509, const struct ec_key *key, struct certificate_issuer *ret,
                        struct error *err)
{
    uint8_t own[EC_SPKI_SIZE];
    unsigned char *spki = NULL, *to = ret->subject;

    ec_key_spki(key, own);
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x509), &spki);
    bool same = len == EC_SPKI_SIZE && memcmp(spki, own, EC_SPKI_SIZE) == 0;
    OPENSSL_free(spki);
    if (!same)
        return error_set(err, ERROR_USAGE,
                         "issuing certificate: it is not of this private key (pair each "
                         "certificate with its own key)");
    if (X509_check_ca(x509) != 1 || (X509_get_key_usage(x509) & KU_KEY_CERT_SIGN) == 0)
        return error_set(err, ERROR_USAGE,
                         "issuing certificate: it is no authority's (use the "
                         "certificate of a CA)");
    const ASN1_OCTET_STRING *id = X509_get0_subject_key_id(x509);
    int id_len = id != NULL ? ASN1_STRING_length(id) : 0;
    len = i2d_X509_NAME(X509_get_subject_name(x509), NULL);
    if (len <= 0 || len > CERTIFICATE_SUBJECT_MAX || id_len > CERTIFICATE_KEY_ID_MAX)
        return error_set(err, ERROR_USAGE,
                         "issuing certificate: its subject or its key id is "
                         "empty or too long (use a shorter subject)");
    ret->subject_len = (size_t)i2d_X509_NAME(X509_get_subject_name(x509), &to);
    ret->key_id_len = (size_t)id_len;
    if (id_len != 0)
        memcpy(ret->key_id, ASN1_STRING_get0_data(id), (size_t)id_len);
    ret->key = *key;
    return true;
}

bool certificate_issuer_init(const struct ec_key *key, struct slice der,
                             struct certificate_issuer *ret, struct error *err)
{
    struct certificate_issuer issuer = {0};
    X509 *x509 = parse(der);

    if (x509 == NULL)
        return error_set(err, ERROR_USAGE,
                         "issuing certificate: not an X.509 certificate (the "
                         "file is damaged; make it again)");
    bool ok = issuer_from(x509, key, &issuer, err);
    X509_free(x509);
    ERR_clear_error();
    if (ok)
        *ret = issuer;
    return ok;
}

void certificate_id(struct slice der, char ret[CERTIFICATE_ID_SIZE])
{
    uint8_t digest[EC_DIGEST_SIZE];

    sha256(der, digest);
    for (size_t i = 0; i < sizeof digest; i++) {
        ret[2 * i] = "0123456789abcdef"[digest[i] >> 4];
        ret[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
    }
    ret[2 * sizeof digest] = '\0';
}

bool certificate_pem(struct slice der, struct buf *to)
{
    char *text = NULL;
    BIO *bio = BIO_new(BIO_s_mem());

    OPENSSL_assert(bio != NULL);
    OPENSSL_assert(PEM_write_bio(bio, PEM_STRING_X509, "", der.data, (long)der.len) > 0);
    long len = BIO_get_mem_data(bio, &text);
    bool ok = buf_append(to, text, (size_t)len);
    BIO_free(bio);
    return ok;
}

bool certificate_from_pem(struct slice pem, struct buf *ret_der, struct error *err)
{
    unsigned char *der = NULL;
    int len = -1;

    if (pem.len != 0 && pem.len <= INT32_MAX) {
        ERR_clear_error();
        BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
        OPENSSL_assert(bio != NULL);
        X509 *x509 = PEM_read_bio_X509(bio, NULL, NULL, NULL);
        BIO_free(bio);
        len = x509 != NULL ? i2d_X509(x509, &der) : -1;
        X509_free(x509);
        ERR_clear_error();
    }
    bool ok = len > 0 && buf_append(ret_der, der, (size_t)len);
    OPENSSL_free(der);
    return ok || error_set(err, ERROR_USAGE,
                           "no certificate: not a PEM certificate (the file is "
                           "damaged or of another kind; make it again)");
}

static bool unix_time(const ASN1_TIME *time, int64_t *ret)
{
    struct tm tm;

    if (ASN1_TIME_to_tm(time, &tm) != 1)
        return false;
    *ret = timegm(&tm);
    return true;
}

bool certificate_validity(struct slice der, int64_t *ret_not_before, int64_t *ret_not_after,
                          struct error *err)
{
    X509 *x509 = parse(der);
    bool ok = x509 != NULL && unix_time(X509_get0_notBefore(x509), ret_not_before) &&
              unix_time(X509_get0_notAfter(x509), ret_not_after);

    X509_free(x509);
    return ok || error_set(err, ERROR_USAGE,
                           "certificate: not an X.509 certificate (the file is "
                           "damaged; make it again)");
}
