#include "cli/demo_frames.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/xmem.h"
#include "render/view.h"

static bool write_png(struct view *view, const char *path, struct error *err)
{
    cairo_status_t status = cairo_surface_write_to_png(view_surface(view), path);

    if (status == CAIRO_STATUS_SUCCESS)
        return true;
    return error_set(err, ERROR_USAGE, "%s: %s", path,
                     status == CAIRO_STATUS_WRITE_ERROR ? strerror(errno)
                                                        : cairo_status_to_string(status));
}

static void sleep_until(usec_t at)
{
    usec_t now = clock_now();

    if (at <= now)
        return;
    struct timespec left = {.tv_sec = (time_t)((at - now) / USEC_PER_SEC),
                            .tv_nsec = (long)((at - now) % USEC_PER_SEC * 1000)};
    nanosleep(&left, NULL);
}

static bool await_ready(struct demo_run *run)
{
    while (demo_run_state(run) == DEMO_STARTING)
        sleep_until(clock_now() + 10 * USEC_PER_MSEC);
    return demo_run_state(run) != DEMO_ENDED;
}

static bool keep_frame(struct view *view, const char *folder, unsigned number, struct error *err)
{
    char *path = xasprintf("%s/frame-%05u.png", folder, number);
    bool ok = write_png(view, path, err);

    free(path);
    return ok;
}

/* Has it come to its end? */
static bool is_over(struct demo_run *run, const struct demo_frames *how, usec_t passed)
{
    enum demo_state state = demo_run_state(run);

    return state == DEMO_ENDED || (how->until != 0 ? passed >= how->until : state == DEMO_TOLD);
}

/* A slow machine makes fewer frames; none of them is late. */
static bool play(struct demo_run *run, struct view *view, const struct demo_frames *how,
                 struct error *err)
{
    struct scene scene;
    usec_t began = clock_now(), step = USEC_PER_SEC / how->fps, drawn = began;
    unsigned number = 0;

    if (!demo_run_take(run, &scene))
        scene_init(&scene);
    view_show(view, &scene);
    view_settle(view);
    for (bool over = false; !over;) {
        usec_t now = clock_now();
        over = is_over(run, how, now - began);
        if (demo_run_take(run, &scene))
            view_show(view, &scene);
        view_frame(view, (double)(now - drawn) / 1e6);
        drawn = now;
        if (how->folder != NULL && !keep_frame(view, how->folder, ++number, err))
            return false;
        if (!over)
            sleep_until(now + step);
    }
    return how->snapshot == NULL || write_png(view, how->snapshot, err);
}

bool demo_frames_play(struct demo_run *run, const struct demo_frames *how, struct error *err)
{
    static const struct view_key no_keys[] = {
        {NULL, NULL}
    };

    if (how->folder != NULL && mkdir(how->folder, 0777) != 0 && errno != EEXIST)
        return error_set(err, ERROR_USAGE, "%s: %s", how->folder, strerror(errno));
    if (!await_ready(run))
        return true; /* its own error says why */
    struct view *view = view_new(how->width, how->height, no_keys);
    if (how->clean)
        view_set_clean(view, true);
    bool ok = play(run, view, how, err);
    view_free(view);
    return ok;
}
