/*
 * outcomes.h — what commands come to, pinned from the command line: for cars by the end of their
 * VIN, by tag, or for all (docs/outcomes.md). The half that is Lua is prelude/outcomes.lua.
 */
#ifndef SCRIPT_OUTCOMES_H
#define SCRIPT_OUTCOMES_H

#include "script/runtime.h"

/* Adds its function to the core table on top of the stack. */
void outcomes_open(lua_State *L);

/* Reads pins "WHO:TARGET=OUTCOME", or "@FILE" with one in each line; empty lines and those that
   begin with # do not count. `endings`: the last digits of a VIN mean something, too. Call once,
   before the first car. ERROR_USAGE names the pin that is wrong, and why. */
bool outcomes_configure(struct script *script, const char *const *pins, size_t count, bool endings,
                        struct error *err);

#endif
