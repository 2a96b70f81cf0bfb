#include "cloud/plugin/keeper.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mosquitto.h>
#include <mosquitto_broker.h>

#include "cloud/state_file.h"

/* After each writing it rests for this many times the processor time that it took. */
#define REST_FACTOR 10
/* A writer that hangs is ended. */
#define WRITER_MAX_S 60

bool keeper_set_path(struct keeper *k, const char *path)
{
    free(k->path);
    k->path = strdup(path);
    return k->path != NULL;
}

bool keeper_load(struct keeper *k, struct cloud *cloud, int64_t now_ms)
{
    int64_t saved_ms;
    struct error err;

    if (k->path == NULL)
        return true;
    bool ok = state_file_read(cloud, k->path, now_ms, &saved_ms, &err);
    if (!ok)
        mosquitto_log_printf(MOSQ_LOG_ERR, "fleetsim cloud: %s", err.text);
    /* Once: the next start without a proper end has nothing to go by. */
    if (ok && !k->lasts)
        unlink(k->path);
    if (ok && k->lasts) {
        ok = journal_file_open(&k->journal, k->path, &err);
        if (!ok)
            mosquitto_log_printf(MOSQ_LOG_ERR, "fleetsim cloud: %s", err.text);
        cloud_begin_journal(cloud);
    }
    k->written = cloud_changes(cloud);
    return ok;
}

static bool write_now(const struct keeper *k, const struct cloud *cloud, int64_t now_ms)
{
    struct error err;

    if (state_file_write(cloud, k->path, now_ms, &err))
        return true;
    mosquitto_log_printf(MOSQ_LOG_ERR, "fleetsim cloud: %s", err.text);
    return false;
}

/* It must not outlive the broker: the next one's files would be overwritten with older ones. */
static _Noreturn void be_writer(const struct keeper *k, const struct cloud *cloud, pid_t broker,
                                int64_t now_ms)
{
    struct error err;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != broker)
        _exit(1);
    /* A client whose connection the broker ends must not wait for the writer, who has it too. */
    close_range(STDERR_FILENO + 1, ~0U, 0);
    signal(SIGTERM, SIG_DFL);
    signal(SIGALRM, SIG_DFL);
    alarm(WRITER_MAX_S);
    _exit(state_file_write(cloud, k->path, now_ms, &err) ? 0 : 1);
}

static void tell_journal_failed(struct keeper *k, const struct error *err)
{
    if (!k->journal_failed)
        mosquitto_log_printf(MOSQ_LOG_ERR, "fleetsim cloud: %s", err->text);
    k->journal_failed = true;
}

/* The state has what was in the journal when it was begun. */
static void note_written(struct keeper *k)
{
    struct error err;

    k->written = k->writing;
    if (!journal_file_drop(&k->journal, &err))
        tell_journal_failed(k, &err);
}

static void begin(struct keeper *k, const struct cloud *cloud, int64_t now_ms)
{
    pid_t broker = getpid();

    k->writing = cloud_changes(cloud);
    journal_file_mark(&k->journal);
    signal(SIGCHLD, SIG_DFL); /* whoever started the broker may have it ignored: then none waits */
    k->writer = fork();
    if (k->writer == 0)
        be_writer(k, cloud, broker, now_ms);
    if (k->writer > 0)
        return;
    /* No room for a second process: then the broker waits. */
    k->writer = 0;
    usec_t cpu = clock_cpu();
    if (write_now(k, cloud, now_ms))
        note_written(k);
    k->rest_until = clock_now() + REST_FACTOR * (clock_cpu() - cpu);
}

static usec_t usec_of(struct timeval t)
{
    return (usec_t)t.tv_sec * USEC_PER_SEC + (usec_t)t.tv_usec;
}

static void look_at_writer(struct keeper *k)
{
    struct rusage used = {0};
    int status = 0;

    if (k->writer == 0 || wait4(k->writer, &status, WNOHANG, &used) == 0)
        return;
    bool ok = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (ok)
        note_written(k);
    else if (!k->failed)
        mosquitto_log_printf(MOSQ_LOG_ERR,
                             "fleetsim cloud: %s could not be written (is there room, and may it "
                             "be written?); it is tried again",
                             k->path);
    k->failed = !ok;
    k->writer = 0;
    k->rest_until = clock_now() + REST_FACTOR * (usec_of(used.ru_utime) + usec_of(used.ru_stime));
}

void keeper_tick(struct keeper *k, struct cloud *cloud, int64_t now_ms)
{
    struct error err;

    if (!k->lasts || k->path == NULL)
        return;
    if (journal_file_keep(&k->journal, cloud, &err))
        k->journal_failed = false;
    else
        tell_journal_failed(k, &err);
    look_at_writer(k);
    usec_t now = clock_now();
    if (!k->dirty && (k->retained_changed || cloud_changes(cloud) != k->written)) {
        k->dirty = true;
        k->due = now + KEEPER_DELAY_MS * USEC_PER_MSEC;
    }
    if (!k->dirty || k->writer != 0 || now < k->due || now < k->rest_until)
        return;
    k->dirty = false;
    if (k->retained_changed)
        kill(getpid(), SIGUSR1); /* Mosquitto writes its own when its loop comes round */
    k->retained_changed = false;
    if (cloud_changes(cloud) != k->written)
        begin(k, cloud, now_ms);
}

void keeper_end(struct keeper *k, struct cloud *cloud, int64_t now_ms)
{
    struct error err;

    if (k->writer > 0) {
        kill(k->writer, SIGKILL);
        waitpid(k->writer, NULL, 0);
        k->writer = 0;
    }
    if (k->lasts && k->path != NULL && !journal_file_keep(&k->journal, cloud, &err))
        tell_journal_failed(k, &err);
    if (k->path != NULL && write_now(k, cloud, now_ms) && k->journal.fd >= 0)
        unlink(k->journal.path);
    keeper_done(k);
}

void keeper_done(struct keeper *k)
{
    journal_file_done(&k->journal);
    free(k->path);
    k->path = NULL;
}
