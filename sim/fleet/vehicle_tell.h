/*
 * vehicle_tell.h — tells what happens to a car to whoever waits for it (vehicle_event.h). Each
 * costs one test of a bit if nobody does.
 */
#ifndef FLEET_VEHICLE_TELL_H
#define FLEET_VEHICLE_TELL_H

#include "fleet/vehicle.h"

void vehicle_tell_packet(struct vehicle *v, bool outgoing, struct slice bytes, usec_t at);
void vehicle_tell_state(struct vehicle *v, enum tcu_state from, enum tcu_state to, usec_t at);
void vehicle_tell_signal(struct vehicle *v, size_t index);
void vehicle_tell_note(struct vehicle *v, const char *name, const char *detail);
void vehicle_tell_sms(struct vehicle *v, const char *text);
/* Of a command: it was received; it got to a stage; it is done. */
void vehicle_tell_order(struct vehicle *v, const struct tcu_order *order);
void vehicle_tell_stage(struct vehicle *v, const char *stage, const char *token, usec_t at);
void vehicle_tell_done(struct vehicle *v, const struct tcu_order *order, enum tcu_outcome outcome,
                       const char *reason, const char *description);

#endif
