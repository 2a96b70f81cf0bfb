#include "cli/shards.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/timeunit.h"
#include "base/xmem.h"
#include "cli/cloud_file.h"
#include "cli/cmd_report_merge.h"
#include "cli/consent.h"
#include "cli/live_screen.h"
#include "cli/options.h"
#include "cli/preflight.h"
#include "cli/shards_command.h"
#include "cli/shards_progress.h"
#include "cli/stop_signals.h"
#include "cli/target.h"
#include "metrics/run_results.h"
#include "net/endpoints.h"
#include "results/merge.h"

#define LOOK_MS      100
#define LINE_MAX_LEN 512

struct child {
    pid_t pid;  /* 0: it has ended, or never began */
    int status; /* as waitpid() tells */
    char *dir, *log;
};

struct shards {
    const struct run_settings *settings;
    uint32_t count;
    struct target target; /* the cloud, if it is ours */
    char *cloud_json;     /* or NULL */
    char *dir, *parts;    /* results: of the whole, and the folder of the shards' */
    char *meeting;        /* the folder where they wait for each other */
    struct consent consent;
    struct child *children;
    bool ending; /* the others have been told that one never began */
    bool cloud_ended;
    bool outlook_told; /* what the first of them said of all */
    struct shards_progress progress;
};

/* ---- the cloud that all share ---- */

static bool open_cloud(struct shards *s, struct error *err)
{
    struct target_options options = s->settings->target;

    if (options.endpoint != NULL || options.cloud_dir != NULL)
        return true;
    if (!s->settings->quiet)
        fprintf(stderr, "making a cloud with %" PRIu64 " cars\n", s->settings->vehicles);
    if (!target_open(&s->target, &options, err))
        return false;
    char *ca = xasprintf("%s/pki/ca.pem", s->target.pki_dir);
    s->cloud_json = cloud_file_write(s->target.temporary, s->target.broker, ca, err);
    free(ca);
    return s->cloud_json != NULL;
}

/* Asked once, and not by processes that have no terminal. */
static bool ask_for_all(struct shards *s, struct error *err)
{
    const struct run_settings *settings = s->settings;

    s->consent.given = settings->yes;
    if (settings->target.endpoint == NULL)
        return true;
    struct endpoints *list = endpoints_new(settings->target.endpoint, ENDPOINT_ORDER, err);
    bool ok = list != NULL && consent_to(&s->consent, list, settings->vehicles, err);
    endpoints_free(list);
    return ok;
}

/* ---- the processes ---- */

static bool make_folders(struct shards *s, struct error *err)
{
    char name[RUN_RESULTS_NAME_MAX];

    s->dir = run_results_make_folder(s->settings->results, s->settings->name, err);
    if (s->dir == NULL)
        return false;
    run_results_clean_name(s->settings->name, name);
    s->parts = xasprintf("%s/%s", s->dir, name);
    s->meeting = xasprintf("%s/meeting", s->parts);
    if (mkdir(s->parts, 0777) != 0)
        return error_set(err, ERROR_USAGE, "%s: %s", s->parts, strerror(errno));
    for (uint32_t i = 0; i < s->count; i++) {
        s->children[i].dir = xasprintf("%s/shard-%04" PRIu32, s->parts, i);
        s->children[i].log = xasprintf("%s.log", s->children[i].dir);
    }
    return true;
}

/* In the new process. It ends with us, whatever ends us; signals to our group are ours to tell. */
static _Noreturn void become(char **argv, int log, pid_t parent, const char *token)
{
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    shards_command_clean_environment();
    if (token != NULL)
        setenv("FLEETSIM_API_TOKEN", token, 1);
    if (getppid() == parent)
        execv("/proc/self/exe", argv);
    _exit(ERROR_USAGE);
}

