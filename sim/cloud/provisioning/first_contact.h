/*
 * first_contact.h — who may connect: what the registry knows of a client's certificate, and what
 * becomes of one that it has never seen (contract 4.2 to 4.4).
 *
 * A certificate of the fleet's own authority is registered, ACTIVE, by its first connection, with
 * the policy that its organizational unit names, and a vehicle's with the thing that its common
 * name is. One of a registered authority is registered as PENDING_ACTIVATION, and refused; somebody
 * activates it. One that this cloud has issued, or that an operator has deleted, is in the
 * registry, or it is none any more.
 */
#ifndef CLOUD_PROVISIONING_FIRST_CONTACT_H
#define CLOUD_PROVISIONING_FIRST_CONTACT_H

#include "cloud/clients/presence.h"
#include "cloud/policies/policy_store.h"
#include "cloud/registry/registry.h"

#define FIRST_CONTACT_ACCOUNT "123456789012"

/* ORDER FIRST_CONTACT_ORIGIN */
enum first_contact_origin {
    FIRST_CONTACT_FLEET,     /* the fleet's own authority */
    FIRST_CONTACT_CLOUD,     /* this cloud */
    FIRST_CONTACT_AUTHORITY, /* a registered authority, or one below it */
    FIRST_CONTACT_STRANGER   /* none of these, though TLS trusts it */
};

/* Entries of a subject that templates may use (contract 4.3). ORDER FIRST_CONTACT_SUBJECT */
enum first_contact_subject {
    FIRST_CONTACT_COUNTRY,
    FIRST_CONTACT_ORGANIZATION,
    FIRST_CONTACT_UNIT,
    FIRST_CONTACT_QUALIFIER,
    FIRST_CONTACT_STATE,
    FIRST_CONTACT_COMMON_NAME,
    FIRST_CONTACT_SERIAL_NUMBER,
    FIRST_CONTACT_SUBJECT_COUNT
};

/* What the first connection tells of a certificate that is not the fleet's. All borrowed. */
struct first_contact_certificate {
    enum first_contact_origin origin;
    const char *authority; /* id; of FIRST_CONTACT_AUTHORITY */
    const char *pem;
    const char *subject[FIRST_CONTACT_SUBJECT_COUNT]; /* NULL: not there */
};

/* ORDER FIRST_CONTACT_ANSWER */
enum first_contact_answer {
    FIRST_CONTACT_WELCOME,
    FIRST_CONTACT_NO_POLICY, /* of the fleet, but no policy is of its organizational unit's name */
    FIRST_CONTACT_PENDING,   /* registered, and refused until somebody activates it */
    FIRST_CONTACT_REFUSED,   /* not ACTIVE, or nobody's */
    FIRST_CONTACT_NO_MEMORY
};

/* What is to be known of a client that knocks. */
struct first_contact {
    enum first_contact_answer answer;
    struct registry_certificate *certificate; /* NULL: it is not in the registry */
    bool is_thing;                            /* attached to a thing of the client's id */
    bool is_new;                              /* registered just now */
};

/* `peer` must have a certificate (principal). Tells of a registration (the event of contract 4.2),
   again with every attempt; and of one that is refused because of its status
   (fleetsim/certificates/<id>/refused, docs/certificates.md). */
struct first_contact first_contact_judge(struct registry *r, const struct policy_store *policies,
                                         const struct presence_peer *peer, int64_t now_ms,
                                         struct cloud_actions *out);

/* Activations and removals that are due, and the end of connections whose certificates are not
   ACTIVE any more. */
bool first_contact_tick(struct registry *r, struct presence *p, int64_t now_ms,
                        struct cloud_actions *out);

#endif
