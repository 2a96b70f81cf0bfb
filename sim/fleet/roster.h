/*
 * roster.h — the cars of a simulation, for whoever asks for them one by one.
 *
 * Threads   the simulation thread.
 */
#ifndef FLEET_ROSTER_H
#define FLEET_ROSTER_H

#include "fleet/vehicle.h"

struct simulation;

/* All, by their numbers; `ret` has room for sim->vehicle_count. Returns how many there are. */
size_t roster_list(const struct simulation *sim, struct vehicle **ret);
/* By its number ("13"), VIN or thing name; NULL: there is none. Looks at all, unless it is a thing
   name. */
struct vehicle *roster_find(const struct simulation *sim, struct slice name);

#endif
