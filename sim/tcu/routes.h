/*
 * routes.h — what a car subscribes to, and who handles it. One SUBSCRIBE carries 8 filters at most
 * (contract 6.8).
 */
#ifndef TCU_ROUTES_H
#define TCU_ROUTES_H

#include "tcu/tcu.h"

enum { ROUTES_COUNT = 8 };

struct tcu_route {
    const char *pattern; /* NULL: the configured one, of requests */
    void (*handle)(struct tcu *t, const struct mqtt_message *m, usec_t at);
    bool optional; /* a car can do without where a broker does not grant it */
};

extern const struct tcu_route routes[ROUTES_COUNT];

/* The first that this car has: what is asked of it comes last, and alone where there are no
   shadows. */
size_t routes_first(const struct tcu *t);
/* As route_compose() takes it. */
const char *routes_pattern(const struct tcu *t, size_t i);

#endif
