/*
 * car_timer.h — car:after(): a function of a car that is called later. While it waits it costs a
 * timer and no coroutine, so that thousands of cars can wait for their next second or their next
 * day.
 *
 * Loop's thread only.
 */
#ifndef SCRIPT_CAR_TIMER_H
#define SCRIPT_CAR_TIMER_H

#include <lua.h>

struct car;

/* car:after(seconds, fn) */
int car_timer_after(lua_State *L);
/* None of the car's functions is called any more: its power is gone, or the car itself. */
void car_timer_free(struct car *car);

#endif
