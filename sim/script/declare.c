#include "script/declare.h"

#include <lauxlib.h>
#include <string.h>

#include "script/scenario.h"

/* Runs fn for each item of the list options[field]. */
static void each(lua_State *L, int options, const char *field, struct scenario *s,
                 void (*fn)(lua_State *L, struct scenario *s))
{
    lua_getfield(L, options, field);
    lua_Integer n = lua_istable(L, -1) ? (lua_Integer)lua_rawlen(L, -1) : 0;
    for (lua_Integer i = 1; i <= n; i++) {
        lua_rawgeti(L, -1, i);
        fn(L, s);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

static void add_tag(lua_State *L, struct scenario *s)
{
    scenario_record_tag(&s->record, lua_tostring(L, -1));
}

/* { name, value, bare, origin } */
static void add_param(lua_State *L, struct scenario *s)
{
    int param = lua_gettop(L);

    for (int i = 1; i <= 4; i++)
        lua_rawgeti(L, param, i);
    scenario_record_param(&s->record, lua_tostring(L, param + 1), lua_tostring(L, param + 2),
                          lua_toboolean(L, param + 3) != 0,
                          (enum scenario_param_origin)lua_tointeger(L, param + 4));
    lua_settop(L, param);
}

static bool seconds_option(lua_State *L, int options, const char *field, usec_t *ret)
{
    bool given = lua_getfield(L, options, field) != LUA_TNIL;

    if (given)
        *ret = script_check_seconds(L, -1);
    lua_pop(L, 1);
    return given;
}

/* wanted(name): should what a file declares under this name be made? Asked once for each. */
static int f_wanted(lua_State *L)
{
    struct scenario_host *host = script_of(L)->scenarios;

    lua_pushboolean(L, host->wanted(host, luaL_checkstring(L, 1)));
    return 1;
}

/* declare(name, declaration, options): called by the prelude's scenario(), which has checked what
   they hold, while a file is loaded */
static int f_declare(lua_State *L)
{
    struct scenario_host *host = script_of(L)->scenarios;
    const char *name = luaL_checkstring(L, 1);
    usec_t timeout = 0;
    usec_t per_car = 0;

    luaL_checktype(L, 2, LUA_TTABLE);
    luaL_checktype(L, 3, LUA_TTABLE);
    bool timed = seconds_option(L, 3, "timeout", &timeout);
    seconds_option(L, 3, "timeout_per_car", &per_car);
    /* All that can raise comes before the scenario exists. */
    lua_pushvalue(L, 2);
    struct scenario *s = scenario_new(L, host, name);
    if (timed)
        s->timeout = timeout;
    s->timeout_per_car = per_car;
    lua_getfield(L, 3, "line");
    s->line = (unsigned)lua_tointeger(L, -1);
    lua_getfield(L, 3, "alone");
    s->alone = lua_toboolean(L, -1) != 0;
    each(L, 3, "tags", s, add_tag);
    each(L, 3, "params", s, add_param);
    host->declared(host, s);
    return 0;
}

/* loading(): a number for the scenario file that is being loaded; nil if none is */
static int f_loading(lua_State *L)
{
    const struct script *script = script_of(L);

    if (script->scenarios == NULL || script->scenarios->loading == NULL)
        return 0;
    lua_pushinteger(L, (lua_Integer)script->loads);
    return 1;
}

static const luaL_Reg functions[] = {
    {"wanted",  f_wanted },
    {"declare", f_declare},
    {"loading", f_loading},
    {NULL,      NULL     }
};

void declare_open(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
