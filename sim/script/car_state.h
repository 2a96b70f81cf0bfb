/*
 * car_state.h — the signals of a car as scripts have them: car.state and its views, car:get,
 * car:set and car:has.
 */
#ifndef SCRIPT_CAR_STATE_H
#define SCRIPT_CAR_STATE_H

#include <lua.h>

/* Adds the methods to the table on top of the stack. */
void car_state_open(lua_State *L);
/* Pushes the view of all signals of the car at that index. */
void car_state_push(lua_State *L, int car);

#endif
