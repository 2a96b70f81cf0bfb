#include "net/certcache.h"

#include <openssl/crypto.h>

static void clear(struct certcache_entry *e)
{
    X509_free(e->cert);
    OPENSSL_free(e->der);
    *e = (struct certcache_entry){0};
}

void certcache_done(struct certcache *c)
{
    for (size_t i = 0; i < CERTCACHE_SIZE; i++)
        clear(&c->entries[i]);
    c->next = 0;
}

/* By its bytes: parsing a certificate costs OpenSSL 3.0 more than a signature does. */
static X509 *find(const struct certcache *c, struct slice der)
{
    for (size_t i = 0; i < CERTCACHE_SIZE; i++) {
        const struct certcache_entry *e = &c->entries[i];
        if (e->cert != NULL && slice_equal(slice_of(e->der, e->der_len), der))
            return e->cert;
    }
    return NULL;
}

/* Takes over both, the certificate's reference and the bytes. */
static void keep(struct certcache *c, struct certcache_entry fresh)
{
    clear(&c->entries[c->next]);
    c->entries[c->next] = fresh;
    c->next = (c->next + 1) % CERTCACHE_SIZE;
}

X509 *certcache_intern(struct certcache *c, X509 *cert)
{
    uint8_t *der = NULL;
    int len = i2d_X509(cert, &der);

    if (len <= 0)
        return cert;
    X509 *kept = find(c, slice_of(der, (size_t)len));
    if (kept != NULL) {
        OPENSSL_free(der);
        return kept;
    }
    X509_up_ref(cert);
    keep(c, (struct certcache_entry){cert, der, (size_t)len});
    return cert;
}

X509 *certcache_parse(struct certcache *c, struct slice der)
{
    const unsigned char *at = der.data;
    X509 *cert = find(c, der);

    if (cert != NULL) {
        X509_up_ref(cert);
        return cert;
    }
    cert = d2i_X509(NULL, &at, (long)der.len);
    uint8_t *copy = cert != NULL ? OPENSSL_memdup(der.data, der.len) : NULL;
    if (copy != NULL) {
        X509_up_ref(cert);
        keep(c, (struct certcache_entry){cert, copy, der.len});
    }
    return cert;
}
