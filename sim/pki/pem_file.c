#include "pki/pem_file.h"

#include <openssl/crypto.h>

#include "base/store.h"

bool pem_file_write_certificates(const char *path, const struct slice *ders, size_t count,
                                 struct error *err)
{
    struct buf pem;
    bool ok = true;

    buf_init(&pem, PEM_FILE_MAX);
    for (size_t i = 0; i < count; i++)
        ok = certificate_pem(ders[i], &pem) && ok;
    if (ok)
        ok = store_write(path, STORE_PUBLIC, buf_slice(&pem), err);
    else
        error_set(err, ERROR_USAGE, "%.300s: the certificates are longer than %d bytes (use fewer)",
                  path, PEM_FILE_MAX);
    buf_done(&pem);
    return ok;
}

static void wipe(struct buf *secret)
{
    if (secret->data != NULL)
        OPENSSL_cleanse(secret->data, secret->cap);
    buf_done(secret);
}

bool pem_file_write_key(const char *path, const struct ec_key *key, struct error *err)
{
    struct buf pem;

    buf_init(&pem, PEM_FILE_MAX);
    ec_key_pem(key, &pem);
    bool ok = store_write(path, STORE_SECRET, buf_slice(&pem), err);
    wipe(&pem);
    return ok;
}

bool pem_file_read_certificate(const char *path, struct buf *ret_der, struct error *err)
{
    struct buf pem;

    buf_init(&pem, PEM_FILE_MAX);
    bool ok = store_read(path, &pem, err);
    if (ok && !certificate_from_pem(buf_slice(&pem), ret_der, err))
        ok = error_prefix(err, "%.200s", path);
    buf_done(&pem);
    return ok;
}

bool pem_file_read_issuer(const char *path, struct ec *ec, struct slice der,
                          struct certificate_issuer *ret, struct error *err)
{
    struct buf pem;
    struct ec_key key;

    buf_init(&pem, PEM_FILE_MAX);
    bool ok = store_read(path, &pem, err);
    if (ok && (!ec_key_from_pem(ec, buf_slice(&pem), &key, err) ||
               !certificate_issuer_init(&key, der, ret, err)))
        ok = error_prefix(err, "%.200s", path);
    wipe(&pem);
    OPENSSL_cleanse(&key, sizeof key);
    return ok;
}
