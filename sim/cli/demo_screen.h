/*
 * demo_screen.h — a demo in a window, with its keys and clicks.
 */
#ifndef CLI_DEMO_SCREEN_H
#define CLI_DEMO_SCREEN_H

#include "cli/demo_run.h"

struct demo_screen {
    int width, height;
    bool clean, full_screen;
};

/* Is there a window in this build? */
bool demo_screen_is_built(void);
/* For struct demo_run_options. */
void demo_screen_news(void *ctx);
/* Until somebody closes it, or the demo ends. `start` starts the demo once the window is there; it
   is stopped before the window goes. `ret_status` is demo_run_stop()'s. False: no screen. */
bool demo_screen_play(const struct demo_screen *how, struct demo_run *(*start)(void *ctx),
                      void *ctx, int *ret_status, struct error *err);

#endif
