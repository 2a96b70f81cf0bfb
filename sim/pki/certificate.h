/*
 * certificate.h — makes X.509 v3 certificates that are a pure function of what is asked for.
 *
 * The signature is RFC 6979's and the serial number is a hash of everything else in the
 * certificate: same request and issuer, same bytes. Two certificates that differ anywhere have
 * different serial numbers.
 */
#ifndef PKI_CERTIFICATE_H
#define PKI_CERTIFICATE_H

#include <openssl/types.h>

#include "pki/ec_key.h"

/* ORDER CERTIFICATE_ROLE */
enum certificate_role {
    CERTIFICATE_ROOT,         /* self-signed */
    CERTIFICATE_INTERMEDIATE, /* issues all below; path length 0 */
    CERTIFICATE_SERVER,       /* serverAuth */
    CERTIFICATE_VEHICLE,      /* clientAuth, OU=vehicle */
    CERTIFICATE_COMPANION,    /* clientAuth, OU=companion: apps and observers */
    CERTIFICATE_CLAIM,        /* clientAuth, OU=claim: may only ask for a vehicle's certificate */
    CERTIFICATE_SIGNER,       /* codeSigning: of updates (code_signing.h) */
    CERTIFICATE_ROLE_COUNT
};
const char *certificate_role_name(enum certificate_role role);
/* False if the name is no role's. */
bool certificate_role_parse(const char *name, enum certificate_role *ret);

#define CERTIFICATE_MAX     4096 /* DER bytes of the largest certificate made here */
#define CERTIFICATE_ID_SIZE 65   /* 64 hex digits and NUL */

#define CERTIFICATE_KEY_ID_MAX  64
#define CERTIFICATE_SUBJECT_MAX 512

/* What signs: plain bytes, no pointers. */
struct certificate_issuer {
    struct ec_key key;
    size_t subject_len; /* 0: signs itself, as a root does */
    uint8_t subject[CERTIFICATE_SUBJECT_MAX];
    size_t key_id_len;
    uint8_t key_id[CERTIFICATE_KEY_ID_MAX];
};
/* From an authority's certificate (DER) and its key; an error if they do not belong together, or
   if the certificate may not issue others. */
bool certificate_issuer_init(const struct ec_key *key, struct slice der,
                             struct certificate_issuer *ret, struct error *err);

struct certificate_request {
    enum certificate_role role;
    const char *name;              /* subject CN, 1 … 64 bytes of UTF-8 */
    struct slice spki;             /* SubjectPublicKeyInfo, DER: any algorithm */
    int64_t not_before, not_after; /* Unix seconds; not_after may lie in the past (tests) */
    const char *const *alt_names;  /* server, at least one: DNS names and IP addresses */
    size_t alt_name_count;
    const char *responder; /* http://…: whom to ask by OCSP (AIA); NULL: nobody is named */
};

/* Appends the DER. */
bool certificate_make(struct ec *ec, const struct certificate_issuer *issuer,
                      const struct certificate_request *request, struct buf *ret_der,
                      struct error *err);

/* The id a cloud knows a certificate by: SHA-256 of the DER in hex (contract 4.4). */
void certificate_id(struct slice der, char ret[CERTIFICATE_ID_SIZE]);
/* Appends "-----BEGIN CERTIFICATE-----" …; false past the buffer's ceiling. */
bool certificate_pem(struct slice der, struct buf *to);
/* Appends the DER of the first certificate of a PEM text. */
bool certificate_from_pem(struct slice pem, struct buf *ret_der, struct error *err);
/* Unix seconds. */
bool certificate_validity(struct slice der, int64_t *ret_not_before, int64_t *ret_not_after,
                          struct error *err);

#endif
