/*
 * fleet_file.h — keys and certificates of a whole fleet in one mapped file.
 *
 * Fixed-size records behind a header, each with its own checksum; car k is found by arithmetic. The
 * file is mode 0600 and replaced as a whole (write, sync, rename), so that a reader always sees a
 * complete fleet; one that has it open keeps the old one. Growing a fleet never changes the cars
 * that are there.
 *
 * Threads: an open fleet file is immutable; any thread may read it.
 */
#ifndef PKI_FLEET_FILE_H
#define PKI_FLEET_FILE_H

#include "pki/certificate.h"
#include "pki/identity.h"

struct fleet_file;

/* Whose fleet it is. A file made with any other recipe is refused as foreign. */
struct fleet_recipe {
    struct slice seed;
    struct certificate_issuer issuer;
    int64_t not_before, not_after; /* Unix seconds */
};

#define FLEET_RECIPE_SIZE EC_DIGEST_SIZE
/* Stands for the recipe, seed and all. */
void fleet_recipe_digest(const struct fleet_recipe *recipe, uint8_t ret[FLEET_RECIPE_SIZE]);

/* One car as it was made (pki_car(): as it is now); slices and key point into the mapping and live
 * as long as the fleet file. */
struct fleet_car {
    struct identity identity;
    struct slice certificate; /* DER; send it with the issuer's, which all cars share */
    const struct ec_key *key; /* ec_key_to_pkey() makes the OpenSSL key */
};

/* Told now and then, on the caller's thread, how many of `count` cars are made. */
struct fleet_progress {
    void (*made)(void *ctx, uint32_t made, uint32_t count);
    void *ctx;
};

/* Makes the file, or grows it to `count` cars; does nothing if it holds as many already. Uses
   `threads` threads (0: as many as the machine has cores). About 100 µs per new car and thread.
   `progress` may be NULL. */
bool fleet_file_build(const char *path, const struct fleet_recipe *recipe, uint32_t count,
                      unsigned threads, const struct fleet_progress *progress, struct error *err);

/* Checks header and every record (about 1 µs each); `recipe` NULL: of any fleet. NULL on failure.
 */
struct fleet_file *fleet_file_open(const char *path, const struct fleet_recipe *recipe,
                                   struct error *err);
void fleet_file_free(struct fleet_file *ff);

uint32_t fleet_file_count(const struct fleet_file *ff);
/* False when k is not below the count. */
bool fleet_file_car(const struct fleet_file *ff, uint32_t k, struct fleet_car *ret,
                    struct error *err);

#endif
