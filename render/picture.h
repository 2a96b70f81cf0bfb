/*
 * picture.h — what is to be seen of a car, and nothing else: the vocabulary of the view.
 *
 * A plain struct of numbers. Nothing here knows of signals, models or the cloud; whoever has a car
 * to show fills it (sim/view does, by a map from signals).
 */
#ifndef RENDER_PICTURE_H
#define RENDER_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ORDER PICTURE_BODY */
enum picture_body {
    PICTURE_HATCH,
    PICTURE_SALOON,
    PICTURE_SUV,
    PICTURE_VAN,
    PICTURE_BUS,
    PICTURE_BODY_COUNT
};

/* Rows before sides. */
enum picture_door {
    PICTURE_FRONT_LEFT,
    PICTURE_FRONT_RIGHT,
    PICTURE_REAR_LEFT,
    PICTURE_REAR_RIGHT,
    PICTURE_DOOR_COUNT
};

/* 0 to 1 where nothing else is said: shut to open, off to on. */
struct car_picture {
    float door[PICTURE_DOOR_COUNT];
    float window[PICTURE_DOOR_COUNT];
    float trunk, bonnet;
    float sunroof; /* -1 tilted, 1 slid open */
    float mirrors; /* 1: folded */
    /* Lights. */
    float low_beam, high_beam, parking, daytime, fog_front, fog_rear, brake, interior;
    float left, right; /* indicators that are at work; they blink by themselves */
    /* Charging. */
    float flap, cable, charging;
    /* Climate: air that streams, and glass that is heated. */
    float warm, cold, defrost, rear_defrost;
    float locked, horn, alarm;
    float driver, passenger; /* 0 away, 1 seated */
    float road;              /* 1: on the road; 0: parked */
    float speed;             /* metres per second */
    float steer;             /* -1 left to 1 right */
    float night, asleep;
};

/* One number of a picture: by name, for maps and for easing. */
struct picture_field {
    const char *name;  /* "door.front_left" */
    size_t offset;     /* in struct car_picture, of a float */
    float seconds;     /* that it takes to settle after a change */
    float least, most; /* limits */
    bool blinks;       /* while it is not 0, the picture changes all the time */
};

extern const struct picture_field picture_fields[];
size_t picture_field_count(void);
/* NULL: there is none of that name. */
const struct picture_field *picture_field_find(const char *name);
float picture_get(const struct car_picture *p, const struct picture_field *f);
/* Kept within the field's limits; NaN is its least. */
void picture_set(struct car_picture *p, const struct picture_field *f, float value);

/* "hatch", "saloon", "suv", "van", "bus". */
const char *picture_body_name(enum picture_body body);
/* False if there is none of that name. */
bool picture_body_find(const char *name, enum picture_body *ret);

#endif
