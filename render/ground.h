/*
 * ground.h — what the car stands on: a floor in soft light, or a road that moves.
 */
#ifndef RENDER_GROUND_H
#define RENDER_GROUND_H

#include "render/car.h"
#include "render/theme.h"

struct ground;

struct ground *ground_new(void);
void ground_free(struct ground *ground); /* NULL is fine */
struct ground_look {
    const struct theme *theme;
    int w, h; /* pixels */
    struct car_place place;
    double road;   /* 0 to 1, how much of it is road */
    double rolled; /* metres that the road has moved */
};

/* Fills w by h pixels. */
void ground_paint(struct ground *ground, cairo_t *cr, const struct ground_look *look);

#endif
