/*
 * signer.h — the cloud's issuer (cloud/registry/issuer.h): an authority of the PKI, with its key in
 * a file.
 */
#ifndef CLOUD_PLUGIN_SIGNER_H
#define CLOUD_PLUGIN_SIGNER_H

#include "base/error.h"
#include "cloud/registry/issuer.h"

struct signer;

/* The PEM files of certificate and key; both NULL: it signs nothing, but reads certificates. NULL
   with the error. */
struct signer *signer_new(const char *certificate, const char *key, struct error *err);
/* NULL is fine. */
void signer_free(struct signer *s);
/* Valid as long as it is. */
const struct issuer *signer_issuer(const struct signer *s);

#endif
