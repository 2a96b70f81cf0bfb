/*
 * shard.h — one of several processes that are one load: which one, and which cars of the fleet are
 * its own. Car k is the same car whoever simulates it; a shard has those from total·i/N to
 * total·(i+1)/N, so that every car is in one shard and no two differ by more than one car.
 *
 * Sources: Kubernetes, "Indexed Job" (JOB_COMPLETION_INDEX); Slurm, srun(1) (SLURM_PROCID,
 * SLURM_STEP_NUM_TASKS); Open MPI, mpirun(1) (OMPI_COMM_WORLD_RANK, OMPI_COMM_WORLD_SIZE).
 */
#ifndef CLI_SHARD_H
#define CLI_SHARD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define SHARDS_MAX 10000

struct shard {
    uint32_t index, count; /* count 0: no shard, the whole */
    const char *source;    /* who says so: "--shard", "Slurm", … */
};

/* From --shard ("2/8"; "0/1": the whole, whatever the environment says; NULL: not given), or else
   from the environment. ERROR_USAGE. */
bool shard_choose(const char *option, struct shard *ret, struct error *err);

/* Its cars of `total`: from *ret_first on, *ret_count of them. */
void shard_slice(const struct shard *s, uint64_t total, uint64_t *ret_first, uint64_t *ret_count);

/* A moment: "2026-11-29T06:30:00Z" (UTC), or seconds since the Unix epoch. ERROR_USAGE. */
bool start_at_parse(const char *text, int64_t *ret_wall_ms, struct error *err);
/* Waits until then; ends early if a signal has come (stop_signals_caught()). What is a little late
   is warned of, by more than ten seconds refused (ERROR_USAGE): the others have begun. */
bool start_at_wait(int64_t wall_ms, struct error *err);

#endif
