/* telemetry.h — telemetry as scripts see it: plans for cars, and messages read back. */
#ifndef SCRIPT_TELEMETRY_H
#define SCRIPT_TELEMETRY_H

#include <lua.h>

struct signal_schema;

/* Adds its functions to the table on top. */
void telemetry_open(lua_State *L);
/* telemetry(car, kind, payload, qos): a message of a car's own making. */
int telemetry_send(lua_State *L);
/* Compact messages of this model can be read from now on; the schema stays for good. */
void telemetry_know(lua_State *L, const struct signal_schema *schema);

#endif
