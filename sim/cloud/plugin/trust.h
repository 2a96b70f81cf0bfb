/*
 * trust.h — under which authority a client's certificate was issued, as far as the cloud knows
 * them; and the folder in which the broker finds whom it trusts besides its own.
 *
 * TLS has verified the chain when it is asked; but whoever has an authority of his own in it could
 * name it like another: as soon as there are such, signatures are verified once more.
 */
#ifndef CLOUD_PLUGIN_TRUST_H
#define CLOUD_PLUGIN_TRUST_H

#include <openssl/x509.h>

#include "cloud/cloud.h"
#include "cloud/provisioning/first_contact.h"

struct trust;

/* NULL: no memory. */
struct trust *trust_new(void);
/* NULL is fine. */
void trust_free(struct trust *t);

/* Certificates of the fleet's own authorities, a PEM file; of the one that signs for the cloud. */
bool trust_add_fleet(struct trust *t, const char *path);
bool trust_add_cloud(struct trust *t, const char *path);
/* The registry is to keep the certificates of the fleet's own authority as well. */
void trust_keep_all(struct trust *t);
bool trust_keeps_all(const struct trust *t);
/* Where new authorities are put, under the names by which OpenSSL finds them. */
bool trust_set_folder(struct trust *t, const char *folder);

/* Whom the cloud has registered, if that has changed: from now on TLS trusts them, too. */
void trust_learn(struct trust *t, const struct cloud *cloud);
/* Whose it is; FIRST_CONTACT_FLEET if no authority of the fleet's is known. *ret_authority: its id,
   borrowed. */
enum first_contact_origin trust_origin(const struct trust *t, X509 *leaf,
                                       const char **ret_authority);
#endif
