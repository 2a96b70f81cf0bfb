/*
 * claim.h — a cloud_world to which a client with a claim certificate is connected: what it asks of
 * fleet provisioning (contract 4.1), and the car that comes back with what it was given.
 */
#ifndef SUPPORT_CLAIM_H
#define SUPPORT_CLAIM_H

#include "support/cloud_world.h"

/* Its certificate's id, and what it asks. */
#define CLAIM     "00000000000000000000000000000000000000000000000000000000000000c1"
#define CREATE    "$aws/certificates/create/json"
#define FROM_CSR  "$aws/certificates/create-from-csr/json"
#define PROVISION "$aws/provisioning-templates/fleetsim/provision/json"
/* A template that a test makes itself: its calls, and where it provisions. */
#define HOOKED    "templates/hooked/"
#define HOOKED_ON "$aws/provisioning-templates/hooked/provision/json"
/* Of the parameter VIN: the thing car-<VIN>, its certificate INACTIVE, a device configuration. */
#define HOOKED_BODY                                                                                \
    "{\"Parameters\":{\"VIN\":{\"Type\":\"String\"}},\"Resources\":{\"c\":{\"Type\":"              \
    "\"AWS::IoT::Certificate\",\"Properties\":{\"Status\":\"INACTIVE\"}},\"t\":{\"Type\":"         \
    "\"AWS::IoT::Thing\",\"Properties\":{\"ThingName\":{\"Fn::Join\":[\"\",[\"car-\",{\"Ref\":"    \
    "\"VIN\"}]]}}}},\"DeviceConfiguration\":{\"region\":\"eu\"}}"

/* For cmocka, with cloud_world_teardown: a cloud_world is the state. */
int claim_setup(void **state);

/* Connects the claim, as after a restart. */
void claim_connects(struct cloud_world *w);

void claim_sends(struct cloud_world *w, const char *topic, const char *payload);
void claim_sends_bytes(struct cloud_world *w, const char *topic, struct slice payload);

/* What the cloud said first is on <topic>/<expected> and for the claim alone; to be freed. */
cJSON *claim_is_told(struct cloud_world *w, const char *topic, const char *expected);

/* Sends it; the one answer is a rejection with that status and code, and words. */
void claim_is_rejected(struct cloud_world *w, const char *topic, const char *payload, int status,
                       const char *code);

/* A certificate by a signing request; its ownership token. */
void claim_creates(struct cloud_world *w, char ret_token[128]);

/* A request to register a thing; parameters are JSON. */
void claim_request(char ret[512], const char *token, const char *parameters);

/* Sends it there; it is accepted. */
void claim_provisions(struct cloud_world *w, const char *topic, const char *request);

/* A car with the certificate that was made. */
enum cloud_verdict made_car_connects(struct cloud_world *w, const char *client_id);

#define WITH_CLAIM(test) cmocka_unit_test_setup_teardown(test, claim_setup, cloud_world_teardown)

#endif
