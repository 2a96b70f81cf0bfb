#include "script/file_watch.h"

#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"
#include "fleet/simulation.h"
#include "script/loader.h"

/* An editor saves in several steps. */
#define SETTLE (100 * USEC_PER_MSEC)

struct watched {
    struct file_watch *watch;
    struct watched *next;
    char *path;
    ev_stat stat;
};

struct file_watch {
    struct script *script;
    const struct script_owner *owner;
    void (*changed)(void *ctx);
    void *ctx;
    struct watched *files;
    struct loop_timer settle;
};

static void on_settled(void *arg)
{
    struct file_watch *w = arg;

    w->changed(w->ctx);
}

static void on_stat(struct ev_loop *ev, ev_stat *stat, int events)
{
    struct watched *file = stat->data;

    (void)ev;
    (void)events;
    /* Away: it is being replaced. */
    if (stat->attr.st_nlink != 0)
        loop_timer_start(&file->watch->settle, SETTLE);
}

static void add(void *ctx, const char *path)
{
    struct file_watch *w = ctx;

    for (const struct watched *file = w->files; file != NULL; file = file->next)
        if (strcmp(file->path, path) == 0)
            return;
    struct watched *file = xcalloc(1, sizeof *file);
    file->watch = w;
    file->path = xstrdup(path);
    file->next = w->files;
    w->files = file;
    ev_stat_init(&file->stat, on_stat, file->path, 0.25);
    file->stat.data = file;
    ev_stat_start(w->script->sim->loop->ev, &file->stat);
}

void file_watch_update(struct file_watch *w)
{
    loader_each_file(w->script, w->owner, add, w);
}

struct file_watch *file_watch_new(struct script *script, const struct script_owner *owner,
                                  void (*changed)(void *ctx), void *ctx)
{
    struct file_watch *w = xcalloc(1, sizeof *w);

    w->script = script;
    w->owner = owner;
    w->changed = changed;
    w->ctx = ctx;
    loop_timer_init(&w->settle, script->sim->loop, on_settled, w);
    file_watch_update(w);
    return w;
}

void file_watch_free(struct file_watch *w)
{
    if (w == NULL)
        return;
    loop_timer_stop(&w->settle);
    while (w->files != NULL) {
        struct watched *file = w->files;
        w->files = file->next;
        ev_stat_stop(w->script->sim->loop->ev, &file->stat);
        free(file->path);
        free(file);
    }
    free(w);
}
