#include "cli/demo_frames.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/xmem.h"
#include "render/view.h"

#define ALONE_EVERY (USEC_PER_SEC / 2) /* so long a caption is seen that nobody leads from */

/* Who leads a story by lines on standard input. */
struct leader {
    bool gone;
    usec_t pressed; /* for them, the last time */
};

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

/* Until the next frame is due; with nothing that moves, until there is news, as a window does. */
static void rest(struct demo_run *run, usec_t due, bool moves)
{
    while (clock_now() < due && (moves || !demo_run_has_news(run)))
        sleep_until(moves ? due : clock_now() + USEC_PER_MSEC);
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

/* Each line that somebody types, or another program writes, is a press on the key. False: there
   will be no more. */
static bool take_lines(struct demo_run *run)
{
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    char text[256];

    while (poll(&in, 1, 0) == 1) {
        ssize_t got = read(STDIN_FILENO, text, sizeof text);
        if (got <= 0)
            return got < 0 && (errno == EINTR || errno == EAGAIN);
        for (ssize_t i = 0; i < got; i++)
            if (text[i] == '\n')
                demo_run_act(run, "next");
    }
    return true;
}

/* Presses the key for a story that waits, once standard input has ended: nobody else will. */
static void lead(struct demo_run *run, struct leader *leader, bool waits, usec_t now)
{
    leader->gone = leader->gone || !take_lines(run);
    if (!leader->gone || !waits || now < leader->pressed + ALONE_EVERY)
        return;
    leader->pressed = now;
    demo_run_act(run, "next");
}

static void tell_measured(const struct first_frame *f)
{
    static const double shares[] = {0.5, 0.9, 1};

    printf("from the app's command to the first changed frame, %zu commands", f->count);
    if (f->count > first_frame_kept(f))
        printf(", of which the newest %zu tell", first_frame_kept(f));
    puts(":");
    if (f->count == 0)
        return;
    printf("  %-34s %9s %9s %9s\n", "", "median", "p90", "most");
    for (int whole = 0; whole < 2; whole++) {
        printf("  %-34s",
               whole ? "with the actuator's own time" : "without the actuator's own time");
        for (size_t i = 0; i < sizeof shares / sizeof *shares; i++)
            printf(" %6.1f ms", (double)first_frame_share(f, whole, shares[i]));
        puts("");
    }
}

/* A slow machine makes fewer frames; none of them is late. */
static bool play(struct demo_run *run, struct view *view, const struct demo_frames *how,
                 struct error *err)
{
    struct scene scene;
    usec_t began = clock_now(), step = USEC_PER_SEC / how->fps, drawn = began;
    unsigned number = 0;
    bool moves = true;
    struct leader leader = {0};

    if (!demo_run_take(run, &scene))
        scene_init(&scene);
    view_show(view, &scene);
    view_settle(view);
    for (bool over = false; !over;) {
        usec_t now = clock_now();
        over = is_over(run, how, now - began);
        if (how->by_lines)
            lead(run, &leader, scene.waits, now);
        if (demo_run_take(run, &scene))
            view_show(view, &scene);
        moves = view_frame(view, (double)(now - drawn) / 1e6);
        if (moves)
            view_presented(view, (int64_t)clock_now());
        drawn = now;
        if (how->folder != NULL && !keep_frame(view, how->folder, ++number, err))
            return false;
        if (!over)
            rest(run, now + step, moves || how->folder != NULL);
    }
    if (how->measure)
        tell_measured(view_first_frame(view));
    return how->snapshot == NULL || write_png(view, how->snapshot, err);
}

bool demo_frames_play(struct demo_run *run, const struct demo_frames *how, struct error *err)
{
    static const struct view_key no_keys[] = {
        {NULL, NULL}
    };

    if (how->folder != NULL && mkdir(how->folder, 0777) != 0 && errno != EEXIST)
        return error_set(err, ERROR_USAGE, "%s: %s", how->folder, strerror(errno));
    demo_run_give_way();
    if (!await_ready(run))
        return true; /* its own error says why */
    struct view *view = view_new(how->width, how->height, no_keys);
    if (how->clean)
        view_set_clean(view, true);
    bool ok = play(run, view, how, err);
    view_free(view);
    return ok;
}
