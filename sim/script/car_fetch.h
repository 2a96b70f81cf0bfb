/*
 * car_fetch.h — a car's download over HTTPS (fetch/fetch.h), by its radio: one at a time. The
 * prelude makes job:download() of it (car_https.lua).
 *
 * Threads   the simulation thread.
 */
#ifndef SCRIPT_CAR_FETCH_H
#define SCRIPT_CAR_FETCH_H

#include <lua.h>

struct car;
struct script;

/* Adds its functions to the core table on top of the stack. */
void car_fetch_open(lua_State *L);
/* The car downloads no more: its power is gone, or the car itself. */
void car_fetch_stop(struct car *car);
/* What all cars share; no car downloads any more. */
void car_fetch_close(struct script *script);

#endif
