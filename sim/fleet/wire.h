/*
 * wire.h — is anything under way between cars, cloud and apps? Virtual time asks before it leaps.
 *
 * Each connection is a party. It holds time while it waits for an acknowledgement. Whatever was
 * said since it was last looked at may have made the cloud speak to it, so a party that was stirred
 * is fenced before time moves: a round trip of its own, behind which everything has arrived,
 * because MQTT keeps the order of a connection.
 *
 * A party that waits for its radio, not for the broker, is suspended: what it waits for comes only
 * when time moves. Its fences count all the same.
 *
 * Borrows   its parties, which leave before they go.
 * Threads   the simulation thread.
 */
#ifndef FLEET_WIRE_H
#define FLEET_WIRE_H

#include <stdbool.h>
#include <stddef.h>

/* Embedded by value. */
struct wire_party {
    struct wire *wire; /* NULL: not a party */
    /* Starts a round trip, holding (or fencing) until its answer; false if there is no connection
     * to speak of.
     */
    bool (*fence)(void *ctx);
    void *ctx;
    bool observer; /* hears of what others do: an app */
    /* Private part */
    unsigned rounds; /* fences that it needs */
    bool suspended, fenced;
    unsigned holds;
    struct wire_party *next_stirred, **stirred_link;
    struct wire_party *next_observer, **observer_link;
};

struct wire {
    /* Private part */
    size_t holds; /* of all parties that are not suspended, and fences */
    struct wire_party *stirred, *observers;
};

void wire_join(struct wire *w, struct wire_party *p, bool (*fence)(void *ctx), void *ctx,
               bool observer);
/* Its holds are released. Not a party: no-op. */
void wire_leave(struct wire_party *p);

/* All of these are no-ops for those who are not a party. */
void wire_hold(struct wire_party *p);
void wire_release(struct wire_party *p); /* no-op without holds */
/* A round trip of its fence began, ended; at most one at a time. Observers may hear of what a
   suspended party said before it. */
void wire_fence(struct wire_party *p);
void wire_unfence(struct wire_party *p);
/* From now on its holds do not count; they do again. Idempotent. */
void wire_suspend(struct wire_party *p);
void wire_resume(struct wire_party *p);
/* It spoke or was spoken to; observers may hear of it. */
void wire_stir(struct wire_party *p);
/* The broker has lost a connection of its, perhaps not the one that stands. */
void wire_lost(struct wire_party *p);
/* It has lost its connection: nothing is held, nor is it suspended; observers may hear of it. */
void wire_cut(struct wire_party *p);

/* Fences whoever needs it; true if nothing is held and nobody had to be fenced. */
bool wire_quiet(struct wire *w);

#endif
