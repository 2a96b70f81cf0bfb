#include "broker/kept.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/timeunit.h"
#include "base/xmem.h"
#include "broker/config.h"
#include "cloud/journal_file.h"
#include "cloud/state_file.h"

/* 163 MB of 20,000 cars are read within 5 s where nothing else runs. */
#define WORK_BYTES_PER_MS 4000
#define WORK_MAX_MS       1800000

/* What Mosquitto's files begin with. */
static const char sessions_magic[] = "\x00\xb5\x00mosquitto db";

void kept_remove(int dir_fd)
{
    unlinkat(dir_fd, CONFIG_SESSIONS, 0);
    unlinkat(dir_fd, CONFIG_SESSIONS ".new", 0);
    unlinkat(dir_fd, CONFIG_STATE, 0);
    unlinkat(dir_fd, CONFIG_STATE ".new", 0);
    unlinkat(dir_fd, CONFIG_STATE JOURNAL_SUFFIX, 0);
    unlinkat(dir_fd, CONFIG_STATE JOURNAL_SUFFIX ".new", 0);
}

int kept_work_ms(int dir_fd)
{
    struct stat st;

    if (fstatat(dir_fd, CONFIG_STATE, &st, 0) != 0 || st.st_size <= 0)
        return 0;
    off_t ms = st.st_size / WORK_BYTES_PER_MS;
    return ms < WORK_MAX_MS ? (int)ms : WORK_MAX_MS;
}

bool kept_is_written(const char *dir, struct error *err)
{
    char *state = xasprintf("%s/broker/" CONFIG_STATE, dir);
    char *journal = xasprintf("%s" JOURNAL_SUFFIX, state);
    bool ok = access(journal, F_OK) != 0; /* it goes when all is in the state */

    if (!ok)
        error_set(err, ERROR_TARGET,
                  "%s: what has changed last could not be written (see %s/broker/" CONFIG_LOG
                  " for why; the next start has what was written before, and all certificates)",
                  state, dir);
    free(journal);
    free(state);
    return ok;
}

/* The local time of day; with its date, unless that is today's. */
static void format_time(int64_t wall_ms, char *ret, size_t size)
{
    time_t then = (time_t)(wall_ms / 1000);
    time_t now = (time_t)(clock_wall_ms() / 1000);
    struct tm at, today;

    localtime_r(&then, &at);
    localtime_r(&now, &today);
    bool same = at.tm_year == today.tm_year && at.tm_yday == today.tm_yday;
    if (strftime(ret, size, same ? "%H:%M" : "%Y-%m-%d %H:%M", &at) == 0)
        *ret = '\0';
}

static bool look_at_state(const char *path, char **ret_found, struct error *err)
{
    int64_t saved_ms = 0;
    char when[32];
    struct text t;

    text_init(&t);
    bool ok = state_file_look(path, &t, &saved_ms, err);
    if (ok && saved_ms != 0) {
        format_time(saved_ms, when, sizeof when);
        text_str(&t, " from ");
        text_str(&t, when);
        *ret_found = xstrdup(t.data != NULL ? t.data : "");
    }
    text_done(&t);
    return ok;
}

/* Mosquitto says of a file that is none no more than that it ends. */
static bool look_at_sessions(const char *path, struct error *err)
{
    char head[sizeof sessions_magic - 1];
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0 && errno == ENOENT)
        return true;
    bool ok = fd >= 0 && read(fd, head, sizeof head) == (ssize_t)sizeof head &&
              memcmp(head, sessions_magic, sizeof head) == 0;
    if (fd >= 0)
        close(fd);
    return ok || error_set(err, ERROR_USAGE,
                           "%s: not what Mosquitto keeps sessions and retained messages in (move "
                           "it away, or begin anew with --fresh)",
                           path);
}

bool kept_look(const char *dir, char **ret_found, struct error *err)
{
    char *state = xasprintf("%s/" CONFIG_STATE, dir);
    char *sessions = xasprintf("%s/" CONFIG_SESSIONS, dir);

    *ret_found = NULL;
    bool ok = look_at_state(state, ret_found, err) && look_at_sessions(sessions, err);
    free(state);
    free(sessions);
    return ok;
}

bool kept_blame(const char *dir, struct error *err)
{
    if (err->code == ERROR_TARGET && strstr(err->text, "database") != NULL)
        error_prefix(err,
                     "%s/" CONFIG_SESSIONS " is damaged (move it away, or begin anew with --fresh)",
                     dir);
    return false;
}
