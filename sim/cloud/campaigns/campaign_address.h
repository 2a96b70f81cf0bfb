/*
 * campaign_address.h — the topics by which FleetWise's cloud side speaks to cars (contract 9.3),
 * and those by which an operator gives it documents for them, for whom AWS has an HTTPS API
 * (campaign_service.h).
 */
#ifndef CLOUD_CAMPAIGNS_CAMPAIGN_ADDRESS_H
#define CLOUD_CAMPAIGNS_CAMPAIGN_ADDRESS_H

#include <stdbool.h>

#define CAMPAIGN_NAME_MAX   128
#define CAMPAIGN_TOPIC_SIZE 320

/* ORDER CAMPAIGN_OPERATION */
enum campaign_operation {
    /* A car's: $aws/iotfleetwise/vehicles/<vehicle>/… */
    CAMPAIGN_CHECKIN,
    CAMPAIGN_DATA,
    /* An operator's: fleetsim/fleetwise/campaigns/…, …/manifests/… and …/templates/… */
    CAMPAIGN_PUT,
    CAMPAIGN_SHOW,
    CAMPAIGN_DELETE,
    CAMPAIGN_LIST,
    CAMPAIGN_OPERATION_COUNT
};

/* ORDER CAMPAIGN_KIND */
enum campaign_kind {
    CAMPAIGN_SCHEME,
    CAMPAIGN_MANIFEST,
    CAMPAIGN_TEMPLATE, /* of last known states */
    CAMPAIGN_KIND_COUNT
};

struct campaign_address {
    enum campaign_operation op;
    enum campaign_kind kind;          /* of the operator's document */
    char name[CAMPAIGN_NAME_MAX + 1]; /* of the vehicle, or of the document; "": none */
    char topic[CAMPAIGN_TOPIC_SIZE];  /* an operator's answers go below it */
};

/* False unless there is something to do about a message on that topic. */
bool campaign_address_parse(const char *topic, struct campaign_address *ret);

#endif
