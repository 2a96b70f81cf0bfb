/*
 * window.h — a window with a picture in it, on SDL2: the only file that knows SDL.
 *
 * Threads   the main thread, except window_wake().
 */
#ifndef RENDER_WINDOW_H
#define RENDER_WINDOW_H

#include "base/error.h"
#include "render/view.h"

struct window;

enum window_happening {
    WINDOW_NOTHING, /* the time is up, or somebody woke it */
    WINDOW_QUIT,
    WINDOW_KEY,    /* a key went down: `key` */
    WINDOW_CLICK,  /* x, y */
    WINDOW_RESIZED /* width, height; the picture has to be drawn and shown again */
};

struct window_event {
    enum window_happening what;
    char key[24]; /* SDL's name in lower case: "u", "left", "escape", "f11" */
    double x, y;  /* pixels of the picture */
    int width, height;
};

/* `width`, `height`: in the system's points; the picture may have more pixels. ERROR_FAILED without
   a screen. */
struct window *window_open(const char *title, int width, int height, struct error *err);
void window_close(struct window *w); /* NULL is fine */
/* Of the picture, in pixels. */
void window_size(struct window *w, int *ret_width, int *ret_height);
/* Copies what has changed to the screen; count 0: only shows what is there. */
void window_show(struct window *w, cairo_surface_t *surface, const struct view_box *boxes,
                 size_t count);
/* Waits at most `ms` for the next event. */
void window_wait(struct window *w, int ms, struct window_event *ret);
/* The next event that has come already; false: there is none. */
bool window_poll(struct window *w, struct window_event *ret);
/* Ends the wait; from any thread, while there is a window. */
void window_wake(void);
/* It is gone from the screen; window_close() follows. */
void window_hide(struct window *w);
void window_toggle_full_screen(struct window *w);

#endif
