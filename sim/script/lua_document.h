/*
 * lua_document.h — JSON and CBOR texts to and from Lua values, for scripts.
 */
#ifndef SCRIPT_LUA_DOCUMENT_H
#define SCRIPT_LUA_DOCUMENT_H

#include <lua.h>

/* Adds its functions to the core table on top of the stack. */
void lua_document_open(lua_State *L);

#endif
