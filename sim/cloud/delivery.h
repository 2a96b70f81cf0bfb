/*
 * delivery.h — the order in which messages reach their subscribers, and how often: as they were
 * made, or in any other way that AWS IoT allows itself (contract 1.1, 2, 6.2): messages of one
 * update and of neighbouring ones in another order, late, and those of QoS 1 twice.
 *
 * What becomes of a message follows from the seed and its own topic and payload, so that the same
 * messages meet the same fate in every run.
 */
#ifndef CLOUD_DELIVERY_H
#define CLOUD_DELIVERY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "cloud/clients/actions.h"

struct delivery {
    bool shuffle, duplicate;
    uint64_t seed;
    /* What has been held back, and until when (ms); real time only. */
    struct cloud_actions late;
    int64_t late_until;
};

/* "in-order", "shuffle", "duplicate" or "shuffle,duplicate". False: none of these. */
bool delivery_parse(const char *text, struct delivery *ret);
void delivery_done(struct delivery *d);
/* Is there anything to do but to publish what comes as it comes? */
bool delivery_is_plain(const struct delivery *d);

/* Is this message one of those that come twice? QoS 1 only. */
bool delivery_repeats(const struct delivery *d, const char *topic, struct slice payload);

/* Makes of what was collected since the last time what is to be published now. `hold`: some of it
   may stay for a moment, which ends by itself; it comes back out of a later call. Closing clients
   and answers to one client alone keep their places before all else. Without memory less is
   rearranged. */
void delivery_arrange(struct delivery *d, struct cloud_actions *list, bool hold, int64_t now_ms);

#endif
