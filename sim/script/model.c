#include "script/model.h"

#include <lauxlib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"
#include "script/lua_json.h"
#include "script/runtime.h"
#include "script/telemetry.h"

#define SCHEMA_TYPE "fleetsim.schema"

/* ---- values ---- */

void signal_push(lua_State *L, const struct signal_def *def, union signal_value value)
{
    switch (def->type) {
    case SIGNAL_BOOL:
        lua_pushboolean(L, value.b);
        break;
    case SIGNAL_INT:
        lua_pushinteger(L, (lua_Integer)value.i);
        break;
    case SIGNAL_FLOAT:
        lua_pushnumber(L, value.f);
        break;
    case SIGNAL_ENUM:
        lua_pushstring(L, def->values[value.e]);
        break;
    case SIGNAL_STRING:
    case SIGNAL_TYPE_COUNT:
        lua_pushstring(L, value.s != NULL ? value.s : "");
        break;
    }
}

static union signal_value check_enum(lua_State *L, int index, const struct signal_def *def)
{
    const char *text = lua_type(L, index) == LUA_TSTRING ? lua_tostring(L, index) : NULL;

    for (size_t i = 0; text != NULL && i < def->value_count; i++)
        if (strcmp(text, def->values[i]) == 0)
            return (union signal_value){.e = (uint32_t)i};
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    for (size_t i = 0; i < def->value_count; i++) {
        luaL_addstring(&b, i != 0 ? ", " : "");
        luaL_addstring(&b, def->values[i]);
    }
    luaL_pushresult(&b);
    const char *names = lua_tostring(L, -1);
    const char *seen = luaL_tolstring(L, index, NULL);
    script_raise(L, "%s: %s is not one of %s", def->path, seen, names);
    return (union signal_value){0};
}

static void wrong_type(lua_State *L, int index, const struct signal_def *def)
{
    script_raise(L, "%s: %s expected, got %s", def->path, signal_type_name(def->type),
                 luaL_typename(L, index));
}

static union signal_value check_number(lua_State *L, int index, const struct signal_def *def)
{
    double d = lua_tonumber(L, index);

    if (lua_type(L, index) != LUA_TNUMBER || !isfinite(d))
        wrong_type(L, index, def);
    if (def->type == SIGNAL_FLOAT)
        return (union signal_value){.f = d};
    if (lua_isinteger(L, index))
        return (union signal_value){.i = lua_tointeger(L, index)};
    /* Physics makes fractions; an integer signal shows the nearest. */
    if (fabs(d) >= 0x1p63)
        script_raise(L, "%s: %f is beyond what an integer can hold", def->path, d);
    return (union signal_value){.i = llround(d)};
}

union signal_value signal_check(lua_State *L, int index, const struct signal_def *def)
{
    index = lua_absindex(L, index);
    switch (def->type) {
    case SIGNAL_BOOL:
        if (!lua_isboolean(L, index))
            wrong_type(L, index, def);
        return (union signal_value){.b = lua_toboolean(L, index) != 0};
    case SIGNAL_INT:
    case SIGNAL_FLOAT:
        return check_number(L, index, def);
    case SIGNAL_ENUM:
        return check_enum(L, index, def);
    case SIGNAL_STRING:
    case SIGNAL_TYPE_COUNT:
        break;
    }
    if (lua_type(L, index) != LUA_TSTRING)
        wrong_type(L, index, def);
    return (union signal_value){.s = lua_tostring(L, index)};
}

/* ---- declaring ---- */

/* A string that stays alive in its table after the pop; numbers would be converted on the stack
   alone. */
static const char *string_field(lua_State *L, int index, const char *path, const char *name)
{
    int type = lua_getfield(L, index, name);

    if (type != LUA_TNIL && type != LUA_TSTRING)
        luaL_error(L, "signal %s: %s must be a string", path, name);
    const char *text = lua_tostring(L, -1);
    lua_pop(L, 1);
    return text;
}

static double number_field(lua_State *L, int index, const char *path, const char *name,
                           double fallback)
{
    int type = lua_getfield(L, index, name);

    if (type != LUA_TNIL && type != LUA_TNUMBER)
        luaL_error(L, "signal %s: %s must be a number", path, name);
    double d = type == LUA_TNIL ? fallback : lua_tonumber(L, -1);
    lua_pop(L, 1);
    return d;
}

static bool flag_field(lua_State *L, int index, const char *name, bool fallback)
{
    lua_getfield(L, index, name);
    bool b = lua_isnil(L, -1) ? fallback : lua_toboolean(L, -1) != 0;
    lua_pop(L, 1);
    return b;
}

static enum signal_type type_field(lua_State *L, int index, const char *path)
{
    const char *name = string_field(L, index, path, "type");

