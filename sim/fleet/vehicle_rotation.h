/*
 * vehicle_rotation.h — a new certificate in the place of a car's old one (contract 4.5): what of it
 * is in flash memory, and which of them the car shows.
 *
 *     make a key → keep its certificate → try both on a connection → commit → forget the old ones
 *
 * Promises  what was committed, what it has replaced, and the key and certificate that are not
 * committed yet outlive a loss of power; a trial does not: a car that comes back shows what is
 * committed. Commit and revert happen at one stroke, and in the PKI's directory if it lasts: the
 * next run's car has what is committed. There is always one that is committed.
 */
#ifndef FLEET_VEHICLE_ROTATION_H
#define FLEET_VEHICLE_ROTATION_H

#include <stdbool.h>

#include "base/error.h"
#include "fleet/vehicle.h"
#include "net/tls.h"

struct vehicle_rotation;

/* The signing request (PEM) of the new key; it is made if there is none, and the behaviour's
   changed() told: ask again. NULL: not yet, or with *ret_why: it could not be made. */
const char *vehicle_rotation_request(struct vehicle *v, const char **ret_why);
/* The certificate (PEM) for that key, or with a key of its own, which takes that one's place.
   ERROR_FAILED: it is none, or for another key. */
bool vehicle_rotation_keep(struct vehicle *v, struct slice pem, struct error *err);
/* From the next connect on it shows the new one, or what is committed again. False: there is none.
 */
bool vehicle_rotation_try(struct vehicle *v, bool on);
/* The new one is the car's from now on; the one it replaces is kept. False: there is none. */
bool vehicle_rotation_commit(struct vehicle *v);
/* Back to the one that was replaced. False: there is none. */
bool vehicle_rotation_revert(struct vehicle *v);
/* Forgets a new key that is not committed, and its certificate; true if the car showed it. */
bool vehicle_rotation_drop(struct vehicle *v);
/* Forgets what was replaced. */
void vehicle_rotation_settle(struct vehicle *v);
/* Is there a new certificate that is not committed? One that was replaced? */
bool vehicle_rotation_has_next(const struct vehicle *v);
bool vehicle_rotation_has_previous(const struct vehicle *v);

/* ---- for this room ---- */

/* What it shows; borrowed until it changes. False: what it was born with. */
bool vehicle_rotation_identity(const struct vehicle *v, struct tls_identity *ret);
void vehicle_rotation_power_lost(struct vehicle *v);
void vehicle_rotation_free(struct vehicle *v);

#endif
