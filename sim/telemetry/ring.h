/*
 * ring.h — samples that wait, oldest first, up to a ceiling: what is beyond pushes out the oldest.
 * Grows as it fills; an empty one that was never used has no memory.
 */
#ifndef TELEMETRY_RING_H
#define TELEMETRY_RING_H

#include "tcu/signals.h"
#include "telemetry/campaign.h"

struct waiting {
    int64_t at_ms;
    union signal_value value;  /* texts are owned by the ring */
    struct campaign *campaign; /* a reference of its own */
    uint32_t signal;
};

struct ring {
    const struct signal_schema *schema;
    struct waiting *items;
    size_t start, count, room, max;
};

/* max > 0 */
void ring_init(struct ring *r, const struct signal_schema *schema, size_t max);
void ring_done(struct ring *r);
void ring_clear(struct ring *r);
struct waiting *ring_at(const struct ring *r, size_t i);
/* Copies a text, keeps the campaign. True: the oldest had to go. */
bool ring_push(struct ring *r, const struct waiting *w);
/* Moves all to the end of another one; returns how many that pushed out. */
size_t ring_move(struct ring *from, struct ring *to);
/* Drops the first `most` that belong to this campaign. */
void ring_drop(struct ring *r, const struct campaign *campaign, size_t most);

#endif