static bool start_child(struct child *child, char **argv, const char *token, struct error *err)
{
    int log = open(child->log, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    pid_t parent = getpid();

    if (log < 0)
        return error_set(err, ERROR_USAGE, "%s: %s", child->log, strerror(errno));
    pid_t pid = fork();
    if (pid == 0)
        become(argv, log, parent, token);
    close(log);
    if (pid < 0)
        return error_set(err, ERROR_USAGE, "cannot start another process: %s", strerror(errno));
    child->pid = pid;
    return true;
}

static bool start_all(struct shards *s, int argc, char **argv, struct error *err)
{
    struct shards_command command = {
        .settings = s->settings,
        .argc = argc,
        .argv = (const char *const *)argv,
        .count = s->count,
        .results = s->dir,
        .cloud_dir = s->target.temporary,
        .meet = s->meeting,
        .yes = s->consent.given,
    };
    bool ok = true;

    for (uint32_t i = 0; i < s->count && ok; i++) {
        char **words = shards_command_new(&command, i);
        ok = start_child(&s->children[i], words, s->settings->api.token, err);
        shards_command_free(words);
    }
    return ok;
}

static void tell_all(const struct shards *s, int number)
{
    for (uint32_t i = 0; i < s->count; i++)
        if (s->children[i].pid != 0)
            kill(s->children[i].pid, number);
}

static void tell_lost(struct shards *s, uint32_t i)
{
    int status = s->children[i].status;

    if (!WIFSIGNALED(status))
        return;
    log_error("shard %" PRIu32 " of %" PRIu32 " was ended by signal %d: its cars are lost", i,
              s->count, WTERMSIG(status));
}

/* One that has ended before they met would be waited for. */
static void tell_ended(struct shards *s, uint32_t i)
{
    char *log = xasprintf("%s/latency.hlog", s->children[i].dir);

    if (!s->ending && access(log, F_OK) != 0) {
        s->ending = true;
        tell_all(s, SIGTERM);
    }
    free(log);
    tell_lost(s, i);
}

/* Returns how many still run. */
static uint32_t look_after(struct shards *s)
{
    uint32_t running = 0;

    for (uint32_t i = 0; i < s->count; i++) {
        struct child *child = &s->children[i];
        if (child->pid != 0 && waitpid(child->pid, &child->status, WNOHANG) == child->pid) {
            child->pid = 0;
            tell_ended(s, i);
        }
        running += child->pid != 0;
    }
    return running;
}

/* Nothing that was measured without it counts. */
static void look_after_cloud(struct shards *s)
{
    if (s->cloud_ended || target_alive(&s->target))
        return;
    s->cloud_ended = true;
    log_error("local cloud: the broker ended by itself: the shards are ending (see %s)", s->parts);
    tell_all(s, SIGTERM);
}

/* The first shard says what all of them come to, but nobody reads its log. */
static void tell_outlook(struct shards *s)
{
    char *path = xasprintf("%s/" PREFLIGHT_FILE, s->children[0].dir);
    FILE *file = s->outlook_told ? NULL : fopen(path, "re");
    char line[LINE_MAX_LEN];

    free(path);
    if (file == NULL)
        return;
    s->outlook_told = true;
    live_screen_clear();
    while (fgets(line, sizeof line, file) != NULL)
        fputs(line, stderr);
    fclose(file);
}

static void wait_for_all(struct shards *s)
{
    int told = 0;

    while (look_after(s) > 0) {
        look_after_cloud(s);
        int caught = stop_signals_caught();
        if (caught != told) {
            log_error("interrupted: the shards are ending (once more: stop at once)");
            tell_all(s, SIGTERM);
            told = caught;
        }
        tell_outlook(s);
        shards_progress_tell(&s->progress);
        poll(NULL, 0, LOOK_MS);
    }
    shards_progress_end(&s->progress);
}

/* ---- the end ---- */

/* The last thing that a process said, if it was trouble: they all say the same. */
static bool repeat_trouble(const struct child *child)
{
    char line[LINE_MAX_LEN], last[LINE_MAX_LEN] = "";
    FILE *file = fopen(child->log, "re");

    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, "fleetsim: ", 10) == 0)
            memcpy(last, line, sizeof last);
    if (file != NULL)
        fclose(file);
    fputs(last, stderr);
    return last[0] != '\0';
}

/* One that ended by itself, and not because we said so. */
static bool failed_by_itself(const struct child *child)
{
    int status = WIFEXITED(child->status) ? WEXITSTATUS(child->status) : 0;

    return status != 0 && status != 128 + SIGTERM;
}

/* What ended all of them early; 0: nothing did. */
static int ended_status(const struct shards *s)
{
    if (stop_signals_caught() != 0)
        return 128 + stop_signals_caught();
    return s->cloud_ended ? ERROR_TARGET : 0;
}

static const char *ended_reason(const struct shards *s)
{
    return stop_signals_caught() != 0 ? "interrupted"
           : s->cloud_ended           ? "local cloud: the broker ended by itself"
                                      : NULL;
}

/* None has run: the reason is the command's. */
static int none_ran(const struct shards *s)
{
    for (uint32_t i = 0; i < s->count; i++)
        if (failed_by_itself(&s->children[i]) && repeat_trouble(&s->children[i]))
            return WEXITSTATUS(s->children[i].status);
    if (ended_status(s) != 0)
        return ended_status(s);
    log_error("no shard ran (see %s)", s->children[0].log);
    return ERROR_INVALID;
}

static int merge_all(struct shards *s)
{
    const char *dirs[] = {s->parts};
    struct error err;
    struct merge *m = merge_new(&(struct merge_options){.dirs = dirs,
                                                        .dir_count = 1,
                                                        .name = s->settings->name,
                                                        .command_line = s->settings->command_line,
                                                        .ended_status = ended_status(s),
                                                        .ended_reason = ended_reason(s)},
                                &err);

    if (m == NULL)
        return none_ran(s);
    int status = merge_finish(m, s->dir);
    const char *junit = s->settings->junit;
    if (junit != NULL && !merge_save_junit(m, junit, &err)) {
        log_error("%s", err.text);
        status = status != 0 ? status : (int)err.code;
    }
    merge_free(m);
    return status;
}

static void close_all(struct shards *s)
{
    for (uint32_t i = 0; i < s->count; i++) {
        free(s->children[i].dir);
        free(s->children[i].log);
    }
    if (s->cloud_json != NULL)
        unlink(s->cloud_json);
    free(s->cloud_json);
    target_close(&s->target);
    shards_progress_end(&s->progress);
    free(s->children);
    free(s->dir);
    free(s->parts);
    free(s->meeting);
}

int shards_run(const struct run_settings *settings, uint32_t count, int argc, char **argv)
{
    struct shards s = {.settings = settings, .count = count, .target = {.lock = -1}};
    struct error err;
    int status;

    stop_signals_catch();
    s.children = xcalloc(count, sizeof *s.children);
    bool own_cloud = settings->target.endpoint == NULL && settings->target.cloud_dir == NULL;
    bool ok = preflight_shards(settings, own_cloud, &err) && ask_for_all(&s, &err) &&
              make_folders(&s, &err) && open_cloud(&s, &err);
    shards_progress_init(&s.progress, s.parts, count, settings->quiet);
    if (stop_signals_caught() != 0) {
        status = 128 + stop_signals_caught();
    } else if (ok) {
        ok = start_all(&s, argc, argv, &err);
        if (!ok)
            tell_all(&s, SIGTERM);
        wait_for_all(&s);
        status = ok ? merge_all(&s) : options_fail(&err);
    } else {
        status = options_fail(&err);
    }
    close_all(&s);
    return status;
}
