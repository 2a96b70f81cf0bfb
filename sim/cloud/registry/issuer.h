/*
 * issuer.h — who signs certificates for the cloud, where AWS has Amazon's own authority (contract
 * 4.1). The cloud knows no X.509: the plugin fills this in, tests make do with less.
 */
#ifndef CLOUD_REGISTRY_ISSUER_H
#define CLOUD_REGISTRY_ISSUER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/text.h"
#include "cloud/registry/registry.h"

/* ORDER ISSUER_RESULT */
enum issuer_result {
    ISSUER_OK,
    ISSUER_BAD_REQUEST, /* what was given makes no sense */
    ISSUER_FAILED       /* no memory */
};

struct issuer {
    void *ctx;
    /* A certificate for the key of a signing request (PKCS #10, PEM), which is verified. */
    enum issuer_result (*sign)(void *ctx, struct slice csr, int64_t now_ms, struct text *ret_pem,
                               char ret_id[REGISTRY_ID_SIZE]);
    /* The same for a new key; ret_key is PEM. */
    enum issuer_result (*make)(void *ctx, int64_t now_ms, struct text *ret_pem,
                               struct text *ret_key, char ret_id[REGISTRY_ID_SIZE]);
    /* The id of the first certificate of a PEM text. */
    enum issuer_result (*identify)(void *ctx, struct slice pem, char ret_id[REGISTRY_ID_SIZE]);
};

#endif
