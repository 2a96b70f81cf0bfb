#include "mqtt/packet_queue.h"

#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"

void packet_queue_init(struct packet_queue *q, size_t bytes_max)
{
    *q = (struct packet_queue){0};
    buf_init(&q->bytes, bytes_max);
}

void packet_queue_done(struct packet_queue *q)
{
    buf_done(&q->bytes);
    free(q->stamps);
    q->stamps = NULL;
    q->first = q->end = q->room = 0;
}

/* Room for one more stamp: at the front, if that is half of it. */
static void make_room(struct packet_queue *q)
{
    if (q->end < q->room)
        return;
    if (q->first > 0 && q->first >= q->room / 2) {
        memmove(q->stamps, q->stamps + q->first, (q->end - q->first) * sizeof *q->stamps);
        q->end -= q->first;
        q->first = 0;
        return;
    }
    q->room = q->room != 0 ? 2 * q->room : 4;
    q->stamps = xrealloc(q->stamps, q->room * sizeof *q->stamps);
}

bool packet_queue_add(struct packet_queue *q, struct slice packet, usec_t due)
{
    if (!buf_append_slice(&q->bytes, packet))
        return false;
    make_room(q);
    q->stamps[q->end++] = (struct packet_stamp){.len = packet.len, .due = due};
    return true;
}

size_t packet_queue_take(struct packet_queue *q, struct buf *to)
{
    size_t len = q->stamps[q->first++].len;

    buf_append(to, buf_data(&q->bytes), len);
    buf_consume(&q->bytes, len);
    if (packet_queue_empty(q))
        packet_queue_done(q);
    return len;
}
