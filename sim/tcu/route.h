/*
 * route.h — topics of one car, composed from and matched with the patterns of fleetsim/topics.h.
 *
 * Topics are not stored per car: they are composed when needed, into a buffer of the caller.
 */
#ifndef TCU_ROUTE_H
#define TCU_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

enum { ROUTE_TOPIC_MAX = 256 }; /* contract 6.8 */

/* Puts `thing` in the place of the pattern's first %s and `second` (may be NULL) in that of its
   second. The slice borrows `room`; it is empty if the topic would not fit. */
struct slice route_compose(char room[ROUTE_TOPIC_MAX], const char *pattern, const char *thing,
                           const char *second);
/* Is this topic what the pattern, which has one %s and at most one level + behind it, gives for
   `thing`? ret_level, unless NULL, gets what stands for the +. */
bool route_matches(const char *pattern, const char *thing, struct slice topic,
                   struct slice *ret_level);
/* Does it begin with what the pattern, which has one %s, gives for `thing`? What follows that. */
bool route_begins(const char *pattern, const char *thing, struct slice topic,
                  struct slice *ret_rest);

/* "$aws/things/<thing>/shadow/<rest>", or that of the shadow of this name (NULL: the classic one);
   as route_compose(). Contract 1.1. */
struct slice route_shadow_topic(char room[ROUTE_TOPIC_MAX], const char *thing, const char *name,
                                const char *rest);
/* Takes "name/<shadow>/" off what follows "shadow/" in a topic. ret_name borrows it; its data is
   NULL if it is about the classic shadow. False: a name without an end; nothing was taken. */
bool route_take_shadow_name(struct slice *rest, struct slice *ret_name);

#endif
