/*
 * vehicle_telemetry.h — a car's telemetry (telemetry/collector.h), counted by the recorder and told
 * in the timeline. Cars that collect nothing have none.
 *
 * Threads   the simulation thread.
 */
#ifndef FLEET_VEHICLE_TELEMETRY_H
#define FLEET_VEHICLE_TELEMETRY_H

#include "telemetry/collector.h"

struct vehicle;

/* From now on the car collects as the plan says, which is kept; the same plan again changes
   nothing. NULL ends it: what waits is gone. */
void vehicle_collect(struct vehicle *v, struct plan *plan);

#endif
