/* digest.h — bytes for scripts: base64, and SHA-256 of what comes piece by piece. */
#ifndef SCRIPT_DIGEST_H
#define SCRIPT_DIGEST_H

#include <lua.h>

/* Adds its functions to the table on top. */
void digest_open(lua_State *L);

#endif
