/*
 * sampling.h — one rule or campaign as it runs in one car: when it samples next, whether its event
 * is going on, and what it remembers of the time before.
 */
#ifndef TELEMETRY_SAMPLING_H
#define TELEMETRY_SAMPLING_H

#include "telemetry/ring.h"

#define SAMPLING_NEVER UINT64_MAX

struct sampling {
    struct campaign *campaign; /* kept */
    usec_t due;                /* of the next sample, by the simulated clock */
    usec_t closes;             /* the end of the event, once its condition ceased to hold */
    bool holds;                /* the condition does */
    bool open;                 /* the event is going on */
    bool opened, closed;       /* just now; for the owner to take away */
    struct ring history;
    union signal_value *last; /* what onChange sent last; texts are hashed into .i */
    bool *sent;
};

struct sampling_now {
    usec_t at;
    int64_t wall_ms;
    const struct signal_table *signals;
    struct ring *out;
    size_t lost; /* counts what was pushed out of it */
};

void sampling_init(struct sampling *s, struct campaign *campaign,
                   const struct signal_schema *schema);
void sampling_done(struct sampling *s);
/* The car begins to sample. */
void sampling_start(struct sampling *s, struct sampling_now *now);
/* It stopped: an event that was going on is over, and what was remembered is forgotten. */
void sampling_stop(struct sampling *s);
/* Its time may have come. */
void sampling_tick(struct sampling *s, struct sampling_now *now);
/* A signal has changed. */
void sampling_changed(struct sampling *s, size_t index, struct sampling_now *now);
/* When it wants sampling_tick() next, or SAMPLING_NEVER. */
usec_t sampling_next(const struct sampling *s);

#endif
