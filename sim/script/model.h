/*
 * model.h — a vehicle model as C sees it: the Lua table that model{…} made, with a sealed signal
 * schema in it. Schemas live as long as the Lua state.
 */
#ifndef SCRIPT_MODEL_H
#define SCRIPT_MODEL_H

#include <lua.h>
#include <stdbool.h>

#include "tcu/signals.h"

/* Adds its functions to the core table on top of the stack. */
void model_open(lua_State *L);
/* Is the value at `index` what model{…} returns? */
bool model_is(lua_State *L, int index);
/* The schema of the model at `index`. */
const struct signal_schema *model_schema(lua_State *L, int index);

/* Pushes a signal's value as Lua sees it: boolean, number or string. */
void signal_push(lua_State *L, const struct signal_def *def, union signal_value value);
/* The Lua value at `index` as one of this signal; raises a Lua error that names the signal. Strings
   are borrowed from the Lua value. */
union signal_value signal_check(lua_State *L, int index, const struct signal_def *def);

#endif
