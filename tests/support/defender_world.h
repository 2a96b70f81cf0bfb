/*
 * defender_world.h — Device Defender alone (contract 5), with the time in the test's hand: reports
 * of tcu-0001, and a security profile p. What a call leads to is in `out` until the next call.
 */
#ifndef SUPPORT_DEFENDER_WORLD_H
#define SUPPORT_DEFENDER_WORLD_H

#include "cloud/defender/defender_service.h"
#include "support/said.h"

#define NOW      ((int64_t)1700000000000)
#define INTERVAL ((int64_t)300 * 1000)
#define DEVICE   "$aws/things/tcu-0001/defender/metrics/json"
#define CBOR     "$aws/things/tcu-0001/defender/metrics/cbor"
#define PROFILE  "fleetsim/defender/profiles/p/"
#define ALERTS   "fleetsim/defender/alerts/tcu-0001"

/* The start of a report with that number. */
#define HEADER "\"header\":{\"report_id\":%d,\"version\":\"1.0\"}"

struct defender_world {
    struct defender_service service;
    struct cloud_actions out;
    int64_t now_ms;
    int report;          /* the last one's id */
    char mitigated[200]; /* "thing mitigation group;" for each */
};

/* For cmocka: a defender_world at NOW is the state. */
int defender_world_setup(void **state);
int defender_world_teardown(void **state);

/* Sends it as tcu-0001. */
void defender_say_bytes(struct defender_world *w, const char *topic, struct slice payload);
void defender_say(struct defender_world *w, const char *topic, const char *payload);

/* The next report, an interval later, with these metrics; it is accepted. */
void send_report(struct defender_world *w, const char *metrics);
/* … with so many bytes sent. */
void send_report_of(struct defender_world *w, int out);

/* The profile p is that; or says that fewer than 1000 bytes are normal, with these members more, of
   the criteria and of the profile. */
void put_profile(struct defender_world *w, const char *document);
void put_little_profile(struct defender_world *w, const char *criteria, const char *more);

#define WITH_DEFENDER(test)                                                                        \
    cmocka_unit_test_setup_teardown(test, defender_world_setup, defender_world_teardown)

#endif
