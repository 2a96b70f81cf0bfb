/*
 * knock.h — a car that connects to a cloud_world with one certificate or another, by what the cloud
 * makes of it at first contact (contract 4.2).
 */
#ifndef SUPPORT_KNOCK_H
#define SUPPORT_KNOCK_H

#include "support/cloud_world.h"

#define LEAF      "00000000000000000000000000000000000000000000000000000000000000aa"
#define AUTHORITY "00000000000000000000000000000000000000000000000000000000000000ca"
#define OWN       "00000000000000000000000000000000000000000000000000000000000000ff"

/* A certificate under AUTHORITY that the cloud has not seen. */
extern const struct first_contact_certificate unknown_certificate;

/* Of its connection. */
extern const int knock_handle;

/* It connects from 192.0.2.7 with the certificate of that id; its common name is car-1.
   `certificate` is what the broker sees of it, NULL for one under the fleet's own authority. */
enum cloud_verdict knock(struct cloud_world *w, const char *id,
                         const struct first_contact_certificate *certificate,
                         const char *client_id);
/* Its connection is lost. */
void leave(struct cloud_world *w, const char *client_id);

#endif
