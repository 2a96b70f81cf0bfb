/*
 * loader.h — script files: finds them, loads them as text, runs each in an environment of its own
 * and once only; and once more, when models are reloaded.
 *
 * Modules are shared by all scenarios, until a scenario reloads its models: from then on it has
 * modules of its own.
 */
#ifndef SCRIPT_LOADER_H
#define SCRIPT_LOADER_H

#include "base/buf.h"
#include "script/runtime.h"

/* Adds its functions to the core table on top of the stack. */
void loader_open(lua_State *L);

/* Runs a scenario file once, in an environment of its own, so that it can declare what it holds.
   ERROR_USAGE if it cannot be read, ERROR_SCRIPT for what is wrong inside. */
bool script_load(struct script *script, const char *path, struct error *err);
/* Pushes the model of that name, loading vehicles/NAME.lua once; raises a Lua error. Its field
   "file" is the path. */
void script_push_model(lua_State *L, const char *name);

/* Calls fn for each file that modules were loaded from, in no order: the owner's own modules, or
   all. */
void loader_each_file(struct script *script, const struct script_owner *owner,
                      void (*fn)(void *ctx, const char *path), void *ctx);
/* The owner goes away, and with it its own modules. */
void loader_forget(struct script *script, const struct script_owner *owner);

#endif
