/*
 * view.h — the whole window as a picture: takes scenes, moves towards them, and draws what has
 * changed since the last frame; nothing, if nothing has.
 *
 * Owns      its surfaces, and a copy of the scene it shows.
 * Threads   one at a time.
 * Knows neither a window nor the simulation: window.h shows it on screen, tests write it to files.
 */
#ifndef RENDER_VIEW_H
#define RENDER_VIEW_H

#include <cairo.h>
#include <stddef.h>

#include "render/first_frame.h"

struct view;

/* In pixels. */
struct view_box {
    int x, y, w, h;
};
#define VIEW_BOXES_MAX 16

enum view_spot { VIEW_NOWHERE, VIEW_PART, VIEW_CAR };

/* What is under a point. */
struct view_hit {
    enum view_spot spot;
    const char *part; /* VIEW_PART: name of a picture_field */
    uint32_t car;     /* VIEW_CAR: its number in the scene's fleet */
};

/* Keys and what they do, for the help; ends with a NULL key. Borrowed. */
struct view_key {
    const char *key, *does;
};

struct view *view_new(int width, int height, const struct view_key *keys);
void view_free(struct view *view); /* NULL is fine */
/* After the last one: lets go of the fonts that libraries keep for the process. */
void view_done(void);
void view_resize(struct view *view, int width, int height);
/* The car alone. */
void view_set_clean(struct view *view, bool clean);
void view_set_help(struct view *view, bool shown);
/* Copies the scene; the picture moves to it in the frames to come. Another car is there at once. */
void view_show(struct view *view, const struct scene *scene);
/* Nothing moves any more: it is all as the scene says. */
void view_settle(struct view *view);
/* `seconds` since the last frame. False: nothing was drawn. */
bool view_frame(struct view *view, double seconds);
/* The frame that was drawn last is on screen since `now` (clock_now()). */
void view_presented(struct view *view, int64_t now);
/* From commands to the frames that show them. */
const struct first_frame *view_first_frame(const struct view *view);
/* ARGB32 without transparency; the same until view_resize(). */
cairo_surface_t *view_surface(struct view *view);
/* What the last frame has changed. */
size_t view_damage(const struct view *view, struct view_box ret[static VIEW_BOXES_MAX]);
struct view_hit view_hit(const struct view *view, double x, double y);
/* What is shown now, on its way to the scene. */
const struct car_picture *view_picture(const struct view *view);

#endif
