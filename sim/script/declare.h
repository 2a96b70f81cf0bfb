/*
 * declare.h — scenarios as files declare them: prelude/declare.lua checks and computes what they
 * say, and this makes them.
 */
#ifndef SCRIPT_DECLARE_H
#define SCRIPT_DECLARE_H

#include <lua.h>

/* Adds its functions to the core table on top of the stack. */
void declare_open(lua_State *L);

#endif
