#include "cli/shard_meeting.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/timeunit.h"
#include "base/xmem.h"
#include "cli/stop_signals.h"
#include "metrics/run_results.h"

#define LOOK_MS    50
#define TELL_EVERY (10 * USEC_PER_SEC)
#define PATIENCE   (600 * USEC_PER_SEC)
/* Until all have seen the last file, also where a network file system tells of it late. */
#define GATHER_MS 1500

static char *file_of(const struct shard_meeting *m, uint32_t index)
{
    char name[RUN_RESULTS_NAME_MAX];

    run_results_clean_name(m->name, name);
    return xasprintf("%s/%s-%" PRIu64 "-shard-%04" PRIu32 "-of-%" PRIu32, m->dir, name, m->seed,
                     index, m->shard.count);
}

static bool arrive(const struct shard_meeting *m, struct error *err)
{
    char *path = file_of(m, m->shard.index);

    if (mkdir(m->dir, 0777) != 0 && errno != EEXIST) {
        error_set(err, ERROR_USAGE, "--meet %s: cannot make it: %s", m->dir, strerror(errno));
        free(path);
        return false;
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd >= 0)
        close(fd);
    else if (errno == EEXIST)
        error_set(err, ERROR_USAGE,
                  "--meet: %s is there: this shard has been there before (give another folder, "
                  "--name or --seed; a lost shard's cars are not run again)",
                  path);
    else
        error_set(err, ERROR_USAGE, "--meet: %s: %s", path, strerror(errno));
    free(path);
    return fd >= 0;
}

/* How many are there, when the last of them came, and one that is missing. */
static uint32_t count_there(const struct shard_meeting *m, int64_t *ret_last_ms,
                            uint32_t *ret_missing)
{
    uint32_t there = 0;

    *ret_last_ms = 0;
    for (uint32_t i = 0; i < m->shard.count; i++) {
        char *path = file_of(m, i);
        struct stat st;
        if (stat(path, &st) == 0) {
            int64_t ms = (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
            *ret_last_ms = ms > *ret_last_ms ? ms : *ret_last_ms;
            there++;
        } else {
            *ret_missing = i;
        }
        free(path);
    }
    return there;
}

/* The meeting begins; whoever saw it late is not far behind. */
static void begin(int64_t last_ms)
{
    int64_t left;

    while (stop_signals_caught() == 0 && (left = last_ms + GATHER_MS - clock_wall_ms()) > 0 &&
           left <= GATHER_MS)
        poll(NULL, 0, (int)(left < LOOK_MS ? left : LOOK_MS));
}

bool shard_meet(const struct shard_meeting *m, struct error *err)
{
    usec_t began = clock_now(), told = began;
    uint32_t missing = 0, there;
    int64_t last_ms;

    if (!arrive(m, err))
        return false;
    while ((there = count_there(m, &last_ms, &missing)) < m->shard.count) {
        usec_t now = clock_now();
        if (stop_signals_caught() != 0)
            return true;
        if (now - began > PATIENCE)
            return error_set(err, ERROR_INVALID,
                             "--meet: only %" PRIu32 " of %" PRIu32 " shards came within ten "
                             "minutes (shard %" PRIu32 ", for one, did not)",
                             there, m->shard.count, missing);
        if (now - told > TELL_EVERY) {
            log_info("%" PRIu32 " of %" PRIu32 " shards are there (not shard %" PRIu32 ", for one)",
                     there, m->shard.count, missing);
            told = now;
        }
        poll(NULL, 0, LOOK_MS);
    }
    begin(last_ms);
    return true;
}
