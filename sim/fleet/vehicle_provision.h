/*
 * vehicle_provision.h — the identity of a car that the cloud does not know yet: a claim, or a
 * certificate of the factory; and the flash memory in which it keeps what it is given
 * (tcu/provision.h).
 */
#ifndef FLEET_VEHICLE_PROVISION_H
#define FLEET_VEHICLE_PROVISION_H

#include <stdbool.h>

#include "base/error.h"
#include "fleet/vehicle.h"
#include "net/tls.h"

/* ORDER VEHICLE_CONTACT */
enum vehicle_contact_kind {
    VEHICLE_KNOWN,       /* its certificate is the fleet's own */
    VEHICLE_CLAIM,       /* a claim; it makes its key itself */
    VEHICLE_CLAIM_KEYS,  /* a claim; the cloud makes its key */
    VEHICLE_JUST_IN_TIME /* a certificate of a factory's authority */
};

/* When a certificate is valid. ORDER VEHICLE_VALIDITY */
enum vehicle_validity {
    VEHICLE_VALID,
    VEHICLE_EXPIRED,      /* since a day */
    VEHICLE_NOT_YET_VALID /* for another day: or somebody's clock is wrong */
};

/* How cars meet the cloud for the first time. */
struct vehicle_contact {
    enum vehicle_validity validity; /* of the fleet's own certificate */
    enum vehicle_contact_kind kind;
    bool cbor;
    const char *template_name; /* of a claim; NULL: the local cloud's own */
    const char *authority;     /* just in time: the factory's name; NULL: "factory" */
    const char *parameters; /* of a claim: a JSON object of texts, besides what every car tells of
                               itself (VIN, IMEI, Model); NULL: none */
    const char *model;      /* NULL: not told */
};

#define VEHICLE_FACTORY "factory"

struct vehicle_provision;

/* Before its TCU is made: what the car connects with. It is copied. ERROR_USAGE: the simulation has
   no certificates of that kind. */
bool vehicle_provision_new(struct vehicle *v, const struct vehicle_contact *contact,
                           struct error *err);
void vehicle_provision_free(struct vehicle *v);
/* Once its TCU is there. */
void vehicle_provision_begin(struct vehicle *v);
/* It is online: what a factory gave it is known to the cloud, and kept. */
void vehicle_provision_online(struct vehicle *v);
/* What it shows now; borrowed until it changes. */
struct tls_identity vehicle_provision_identity(const struct vehicle *v);
/* PEM, certificate and key, for those who take files. */
bool vehicle_provision_pem(const struct vehicle *v, struct buf *to);
/* The id of the certificate that it shows, in hex. */
void vehicle_certificate_id(const struct vehicle *v, char ret[CERTIFICATE_ID_SIZE]);
/* What the cloud gave it with its thing: a JSON object; NULL: nothing. */
const char *vehicle_device_configuration(const struct vehicle *v);

#endif
