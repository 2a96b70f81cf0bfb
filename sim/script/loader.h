/*
 * loader.h — script files: finds them, loads them as text, runs each in an environment of its own
 * and once only; and once more, when models are reloaded.
 *
 * Each scenario has modules of its own, so that nothing that they keep passes from one to another.
 * Models and parts of the vehicles folder are shared, until a scenario reloads its own.
 */
#ifndef SCRIPT_LOADER_H
#define SCRIPT_LOADER_H

#include "base/buf.h"
#include "script/runtime.h"

/* Adds its functions to the core table on top of the stack. */
void loader_open(lua_State *L);

/* Reads a scenario file: a reference into the registry. ERROR_USAGE if it cannot be read,
   ERROR_SCRIPT if it is no Lua. */
bool script_compile(struct script *script, const char *path, int *ret_chunk, struct error *err);
/* Runs it, as often as is wanted, each time in an environment of its own, so that it can declare
   what it holds. `modules` refers to the table of those that it requires. ERROR_SCRIPT for what is
   wrong inside. */
bool script_run_chunk(struct script *script, int chunk, const char *path, int modules,
                      struct error *err);
/* These are the owner's modules, until loader_forget(). */
void loader_adopt(struct script *script, const struct script_owner *owner, int modules);
/* Pushes the model of that name, loading vehicles/NAME.lua once; raises a Lua error. Its field
   "file" is the path. */
void script_push_model(lua_State *L, const char *name);

/* The same by its file. */
void script_push_model_file(lua_State *L, const char *path);
/* Pushes the path of the file that require(name) loads; raises a Lua error. */
void script_push_module_path(lua_State *L, const char *name);

/* Calls fn for each file that modules were loaded from, in no order: the owner's own modules, or
   all. */
void loader_each_file(struct script *script, const struct script_owner *owner,
                      void (*fn)(void *ctx, const char *path), void *ctx);
/* The owner goes away, and with it its own modules. */
void loader_forget(struct script *script, const struct script_owner *owner);

#endif
