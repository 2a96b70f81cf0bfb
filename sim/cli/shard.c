#include "cli/shard.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/timeunit.h"
#include "cli/stop_signals.h"

#define LATE_MS   10000
#define UNTOLD_MS 500
#define STEP_MS   100

/* ---- which one ---- */

/* Digits only, the whole text. */
static bool read_number(const char *text, uint64_t *ret)
{
    char *end;

    if (text == NULL || !isdigit((unsigned char)*text))
        return false;
    errno = 0;
    *ret = strtoull(text, &end, 10);
    return errno == 0 && *end == '\0';
}

static bool take(uint64_t index, uint64_t count, const char *source, struct shard *ret)
{
    if (count == 0 || count > SHARDS_MAX || index >= count)
        return false;
    *ret = (struct shard){(uint32_t)index, count > 1 ? (uint32_t)count : 0, source};
    return true;
}

static bool from_option(const char *text, struct shard *ret, struct error *err)
{
    char index[16] = "";
    const char *slash = strchr(text, '/');
    uint64_t i, n;

    if (slash != NULL && (size_t)(slash - text) < sizeof index)
        memcpy(index, text, (size_t)(slash - text));
    if (!read_number(index, &i) || !read_number(slash + 1, &n))
        return error_set(err, ERROR_USAGE, "--shard %s: not a shard (as 2/8: number 2 of 8)", text);
    if (take(i, n, "--shard", ret))
        return true;
    return error_set(err, ERROR_USAGE,
                     "--shard %s: no such shard (of %" PRIu64 " there are 0/%" PRIu64 " to %" PRIu64
                     "/%" PRIu64 "; at most %d)",
                     text, n, n, n > 0 ? n - 1 : 0, n, SHARDS_MAX);
}

struct launcher {
    const char *name;
    const char *index, *count; /* variables */
    const char *needs;         /* one more that is set where they mean this; NULL: none */
};

/* Whoever started us last comes first: mpirun may itself have been started by Slurm. A batch
   script of Slurm has SLURM_PROCID as well, but is no task of a step. */
static const struct launcher launchers[] = {
    {"Kubernetes", "JOB_COMPLETION_INDEX", "FLEETSIM_SHARD_COUNT", NULL           },
    {"Open MPI",   "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", NULL           },
    {"Slurm",      "SLURM_PROCID",         "SLURM_STEP_NUM_TASKS", "SLURM_STEP_ID"},
};

static bool is_set(const char *variable)
{
    const char *text = getenv(variable);

    return text != NULL && *text != '\0';
}

static bool from_launcher(const struct launcher *l, struct shard *ret, struct error *err)
{
    const char *index = getenv(l->index), *count = getenv(l->count);
    uint64_t i, n;

    if (!is_set(l->count))
        return error_set(err, ERROR_USAGE,
                         "%s=%s, but %s does not say of how many (set it, or give --shard 0/1 for "
                         "a run of its own)",
                         l->index, index, l->count);
    if (read_number(index, &i) && read_number(count, &n) && take(i, n, l->name, ret))
        return true;
    return error_set(err, ERROR_USAGE,
                     "%s=%s, %s=%s: no such shard (give --shard 0/1 for a run of its own)",
                     l->index, index, l->count, count);
}

bool shard_choose(const char *option, struct shard *ret, struct error *err)
{
    *ret = (struct shard){0};
    if (option != NULL)
        return from_option(option, ret, err);
    for (size_t i = 0; i < sizeof launchers / sizeof *launchers; i++) {
        const struct launcher *l = &launchers[i];
        if (is_set(l->index) && (l->needs == NULL || is_set(l->needs)))
            return from_launcher(l, ret, err);
    }
    return true;
}

void shard_slice(const struct shard *s, uint64_t total, uint64_t *ret_first, uint64_t *ret_count)
{
    uint64_t count = s->count != 0 ? s->count : 1;

    *ret_first = total * s->index / count;
    *ret_count = total * (s->index + 1) / count - *ret_first;
}

/* ---- when ---- */

bool start_at_parse(const char *text, int64_t *ret_wall_ms, struct error *err)
{
    char *end;
    double seconds = strtod(text, &end);

    if (strspn(text, "0123456789.") == strlen(text) && end != text && *end == '\0' &&
        seconds < 1e11) {
        *ret_wall_ms = llround(seconds * 1000);
        return true;
    }
    return wall_parse(text, ret_wall_ms) ||
           error_set(err, ERROR_USAGE,
                     "--start-at %s: not a time (UTC as 2026-11-29T06:30:00Z, or Unix seconds)",
                     text);
}

bool start_at_wait(int64_t wall_ms, struct error *err)
{
    int64_t left = wall_ms - clock_wall_ms();

    if (left < -LATE_MS)
        return error_set(err, ERROR_USAGE,
                         "--start-at: that was %.1f s ago, the others have begun (give all a later "
                         "time)",
                         (double)-left / 1000);
    if (left < -UNTOLD_MS)
        log_warn("--start-at: %.1f s late", (double)-left / 1000);
    while (stop_signals_caught() == 0 && (left = wall_ms - clock_wall_ms()) > 0)
        poll(NULL, 0, (int)(left < STEP_MS ? left : STEP_MS));
    return true;
}
