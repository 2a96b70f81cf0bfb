#include "cli/watch.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/xmem.h"
#include "cli/options.h"
#include "cli/stop_signals.h"

/* An editor saves in several steps. */
#define SETTLE_MS 100
#define DEPTH_MAX 16
#define SAVED     (IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE)

struct folder {
    int wd;
    bool whole; /* every script in it counts, known or not */
    char *path;
};

struct watcher {
    int fd;
    struct folder *folders;
    size_t folder_count;
    char **files; /* that the runs have read */
    size_t file_count;
    char changed[PATH_MAX]; /* what was saved last */
};

static bool is_script(const char *name)
{
    size_t len = strlen(name);

    return len > 4 && name[0] != '.' && strcmp(name + len - 4, ".lua") == 0;
}

/* ---- what to watch ---- */

static void watch_folder(struct watcher *w, const char *path, bool whole)
{
    int wd = inotify_add_watch(w->fd, path, SAVED);

    if (wd < 0)
        return;
    for (size_t i = 0; i < w->folder_count; i++) {
        if (w->folders[i].wd == wd) {
            w->folders[i].whole = w->folders[i].whole || whole;
            return;
        }
    }
    w->folders = xrealloc(w->folders, (w->folder_count + 1) * sizeof *w->folders);
    w->folders[w->folder_count++] =
        (struct folder){.wd = wd, .whole = whole, .path = xstrdup(path)};
}

/* A folder of scenarios, with those in it: what is new there counts, too. */
static void watch_tree(struct watcher *w, const char *path, unsigned depth)
{
    DIR *dir = depth < DEPTH_MAX ? opendir(path) : NULL;

    if (dir == NULL)
        return;
    watch_folder(w, path, true);
    for (const struct dirent *e; (e = readdir(dir)) != NULL;) {
        if (e->d_name[0] == '.' || (e->d_type != DT_DIR && e->d_type != DT_UNKNOWN))
            continue;
        char *inner = xasprintf("%s/%s", path, e->d_name);
        watch_tree(w, inner, depth + 1);
        free(inner);
    }
    closedir(dir);
}

static void add_file(void *ctx, const char *path)
{
    struct watcher *w = ctx;

    while (strncmp(path, "./", 2) == 0)
        path += 2;
    const char *slash = strrchr(path, '/');
    for (size_t i = 0; i < w->file_count; i++)
        if (strcmp(w->files[i], path) == 0)
            return;
    w->files = xrealloc(w->files, (w->file_count + 1) * sizeof(char *));
    w->files[w->file_count++] = xstrdup(path);
    char *folder = slash != NULL ? xstrndup(path, (size_t)(slash - path)) : xstrdup(".");
    watch_folder(w, folder, false);
    free(folder);
}

static void add_paths(struct watcher *w, char **paths, int count)
{
    struct stat st;

    for (int i = 0; i < count; i++) {
        size_t len = strlen(paths[i]);
        while (len > 1 && paths[i][len - 1] == '/')
            len--;
        char *path = xstrndup(paths[i], len);
        if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
            watch_tree(w, path, 0);
        else
            add_file(w, path);
        free(path);
    }
}

/* ---- what was saved ---- */

static bool counts(struct watcher *w, const struct inotify_event *e)
{
    const struct folder *folder = NULL;

    for (size_t i = 0; i < w->folder_count; i++)
        if (w->folders[i].wd == e->wd)
            folder = &w->folders[i];
    if (folder == NULL || e->len == 0 || !is_script(e->name))
        return false;
    const char *path = e->name;
    char joined[PATH_MAX];
    if (strcmp(folder->path, ".") != 0) {
        snprintf(joined, sizeof joined, "%s/%s", folder->path, e->name);
        path = joined;
    }
    bool known = folder->whole;
    for (size_t i = 0; i < w->file_count && !known; i++)
        known = strcmp(w->files[i], path) == 0;
    if (known)
        snprintf(w->changed, sizeof w->changed, "%s", path);
    return known;
}

/* Reads what has come; did anything count? */
static bool read_events(struct watcher *w)
{
    _Alignas(struct inotify_event) char room[16384];
    ssize_t len = read(w->fd, room, sizeof room);
    bool any = false;

    for (ssize_t at = 0; at < len;) {
        const struct inotify_event *e = (const struct inotify_event *)(const void *)(room + at);
        any = counts(w, e) || any;
        at += (ssize_t)(sizeof *e + e->len);
    }
    return any;
}

/* Waits until something was saved, and a moment longer. False: a signal came. */
static bool wait_for_change(struct watcher *w)
{
    struct pollfd in = {.fd = w->fd, .events = POLLIN};
    bool any = false;

    while (stop_signals_caught() == 0) {
        int ready = poll(&in, 1, any ? SETTLE_MS : -1);
        if (ready == 0)
            return true;
        if (ready > 0)
            any = read_events(w) || any;
        else if (errno != EINTR)
            return false;
    }
    return false;
}

/* ---- again and again ---- */

static void say_what_changed(const struct watcher *w)
{
    if (isatty(STDOUT_FILENO))
        fputs("\033[2J\033[H", stdout);
    printf("\n%s was saved: once more\n", w->changed);
    fflush(stdout);
}

static void watcher_done(struct watcher *w)
{
    for (size_t i = 0; i < w->folder_count; i++)
        free(w->folders[i].path);
    for (size_t i = 0; i < w->file_count; i++)
        free(w->files[i]);
    free(w->folders);
    free(w->files);
    close(w->fd);
}

int watch_scenarios(const struct run_settings *settings, char **paths, int count)
{
    struct watcher w = {.fd = inotify_init1(IN_CLOEXEC)};
    struct run_settings own = *settings;
    struct error err;

    if (w.fd < 0) {
        error_set(&err, ERROR_USAGE, "--watch: inotify: %s", strerror(errno));
        return options_fail(&err);
    }
    own.read = add_file;
    own.read_ctx = &w;
    add_paths(&w, paths, count);
    for (;;) {
        int status = run_scenarios(&own, paths, count);
        if (stop_signals_caught() != 0) {
            watcher_done(&w);
            return status;
        }
        add_paths(&w, paths, count);
        printf("\nwaiting for a file to be saved (Ctrl-C ends)\n");
        fflush(stdout);
        if (!wait_for_change(&w))
            break;
        say_what_changed(&w);
    }
    watcher_done(&w);
    return 128 + stop_signals_caught();
}
