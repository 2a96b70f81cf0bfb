/*
 * car_provision.h — how a car of the scripts meets the cloud for the first time, and what it was
 * given there (fleet/vehicle_provision.h).
 */
#ifndef SCRIPT_CAR_PROVISION_H
#define SCRIPT_CAR_PROVISION_H

#include <lua.h>

#include "fleet/vehicle_provision.h"

/* What the table at that index says; nil or nothing: false, as the run's cars. The texts are Lua's,
   and live as long as the table. Raises for a kind that is none. */
bool car_provision_read(lua_State *L, int index, struct vehicle_contact *ret);
/* Adds its functions to the table on top. */
void car_provision_open(lua_State *L);

#endif
