/*
 * demo_core.h — what the files of the demo share: demo.c (its life), demo_watch.c (when it looks),
 * demo_scene.c (a car as a scene), demo_journey.c (a command on its way), demo_words.c (what
 * happened, in plain words).
 */
#ifndef SCRIPT_DEMO_CORE_H
#define SCRIPT_DEMO_CORE_H

#include "fleet/vehicle.h"
#include "metrics/recorder.h"
#include "script/app_core.h"
#include "script/car.h"
#include "script/demo.h"

/* Where the signals are that a cell of the fleet is coloured by; below 0: there is none. */
struct cell_signals {
    const struct signal_schema *schema; /* NULL: free */
    int alarm, ignition, charging;
};
#define DEMO_SCHEMAS_MAX 32

struct demo {
    struct script_owner owner; /* first */
    struct demo_options options;
    struct loop_timer look, idle;
    ev_prepare prepare;
    struct recorder_listener listener;
    struct car **cars; /* in the order in which they were made */
    uint32_t car_count;
    uint32_t selected;
    struct scene scene;
    uint8_t *cells;
    char *story;
    char *raised; /* the last error of a task; NULL: there was none */
    usec_t notice_until, looked_at;
    double origin[2];            /* where the track began: degrees */
    char token[65];              /* of the command that is shown */
    uint32_t journeys;           /* that were shown, of all cars */
    struct journey guest;        /* of the companion page's newest command to the shown car */
    struct car_picture at_first; /* what was to be seen when that command was sent */
    usec_t started, acted;       /* when its actuator began to move, and arrived; 0: not yet */
    usec_t ended;                /* when that command did; 0: not yet */
    size_t seen_lines;
    size_t told_lines; /* of the car's timeline: they are in the scene's messages */
    struct cell_signals cell_signals[DEMO_SCHEMAS_MAX]; /* of the schemas that were met */
    bool begun, ready, fresh, journey_news;
    bool notice_stays; /* whatever a story says: something is wrong */
    bool anew;         /* the car is another since the last look */
    bool unmeasured;   /* nobody knows how the car looked when that command was sent */
};

/* ---- demo_watch.c ---- */

void demo_watch_open(struct demo *demo);
void demo_watch_close(struct demo *demo);
/* Looks at everything at once. */
void demo_watch_now(struct demo *demo);

/* ---- demo_journey.c ---- */

/* True: it has gone on. Before demo_look(), so that it knows how the car looked at first. */
bool demo_look_at_journey(struct demo *demo);
/* After demo_look(): has the command changed what is to be seen? */
void demo_see_change(struct demo *demo);
/* No command is shown. */
void demo_clear_journey(struct demo *demo);

/* ---- demo_scene.c ---- */

/* Fills the scene anew with what the selected car is now. */
void demo_look(struct demo *demo);
void demo_look_at_fleet(struct demo *demo);
/* The companion of the demo; NULL: none yet. */
struct app *demo_app(const struct demo *demo);

/* ---- demo_words.c ---- */

/* Adds what the car's timeline has since `told` of its lines were, in words; `told` goes on. */
void demo_words(const struct timeline *timeline, size_t *told, struct scene_messages *kept);
/* As people write it: 183402000, 21.5. */
void demo_number(double value, char *ret, size_t size);
/* What the app has asked for last; false: nothing that the timeline still has. */
bool demo_words_of_command(const struct timeline *timeline, char *ret, size_t size);
/* What the car has noted of an order by its token: "request", "locks.all unlocked"; "done",
   "REJECTED DOOR_OPEN: the trunk is open". False: nothing that the timeline still has. */
bool demo_words_of_order(const struct timeline *timeline, const char *what, const char *token,
                         char *ret, size_t size);
/* {"locks":{"all":"locked"}} as "locks.all locked": as much of it as fits. */
void demo_flatten(const cJSON *json, char *ret, size_t size);

#endif
