/*
 * factory.h — an authority of its own, outside the fleet's: a root, and below it an intermediate
 * that issues cars' certificates. What a manufacturer has, and registers with its cloud (contract
 * 4.2). A pure function of seed, name and dates.
 */
#ifndef PKI_FACTORY_H
#define PKI_FACTORY_H

#include "pki/certificate.h"

struct factory;

/* NULL with the error. The seed is copied. */
struct factory *factory_new(struct slice seed, const char *name, int64_t not_before,
                            int64_t not_after, struct error *err);
/* NULL is fine. */
void factory_free(struct factory *f);

const char *factory_name(const struct factory *f);
/* DER. */
struct slice factory_intermediate(const struct factory *f);
/* Appends root and intermediate, as they are registered. */
bool factory_pem(const struct factory *f, struct buf *to);

/* The key and certificate (DER, appended) of its index-th car. */
bool factory_issue(const struct factory *f, const char *common_name, uint32_t index,
                   struct ec_key *ret_key, struct buf *ret_der, struct error *err);

#endif
