/*
 * story_moments.h — what one car of a failure went through, line by line, as a picture or a table
 * needs it: between whom, how it ended, and a few words. Private to this room.
 */
#ifndef REPORT_STORY_MOMENTS_H
#define REPORT_STORY_MOMENTS_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

/* Who is beside the car; apps beyond share the last lane. */
#define MOMENT_APPS_MAX 4

/* ORDER MOMENT_LANE */
enum moment_lane {
    MOMENT_APP,
    MOMENT_CLOUD,
    MOMENT_RADIO,
    MOMENT_TCU,
    MOMENT_ACTUATORS,
    MOMENT_SCRIPT,
    MOMENT_ORACLE,
    MOMENT_LANE_COUNT
};
const char *moment_lane_name(enum moment_lane lane);

enum moment_tone {
    MOMENT_QUIET, /* acknowledgements and the like: in the table only */
    MOMENT_FAINT, /* routine */
    MOMENT_PLAIN,
    MOMENT_GOOD,
    MOMENT_ODD, /* worth a look: duplicates, drops */
    MOMENT_BAD, /* refusals, losses */
    MOMENT_TONE_COUNT
};
const char *moment_tone_name(enum moment_tone tone); /* "quiet", … a class of the page */

struct moment {
    double t;                  /* since the scenario began, s */
    enum moment_lane from, to; /* the same: it happens there */
    size_t app;                /* index of the app, if one of them is MOMENT_APP */
    enum moment_tone tone;
    char label[160]; /* UTF-8, a few words */
    const cJSON *event;
};

struct moments {
    struct moment *list; /* by time */
    size_t count;
    const char *apps[MOMENT_APPS_MAX];
    size_t app_count;
    bool radio; /* the car has one */
};

/* Said about the car, not done by anybody. */
bool moment_is_said(const struct moment *m);

/* Of a car of a failure; borrows both, whatever they hold. */
void moments_read(struct moments *m, const cJSON *failure, const cJSON *car);
void moments_done(struct moments *m);

#endif
