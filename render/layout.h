/*
 * layout.h — where things are in the window. In units of the design, 1280 by 800 of them at least
 * in one direction; `unit` is how many pixels one is.
 */
#ifndef RENDER_LAYOUT_H
#define RENDER_LAYOUT_H

#include <stdbool.h>

struct rect {
    double x, y, w, h;
};

/* ORDER LAYOUT_PANEL */
enum layout_panel {
    LAYOUT_CHARGE,
    LAYOUT_CABIN,
    LAYOUT_SPEED,
    LAYOUT_LINK,
    LAYOUT_JOURNEY,
    LAYOUT_SHADOW,
    LAYOUT_MESSAGES,
    LAYOUT_MAP,
    LAYOUT_FLEET,
    LAYOUT_PANEL_COUNT
};

struct layout {
    double unit;
    double width, height; /* in units */
    struct rect stage;
    struct rect panel[LAYOUT_PANEL_COUNT]; /* empty: not shown */
};

/* `clean`: the car alone, for recordings. So it is in windows too small for panels. */
struct layout layout_of(int width_px, int height_px, bool clean);
bool rect_has(const struct rect *r, double x, double y);

#endif
