/* shards_progress.h — how far the processes of a shared-out load are, in the live view of all of
   them together. */
#ifndef CLI_SHARDS_PROGRESS_H
#define CLI_SHARDS_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/timeunit.h"

struct live_screen;
struct shards_view;

struct shards_progress {
    uint32_t count;
    usec_t began, told_at;
    struct shards_view *view; /* NULL: nobody wants to know */
    struct live_screen *screen;
};

/* `parts` is the folder of the shards' results. */
void shards_progress_init(struct shards_progress *p, const char *parts, uint32_t count, bool quiet);
/* Call it often; it tells when it is time. */
void shards_progress_tell(struct shards_progress *p);
/* Idempotent. */
void shards_progress_end(struct shards_progress *p);

#endif
