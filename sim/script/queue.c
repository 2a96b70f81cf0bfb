#include "script/queue.h"

#include <lauxlib.h>

#include "script/runtime.h"

#define QUEUE_TYPE "fleetsim.queue"

/* queue(): a new one, with nobody waiting */
static int f_queue(lua_State *L)
{
    struct wait_queue *q = lua_newuserdatauv(L, sizeof *q, 0);

    *q = (struct wait_queue){0};
    luaL_setmetatable(L, QUEUE_TYPE);
    return 1;
}

/* wait(seconds): true when notified, false when the time ran out */
static int f_wait(lua_State *L)
{
    struct wait_queue *q = luaL_checkudata(L, 1, QUEUE_TYPE);

    return task_wait(&script_of(L)->scheduler, L, q, script_check_seconds(L, 2));
}

static int f_notify(lua_State *L)
{
    queue_notify(&script_of(L)->scheduler, luaL_checkudata(L, 1, QUEUE_TYPE));
    return 0;
}

static const luaL_Reg methods[] = {
    {"wait",   f_wait  },
    {"notify", f_notify},
    {NULL,     NULL    }
};

void queue_open(lua_State *L)
{
    luaL_newmetatable(L, QUEUE_TYPE);
    lua_newtable(L);
    luaL_setfuncs(L, methods, 0);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
    lua_pushcfunction(L, f_queue);
    lua_setfield(L, -2, "queue");
}
