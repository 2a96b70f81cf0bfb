/*
 * provision_address.h — the topics of fleet provisioning: what a device with a claim may ask
 * (contract 4.1), and what an operator may say of templates, for whom AWS has an HTTPS API.
 */
#ifndef CLOUD_PROVISIONING_PROVISION_ADDRESS_H
#define CLOUD_PROVISIONING_PROVISION_ADDRESS_H

#include <stdbool.h>

#include "cloud/provisioning/provision_template.h"

#define PROVISION_TOPIC_SIZE 256

/* ORDER PROVISION_OPERATION */
enum provision_operation {
    /* A device's: $aws/… */
    PROVISION_CREATE,
    PROVISION_CREATE_FROM_CSR,
    PROVISION_REGISTER,
    /* An operator's: fleetsim/templates/… */
    PROVISION_TEMPLATE_LIST,
    PROVISION_TEMPLATE_CREATE,
    PROVISION_TEMPLATE_GET,
    PROVISION_TEMPLATE_DELETE,
    PROVISION_HOOK_ANSWER,
    PROVISION_OPERATION_COUNT
};

struct provision_address {
    enum provision_operation op;
    bool cbor;
    char name[PROVISION_TEMPLATE_NAME_MAX + 1]; /* of the template; "": none */
    char topic[PROVISION_TOPIC_SIZE];           /* answers go below it */
};

/* False unless it is such a topic. */
bool provision_address_parse(const char *topic, struct provision_address *ret);
/* What devices ask is for the cloud alone: tokens in it prove whose a certificate is. */
bool provision_topic_is_request(const char *topic);
static inline bool provision_address_is_device(const struct provision_address *a)
{
    return a->op <= PROVISION_REGISTER;
}

#endif
