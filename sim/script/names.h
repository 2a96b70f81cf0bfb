/*
 * names.h — misspelt names: what scripts are told instead of "nil value".
 */
#ifndef SCRIPT_NAMES_H
#define SCRIPT_NAMES_H

#include "base/buf.h"
#include "base/suggest.h"
#include "script/runtime.h"

struct signal_schema;

/* Adds its functions to the core table on top of the stack. */
void names_open(lua_State *L);

/* Pushes "; did you mean 'x'?", or "" if nothing is near. */
void names_push(lua_State *L, const struct suggestion *s);
/* Offers NAME for each DIR/NAME.lua, with `prefix` before it; false if the folder cannot be read.
   Appends the names to `list` in their order, with commas, unless it is NULL. */
bool names_offer_folder(struct suggestion *s, const char *dir, const char *prefix,
                        struct buf *list);
/* Raises "no signal 'lokcs' in model compact_ev; did you mean 'locks'?". */
int names_no_signal(lua_State *L, const struct signal_schema *schema, struct slice path);

#endif
