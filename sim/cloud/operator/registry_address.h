/*
 * registry_address.h — the topics by which an operator reads and changes the registry, for whom AWS
 * has an HTTPS API (registry_operator.h).
 */
#ifndef CLOUD_OPERATOR_REGISTRY_ADDRESS_H
#define CLOUD_OPERATOR_REGISTRY_ADDRESS_H

#include <stdbool.h>

#include "cloud/registry/registry.h"

#define REGISTRY_TOPIC_SIZE 256

/* ORDER REGISTRY_OPERATION */
enum registry_operation {
    REGISTRY_THING_LIST,
    REGISTRY_THING_CREATE,
    REGISTRY_THING_GET,
    REGISTRY_THING_UPDATE,
    REGISTRY_THING_DELETE,
    REGISTRY_THING_ATTACH,
    REGISTRY_THING_DETACH,
    REGISTRY_CERTIFICATE_LIST,
    REGISTRY_CERTIFICATE_REGISTER,
    REGISTRY_CERTIFICATE_GET,
    REGISTRY_CERTIFICATE_UPDATE,
    REGISTRY_CERTIFICATE_DELETE,
    REGISTRY_CERTIFICATE_ATTACH_POLICY,
    REGISTRY_CERTIFICATE_DETACH_POLICY,
    REGISTRY_AUTHORITY_LIST,
    REGISTRY_AUTHORITY_REGISTER,
    REGISTRY_AUTHORITY_GET,
    REGISTRY_AUTHORITY_UPDATE,
    REGISTRY_AUTHORITY_DELETE,
    REGISTRY_OPERATION_COUNT
};

struct registry_address {
    enum registry_operation op;
    char name[REGISTRY_NAME_MAX + 1]; /* of the thing, certificate or authority; "": none */
    char topic[REGISTRY_TOPIC_SIZE];  /* answers go below it */
};

/* False unless it is such a topic. */
bool registry_address_parse(const char *topic, struct registry_address *ret);
/* Is it to change something, or only to be told? */
bool registry_address_changes(const struct registry_address *address);

#endif
