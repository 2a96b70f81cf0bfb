/*
 * crl_inside.h — the authorities of a PKI that issue, with their keys and lists, as OpenSSL has
 * them: what signs the lists (crl.c) and answers about single certificates (ocsp_responder.c).
 * Nobody outside the room includes it.
 */
#ifndef PKI_CRL_INSIDE_H
#define PKI_CRL_INSIDE_H

#include <openssl/x509.h>

#include "pki/crl.h"

#define CRL_AUTHORITIES 2 /* the fleet's, and the local cloud's */

struct crl_authority {
    X509 *certificate;
    EVP_PKEY *key;
    X509_CRL *list; /* NULL: there is none */
};

/* Without their lists. ERROR_USAGE names the file that is missing; close them in any case. */
bool crl_authorities_open(const struct pki *pki, struct crl_authority ret[CRL_AUTHORITIES],
                          struct error *err);
/* Reads their lists, in place of those that they have; none at all if there is no file.
   ERROR_USAGE: it has none in it; then they are as before. */
bool crl_authorities_read(const char *path, struct crl_authority authorities[CRL_AUTHORITIES],
                          struct error *err);
void crl_authorities_close(struct crl_authority authorities[CRL_AUTHORITIES]);

/* The reason of an entry, as a number of RFC 5280, 5.3.1. */
int crl_entry_reason(const X509_REVOKED *entry);
/* Unix seconds; 0: not a time. */
int64_t crl_time(const ASN1_TIME *time);

#endif
