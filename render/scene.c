#include "render/scene.h"

#include <string.h>

void scene_init(struct scene *scene)
{
    struct scene_status *s = &scene->status;
    float *none[] = {&s->dbm,   &s->charge, &s->limit,  &s->power, &s->minutes_left, &s->fuel,
                     &s->range, &s->cabin,  &s->target, &s->speed, &s->outside,      &s->odometer};

    memset(scene, 0, sizeof *scene);
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        *none[i] = SCENE_NONE;
    for (int i = 0; i < SCENE_STOP_COUNT; i++)
        scene->journey.at[i] = -1;
    scene->pace = 1;
}

bool scene_same(const void *a, const void *b, size_t size)
{
    return memcmp(a, b, size) == 0;
}
