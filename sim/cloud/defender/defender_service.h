/*
 * defender_service.h — AWS IoT Device Defender (contract 5): takes device-side metrics, counts what
 * the cloud sees of each thing itself, judges both by security profiles, tells of violations, and
 * does what a profile wants done about them.
 *
 * AWS's profiles are made by HTTPS, and its alerts go to SNS. Here these are messages of ours,
 * answers to the asker alone, below the topic that was asked: …/accepted, or …/rejected with
 * {"code","message","clientToken"?}.
 *
 *     fleetsim/defender/profiles/<profile>/put      defender_profile.h → {"securityProfileName"}
 *     fleetsim/defender/profiles/<profile>/get      → the document
 *     fleetsim/defender/profiles/<profile>/delete
 *     fleetsim/defender/profiles/<profile>/attach   {"target"}: defender_targets.h
 *     fleetsim/defender/profiles/<profile>/detach   {"target"}
 *     fleetsim/defender/profiles/list               → {"securityProfileIdentifiers":[{"name"}]}
 *     fleetsim/defender/violations/list             {"thingName":"…"?} → {"violationEvents":[…]},
 *                                                   the latest 250, oldest first
 *     fleetsim/defender/alerts/<thing>              what AWS sends to SNS: {"violationEventType":
 *                                                   "in-alarm" | "alarm-cleared" |
 *                                                   "alarm-invalidated", …}: the last where the
 *                                                   profile is not for the thing any more
 *
 * Reports are judged as they come; what the cloud counts, every 300 s. Alarms do not outlive the
 * broker, profiles do.
 *
 * Owns      profiles, and a record of each thing that has reported or been counted.
 * Errors    no memory: false.
 */
#ifndef CLOUD_DEFENDER_DEFENDER_SERVICE_H
#define CLOUD_DEFENDER_DEFENDER_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/table.h"
#include "cloud/clients/actions.h"
#include "cloud/defender/defender_address.h"
#include "cloud/defender/defender_profile.h"

struct defender_service;
struct defender_thing;

/* What a step works with. */
struct defender_turn {
    struct defender_service *service;
    const struct defender_profile *profile; /* the one that was violated; else NULL */
    int64_t now_ms;
    struct cloud_actions *out;
};

#define DEFENDER_EVENTS 250

struct defender_service {
    /* Carries out what the turn's profile wants. May be NULL. False: no memory. */
    bool (*mitigate)(void *ctx, const char *thing, enum defender_mitigation mitigation,
                     const struct defender_turn *turn);
    void *ctx;
    const struct defender_fleet *fleet; /* borrowed; NULL: nobody is in a group */
    /* Private part */
    struct table things;
    struct defender_thing *first;
    struct defender_profile *profiles;
    bool counts; /* some behaviour wants what the cloud sees */
    int64_t slot_end_ms;
    uint64_t violation_count;
    char *events[DEFENDER_EVENTS]; /* a ring of alerts */
    uint64_t event_count;
};

void defender_service_init(struct defender_service *s);
void defender_service_done(struct defender_service *s);

/* One message on such a topic, by that client. now_ms: wall time. */
bool defender_service_request(struct defender_service *s, const struct defender_address *address,
                              const char *client_id, struct slice payload, int64_t now_ms,
                              struct cloud_actions *out);
/* The cloud has seen that of a thing: so many, or for DEFENDER_MESSAGE_SIZE so many bytes. Cheap
   unless a behaviour wants to know. */
void defender_service_count(struct defender_service *s, const char *thing, enum defender_sum what,
                            double amount);
/* Judges what has been counted, when that is due. */
bool defender_service_tick(struct defender_service *s, int64_t now_ms, struct cloud_actions *out);
/* Appends lines of JSON: the profiles. */
void defender_service_save(const struct defender_service *s, struct text *to);
/* Takes over such a line. False: it is none, or no memory. */
bool defender_service_load(struct defender_service *s, const cJSON *record);

#endif
