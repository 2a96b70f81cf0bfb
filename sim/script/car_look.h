/*
 * car_look.h — what is to be seen of a car, as its model has it (vehicles/README.md).
 *
 * Threads   the simulation thread.
 */
#ifndef SCRIPT_CAR_LOOK_H
#define SCRIPT_CAR_LOOK_H

#include <cjson/cJSON.h>
#include <lua.h>
#include <stdbool.h>

#include "render/picture.h"
#include "script/car.h"

/* Pushes four values: the fields of the picture by name, what the panels say by name, the body's
   name, the model's title. False: pushes one, the error of the model's functions. */
bool car_look_push(struct car *car);
/* The fields in the table at that index. */
void car_look_fields(lua_State *L, int table, struct car_picture *ret);
/* {"title":"Compact EV","body":"hatch"}: what it is, by its model. The car of a script. */
cJSON *car_look_kind(const struct vehicle *v);
/* {"body":"hatch","trunk":1}: what is not 0. NULL if the model's functions fail. */
cJSON *car_look_json(struct car *car);

#endif
