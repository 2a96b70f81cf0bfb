/*
 * certcache.h — parsed certificates that many connections have in common, each kept once.
 *
 * Owns what it holds; a certificate is reference-counted, so users may outlive its entry. Holds a
 * few entries and replaces the oldest, so a server with ever-changing certificates cannot make it
 * grow.
 */
#ifndef NET_CERTCACHE_H
#define NET_CERTCACHE_H

#include <openssl/x509.h>

#include "base/slice.h"

#define CERTCACHE_SIZE 16

/* Zero-initialised: empty. */
struct certcache {
    struct certcache_entry {
        X509 *cert;
        uint8_t *der;
        size_t der_len;
    } entries[CERTCACHE_SIZE];
    size_t next; /* the one to replace */
};

void certcache_done(struct certcache *c);
/* The kept certificate that is the same as this one; this one itself the first time. No reference
   is taken for the caller. */
X509 *certcache_intern(struct certcache *c, X509 *cert);
/* The parsed form of a DER certificate, or NULL if it is none. Free with X509_free(). */
X509 *certcache_parse(struct certcache *c, struct slice der);

#endif
