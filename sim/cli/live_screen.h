/*
 * live_screen.h — where the live view is shown: on a terminal a picture that is painted over
 * itself, elsewhere (a file, a pipe, CI) a line every few seconds. On stderr, so that results on
 * stdout stay what they are.
 *
 * Owns      the view, and the lines of the terminal that it stands on.
 * Threads   the simulation thread; live_screen_clear() any.
 * Promises  NO_COLOR is heeded, a terminal without UTF-8 gets ASCII, and the picture never wraps.
 *           What the log has to say goes above the picture.
 */
#ifndef CLI_LIVE_SCREEN_H
#define CLI_LIVE_SCREEN_H

#include <stdbool.h>

#include "cli/live_view.h"

struct live_screen;

/* One at a time, as there is one terminal. */
struct live_screen *live_screen_new(void);
/* Takes the picture away. NULL is fine. */
void live_screen_free(struct live_screen *s);
/* Is there a person who looks? Then the picture is worth a moment each second. */
bool live_screen_is_terminal(const struct live_screen *s);
/* Once a second: how it goes. */
void live_screen_show(struct live_screen *s, const struct live_moment *m);
/* Takes the picture away until the next time: somebody else is about to write. */
void live_screen_clear(void);

#endif
