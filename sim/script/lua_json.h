/*
 * lua_json.h — between Lua values and cJSON trees. JSON null is the global `null` (a light
 * userdata), because nil cannot stand in a table.
 */
#ifndef SCRIPT_LUA_JSON_H
#define SCRIPT_LUA_JSON_H

#include <cjson/cJSON.h>
#include <lua.h>

/* Deeper values are refused: cycles end here too. */
#define LUA_JSON_DEPTH_MAX 32

/* Pushes one value; NULL pushes nil. */
void lua_json_push(lua_State *L, const cJSON *json);
/* A new tree of the value at `index`; a table with element 1 is an array, an empty one an object.
   Raises a Lua error for what JSON cannot hold; frees what it made before. */
cJSON *lua_json_check(lua_State *L, int index);

#endif
