/*
 * demo_core.h — what the files of the demo share: demo.c (its life), demo_scene.c (a car as a
 * scene), demo_words.c (what happened, in plain words).
 */
#ifndef SCRIPT_DEMO_CORE_H
#define SCRIPT_DEMO_CORE_H

#include "fleet/vehicle.h"
#include "script/app_core.h"
#include "script/car.h"
#include "script/demo.h"

struct demo {
    struct script_owner owner; /* first */
    struct demo_options options;
    struct loop_timer tick;
    struct car **cars; /* in the order in which they were made */
    uint32_t car_count;
    uint32_t selected;
    struct scene scene;
    uint8_t *cells;
    char *story;
    char *raised; /* the last error of a task; NULL: there was none */
    usec_t notice_until, fleet_at;
    double origin[2];  /* where the track began: degrees */
    char token[65];    /* of the command that is shown */
    uint32_t journeys; /* that were shown, of all cars */
    size_t seen_lines;
    uint64_t journey_sum;
    bool begun, ready, fresh;
};

/* Fills the scene anew with what the selected car is now. */
void demo_look(struct demo *demo);
/* The journey alone; true: it has gone on. */
bool demo_look_at_journey(struct demo *demo);
/* No command is shown. */
void demo_clear_journey(struct demo *demo);
void demo_look_at_fleet(struct demo *demo);
/* The companion of the demo; NULL: none yet. */
struct app *demo_app(const struct demo *demo);
/* What the car's timeline has, in words. */
void demo_words(const struct timeline *timeline, struct scene_messages *ret);
/* What the app has asked for last; false: nothing that the timeline still has. */
bool demo_words_of_command(const struct timeline *timeline, char *ret, size_t size);
/* {"locks":{"all":"locked"}} as "locks.all locked": as much of it as fits. */
void demo_flatten(const cJSON *json, char *ret, size_t size);

#endif
