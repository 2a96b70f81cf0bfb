#include "script/car_state.h"

#include <lauxlib.h>
#include <string.h>

#include "fleet/vehicle.h"
#include "script/car.h"
#include "script/model.h"
#include "script/names.h"

#define STATE_TYPE "fleetsim.state"

static bool is_path(const struct signal_schema *schema, size_t index, struct slice path)
{
    if (path.data == NULL || index >= signal_schema_count(schema))
        return false;
    const char *known = signal_schema_def(schema, index)->path;
    return strlen(known) == path.len && memcmp(known, path.data, path.len) == 0;
}

/* Paths are literals of parts, which Lua keeps once each: where one lies says which it is, as long
   as the same text still lies there. A command asks for forty. */
static int find_signal(const struct car *car, struct slice path)
{
    const struct signal_schema *schema = car->vehicle->tcu->signals.schema;
    uintptr_t mixed = (uintptr_t)path.data >> 3 ^ (uintptr_t)schema >> 6;
    struct path_place *place = &car->script->paths[mixed % SCRIPT_PATH_PLACES];

    if (place->path == path.data && place->schema == schema && is_path(schema, place->index, path))
        return (int)place->index;
    int index = signal_schema_find(schema, path);
    if (index >= 0)
        *place = (struct path_place){schema, path.data, (size_t)index};
    return index;
}

static size_t check_signal(lua_State *L, const struct car *car, struct slice path)
{
    int index = find_signal(car, path);

    if (index < 0)
        names_no_signal(L, car->vehicle->tcu->signals.schema, path);
    return (size_t)index;
}

static struct slice slice_arg(lua_State *L, int index)
{
    size_t len;
    const char *text = luaL_checklstring(L, index, &len);

    return slice_of(text, len);
}

static int f_get(lua_State *L)
{
    struct car *car = car_check(L, 1);
    size_t index = check_signal(L, car, slice_arg(L, 2));
    const struct signal_table *signals = &car->vehicle->tcu->signals;

    signal_push(L, signal_schema_def(signals->schema, index), signal_get(signals, index));
    return 1;
}

static void set_signal(lua_State *L, struct vehicle *v, size_t index, int value)
{
    const struct signal_def *def = signal_schema_def(v->tcu->signals.schema, index);

    tcu_set_signal(v->tcu, index, signal_check(L, value, def));
}

static int f_set(lua_State *L)
{
    struct car *car = car_check(L, 1);

    set_signal(L, car->vehicle, check_signal(L, car, slice_arg(L, 2)), 3);
    return 0;
}

static int f_has(lua_State *L)
{
    lua_pushboolean(L, find_signal(car_check(L, 1), slice_arg(L, 2)) >= 0);
    return 1;
}

/* car.state, car.state.locks, …: a view of the signals below a path. User values: car, path. */
static void push_state(lua_State *L, int car, const char *prefix)
{
    car = lua_absindex(L, car);
    lua_newuserdatauv(L, 0, 2);
    luaL_setmetatable(L, STATE_TYPE);
    lua_pushvalue(L, car);
    lua_setiuservalue(L, -2, 1);
    lua_pushstring(L, prefix);
    lua_setiuservalue(L, -2, 2);
}

/* Pushes the car and the whole path of a key; returns the car. */
static struct car *state_path(lua_State *L, struct slice *ret)
{
    luaL_checkudata(L, 1, STATE_TYPE);
    const char *key = luaL_checkstring(L, 2);

    lua_getiuservalue(L, 1, 1);
    struct car *car = car_check(L, -1);
    lua_getiuservalue(L, 1, 2);
    const char *prefix = lua_tostring(L, -1);
    const char *path = lua_pushfstring(L, "%s%s%s", prefix, *prefix != '\0' ? "." : "", key);
    *ret = slice_str(path);
    return car;
}

static int f_state_index(lua_State *L)
{
    struct slice path;
    struct car *car = state_path(L, &path);
    const struct signal_table *signals = &car->vehicle->tcu->signals;
    int index = signal_schema_find(signals->schema, path);

    if (index >= 0)
        signal_push(L, signal_schema_def(signals->schema, (size_t)index),
                    signal_get(signals, (size_t)index));
    else if (signal_schema_has_prefix(signals->schema, path))
        push_state(L, -3, (const char *)path.data);
    else
        check_signal(L, car, path);
    return 1;
}

static int f_state_newindex(lua_State *L)
{
    struct slice path;
    struct car *car = state_path(L, &path);

    set_signal(L, car->vehicle, check_signal(L, car, path), 3);
    return 0;
}

/* all signals, or all below a state view, as a table: for printing and comparing */
static int f_state_call(lua_State *L)
{
    luaL_checkudata(L, 1, STATE_TYPE);
    lua_getiuservalue(L, 1, 1);
    struct car *car = car_check(L, -1);
    lua_getiuservalue(L, 1, 2);
    size_t prefix_len;
    const char *prefix = lua_tolstring(L, -1, &prefix_len);
    const struct signal_table *signals = &car->vehicle->tcu->signals;

    lua_newtable(L);
    for (size_t i = 0; i < signal_schema_count(signals->schema); i++) {
        const struct signal_def *def = signal_schema_def(signals->schema, i);
        if (strncmp(def->path, prefix, prefix_len) != 0 ||
            (prefix_len != 0 && def->path[prefix_len] != '.'))
            continue;
        signal_push(L, def, signal_get(signals, i));
        lua_setfield(L, -2, def->path + prefix_len + (prefix_len != 0));
    }
    return 1;
}

void car_state_push(lua_State *L, int car)
{
    push_state(L, car, "");
}

static const luaL_Reg methods[] = {
    {"get", f_get},
    {"set", f_set},
    {"has", f_has},
    {NULL,  NULL }
};

static const luaL_Reg state_meta[] = {
    {"__index",    f_state_index   },
    {"__newindex", f_state_newindex},
    {"__call",     f_state_call    },
    {NULL,         NULL            }
};

void car_state_open(lua_State *L)
{
    luaL_setfuncs(L, methods, 0);
    luaL_newmetatable(L, STATE_TYPE);
    luaL_setfuncs(L, state_meta, 0);
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}
