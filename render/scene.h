/*
 * scene.h — all that the window shows, at one moment: the car's picture and the story around it.
 *
 * Plain data without pointers but for the fleet's states, so that it is copied from thread to
 * thread, and each panel sees by memcmp() whether it has to be drawn again: whoever fills one
 * begins with zeros.
 */
#ifndef RENDER_SCENE_H
#define RENDER_SCENE_H

#include "render/picture.h"

#define SCENE_ROWS     10
#define SCENE_SHADOWS  5
#define SCENE_MESSAGES 10
#define SCENE_CAPTION  160
#define SCENE_TRACK    256
#define SCENE_NONE     (-1.0e9F) /* a number that the car does not have */

/* ORDER SCENE_LINK */
enum scene_link {
    SCENE_OFF,
    SCENE_ASLEEP,
    SCENE_CONNECTING,
    SCENE_SYNCING,
    SCENE_ONLINE,
    SCENE_BACKING_OFF,
    SCENE_PROVISIONING,
    SCENE_LINK_COUNT
};

struct scene_status {
    char title[48], name[40]; /* of the model; of the thing */
    enum scene_link link;
    char tcu[16];        /* what the control unit says of itself: "standby" */
    char technology[12]; /* "LTE" */
    float dbm;
    float charge, limit, power, minutes_left; /* %, %, kW */
    float fuel;                               /* % */
    float range;                              /* km */
    char charging[16];                        /* "charging", "waiting" */
    float cabin, target, outside;             /* °C */
    float speed;                              /* km/h */
    float odometer;                           /* km */
    char clock[8];
    char locks[12];
    char alarm[12];
    char update[28]; /* of its software: "installing 63 %" */
    bool climate, plugged;
};

/* ORDER SCENE_STOP: of a command on its way. */
enum scene_stop {
    SCENE_APP,      /* sent */
    SCENE_CLOUD,    /* accepted */
    SCENE_CAR,      /* received */
    SCENE_ACTUATOR, /* begins to move */
    SCENE_SHADOW,   /* reported */
    SCENE_SEEN,     /* the app has seen it */
    SCENE_STOP_COUNT
};

enum scene_outcome { SCENE_OPEN, SCENE_SUCCEEDED, SCENE_REFUSED, SCENE_FAILED };

struct scene_journey {
    uint32_t number;  /* of the command; 0: there was none yet */
    char what[64];    /* "locks.all = unlocked" */
    char comment[64]; /* "woken by SMS", or why it was refused */
    enum scene_outcome outcome;
    float at[SCENE_STOP_COUNT]; /* ms since it was sent; below 0: not yet */
    int64_t sent_at;            /* by clock_now() */
    bool changed;               /* the scene's picture is another by it */
    float actuator;             /* ms until then that the actuator took */
};

struct scene_row {
    char path[40], desired[20], reported[20];
    bool differs;
};

struct scene_shadow {
    char name[28];    /* "": the classic one */
    uint32_t version; /* 0: nothing is known of it yet */
    int count;
    struct scene_row row[SCENE_ROWS];
};

/* The classic one first. */
struct scene_shadows {
    int count;
    struct scene_shadow shadow[SCENE_SHADOWS];
};

/* ORDER SCENE_WAY */
enum scene_way { SCENE_TO_CAR, SCENE_FROM_CAR, SCENE_NOTE };

struct scene_message {
    enum scene_way way;
    char time[12], text[112];
};

/* The newest first. */
struct scene_messages {
    int count;
    struct scene_message message[SCENE_MESSAGES];
};

/* Metres east and north of where it began; the last is where the car is. */
struct scene_map {
    int count;
    float heading; /* degrees, 0 is north */
    float distance;
    char place[40];
    struct {
        float east, north;
    } track[SCENE_TRACK];
};

struct scene_fleet {
    uint32_t count, selected;
    uint32_t by_link[SCENE_LINK_COUNT];
    uint32_t charging, driving;
    uint32_t change; /* another number when a state is another */
};

/* A cell's state: a scene_link, or one of these when it is online. */
enum { SCENE_CELL_CHARGING = SCENE_LINK_COUNT, SCENE_CELL_DRIVING, SCENE_CELL_ALARM };

struct scene {
    enum picture_body body;
    struct car_picture picture;
    struct scene_status status;
    struct scene_journey journey;
    struct scene_shadows shadows;
    struct scene_messages messages;
    struct scene_map map;
    struct scene_fleet fleet;
    const uint8_t *cells;        /* fleet.count of them; borrowed */
    char caption[SCENE_CAPTION]; /* of a story */
    char notice[SCENE_CAPTION];  /* what goes wrong: "the local cloud has ended" */
    bool waits;                  /* the story, for a key */
    float pace;                  /* of time: 1; below: slow motion; 0: paused */
};

void scene_init(struct scene *scene);
/* Are these two parts of scenes the same, byte by byte? */
bool scene_same(const void *a, const void *b, size_t size);

#endif
