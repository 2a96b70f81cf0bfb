#include "pki/factory.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/xmem.h"

#define SEED_MAX  512
#define TITLE_MAX 64

struct factory {
    struct ec *ec;
    char *name;
    struct buf seed;
    int64_t not_before, not_after;
    struct buf root, intermediate; /* DER */
    struct certificate_issuer issuer;
};

/* An authority of that role, and what can sign with it. `issuer` NULL: it signs itself. */
static bool make_authority(struct factory *f, enum certificate_role role,
                           const struct certificate_issuer *issuer, struct buf *ret_der,
                           struct certificate_issuer *ret, struct error *err)
{
    char *kind = xasprintf("factory:%s:%s", f->name, certificate_role_name(role));
    char title[TITLE_MAX];
    uint8_t spki[EC_SPKI_SIZE];
    struct ec_key key;

    ec_key_derive(f->ec, buf_slice(&f->seed), kind, 0, 0, &key);
    free(kind);
    ec_key_spki(&key, spki);
    snprintf(title, sizeof title, "%.40s %s", f->name,
             role == CERTIFICATE_ROOT ? "root CA" : "line CA");
    const struct certificate_issuer self = {.key = key};
    const struct certificate_request request = {.role = role,
                                                .name = title,
                                                .spki = slice_of(spki, sizeof spki),
                                                .not_before = f->not_before,
                                                .not_after = f->not_after};
    bool ok = certificate_make(f->ec, issuer != NULL ? issuer : &self, &request, ret_der, err) &&
              certificate_issuer_init(&key, buf_slice(ret_der), ret, err);
    OPENSSL_cleanse(&key, sizeof key);
    return ok;
}

struct factory *factory_new(struct slice seed, const char *name, int64_t not_before,
                            int64_t not_after, struct error *err)
{
    struct factory *f = xcalloc(1, sizeof *f);
    struct certificate_issuer root = {0};

    f->ec = ec_new();
    f->name = xstrdup(name);
    f->not_before = not_before;
    f->not_after = not_after;
    buf_init(&f->seed, SEED_MAX);
    buf_append_slice(&f->seed, seed);
    buf_init(&f->root, CERTIFICATE_MAX);
    buf_init(&f->intermediate, CERTIFICATE_MAX);
    bool ok = make_authority(f, CERTIFICATE_ROOT, NULL, &f->root, &root, err) &&
              make_authority(f, CERTIFICATE_INTERMEDIATE, &root, &f->intermediate, &f->issuer, err);
    OPENSSL_cleanse(&root, sizeof root);
    if (ok)
        return f;
    factory_free(f);
    return NULL;
}

void factory_free(struct factory *f)
{
    if (f == NULL)
        return;
    ec_free(f->ec);
    buf_done(&f->seed);
    buf_done(&f->root);
    buf_done(&f->intermediate);
    OPENSSL_cleanse(&f->issuer, sizeof f->issuer);
    free(f->name);
    free(f);
}

const char *factory_name(const struct factory *f)
{
    return f->name;
}

struct slice factory_intermediate(const struct factory *f)
{
    return buf_slice(&f->intermediate);
}

bool factory_pem(const struct factory *f, struct buf *to)
{
    return certificate_pem(buf_slice(&f->root), to) &&
           certificate_pem(buf_slice(&f->intermediate), to);
}

bool factory_issue(const struct factory *f, const char *common_name, uint32_t index,
                   struct ec_key *ret_key, struct buf *ret_der, struct error *err)
{
    char *kind = xasprintf("factory:%s:vehicle", f->name);
    uint8_t spki[EC_SPKI_SIZE];

    ec_key_derive(f->ec, buf_slice(&f->seed), kind, index, 0, ret_key);
    free(kind);
    ec_key_spki(ret_key, spki);
    const struct certificate_request request = {.role = CERTIFICATE_VEHICLE,
                                                .name = common_name,
                                                .spki = slice_of(spki, sizeof spki),
                                                .not_before = f->not_before,
                                                .not_after = f->not_after};
    return certificate_make(f->ec, &f->issuer, &request, ret_der, err);
}
