/*
 * provision.h — a car that has but a claim: it connects with that, has a certificate of its own
 * made (contract 4.1), and connects again as itself.
 *
 *     connecting → provisioning → connecting → syncing → online
 *
 * Keys, signing requests and flash memory are the business of whoever makes the car. What it has
 * got so far outlives a loss of power: with a certificate and its ownership token it goes on with
 * RegisterThing; when the token is not taken any more it begins again with a new key.
 *
 * Promises  each step that fails is tried again, with the car's back-off, on another connection.
 */
#ifndef TCU_PROVISION_H
#define TCU_PROVISION_H

#include "base/error.h"
#include "tcu/tcu.h"

/* All borrowed; outlives the TCU. */
struct tcu_claim {
    const char *template_name;
    const char *parameters; /* a JSON object of texts */
    const char *client_id;  /* by which it connects with the claim */
    bool cbor;              /* else JSON */
    bool keys_from_cloud;   /* CreateKeysAndCertificate; else the key never leaves the car */
};

/* What the maker of the car does. */
struct tcu_provision_ops {
    /* Makes a key and a signing request for it; answers by tcu_provision_request(), or not at all
       after forget(). Must not answer from inside. */
    void (*make_request)(void *ctx, struct tcu *tcu);
    /* The certificate of that key, or with its own key (PEM): into flash memory. */
    bool (*keep)(void *ctx, struct tcu *tcu, const char *certificate, const char *key,
                 struct error *err);
    /* Key and certificate are of no use any more; nor is a request that is being made. */
    void (*forget)(void *ctx, struct tcu *tcu);
    /* The cloud knows it: from the next connect on it is that thing, with that certificate. */
    bool (*adopt)(void *ctx, struct tcu *tcu, const char *thing_name,
                  const char *device_configuration, struct error *err);
};

/* From now on it has but the claim. While it is off. */
void tcu_set_claim(struct tcu *tcu, const struct tcu_claim *claim,
                   const struct tcu_provision_ops *ops, void *ctx);
/* It has a certificate that the cloud may not know yet: its first connects may be refused, and what
   it takes until it is online counts as provisioning (contract 4.2). While it is off. */
void tcu_expect_registration(struct tcu *tcu);
/* Has it a certificate of its own that the cloud has taken? */
bool tcu_is_provisioned(const struct tcu *tcu);

/* The signing request, PEM, is ready; NULL: it could not be made, for that reason. */
void tcu_provision_request(struct tcu *tcu, const char *csr, const char *why);

/* ---- for this room ---- */

struct provision;

void provision_done(struct tcu *t);
/* What it connects with while it has but the claim: false if it does not. */
bool provision_options(const struct tcu *t, struct mqtt_connect *o);
/* It begins to connect, from power off or after a failure. */
void provision_connecting(struct tcu *t);
/* CONNACK has come; true: it is this room's. */
bool provision_connected(struct tcu *t);
/* The SUBACK; true: it was the one of provisioning. */
bool provision_subscribed(struct tcu *t, uint16_t packet_id, const uint8_t *codes, size_t count);
void provision_message(struct tcu *t, const struct mqtt_message *m);
/* The connection has ended. */
void provision_offline(struct tcu *t);
/* No answer in time. */
void provision_late(struct tcu *t);
/* It is online. True: this is the end of its provisioning, which took so long. */
bool provision_online(struct tcu *t, usec_t *ret_took);

#endif
