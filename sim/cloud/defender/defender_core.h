/*
 * defender_core.h — what the files of Device Defender's service share. Nobody else includes it.
 */
#ifndef CLOUD_DEFENDER_DEFENDER_CORE_H
#define CLOUD_DEFENDER_DEFENDER_CORE_H

#include "cloud/defender/defender_service.h"

/* How a thing stands with one behaviour of one profile. */
struct defender_alarm {
    struct defender_alarm *next;
    const struct defender_profile *profile;
    const struct defender_behavior *behavior;
    unsigned violated, normal; /* in a row */
    bool on;
    uint64_t violation; /* the number of the last */
};

struct defender_thing {
    struct defender_thing *next;
    uint64_t last_id;
    int64_t last_ms; /* of the last report that was taken; 0: none */
    double slots[DEFENDER_SUM_COUNT][DEFENDER_SLOTS];
    unsigned at[2]; /* the current slot: of reports, of what the cloud counts */
    struct defender_alarm *alarms;
    char name[];
};

/* NULL: no memory. */
struct defender_thing *defender_thing_of(struct defender_service *s, const char *name);
struct defender_profile *defender_profile_find(const struct defender_service *s, const char *name);
/* Makes it known instead of the one of its name. */
void defender_profile_add(struct defender_service *s, struct defender_profile *profile);
/* Forgets it and all alarms about it; false: there is none. */
bool defender_profile_remove(struct defender_service *s, const char *name);

/* ---- defender_judge.c ---- */

/* Keeps what the report says, and judges it. `values`: defender_report.h. */
bool defender_judge_report(struct defender_turn *turn, struct defender_thing *thing,
                           const cJSON *values);
/* Judges what the cloud has counted, and begins the next slot. */
bool defender_judge_counts(struct defender_turn *turn, struct defender_thing *thing);
/* Forgets a thing's alarms about a profile; NULL: all. */
void defender_alarms_forget(struct defender_thing *thing, const struct defender_profile *profile);

#endif
