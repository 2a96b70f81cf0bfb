/*
 * rotated.h — DIR/pki/rotated.bin: keys and certificates that cars of a fleet have in place of
 * those in the fleet file.
 *
 * A log: a header, then a record for each change, the last one of a car holds. Each record has its
 * own checksum; one that a loss of power has left half written at the end is dropped, other damage
 * is told of. Mode 0600. The log is written anew when most of it is out of date.
 *
 * Owns      what it has read. Threads   one at a time.
 */
#ifndef PKI_ROTATED_H
#define PKI_ROTATED_H

#include "pki/certificate.h"
#include "pki/fleet_file.h"

struct rotated;

struct rotated_car {
    uint32_t index;      /* below IDENTITY_MAX */
    uint32_t generation; /* 0 is the fleet file's */
    bool foreign;        /* not issued by the fleet's own authority */
    struct ec_key key;
    struct slice certificate; /* DER, at most CERTIFICATE_MAX */
    struct slice issuer;      /* the same: of a foreign one, what is sent with it; empty: nothing */
};

/* No file: nothing is rotated. `recipe`: whose fleet it must be, as in fleet_recipe_digest().
   NULL with ERROR_USAGE: of another fleet, of another version, or damaged before its end. */
struct rotated *rotated_open(const char *path, const uint8_t recipe[FLEET_RECIPE_SIZE],
                             struct error *err);
/* NULL is a no-op. */
void rotated_free(struct rotated *r);

/* No car from this index on is in it. */
uint32_t rotated_room(const struct rotated *r);
/* NULL: as in the fleet file. What it has returned stays as it was until rotated_free(). */
const struct rotated_car *rotated_find(const struct rotated *r, uint32_t index);
/* Keeps these cars' credentials, copied, for good: the file is synced. What other processes have
   added is read first; nobody else may write meanwhile. On failure the file is as before. */
bool rotated_add(struct rotated *r, const struct rotated_car *cars, size_t count,
                 struct error *err);
/* Reads what other processes have added. */
bool rotated_refresh(struct rotated *r, struct error *err);

#endif
