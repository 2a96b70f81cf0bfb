/*
 * queue.h — wait queues as the prelude holds them: queue:wait(seconds), queue:notify().
 */
#ifndef SCRIPT_QUEUE_H
#define SCRIPT_QUEUE_H

#include <lua.h>

/* Adds its function to the core table on top of the stack. */
void queue_open(lua_State *L);

#endif
