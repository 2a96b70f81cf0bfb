#include "net/certcache.h"

void certcache_done(struct certcache *c)
{
    for (size_t i = 0; i < CERTCACHE_SIZE; i++)
        X509_free(c->certs[i]);
    *c = (struct certcache){0};
}

static void keep(struct certcache *c, X509 *cert)
{
    X509_up_ref(cert);
    X509_free(c->certs[c->next]);
    c->certs[c->next] = cert;
    c->next = (c->next + 1) % CERTCACHE_SIZE;
}

X509 *certcache_intern(struct certcache *c, X509 *cert)
{
    for (size_t i = 0; i < CERTCACHE_SIZE; i++)
        if (c->certs[i] != NULL && X509_cmp(c->certs[i], cert) == 0)
            return c->certs[i];
    keep(c, cert);
    return cert;
}

X509 *certcache_parse(struct certcache *c, struct slice der)
{
    const unsigned char *at = der.data;
    X509 *cert = d2i_X509(NULL, &at, (long)der.len);

    if (cert == NULL)
        return NULL;
    X509 *kept = certcache_intern(c, cert);
    X509_up_ref(kept);
    X509_free(cert);
    return kept;
}
