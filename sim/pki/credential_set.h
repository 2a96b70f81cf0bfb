/*
 * credential_set.h — certificates that somebody else has made: of things that are registered in a
 * cloud already.
 *
 * They come from a folder of PEM pairs that are named by thing, as `fleetsim pki export` and AWS
 * IoT write them, or from a list (CSV). Keys may be of any kind that OpenSSL reads. Everything is
 * read and verified at once, so that a wrong file is told before a run, and held as DER.
 */
#ifndef PKI_CREDENTIAL_SET_H
#define PKI_CREDENTIAL_SET_H

#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/slice.h"

struct credential_set;

/* Borrowed from its set. */
struct credential {
    const char *thing;         /* its thing name, by which it connects */
    struct slice leaf;         /* DER */
    const struct slice *chain; /* DER, nearest first */
    size_t chain_count;
    struct slice key; /* DER, PKCS#8 or traditional */
};

/* A folder with THING.cert.pem and THING.key.pem (or .pem and .key, .crt and .key,
   -certificate.pem.crt and -private.pem.key, or a folder THING with cert.pem and key.pem); or a CSV
   file whose columns are thing, cert, key: paths from its own folder on, a first line with names of
   columns (also thing_name and certificate) is optional, others are passed over. Things are in the
   order of their names, or of the list. ERROR_USAGE with the file that is wrong: missing, not a
   pair, not a thing's name, given twice, or a key that others may read. NULL: err. */
struct credential_set *credential_set_load(const char *path, struct error *err);
/* NULL is fine. */
void credential_set_free(struct credential_set *set);

size_t credential_set_count(const struct credential_set *set);
/* index < count */
const struct credential *credential_set_at(const struct credential_set *set, size_t index);

/* Appends leaf, chain and key as PEM, for those who take files. */
bool credential_pem(const struct credential *c, struct buf *to);
/* The subject's common name; false if there is none. `size` includes the NUL. */
bool credential_common_name(const char *cert_path, char *ret, size_t size, struct error *err);
/* ERROR_USAGE unless the key file can be read by its owner alone. */
bool credential_check_mode(const char *key_path, struct error *err);

#endif
