/*
 * pace.h — so many messages a second and no more: a token bucket that holds one second's worth.
 *
 * Pure: time comes in, in seconds on any clock that does not go back.
 */
#ifndef MQTT_PACE_H
#define MQTT_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct pace {
    double per_s;  /* 0: as many as one likes */
    double tokens; /* below 0: a debt */
    double at;     /* when `tokens` was true */
};

/* Full. */
void pace_init(struct pace *p, uint16_t per_s, double now);
/* Takes a token if there is one. If not, *ret_wait is how long until there is. */
bool pace_take(struct pace *p, double now, double *ret_wait);
/* A message that could not be held back counts too: at most one second is owed. */
void pace_charge(struct pace *p, double now);

#endif
