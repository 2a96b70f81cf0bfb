/*
 * defender_address.h — the topics of AWS IoT Device Defender: what a device reports on (contract
 * 5), and what an operator asks, for whom AWS has an HTTPS API and the local cloud messages of its
 * own (defender_service.h).
 */
#ifndef CLOUD_DEFENDER_DEFENDER_ADDRESS_H
#define CLOUD_DEFENDER_DEFENDER_ADDRESS_H

#include <stdbool.h>

#define DEFENDER_NAME_MAX   128
#define DEFENDER_TOPIC_SIZE 320

/* ORDER DEFENDER_OPERATION */
enum defender_operation {
    /* A device's: $aws/things/<thing>/defender/metrics/… */
    DEFENDER_REPORT_JSON,
    DEFENDER_REPORT_CBOR,
    DEFENDER_NO_CALL, /* inside the namespace, but no call: never answered */
    /* An operator's: fleetsim/defender/… */
    DEFENDER_PUT_PROFILE,
    DEFENDER_SHOW_PROFILE,
    DEFENDER_DELETE_PROFILE,
    DEFENDER_ATTACH_PROFILE,
    DEFENDER_DETACH_PROFILE,
    DEFENDER_LIST_PROFILES,
    DEFENDER_LIST_VIOLATIONS,
    DEFENDER_OPERATION_COUNT
};

struct defender_address {
    enum defender_operation op;
    char name[DEFENDER_NAME_MAX + 1]; /* of the thing, or of the security profile; "": none */
    char topic[DEFENDER_TOPIC_SIZE];  /* answers go below it */
};

/* False unless a client may have something to say on that topic. */
bool defender_address_parse(const char *topic, struct defender_address *ret);
static inline bool defender_address_is_device(const struct defender_address *a)
{
    return a->op <= DEFENDER_NO_CALL;
}

#endif
