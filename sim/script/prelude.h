/* prelude.h — prelude.lua as the build compiles it into the program. */
#ifndef SCRIPT_PRELUDE_H
#define SCRIPT_PRELUDE_H

#include <stddef.h>

extern const unsigned char prelude_lua[];
extern const size_t prelude_lua_len;

#endif
