/*
 * car.h — draws a car, from above, into any Cairo surface.
 *
 * What rests is kept as a surface and copied; what moves is drawn again. Two cars may be drawn by
 * two painters; one painter belongs to one thread.
 */
#ifndef RENDER_CAR_H
#define RENDER_CAR_H

#include <cairo.h>

#include "render/picture.h"

struct car_painter;

/* Where and how big: the middle of the car, in pixels of the surface. */
struct car_place {
    double x, y;
    double scale; /* pixels per metre */
};

/* Time as the picture has it: what blinks and streams, and how far the wheels have rolled. */
struct car_moment {
    double phase;  /* seconds */
    double rolled; /* metres */
};

struct car_painter *car_painter_new(void);
void car_painter_free(struct car_painter *painter); /* NULL is fine */
/* The car with its shadow, its lights on the ground and its station. */
void car_paint(struct car_painter *painter, cairo_t *cr, enum picture_body body,
               const struct car_picture *p, const struct car_place *place,
               const struct car_moment *moment);

/* Metres that a car and its open doors need: for those who choose a scale. */
void car_extent(enum picture_body body, double *ret_width, double *ret_length);

/* What lies under a pixel: the name of a picture_field, "locked" for the middle of the car, or
 * NULL.
 */
const char *car_hit(enum picture_body body, const struct car_place *place, double x, double y);

#endif
