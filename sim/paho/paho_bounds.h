/*
 * paho_bounds.h — what keeps a client on Paho within a profile (mqtt/profile.h), by the same rules
 * and in the same words as the native engine: its pace, and how many subscriptions it has.
 *
 * Owns      its timer, what it remembers of the subscriptions.
 * Borrows   the loop and the profile.
 * Promises  without a profile nothing is refused and nothing waits.
 * Threads   the loop's.
 */
#ifndef PAHO_PAHO_BOUNDS_H
#define PAHO_PAHO_BOUNDS_H

#include "loop/loop.h"
#include "mqtt/pace.h"
#include "mqtt/profile.h"
#include "mqtt/subscriptions.h"

struct paho_bounds {
    const struct mqtt_profile *profile; /* NULL: none */
    struct pace pace;                   /* of messages, in and out together */
    struct loop_timer timer;
    struct subscriptions subscriptions;
};

/* `resume` is called when a message that was held back may go. */
void paho_bounds_init(struct paho_bounds *b, struct loop *loop, const struct mqtt_profile *profile,
                      void (*resume)(void *ctx), void *ctx);
void paho_bounds_done(struct paho_bounds *b);

/* Online: a second's worth may go at once. Without a session nothing is subscribed to. */
void paho_bounds_begin(struct paho_bounds *b, bool session_present);
/* No longer. */
void paho_bounds_end(struct paho_bounds *b);

/* May a message go now? It counts if so; if not, `resume` is called in time. */
bool paho_bounds_may_send(struct paho_bounds *b);
/* A message has come. */
void paho_bounds_note_message(struct paho_bounds *b);

/* ERROR_USAGE names the limit that these filters would break. */
bool paho_bounds_check_subscribe(const struct paho_bounds *b, const struct mqtt_filter *filters,
                                 size_t count, struct error *err);
void paho_bounds_subscribe(struct paho_bounds *b, uint16_t packet_id,
                           const struct mqtt_filter *filters, size_t count);
void paho_bounds_subscribed(struct paho_bounds *b, uint16_t packet_id, const uint8_t *codes,
                            size_t count);
void paho_bounds_unsubscribe(struct paho_bounds *b, const struct slice *filters, size_t count);

#endif
