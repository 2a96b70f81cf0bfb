/*
 * car_shadows.h — for the prelude: which shadows a car's signals live in (contract 1.1).
 *
 * Threads   the simulation thread.
 */
#ifndef SCRIPT_CAR_SHADOWS_H
#define SCRIPT_CAR_SHADOWS_H

#include <lua.h>

/* Adds to the table on top: car_shadows, shadow_versions, shadow_of_wish. */
void car_shadows_open(lua_State *L);

#endif
