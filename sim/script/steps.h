/*
 * steps.h — steps and limits of time inside a scenario, soft failures, and the intention to fail,
 * as the prelude says them; scenario_record.h is where they are kept.
 *
 * A step lasts from step_begin() until its to-be-closed variable goes out of scope. When its time
 * is over meanwhile, the scenario fails at once: nothing that waits inside it goes on.
 *
 * Threads   the simulation thread.
 */
#ifndef SCRIPT_STEPS_H
#define SCRIPT_STEPS_H

#include "script/scenario.h"

/* Adds its functions to the core table on top of the stack, and makes the type of open steps. */
void steps_open(lua_State *L);

/* The scenario has its verdict: no step's time runs any more. Their tasks may still run. */
void steps_stop(struct scenario *s);

#endif