    for (int type = 0; name != NULL && type < SIGNAL_TYPE_COUNT; type++)
        if (strcmp(name, signal_type_name((enum signal_type)type)) == 0)
            return (enum signal_type)type;
    luaL_error(L, "signal %s: type must be boolean, integer, float, enum or string", path);
    return SIGNAL_TYPE_COUNT;
}

/* Fills values[] from the field "values"; they stay owned by Lua. */
static size_t enum_field(lua_State *L, int index, const char *path, char *values[], size_t max)
{
    lua_getfield(L, index, "values");
    if (!lua_istable(L, -1))
        luaL_error(L, "signal %s: an enum needs values = {…}", path);
    size_t n = (size_t)lua_rawlen(L, -1);
    if (n == 0 || n > max)
        luaL_error(L, "signal %s: from 1 to %d values expected", path, (int)max);
    for (size_t i = 0; i < n; i++) {
        lua_rawgeti(L, -1, (lua_Integer)i + 1);
        if (lua_type(L, -1) != LUA_TSTRING)
            luaL_error(L, "signal %s: values must be strings", path);
        values[i] = (char *)(uintptr_t)lua_tostring(L, -1);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return n;
}

#define ENUM_MAX 64

static void add_signal(lua_State *L, struct signal_schema *schema, int index)
{
    char *values[ENUM_MAX];
    struct error err;

    if (lua_rawgeti(L, index, 1) != LUA_TSTRING)
        luaL_error(L, "a signal needs its path as first element");
    const char *path = lua_tostring(L, -1);
    lua_pop(L, 1);
    struct signal_def def = {
        .path = (char *)(uintptr_t)path,
        .vss = (char *)(uintptr_t)string_field(L, index, path, "vss"),
        .unit = (char *)(uintptr_t)string_field(L, index, path, "unit"),
        .shadow = (char *)(uintptr_t)string_field(L, index, path, "shadow"),
        .type = type_field(L, index, path),
        .min = number_field(L, index, path, "min", -(double)INFINITY),
        .max = number_field(L, index, path, "max", (double)INFINITY),
        .report_every = number_field(L, index, path, "report_every", 0),
        .deadband = number_field(L, index, path, "deadband", 0),
        .values = values,
    };
    if (def.type == SIGNAL_ENUM)
        def.value_count = enum_field(L, index, path, values, ENUM_MAX);
    def.flags = (flag_field(L, index, "reported", true) ? SIGNAL_REPORTED : 0u) |
                (flag_field(L, index, "desired", false) ? SIGNAL_DESIRED : 0u);
    lua_getfield(L, index, "initial");
    if (!lua_isnil(L, -1))
        def.initial = signal_check(L, -1, &def);
    if (!signal_schema_add(schema, &def, &err))
        luaL_error(L, "%s", err.text);
    lua_pop(L, 1);
}

/* schema(name, {signal…}) */
static int f_schema(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);

    luaL_checktype(L, 2, LUA_TTABLE);
    struct signal_schema **ud = lua_newuserdatauv(L, sizeof(struct signal_schema *), 0);
    *ud = signal_schema_new(name);
    luaL_setmetatable(L, SCHEMA_TYPE);
    /* Cars borrow it, and a script can take it out of its model's table. */
    lua_pushvalue(L, -1);
    luaL_ref(L, LUA_REGISTRYINDEX);
    lua_Integer n = luaL_len(L, 2);
    for (lua_Integer i = 1; i <= n; i++) {
        lua_rawgeti(L, 2, i);
        luaL_checktype(L, -1, LUA_TTABLE);
        add_signal(L, *ud, lua_gettop(L));
        lua_pop(L, 1);
    }
    signal_schema_seal(*ud);
    telemetry_know(L, *ud);
    return 1;
}

static int f_schema_gc(lua_State *L)
{
    struct signal_schema **ud = luaL_checkudata(L, 1, SCHEMA_TYPE);

    signal_schema_free(*ud);
    *ud = NULL;
    return 0;
}

void model_open(lua_State *L)
{
    luaL_newmetatable(L, SCHEMA_TYPE);
    lua_pushcfunction(L, f_schema_gc);
    lua_setfield(L, -2, "__gc");
    lua_pop(L, 1);
    lua_pushcfunction(L, f_schema);
    lua_setfield(L, -2, "schema");
}

bool model_is(lua_State *L, int index)
{
    if (!lua_istable(L, index))
        return false;
    lua_getfield(L, index, "schema");
    bool is = luaL_testudata(L, -1, SCHEMA_TYPE) != NULL;
    lua_pop(L, 1);
    return is;
}

const struct signal_schema *model_schema(lua_State *L, int index)
{
    lua_getfield(L, index, "schema");
    struct signal_schema **ud = luaL_checkudata(L, -1, SCHEMA_TYPE);
    lua_pop(L, 1);
    return *ud;
}
