/*
 * record.h — t:record(): a car's signals and its connection over simulated time, for the report.
 *
 * Samples are taken here, at a fixed interval and when a boolean, an enum or the connection
 * changes. The car is read as it is; only a sleeping one, whose parts settle when somebody looks,
 * is looked at first.
 *
 * Threads   the simulation thread.
 */
#ifndef SCRIPT_RECORD_H
#define SCRIPT_RECORD_H

#include <lua.h>

struct car;

/* Adds its functions to the core table on top of the stack. */
void record_open(lua_State *L);
/* A signal or the state of the car has changed, or may have. */
void record_changed(struct car *car);
/* Ends what is recorded of the car. */
void record_free_all(struct car *car);

#endif
