/*
 * wishes.h — which of the desired values that a document shows are acted on.
 *
 * A delta repeats every outstanding difference, so the car remembers for each signal the value and
 * the time of the wish that it has handled (struct shadow_handled).
 */
#ifndef TCU_WISHES_H
#define TCU_WISHES_H

#include "base/json_reader.h"
#include "tcu/tcu.h"

struct shadow;

/* A document of a shadow that wishes something; borrowed for the length of a call. */
struct wish {
    struct json_value state, metadata;
    uint64_t version;
    uint32_t written; /* its time, if it comes of somebody else's update, else 0 */
    bool next;        /* no version was left out before it */
    const char *token;
};

/* Hands out what is new in it as one order, which may be done, and the connection gone, when this
   returns; notes what no signal can be. */
void wishes_act_on(struct tcu *t, struct shadow *s, const struct wish *w, usec_t at);

/* Of a delta that a later one has overtaken. Wishes that its update has written once more, in the
   second of those that were handled, count as not handled; false: there are none. One that has
   written any that the later delta has shown first is taken for their writer, and for no other's.
 */
bool wishes_forget_rewritten(struct tcu *t, const struct shadow *s, const struct wish *w);

#endif
