/*
 * shards.h — `fleetsim load --shards N`: N processes of this program that are one load, on one
 * cloud, with one result.
 *
 *     results/<time>-<name>/                 the merged run
 *     results/<time>-<name>/<name>/shard-…/  of each shard, and shard-….log: what it said
 *
 * A process that ends early is not started again: its cars are lost, and the whole is invalid.
 */
#ifndef CLI_SHARDS_H
#define CLI_SHARDS_H

#include <stdint.h>

#include "cli/run.h"

/* `argv` is the command line of this process: those of the shards are made of it. Returns the exit
   status of the whole; says on stderr what went wrong. */
int shards_run(const struct run_settings *settings, uint32_t count, int argc, char **argv);

#endif
