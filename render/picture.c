#include "render/picture.h"

#include <math.h>
#include <string.h>

#define AT(member) offsetof(struct car_picture, member)

/* Doors and lids take the time of a hand; what has a motor is told of as it moves, and only
   smoothed. */
const struct picture_field picture_fields[] = {
    {"door.front_left",    AT(door[PICTURE_FRONT_LEFT]),    0.55F, 0,  1,   false},
    {"door.front_right",   AT(door[PICTURE_FRONT_RIGHT]),   0.55F, 0,  1,   false},
    {"door.rear_left",     AT(door[PICTURE_REAR_LEFT]),     0.55F, 0,  1,   false},
    {"door.rear_right",    AT(door[PICTURE_REAR_RIGHT]),    0.55F, 0,  1,   false},
    {"window.front_left",  AT(window[PICTURE_FRONT_LEFT]),  1.0F,  0,  1,   false},
    {"window.front_right", AT(window[PICTURE_FRONT_RIGHT]), 1.0F,  0,  1,   false},
    {"window.rear_left",   AT(window[PICTURE_REAR_LEFT]),   1.0F,  0,  1,   false},
    {"window.rear_right",  AT(window[PICTURE_REAR_RIGHT]),  1.0F,  0,  1,   false},
    {"trunk",              AT(trunk),                       0.9F,  0,  1,   false},
    {"bonnet",             AT(bonnet),                      0.8F,  0,  1,   false},
    {"sunroof",            AT(sunroof),                     1.0F,  -1, 1,   false},
    {"mirrors",            AT(mirrors),                     0.9F,  0,  1,   false},
    {"low_beam",           AT(low_beam),                    0.18F, 0,  1,   false},
    {"high_beam",          AT(high_beam),                   0.14F, 0,  1,   false},
    {"parking",            AT(parking),                     0.2F,  0,  1,   false},
    {"daytime",            AT(daytime),                     0.2F,  0,  1,   false},
    {"fog_front",          AT(fog_front),                   0.2F,  0,  1,   false},
    {"fog_rear",           AT(fog_rear),                    0.2F,  0,  1,   false},
    {"brake",              AT(brake),                       0.1F,  0,  1,   false},
    {"interior",           AT(interior),                    0.6F,  0,  1,   false},
    {"indicator.left",     AT(left),                        0,     0,  1,   true },
    {"indicator.right",    AT(right),                       0,     0,  1,   true },
    {"flap",               AT(flap),                        0.5F,  0,  1,   false},
    {"cable",              AT(cable),                       0.9F,  0,  1,   false},
    {"charging",           AT(charging),                    0.8F,  0,  1,   true },
    {"warm",               AT(warm),                        1.2F,  0,  1,   true },
    {"cold",               AT(cold),                        1.2F,  0,  1,   true },
    {"defrost",            AT(defrost),                     1.2F,  0,  1,   true },
    {"rear_defrost",       AT(rear_defrost),                1.2F,  0,  1,   false},
    {"locked",             AT(locked),                      0.35F, 0,  1,   false},
    {"horn",               AT(horn),                        0.12F, 0,  1,   true },
    {"alarm",              AT(alarm),                       0.4F,  0,  1,   true },
    {"driver",             AT(driver),                      1.8F,  0,  1,   false},
    {"passenger",          AT(passenger),                   1.8F,  0,  1,   false},
    {"road",               AT(road),                        1.2F,  0,  1,   false},
    {"speed",              AT(speed),                       1.0F,  0,  120, true },
    {"steer",              AT(steer),                       0.6F,  -1, 1,   false},
    {"night",              AT(night),                       1.5F,  0,  1,   false},
    {"asleep",             AT(asleep),                      1.0F,  0,  1,   false},
};

size_t picture_field_count(void)
{
    return sizeof picture_fields / sizeof *picture_fields;
}

const struct picture_field *picture_field_find(const char *name)
{
    for (size_t i = 0; i < picture_field_count(); i++)
        if (strcmp(picture_fields[i].name, name) == 0)
            return &picture_fields[i];
    return NULL;
}

float picture_get(const struct car_picture *p, const struct picture_field *f)
{
    float value;

    memcpy(&value, (const char *)p + f->offset, sizeof value);
    return value;
}

void picture_set(struct car_picture *p, const struct picture_field *f, float value)
{
    if (!(value > f->least))
        value = f->least;
    value = fminf(value, f->most);
    memcpy((char *)p + f->offset, &value, sizeof value);
}

static const char *const body_names[PICTURE_BODY_COUNT] = {"hatch", "saloon", "suv", "van", "bus"};

const char *picture_body_name(enum picture_body body)
{
    return body_names[body];
}

bool picture_body_find(const char *name, enum picture_body *ret)
{
    for (int i = 0; i < PICTURE_BODY_COUNT; i++)
        if (strcmp(body_names[i], name) == 0) {
            *ret = (enum picture_body)i;
            return true;
        }
    return false;
}
