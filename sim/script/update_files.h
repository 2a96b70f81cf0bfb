/*
 * update_files.h — what an update consists of besides its job: the file that the cloud's artifact
 * server hands out, and the signature that says who has made it.
 *
 * Threads   the simulation thread.
 */
#ifndef SCRIPT_UPDATE_FILES_H
#define SCRIPT_UPDATE_FILES_H

#include <lua.h>

/* Adds its functions to the core table on top of the stack. */
void update_files_open(lua_State *L);

#endif
