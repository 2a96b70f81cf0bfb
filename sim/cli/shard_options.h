/*
 * shard_options.h — --shards, --shard, --start-at and --meet: a load shared out to several
 * processes (docs/shards.md).
 */
#ifndef CLI_SHARD_OPTIONS_H
#define CLI_SHARD_OPTIONS_H

#include "cli/options.h"
#include "cli/run.h"

struct shard_options {
    uint64_t shards; /* processes that this one starts; 0 and 1: none */
    const char *shard, *start_at, *meet;
    char folder[128]; /* of the shard's results, below those of all runs */
};

/* Rows of a table of struct option_spec, for a struct shard_options. */
// clang-format off
#define SHARD_OPTIONS_ROWS(o)                                                                      \
    {"shards", 0, OPTION_NUMBER, &(o).shards, "N",                                                 \
     "share the load out to N processes on this machine, for more cores; one\nmerged result "      \
     "(docs/shards.md)"},                                                                          \
    {"shard", 0, OPTION_STRING, &(o).shard, "I/N",                                                 \
     "be number I, from 0, of N processes anywhere that are one load (default:\nas Kubernetes, "   \
     "Slurm or mpirun say)"},                                                                      \
    {"start-at", 0, OPTION_STRING, &(o).start_at, "TIME",                                          \
     "begin then, all together: UTC as 2026-11-29T06:30:00Z, or Unix seconds"},                   \
    {"meet", 0, OPTION_STRING, &(o).meet, "DIR",                                                   \
     "begin together when all shards are there: a folder that they all see"}
// clang-format on

/* Makes the settings, which are checked already, those of one shard, if it is to be one: its cars,
   rates of connecting and results. `seeded`: a seed was given. Borrows `o`. ERROR_USAGE. */
bool shard_options_apply(struct shard_options *o, struct run_settings *s, bool seeded,
                         struct error *err);

#endif
