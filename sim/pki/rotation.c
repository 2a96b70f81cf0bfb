#include "pki/rotation.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/xmem.h"
#include "pki/pem_file.h"
#include "pki/pki_inside.h"
#include "pki/signing_request.h"

bool pki_car(const struct pki *pki, uint32_t k, struct pki_car *ret, struct error *err)
{
    const struct rotated_car *now = rotated_find(pki->rotated, k);
    struct fleet_car first;

    *ret = (struct pki_car){0};
    if (now != NULL) {
        identity_make(identity_fleet(slice_str(pki->settings.seed)), k, &ret->identity);
        ret->certificate = now->certificate;
        ret->key = &now->key;
        ret->generation = now->generation;
        ret->foreign = now->foreign;
        ret->issuer = now->foreign ? now->issuer : pki_intermediate(pki);
        return true;
    }
    if (pki->fleet == NULL)
        return error_set(err, ERROR_USAGE,
                         "vehicle %u: the PKI has no vehicles (make some with \"fleetsim pki init "
                         "--vehicles N\")",
                         k);
    if (!fleet_file_car(pki->fleet, k, &first, err))
        return false;
    ret->identity = first.identity;
    ret->certificate = first.certificate;
    ret->key = first.key;
    ret->issuer = pki_intermediate(pki);
    return true;
}

/* Locked, so that no other process takes the same generation or writes between. */
static bool begin_how(struct pki *pki, int how, int *ret_lock, struct error *err)
{
    *ret_lock = pki_lock(pki, how, err);
    if (*ret_lock < 0)
        return false;
    if (rotated_refresh(pki->rotated, err))
        return true;
    close(*ret_lock);
    return false;
}

static bool begin(struct pki *pki, int *ret_lock, struct error *err)
{
    return begin_how(pki, LOCK_EX, ret_lock, err);
}

static bool next_generation(struct pki *pki, uint32_t k, struct pki_credential *issued,
                            struct rotated_car *ret, struct error *err)
{
    struct pki_car now;

    if (!pki_car(pki, k, &now, err))
        return false;
    if (now.generation == UINT32_MAX)
        return error_set(err, ERROR_USAGE, "vehicle %u: it has had all generations there are", k);
    const struct pki_request request = {.role = CERTIFICATE_VEHICLE,
                                        .name = now.identity.thing_name,
                                        .index = k,
                                        .generation = now.generation + 1};
    if (!pki_issue(pki, &request, issued, err))
        return false;
    *ret = (struct rotated_car){
        .index = k,
        .generation = request.generation,
        .key = issued->key,
        .certificate = slice_of(issued->certificate, issued->certificate_len),
    };
    return true;
}

/* The next generation of these cars, while it is locked. */
static bool rotate(struct pki *pki, const uint32_t *which, size_t count, struct error *err)
{
    struct pki_credential *issued = xcalloc(count + 1, sizeof *issued);
    struct rotated_car *cars = xcalloc(count + 1, sizeof *cars);
    bool ok = true;

    for (size_t i = 0; ok && i < count; i++)
        ok = next_generation(pki, which[i], &issued[i], &cars[i], err);
    ok = ok && (count == 0 || rotated_add(pki->rotated, cars, count, err));
    OPENSSL_cleanse(cars, count * sizeof *cars);
    OPENSSL_cleanse(issued, count * sizeof *issued);
    free(cars);
    free(issued);
    return ok;
}

bool pki_rotate(struct pki *pki, uint32_t first, uint32_t count, struct error *err)
{
    uint32_t *which;
    int lock;

    if (count == 0)
        return true;
    if (!begin(pki, &lock, err))
        return false;
    which = xcalloc(count, sizeof *which);
    for (uint32_t i = 0; i < count; i++)
        which[i] = first + i;
    bool ok = rotate(pki, which, count, err);
    close(lock);
    free(which);
    return ok;
}

static bool is_signed_by(struct slice certificate, EVP_PKEY *key)
{
    const unsigned char *at = certificate.data;
    X509 *leaf = d2i_X509(NULL, &at, (long)certificate.len);
    bool is = leaf != NULL && key != NULL && X509_verify(leaf, key) == 1;

    X509_free(leaf);
    ERR_clear_error();
    return is;
}

