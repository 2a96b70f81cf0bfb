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

#endif
