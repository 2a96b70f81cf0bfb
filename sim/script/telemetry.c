#include "script/telemetry.h"

#include <lauxlib.h>

#include "fleet/vehicle.h"
#include "fleet/vehicle_telemetry.h"
#include "script/car.h"
#include "telemetry/pack.h"

#define PLAN_TYPE   "fleetsim.plan"
#define SCHEMAS_KEY "fleetsim.schemas"

static struct slice text_arg(lua_State *L, int index)
{
    size_t len;
    const char *text = luaL_checklstring(L, index, &len);

    return slice_of(text, len);
}

/* The key at `index`, else the run's; NULL if there is none. */
static const struct seal_key *key_arg(lua_State *L, int index, struct seal_key *room)
{
    struct error err;

    if (lua_isnoneornil(L, index))
        return script_of(L)->telemetry_key;
    if (!seal_key_parse(text_arg(L, index), room, &err))
        luaL_error(L, "%s", err.text);
    return room;
}

/* ---- plans ---- */

/* plan(car, json, [key]): for all cars of its model */
static int f_plan(lua_State *L)
{
    const struct car *car = car_check(L, 1);
    struct seal_key room;
    struct error err;
    const struct seal_key *key = key_arg(L, 3, &room);

    struct plan **ud = lua_newuserdatauv(L, sizeof(struct plan *), 0);
    *ud = NULL;
    luaL_setmetatable(L, PLAN_TYPE);
    *ud = plan_parse(text_arg(L, 2), car->vehicle->tcu->signals.schema, key, &err);
    if (*ud == NULL)
        return luaL_error(L, "telemetry: %s", err.text);
    return 1;
}

static int f_plan_gc(lua_State *L)
{
    struct plan **ud = luaL_checkudata(L, 1, PLAN_TYPE);

    plan_drop(*ud);
    *ud = NULL;
    return 0;
}

/* collect(car, plan or nil) */
static int f_collect(lua_State *L)
{
    const struct car *car = car_check(L, 1);
    struct plan **ud = lua_isnil(L, 2) ? NULL : luaL_checkudata(L, 2, PLAN_TYPE);

    vehicle_collect(car->vehicle, ud != NULL ? *ud : NULL);
    return 0;
}

/* flush(car): sends what waits; how many samples still do */
static int f_flush(lua_State *L)
{
    const struct car *car = car_check(L, 1);
    struct collector *c = car->vehicle->collector;

    if (c != NULL)
        collector_flush(c);
    lua_pushinteger(L, c != NULL ? (lua_Integer)collector_waiting(c) : 0);
    return 1;
}

/* ---- reading messages ---- */

void telemetry_know(lua_State *L, const struct signal_schema *schema)
{
    luaL_getsubtable(L, LUA_REGISTRYINDEX, SCHEMAS_KEY);
    lua_pushlightuserdata(L, (void *)(uintptr_t)schema);
    lua_rawseti(L, -2, telemetry_schema_hash(schema));
    lua_pop(L, 1);
}

static const struct signal_schema *find_schema(void *ctx, uint32_t hash)
{
    lua_State *L = ctx;

    luaL_getsubtable(L, LUA_REGISTRYINDEX, SCHEMAS_KEY);
    lua_rawgeti(L, -1, hash);
    const struct signal_schema *schema = lua_touserdata(L, -1);
    lua_pop(L, 2);
    return schema;
}

static void set_text(lua_State *L, const char *name, const char *text)
{
    lua_pushstring(L, text);
    lua_setfield(L, -2, name);
}

static void set_count(lua_State *L, const char *name, uint64_t n)
{
    lua_pushinteger(L, (lua_Integer)n);
    lua_setfield(L, -2, name);
}

static void push_value(lua_State *L, const struct sample *s)
{
    switch (s->kind) {
    case SAMPLE_BOOL:
        lua_pushboolean(L, s->b);
        break;
    case SAMPLE_INT:
        lua_pushinteger(L, (lua_Integer)s->i);
        break;
    case SAMPLE_FLOAT:
        lua_pushnumber(L, s->f);
        break;
    case SAMPLE_TEXT:
    case SAMPLE_KIND_COUNT:
        lua_pushstring(L, s->s);
        break;
    }
}

/* A list of {time, signal, value}. */
static void push_samples(lua_State *L, const struct batch *batch)
{
    lua_createtable(L, (int)(batch->sample_count < 10000 ? batch->sample_count : 10000), 0);
    for (size_t i = 0; i < batch->sample_count; i++) {
        const struct sample *s = &batch->samples[i];
        lua_createtable(L, 0, 3);
        lua_pushnumber(L, (lua_Number)s->at_ms / 1000);
        lua_setfield(L, -2, "time");
        set_text(L, "signal", batch->names[s->name]);
        push_value(L, s);
        lua_setfield(L, -2, "value");
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

static void push_unpacked(lua_State *L, const struct unpacked *u)
{
    lua_createtable(L, 0, 8);
    set_text(L, "format", telemetry_format_name(u->format));
    set_text(L, "thing", u->batch.thing);
    set_count(L, "seq", u->batch.seq);
    set_count(L, "dropped", u->batch.dropped);
    if (u->batch.campaign[0] != '\0')
        set_text(L, "campaign", u->batch.campaign);
    lua_pushboolean(L, u->deflated);
    lua_setfield(L, -2, "compressed");
    lua_pushboolean(L, u->sealed);
    lua_setfield(L, -2, "sealed");
    push_samples(L, &u->batch);
    lua_setfield(L, -2, "samples");
}

/* decode(payload, [key]): a table, or nil and why not. No more memory, for lack of which Lua might
   raise while the batch is held, is a run that has ended. */
static int f_decode(lua_State *L)
{
    struct telemetry_schemas schemas = {.find = find_schema, .ctx = L};
    struct seal_key room;
    struct unpacked u;
    struct error err;
    const struct seal_key *key = key_arg(L, 2, &room);

    luaL_checkstack(L, 12, NULL);
    bool ok = unpack(text_arg(L, 1), key, &schemas, &u, &err);
    if (ok) {
        push_unpacked(L, &u);
    } else {
        lua_pushnil(L);
        lua_pushstring(L, err.text);
    }
    batch_done(&u.batch);
    return ok ? 1 : 2;
}

int telemetry_send(lua_State *L)
{
    struct car *car = car_check(L, 1);
    const char *kind = luaL_checkstring(L, 2);
    size_t len;
    const char *payload = luaL_checklstring(L, 3, &len);

    lua_pushboolean(L, tcu_telemetry(car->vehicle->tcu, kind, slice_of(payload, len),
                                     (uint8_t)(luaL_optinteger(L, 4, 0) != 0)));
    return 1;
}

static const luaL_Reg functions[] = {
    {"telemetry_plan",   f_plan   },
    {"car_collect",      f_collect},
    {"car_flush",        f_flush  },
    {"decode_telemetry", f_decode },
    {NULL,               NULL     },
};

void telemetry_open(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
    luaL_newmetatable(L, PLAN_TYPE);
    lua_pushcfunction(L, f_plan_gc);
    lua_setfield(L, -2, "__gc");
    lua_pop(L, 1);
}
