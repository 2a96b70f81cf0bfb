/*
 * packet_queue.h — packets on their way, each with the time when it arrives; they keep their order.
 *
 * Owns      copies of the packets. Empty, it holds no memory.
 */
#ifndef MQTT_PACKET_QUEUE_H
#define MQTT_PACKET_QUEUE_H

#include "base/buf.h"
#include "base/timeunit.h"

struct packet_queue {
    /* Private part */
    struct buf bytes;
    struct packet_stamp {
        size_t len;
        usec_t due;
    } * stamps;
    size_t first, end, room;
};

/* bytes_max: ceiling of all packets together. */
void packet_queue_init(struct packet_queue *q, size_t bytes_max);
/* Forgets all packets. */
void packet_queue_done(struct packet_queue *q);
/* False past the ceiling. */
bool packet_queue_add(struct packet_queue *q, struct slice packet, usec_t due);
static inline bool packet_queue_empty(const struct packet_queue *q)
{
    return q->first == q->end;
}
/* Of the first packet; there must be one. */
static inline usec_t packet_queue_due(const struct packet_queue *q)
{
    return q->stamps[q->first].due;
}
/* Moves the first packet to the end of `to`; its length. */
size_t packet_queue_take(struct packet_queue *q, struct buf *to);

#endif
