#include "cloud/plugin/introduction.h"

#include "cloud/plugin/attributes.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One entry of a certificate's subject; false if absent, too long or with a NUL inside. */
static bool subject_entry(X509 *certificate, int nid, char ret[INTRODUCTION_NAME_SIZE])
{
    const X509_NAME *subject = X509_get_subject_name(certificate);
    int at = X509_NAME_get_index_by_NID(subject, nid, -1);
    unsigned char *utf8 = NULL;

    if (at < 0)
        return false;
    int len =
        ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
    bool ok = len > 0 && len < INTRODUCTION_NAME_SIZE && memchr(utf8, '\0', (size_t)len) == NULL;
    if (ok) {
        memcpy(ret, utf8, (size_t)len);
        ret[len] = '\0';
    }
    OPENSSL_free(utf8);
    return ok;
}

/* The certificate id: SHA-256 of the DER, in hex (contract 4.4). */
static bool certificate_hash(const X509 *certificate, char ret[REGISTRY_ID_SIZE])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    if (X509_digest(certificate, EVP_sha256(), digest, &len) != 1 || len != 32)
        return false;
    for (unsigned i = 0; i < len; i++)
        snprintf(ret + 2 * (size_t)i, 3, "%02x", digest[i]);
    return true;
}

static void tell_subject(struct introduction *i, X509 *certificate)
{
    /* ORDER FIRST_CONTACT_SUBJECT */
    static const int nids[FIRST_CONTACT_SUBJECT_COUNT] = {
        NID_countryName, NID_organizationName,    NID_organizationalUnitName,
        NID_dnQualifier, NID_stateOrProvinceName, NID_commonName,
        NID_serialNumber};

    for (size_t n = 0; n < FIRST_CONTACT_SUBJECT_COUNT; n++)
        i->certificate.subject[n] =
            subject_entry(certificate, nids[n], i->names[n]) ? i->names[n] : NULL;
}

/* NULL: no memory. */
static char *make_pem(const X509 *certificate)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL, *copy = NULL;

    if (bio != NULL && PEM_write_bio_X509(bio, certificate) == 1) {
        long len = BIO_get_mem_data(bio, &text);
        copy = strndup(text, (size_t)len);
    }
    BIO_free(bio);
    return copy;
}

void introduction_make(struct introduction *i, const struct trust *trust, X509 *certificate,
                       struct presence_peer *peer)
{
    i->pem = i->attributes = NULL;
    if (certificate == NULL || !certificate_hash(certificate, i->principal))
        return;
    i->certificate = (struct first_contact_certificate){0};
    i->certificate.origin = trust_origin(trust, certificate, &i->certificate.authority);
    tell_subject(i, certificate);
    if (i->certificate.origin == FIRST_CONTACT_AUTHORITY || trust_keeps_all(trust))
        i->pem = make_pem(certificate);
    i->certificate.pem = i->pem;
    peer->principal = i->principal;
    peer->common_name = i->certificate.subject[FIRST_CONTACT_COMMON_NAME];
    peer->unit = i->certificate.subject[FIRST_CONTACT_UNIT];
    i->attributes = attributes_make(certificate);
    peer->attributes = i->attributes;
    peer->certificate = &i->certificate;
}

void introduction_done(struct introduction *i)
{
    free(i->pem);
    free(i->attributes);
}
