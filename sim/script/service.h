/*
 * service.h — the command service of the scripts (actors/service.h): its orders by number, and what
 * it needs of the simulation: text messages, and what an index of connectivity would know.
 */
#ifndef SCRIPT_SERVICE_H
#define SCRIPT_SERVICE_H

#include "script/runtime.h"

struct command_service;

void service_script_open(lua_State *L);
/* Those of an owner go, with all that is open. */
void service_script_free_all(struct script *script, const struct script_owner *owner);

#endif
