/*
 * registry_operator.h — what an operator may ask of the registry, and change (docs/cloud.md). AWS
 * has HTTPS for that; here it is a message, answered to the asker alone below its topic:
 * …/accepted, or …/rejected with {"code","message","clientToken"?}.
 *
 *     fleetsim/things/list                      {"maxResults","nextToken"} → a page
 *     fleetsim/things/<thing>/create | update   {"thingTypeName","attributes","merge"}
 *     fleetsim/things/<thing>/get | delete
 *     fleetsim/things/<thing>/attach | detach   {"certificateId"}
 *     fleetsim/certificates/list                {"status","maxResults","nextToken"} → a page
 *     fleetsim/certificates/register            {"certificatePem","status"} → {"certificateId"}
 *     fleetsim/certificates/<id>/get
 *     fleetsim/certificates/<id>/update         {"status"}
 *     fleetsim/certificates/<id>/delete         {"force"}
 *     fleetsim/certificates/<id>/attach-policy | detach-policy   {"policyName"}
 *     fleetsim/authorities/list
 *     fleetsim/authorities/register             {"certificatePem", and what update takes}
 *     fleetsim/authorities/<id>/get | delete
 *     fleetsim/authorities/<id>/update          {"status","autoRegistrationStatus",
 *                                                "activateAfterSeconds","templateName"}
 */
#ifndef CLOUD_OPERATOR_REGISTRY_OPERATOR_H
#define CLOUD_OPERATOR_REGISTRY_OPERATOR_H

#include "base/slice.h"
#include "cloud/clients/actions.h"
#include "cloud/clients/presence.h"
#include "cloud/operator/registry_address.h"
#include "cloud/registry/issuer.h"
#include "cloud/registry/registry.h"

/* One request. All borrowed. */
struct registry_exchange {
    struct registry *registry;
    struct presence *presence;
    const struct policy_store *policies;
    const struct issuer *issuer; /* NULL: nobody reads certificates */
    const struct registry_address *address;
    const char *client_id;
    int64_t now_ms;
    struct cloud_actions *out;
    const char *token; /* clientToken, or NULL; set by the call */
    bool changed;      /* set by the call: something may be other than before */
};

/* False: no memory. */
bool registry_operator_request(struct registry_exchange *x, struct slice payload);

/* ---- registry_documents.c: how records are told ---- */

void registry_write_thing(struct text *t, const struct registry_thing *thing,
                          const struct presence *presence);
/* `whole`: with its PEM. */
void registry_write_certificate(struct text *t, const struct registry_certificate *c, bool whole);
void registry_write_authority(struct text *t, const struct registry_authority *a, bool whole);

#endif
