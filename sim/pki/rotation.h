/*
 * rotation.h — the cars of a PKI as they are now: their first key and certificate, or those of a
 * later generation, which the PKI directory keeps.
 *
 * A later generation follows from the seed as the first does (pki_rotate()), or it is one that a
 * car has made and somebody has certified (pki_keep()). Either way the next one to open the
 * directory finds it.
 *
 * Threads   one at a time for a struct pki. Several processes may change a directory at once.
 */
#ifndef PKI_ROTATION_H
#define PKI_ROTATION_H

#include "pki/pki.h"

/* Slices and key live as long as the PKI, or until pki_grow(); a later rotation leaves them. */
struct pki_car {
    struct identity identity;
    struct slice certificate; /* DER */
    struct slice issuer;      /* DER, sent with it; empty: it is sent alone */
    bool foreign;             /* not issued by the fleet's own authority */
    const struct ec_key *key;
    uint32_t generation; /* 0: the first; one more with each rotation */
};

/* ERROR_USAGE: the fleet has no such car, and nothing is kept of it. */
bool pki_car(const struct pki *pki, uint32_t k, struct pki_car *ret, struct error *err);

/* The next generation of cars first … first + count - 1: a key and a certificate of the fleet's
   authority, valid as long as the PKI. All of them or, on failure, none. Synced to disk. */
bool pki_rotate(struct pki *pki, uint32_t first, uint32_t count, struct error *err);
/* What a car has got, whoever issued it: DER. */
struct pki_found {
    struct slice certificate;
    struct slice issuer; /* what it sends with it, unless that is the fleet's own; empty: nothing */
    struct slice key;    /* P-256 */
};
/* Car k (below IDENTITY_MAX) has that now. Synced to disk: some milliseconds. ERROR_USAGE: they do
   not belong together, or the key is of another kind. */
bool pki_keep(struct pki *pki, uint32_t k, const struct pki_found *found, struct error *err);
/* The same without waiting for other processes: if one holds the directory, *ret_busy, false and an
   error. */
bool pki_try_keep(struct pki *pki, uint32_t k, const struct pki_found *found, bool *ret_busy,
                  struct error *err);
/* Cars that have a certificate of the local cloud's, or of a factory's, get one of the fleet's own
   again, the next generation: for a local cloud that begins anew. Those of other clouds stay.
   ret_count: how many. All or none. */
bool pki_recall(struct pki *pki, uint32_t *ret_count, struct error *err);

#endif
