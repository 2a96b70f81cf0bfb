/* car_radio.h — car:radio() of the scripts: the mobile network that a car is on. */
#ifndef SCRIPT_CAR_RADIO_H
#define SCRIPT_CAR_RADIO_H

#include <lua.h>

/* radio(car): a table of how it is; radio(car, name | {…}): puts the car on that network. Raises
   for a profile or an option that is none, and for cars that cannot have a radio. */
int car_radio(lua_State *L);

#endif
