/*
 * shards_view.h — how it goes with a load that several processes share, put together from what they
 * leave behind while they run: their histograms, counters and timelines.
 *
 * Owns      what it has read of their logs. Threads   one.
 * Promises  reads each log once, however long it becomes; what is half written waits for its rest.
 */
#ifndef CLI_SHARDS_VIEW_H
#define CLI_SHARDS_VIEW_H

#include <stdint.h>

#include "cli/live_view.h"

struct shards_view;

/* `parts` is the folder of the shards' results; copied. */
struct shards_view *shards_view_new(const char *parts, uint32_t count);
/* NULL is fine. */
void shards_view_free(struct shards_view *v);
/* Sums over all shards: the fleet's states, what the processes take, and a recorder (until the next
   time) of what has been measured so far. Of shards that have nothing yet there is nothing in it.
   Once a second: the processor time is worked out from shares of it. */
void shards_view_look(struct shards_view *v, struct live_moment *ret);

#endif
