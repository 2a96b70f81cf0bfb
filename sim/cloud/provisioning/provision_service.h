/*
 * provision_service.h — fleet provisioning by claim and just in time (contract 4.1, 4.3): new
 * certificates, ownership tokens, templates, and the hook that may refuse.
 *
 * A device's answers go to the asking connection alone, in the format (JSON, CBOR) that it asked
 * in. AWS keeps templates over HTTPS; here an operator's messages do, answered as the registry's
 * are (registry_operator.h):
 *
 *     fleetsim/templates/<t>/create   {"templateBody":{…},"preProvisioningHook":{…}?}
 *     fleetsim/templates/<t>/get | delete
 *     fleetsim/templates/list
 *     fleetsim/templates/<t>/answer   {"requestId","allowProvisioning","parameterOverrides"?}
 *
 * A preProvisioningHook is {"allow":{"VIN":"^WFS",…}}: extended regular expressions that the
 * parameters must match, one each; or {"ask":true}: what AWS hands to a Lambda function is
 * published on fleetsim/templates/<t>/hook, and whoever answers within 5 s decides.
 *
 * Two templates are there from the beginning: "fleetsim", whose thing is named by the parameter
 * VIN, and "fleetsim-jit", whose thing is a certificate's common name; both may do what vehicles
 * may.
 *
 * Owns      templates, tokens, questions that wait for their hook.
 * Errors    no memory: false.
 */
#ifndef CLOUD_PROVISIONING_PROVISION_SERVICE_H
#define CLOUD_PROVISIONING_PROVISION_SERVICE_H

#include "base/slice.h"
#include "base/table.h"
#include "cloud/clients/actions.h"
#include "cloud/clients/presence.h"
#include "cloud/provisioning/first_contact.h"
#include "cloud/provisioning/provision_address.h"
#include "cloud/registry/access.h"
#include "cloud/registry/issuer.h"
#include "cloud/registry/registry.h"

struct provision_question;

struct provision_service {
    struct registry *registry;       /* borrowed */
    const struct presence *presence; /* borrowed */
    const struct issuer *issuer;     /* borrowed; NULL: nobody signs */
    struct access *access;           /* borrowed: policies and groups that templates name */
    struct table templates, tokens;
    struct provision_question *questions; /* the oldest first */
    uint64_t question_count;
};

/* False: no memory. */
bool provision_service_init(struct provision_service *s, struct registry *registry,
                            struct access *access, const struct presence *presence);
void provision_service_done(struct provision_service *s);

/* One message on such a topic, by that client. */
bool provision_service_request(struct provision_service *s, const struct provision_address *address,
                               const char *client_id, struct slice payload, int64_t now_ms,
                               struct cloud_actions *out);
/* A certificate that an authority with that template has just registered (contract 4.3). An error
   of the template leaves it PENDING_ACTIVATION. */
void provision_service_just_in_time(struct provision_service *s, const char *template_name,
                                    struct registry_certificate *certificate,
                                    const struct first_contact_certificate *seen, int64_t now_ms);
/* Hooks that did not answer; tokens whose hour is over. */
bool provision_service_tick(struct provision_service *s, int64_t now_ms, struct cloud_actions *out);
void provision_service_sweep(struct provision_service *s, int64_t now_ms);

/* Lines of JSON: what has to outlive the broker. */
void provision_service_save(const struct provision_service *s, struct text *to);
bool provision_service_load(struct provision_service *s, const cJSON *record);

#endif
