/*
 * params.h — what --param gives, and which names the scenario files have declared.
 *
 * Owns      copies of all texts.
 * Threads   the simulation thread.
 */
#ifndef SCRIPT_PARAMS_H
#define SCRIPT_PARAMS_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct params;

/* `given`: "name=value", of several with one name the last counts. ERROR_USAGE for what is none. */
struct params *params_new(const char *const *given, size_t count, struct error *err);
/* NULL is fine. */
void params_free(struct params *p);
/* The value that was given, or NULL; borrowed. `p` may be NULL. */
const char *params_given(const struct params *p, const char *name);
/* A file has such a parameter. */
void params_declare(struct params *p, const char *name);
/* A file could not be loaded: was it for a value that was given? Then the error is that, of usage.
 */
void params_blame(const struct params *p, struct error *err);
/* Once all files are loaded: ERROR_USAGE for one that was given and that no file has. */
bool params_check(const struct params *p, struct error *err);

/* Adds its functions to the core table on top of the stack. */
void params_open(lua_State *L);

#endif
