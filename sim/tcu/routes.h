/*
 * routes.h — what a car subscribes to, and who handles it.
 *
 * One SUBSCRIBE carries 8 filters at most (contract 6.8): the first is for the classic shadow and
 * for what is asked of the car, then comes one for each named shadow.
 */
#ifndef TCU_ROUTES_H
#define TCU_ROUTES_H

#include "tcu/route.h"
#include "tcu/tcu.h"

enum { ROUTES_MAX = 8 };

/* How many SUBSCRIBEs it takes. */
size_t routes_batches(const struct tcu *t);
/* The filters of one of them, which borrow `rooms`; how many there are. */
size_t routes_filters(const struct tcu *t, size_t batch, char rooms[ROUTES_MAX][ROUTE_TOPIC_MAX],
                      struct mqtt_filter ret[ROUTES_MAX]);
/* Of what SUBACK says (`codes`), the first filter that was not granted and that the car cannot do
   without, in `room`, and its code. Empty: none. */
struct slice routes_refused(const struct tcu *t, size_t batch, struct slice codes,
                            char room[ROUTE_TOPIC_MAX], unsigned *ret_code);
/* Hands a message to who handles it. False: it is none of these. */
bool routes_handle(struct tcu *t, const struct mqtt_message *m, usec_t at);

/* "$aws/things/<thing>/shadow/<rest>", or that of a named one; borrows `room`. */
struct slice routes_shadow_topic(const struct tcu *t, size_t shadow, const char *rest,
                                 char room[ROUTE_TOPIC_MAX]);

#endif
