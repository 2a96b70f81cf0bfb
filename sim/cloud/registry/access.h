/*
 * access.h — which policies hold for a client, and what they say (contract 7): those of its
 * certificate, and where its client id is a thing that the certificate is attached to, those of
 * the thing's groups and of their ancestors.
 *
 * A client's policies, and whether it is a thing, are looked up when something about policies or
 * their groups has changed, or about what is attached to its own certificate, and kept in a view
 * until then: a message costs no look-up but of patterns, and a car that is provisioned costs the
 * others nothing.
 *
 * Owns      policies and groups. Borrows the registry.
 * Errors    no memory: nothing is allowed.
 */
#ifndef CLOUD_REGISTRY_ACCESS_H
#define CLOUD_REGISTRY_ACCESS_H

#include "cloud/policies/policy_store.h"
#include "cloud/registry/groups.h"
#include "cloud/registry/registry.h"

struct access {
    const struct registry *registry;
    struct policy_store policies;
    struct groups groups;
};

/* Zeroed to begin with. */
struct access_view {
    const struct policy **items;
    size_t count;
    uint64_t generation;                            /* of the access; 0: not looked up yet */
    const struct registry_certificate *certificate; /* NULL: none that is known */
    uint64_t changes;                               /* of it */
    bool lacks_policy;                              /* a name is attached that no policy had */
    size_t policy_count;                            /* in the store, then */
    bool is_thing;    /* its certificate is attached to a thing of its client id */
    bool reads_thing; /* one of them asks for the thing's type or attributes */
};

/* Who asks. All borrowed. */
struct access_subject {
    bool owner;
    const char *user;        /* whom an authorizer has let in, by his policy's name; NULL: nobody */
    const char *certificate; /* its id; NULL or "": none */
    const char *client_id;
};

/* False: no memory. */
bool access_init(struct access *a, const struct registry *registry);
void access_done(struct access *a);
void access_view_done(struct access_view *view);
/* `who` is completed by the thing: its name, type and attributes. */
struct policy_decision access_decide(const struct access *a, struct access_view *view,
                                     const struct access_subject *subject,
                                     const struct policy_principal *who, enum policy_action action,
                                     const char *name);

/* Why it was denied, in words: "iot:Publish dt/x: denied by policy quarantine, Statement[0]
 * (quiet)". */
#define ACCESS_WHY_SIZE 256
void access_explain(const struct policy_decision *denied, enum policy_action action,
                    const char *name, char ret[ACCESS_WHY_SIZE]);

#endif
