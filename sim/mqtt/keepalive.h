/*
 * keepalive.h — when a client must speak up, and when its broker is dead (MQTT 5, 3.1.2.10).
 *
 * A ping is due when nothing was sent, or nothing received, for a keep-alive; its answer within
 * half of one. Pure: time comes in, in seconds on any clock; the owner keeps the timer.
 */
#ifndef MQTT_KEEPALIVE_H
#define MQTT_KEEPALIVE_H

#include <stdbool.h>
#include <stdint.h>

struct keepalive {
    uint16_t interval_s;      /* 0: none */
    bool pinged;              /* PINGREQ is out; the owner clears it with PINGRESP */
    double last_in, last_out; /* kept by the owner */
    double ping_at;
};

enum keepalive_action {
    KEEPALIVE_OFF,  /* no keep-alive agreed on */
    KEEPALIVE_WAIT, /* ask again in *ret_wait seconds */
    KEEPALIVE_PING, /* send PINGREQ, then ask again in *ret_wait seconds */
    KEEPALIVE_DEAD  /* no answer: close */
};

enum keepalive_action keepalive_check(struct keepalive *k, double now, double *ret_wait);

#endif
