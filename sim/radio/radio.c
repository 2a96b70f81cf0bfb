#include "radio/radio.h"

#include <math.h>

/* A segment of TCP, and the headers that go with it. */
#define SEGMENT 1360
#define HEADERS 40
/* Packets of one write that are looked at one by one. */
#define SEGMENTS_MAX 64
/* Linux waits that long at least (TCP_RTO_MIN) on top of the round trip; RFC 6298, 2.5 allows a
   ceiling of 60 s. */
#define RTO_MIN     (200 * USEC_PER_MSEC)
#define RTO_MAX     (60 * USEC_PER_SEC)
#define RETRIES_MAX 15
/* So many packets behind a lost one make TCP send it again at once (RFC 5681, 3.2). */
#define DUPLICATES 3
/* Longer jitter than that many means is cut. */
#define JITTER_MAX 8

const char *radio_state_name(enum radio_state state)
{
    /* ORDER RADIO_STATE */
    static const char *const names[RADIO_STATE_COUNT] = {"detached", "attaching", "attached",
                                                         "no coverage"};
    return (unsigned)state < RADIO_STATE_COUNT ? names[state] : "unknown";
}

/* ---- on the network or not ---- */

static void enter(struct radio *r, enum radio_state state, usec_t at)
{
    if (r->state == state)
        return;
    r->state = state;
    r->since = at;
    /* It will have another address. */
    if (state == RADIO_DETACHED)
        r->forgotten = true;
}

/* Where it stands, now that coverage or power may have changed. */
static void place(struct radio *r, usec_t now)
{
    bool covered = r->on && radio_profile_covers(r->profile);

    if (!r->on || (!covered && r->state == RADIO_ATTACHING))
        enter(r, RADIO_DETACHED, now);
    else if (covered && r->state == RADIO_DETACHED)
        enter(r, r->profile->attach != 0 ? RADIO_ATTACHING : RADIO_ATTACHED, now);
    else if (covered && r->state == RADIO_NO_COVERAGE)
        enter(r, RADIO_ATTACHED, now);
    else if (!covered && r->state == RADIO_ATTACHED)
        enter(r, RADIO_NO_COVERAGE, now);
}

usec_t radio_next_change(const struct radio *r)
{
    if (r->state == RADIO_ATTACHING)
        return r->since + r->profile->attach;
    if (r->state == RADIO_NO_COVERAGE)
        return r->since + r->profile->detach;
    return 0;
}

enum radio_state radio_update(struct radio *r, usec_t now)
{
    usec_t change = radio_next_change(r);

    if (change != 0 && change <= now)
        enter(r, r->state == RADIO_ATTACHING ? RADIO_ATTACHED : RADIO_DETACHED, change);
    return r->state;
}

void radio_init(struct radio *r, const struct radio_profile *profile, uint64_t seed,
                uint64_t stream, usec_t now)
{
    *r = (struct radio){.profile = profile,
                        .on = true,
                        .state = radio_profile_covers(profile) ? RADIO_ATTACHED : RADIO_NO_COVERAGE,
                        .since = now,
                        .traffic = now};
    for (int way = 0; way < RADIO_WAY_COUNT; way++)
        rng_init(&r->lanes[way].rng, seed, stream * RADIO_WAY_COUNT + (uint64_t)way);
}

void radio_set_profile(struct radio *r, const struct radio_profile *profile, usec_t now)
{
    radio_update(r, now);
    r->profile = profile;
    place(r, now);
}

void radio_switch(struct radio *r, bool on, usec_t now)
{
    radio_update(r, now);
    r->on = on;
    place(r, now);
}

/* ---- what the network remembers ---- */

void radio_begin(struct radio *r, usec_t now)
{
    r->forgotten = false;
    r->traffic = now;
}

bool radio_has_forgotten(struct radio *r, usec_t now)
{
    radio_update(r, now);
    if (r->profile->nat != 0 && now > r->traffic && now - r->traffic > r->profile->nat)
        r->forgotten = true;
    return r->forgotten;
}

/* ---- how long bytes take ---- */

/* The chain of two states in continuous time, looked at now and then: each look forgets the state
   it saw before at the rate of both changes together. */
static bool in_burst(const struct radio_profile *p, struct radio_lane *lane, usec_t at)
{
    if (p->burst == 0)
        return false;
    if (at <= lane->faded && lane->faded != 0)
        return lane->burst;
    double good = (double)p->good, burst = (double)p->burst;
    double share = burst / (good + burst);
    double kept = lane->faded != 0 ? exp(-(double)(at - lane->faded) * (1 / good + 1 / burst)) : 0;
    double chance = share + ((lane->burst ? 1 : 0) - share) * kept;
    lane->burst = rng_unit(&lane->rng) < chance;
    lane->faded = at;
    return lane->burst;
}

static bool is_lost(const struct radio_profile *p, struct radio_lane *lane, usec_t at)
{
    double chance = in_burst(p, lane, at) ? p->loss_burst : p->loss_good;

    return chance > 0 && rng_unit(&lane->rng) < chance;
}

static usec_t first_timeout(const struct radio_profile *p)
{
    return p->rtt + RTO_MIN;
}

/* How much later than the first try it is that a packet comes through. */
static usec_t recovery(const struct radio_profile *p, struct radio_lane *lane, usec_t at,
                       bool followed)
{
    usec_t timeout = first_timeout(p), late = 0;

    if (!is_lost(p, lane, at))
        return 0;
    if (followed) {
        late = p->rtt;
        if (!is_lost(p, lane, at + late))
            return late;
    }
    for (int i = 0; i < RETRIES_MAX; i++) {
        late += timeout;
        if (!is_lost(p, lane, at + late))
            break;
        timeout = timeout * 2 < RTO_MAX ? timeout * 2 : RTO_MAX;
    }
    return late;
}

static usec_t jitter(const struct radio_profile *p, struct radio_lane *lane)
{
    if (p->jitter == 0)
        return 0;
    double x = -log(1 - rng_unit(&lane->rng));
    return (usec_t)((double)p->jitter * (x < JITTER_MAX ? x : JITTER_MAX));
}

usec_t radio_delay(struct radio *r, enum radio_way way, size_t bytes, usec_t now)
{
    const struct radio_profile *p = r->profile;
    struct radio_lane *lane = &r->lanes[way];
    uint64_t rate = way == RADIO_UP ? p->up : p->down;
    size_t segments = (bytes + SEGMENT - 1) / SEGMENT;
    uint64_t bits = ((uint64_t)bytes + segments * HEADERS) * 8;
    usec_t late = 0;

    if (lane->free < now)
        lane->free = now;
    usec_t at = lane->free;
    if (rate != 0)
        lane->free += bits * USEC_PER_SEC / rate;
    for (size_t i = 0; i < segments && i < SEGMENTS_MAX; i++) {
        usec_t sent = at + (lane->free - at) * i / segments;
        usec_t this_late = recovery(p, lane, sent, segments - i > DUPLICATES);
        late = this_late > late ? this_late : late;
    }
    usec_t due = lane->free + p->rtt / 2 + jitter(p, lane) + late;
    if (lane->last < due)
        lane->last = due;
    r->traffic = now > r->traffic ? now : r->traffic;
    return lane->last - now;
}

usec_t radio_retry_delay(const struct radio *r, usec_t held, usec_t now)
{
    usec_t timeout = first_timeout(r->profile), next = held;

    while (next < now) {
        next += timeout;
        timeout = timeout * 2 < RTO_MAX ? timeout * 2 : RTO_MAX;
    }
    return next - now;
}
