/* shards_progress.h — how far the processes of a shared-out load are, from the timelines that they
   write: on a terminal a line that changes, elsewhere one every few seconds. */
#ifndef CLI_SHARDS_PROGRESS_H
#define CLI_SHARDS_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/timeunit.h"

struct shards_progress {
    const char *parts; /* folder of the shards' results */
    uint32_t count;
    usec_t began, told_at;
    bool quiet, line; /* line: one stands on the terminal */
};

/* Borrows `parts`. */
void shards_progress_init(struct shards_progress *p, const char *parts, uint32_t count, bool quiet);
/* Call it often; it tells when it is time. */
void shards_progress_tell(struct shards_progress *p);
void shards_progress_clear(struct shards_progress *p);

#endif
