/*
 * car_events.h — what happens to a car, as tables for the scripts that listen to it.
 */
#ifndef SCRIPT_CAR_EVENTS_H
#define SCRIPT_CAR_EVENTS_H

#include "fleet/vehicle.h"

/* behaviour_ops.event of a struct car. */
void car_events_tell(void *ctx, struct vehicle *v, const struct vehicle_event *e);

#endif
