/*
 * app.h — the `app` of the scripts: a companion with its own MQTT connection, what it knows of each
 * car it has looked at, and the commands it has sent.
 */
#ifndef SCRIPT_APP_H
#define SCRIPT_APP_H

#include "script/runtime.h"

void app_open(lua_State *L);
void app_free_all(struct script *script, const struct script_owner *owner);

#endif
