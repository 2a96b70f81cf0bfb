/*
 * motion.h — a picture that follows another one, each number in its own time, as things with weight
 * do: it starts gently and arrives gently. The same whatever the steps.
 */
#ifndef RENDER_MOTION_H
#define RENDER_MOTION_H

#include "render/picture.h"

#define MOTION_FIELDS_MAX 64

struct motion {
    struct car_picture now, target;
    float velocity[MOTION_FIELDS_MAX]; /* per second, by field */
    double phase;                      /* seconds that have passed */
    double rolled;                     /* metres */
};

/* Is there at once. */
void motion_jump(struct motion *m, const struct car_picture *target);
/* `dt` seconds later. True if anything is not at rest: then it has to be drawn again. */
bool motion_step(struct motion *m, double dt);
/* Where a critically damped spring is after dt that was `from` with a velocity, and is to settle at
   `to` within about `seconds`. */
float motion_spring(float from, float to, float *velocity, float seconds, float dt);

#endif
