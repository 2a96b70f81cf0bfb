/*
 * app.h — the `app` of the scripts: a companion with its own MQTT connection, what it knows of each
 * car it has looked at, and the commands it has sent.
 */
#ifndef SCRIPT_APP_H
#define SCRIPT_APP_H

#include "script/runtime.h"

void app_open(lua_State *L);
/* Of another client that the scenario makes: the certificate's name, the kind ("", "-service") and
   a number. Scenarios have numbers of their own. free() it. */
char *app_new_client_id(struct script *script, struct script_owner *owner, const char *kind);
void app_free_all(struct script *script, const struct script_owner *owner);

#endif