/* By the fleet's own authority? */
static bool issued_here(const struct pki *pki, struct slice certificate)
{
    EVP_PKEY *key = ec_key_to_pkey(&pki->issuer.key, NULL);
    bool ours = is_signed_by(certificate, key);

    EVP_PKEY_free(key);
    return ours;
}

/* Of what the local cloud makes for cars; NULL: it makes nothing. */
static EVP_PKEY *cloud_key(const struct pki *pki)
{
    EVP_PKEY *key = NULL;
    struct error err;
    struct buf der;

    buf_init(&der, CERTIFICATE_MAX);
    if (pem_file_read_certificate(pki_path(pki, PKI_FILE_CLOUD), &der, &err)) {
        const unsigned char *at = buf_data(&der);
        X509 *cloud = d2i_X509(NULL, &at, (long)buf_len(&der));
        key = cloud != NULL ? X509_get_pubkey(cloud) : NULL;
        X509_free(cloud);
    }
    buf_done(&der);
    return key;
}

bool pki_recall(struct pki *pki, uint32_t *ret_count, struct error *err)
{
    uint32_t *which;
    int lock;

    *ret_count = 0;
    if (!begin(pki, &lock, err))
        return false;
    EVP_PKEY *cloud = cloud_key(pki);
    const uint32_t room = rotated_room(pki->rotated);
    which = xcalloc((size_t)room + 1, sizeof *which);
    for (uint32_t k = 0; k < room; k++) {
        const struct rotated_car *car = rotated_find(pki->rotated, k);
        if (car != NULL && car->foreign &&
            (car->issuer.len != 0 || is_signed_by(car->certificate, cloud)))
            which[(*ret_count)++] = k;
    }
    bool ok = rotate(pki, which, *ret_count, err);
    EVP_PKEY_free(cloud);
    close(lock);
    free(which);
    return ok;
}

/* `how`: flock()'s. ret_busy as pki_try_keep(). */
static bool keep(struct pki *pki, uint32_t k, const struct pki_found *found, int how,
                 bool *ret_busy, struct error *err)
{
    struct rotated_car car = {.index = k, .certificate = found->certificate};
    int lock;

    *ret_busy = false;
    if (k >= IDENTITY_MAX || found->certificate.len > CERTIFICATE_MAX ||
        found->issuer.len > CERTIFICATE_MAX)
        return error_set(
            err, ERROR_USAGE,
            "vehicle %u: its certificate cannot be kept (%zu bytes; vehicles are below "
            "%u, certificates of at most %d bytes)",
            k, found->certificate.len, IDENTITY_MAX, CERTIFICATE_MAX);
    if (!signing_key_fits(found->certificate, found->key, err) ||
        !ec_key_from_der(pki->ec, found->key, &car.key, err)) {
        if (err != NULL)
            err->code = ERROR_USAGE;
        return false;
    }
    errno = 0;
    bool ok = begin_how(pki, how, &lock, err);
    *ret_busy = lock < 0 && errno == EWOULDBLOCK;
    if (ok) {
        const struct rotated_car *before = rotated_find(pki->rotated, k);
        car.generation = before != NULL ? before->generation + 1 : 1;
        car.foreign = !issued_here(pki, found->certificate);
        if (car.foreign)
            car.issuer = found->issuer;
        ok = rotated_add(pki->rotated, &car, 1, err);
        close(lock);
    }
    OPENSSL_cleanse(&car.key, sizeof car.key);
    return ok;
}

bool pki_keep(struct pki *pki, uint32_t k, const struct pki_found *found, struct error *err)
{
    bool busy;

    return keep(pki, k, found, LOCK_EX, &busy, err);
}

bool pki_try_keep(struct pki *pki, uint32_t k, const struct pki_found *found, bool *ret_busy,
                  struct error *err)
{
    return keep(pki, k, found, LOCK_EX | LOCK_NB, ret_busy, err);
}
