/*
 * shard_meeting.h — shards that wait for each other in a folder that all of them see, and then
 * begin at the same moment: --meet. Each leaves a file; the moment is a little after the last
 * one's, by the clock of whoever keeps the folder, so that their own clocks need only agree about
 * now.
 */
#ifndef CLI_SHARD_MEETING_H
#define CLI_SHARD_MEETING_H

#include <stdint.h>

#include "base/error.h"
#include "cli/shard.h"

struct shard_meeting {
    const char *dir; /* made if it is missing */
    struct shard shard;
    const char *name; /* of the run, with the seed: others may meet in the same folder */
    uint64_t seed;
};

/* Waits for all, for ten minutes at most; says on the log for whom. Ends early, and is true, if a
   signal has come (stop_signals_caught()). ERROR_USAGE: the folder cannot be used, or this shard
   has been there before; ERROR_INVALID: others did not come. */
bool shard_meet(const struct shard_meeting *m, struct error *err);

#endif
