/*
 * icon.h — small signs drawn in one colour, in a square of `size` about (x, y).
 */
#ifndef RENDER_ICON_H
#define RENDER_ICON_H

#include "render/paint.h"

enum icon {
    ICON_LOCKED,
    ICON_UNLOCKED,
    ICON_BOLT,
    ICON_MOON,
    ICON_PHONE,
    ICON_CLOUD,
    ICON_CAR,
    ICON_GEAR,
    ICON_TWIN,
    ICON_BELL,
    ICON_SUN,
    ICON_AIR,
    ICON_CLOCK
};

void icon_draw(cairo_t *cr, enum icon icon, double x, double y, double size, struct rgb c);
/* Bars of a mobile network, 0 to 4 of them lit. */
void icon_signal(cairo_t *cr, double x, double y, double size, int bars, const struct rgb c[2]);

#endif
