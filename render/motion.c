#include "render/motion.h"

#include <math.h>
#include <string.h>

void motion_jump(struct motion *m, const struct car_picture *target)
{
    m->now = m->target = *target;
    memset(m->velocity, 0, sizeof m->velocity);
}

float motion_spring(float from, float to, float *velocity, float seconds, float dt)
{
    if (seconds <= 0) {
        *velocity = 0;
        return to;
    }
    /* After omega t = 6.6 a hundredth is left of the way. */
    float omega = 6.6F / seconds, decay = expf(-omega * dt);
    float away = from - to, push = (*velocity + omega * away) * dt;
    *velocity = (*velocity - omega * push) * decay;
    return to + (away + push) * decay;
}

#define NEAR 0.0015F

static bool step_field(struct motion *m, size_t i, float dt)
{
    const struct picture_field *f = &picture_fields[i];
    float from = picture_get(&m->now, f), to = picture_get(&m->target, f);
    float span = f->most - f->least;

    if (fabsf(from - to) <= NEAR * span && fabsf(m->velocity[i]) <= NEAR * 10 * span) {
        m->velocity[i] = 0;
        if (from != to)
            picture_set(&m->now, f, to);
        return from != to || (f->blinks && to != 0);
    }
    picture_set(&m->now, f, motion_spring(from, to, &m->velocity[i], f->seconds, dt));
    return true;
}

bool motion_step(struct motion *m, double dt)
{
    bool moves = false;

    for (size_t i = 0; i < picture_field_count() && i < MOTION_FIELDS_MAX; i++)
        moves = step_field(m, i, (float)dt) || moves;
    if (moves)
        m->phase += dt;
    m->rolled += (double)m->now.speed * dt;
    return moves;
}
