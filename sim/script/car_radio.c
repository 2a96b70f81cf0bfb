#include "script/car_radio.h"

#include <lauxlib.h>
#include <string.h>

#include "fleet/vehicle_radio.h"
#include "script/car.h"

#define SECONDS_MAX 1e7
#define BITS_MAX    1e12

enum unit { UNIT_SECONDS, UNIT_BITS, UNIT_SHARE, UNIT_DBM };

/* Options besides `profile`: where they go. */
static const struct option {
    const char *name;
    enum unit unit;
    size_t at; /* in struct radio_profile */
} options[] = {
    {"rtt",          UNIT_SECONDS, offsetof(struct radio_profile, rtt)       },
    {"jitter",       UNIT_SECONDS, offsetof(struct radio_profile, jitter)    },
    {"up",           UNIT_BITS,    offsetof(struct radio_profile, up)        },
    {"down",         UNIT_BITS,    offsetof(struct radio_profile, down)      },
    {"loss",         UNIT_SHARE,   offsetof(struct radio_profile, loss_good) },
    {"burst_every",  UNIT_SECONDS, offsetof(struct radio_profile, good)      },
    {"burst_length", UNIT_SECONDS, offsetof(struct radio_profile, burst)     },
    {"burst_loss",   UNIT_SHARE,   offsetof(struct radio_profile, loss_burst)},
    {"attach",       UNIT_SECONDS, offsetof(struct radio_profile, attach)    },
    {"nat",          UNIT_SECONDS, offsetof(struct radio_profile, nat)       },
    {"detach",       UNIT_SECONDS, offsetof(struct radio_profile, detach)    },
    {"dbm",          UNIT_DBM,     offsetof(struct radio_profile, dbm)       },
};
enum { OPTION_COUNT = sizeof options / sizeof options[0] };

static void check_range(lua_State *L, const struct option *o, double value, double low, double high)
{
    if (!(value >= low && value <= high))
        luaL_error(L, "car:radio: %s must be from %f to %f", o->name, low, high);
}

/* The value on top of the stack. */
static void take_option(lua_State *L, const struct option *o, struct radio_profile *p)
{
    char *to = (char *)p + o->at;

    if (lua_type(L, -1) != LUA_TNUMBER)
        luaL_error(L, "car:radio: %s must be a number", o->name);
    double value = lua_tonumber(L, -1);
    if (o->unit == UNIT_DBM) {
        check_range(L, o, value, -140, -44);
        int dbm = (int)value;
        memcpy(to, &dbm, sizeof dbm);
    } else if (o->unit == UNIT_SHARE) {
        check_range(L, o, value, 0, 1);
        memcpy(to, &value, sizeof value);
    } else {
        bool bits = o->unit == UNIT_BITS;
        check_range(L, o, value, 0, bits ? BITS_MAX : SECONDS_MAX);
        uint64_t whole = (uint64_t)(bits ? value : value * (double)USEC_PER_SEC);
        memcpy(to, &whole, sizeof whole);
    }
}

static const struct option *find_option(lua_State *L, const char *name)
{
    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (strcmp(options[i].name, name) == 0)
            return &options[i];
    luaL_error(L,
               "car:radio: no option '%s' (there are profile, rtt, jitter, up, down, loss, "
               "burst_every, burst_length, burst_loss, attach, nat, detach and dbm)",
               name);
    return NULL;
}

static const struct radio_profile *find_profile(lua_State *L, const char *name)
{
    const struct radio_profile *p = radio_profile_find(slice_str(name));

    if (p == NULL)
        luaL_error(L, "car:radio: no profile '%s' (there are %s)", name, radio_profile_names());
    return p;
}

/* Where a burst is given in part, the rest of it is what makes it one. */
static void complete_burst(struct radio_profile *p)
{
    if (p->burst != 0 && p->good == 0)
        p->good = 30 * USEC_PER_SEC;
    if (p->loss_burst < p->loss_good)
        p->loss_burst = p->loss_good;
}

static void take_options(lua_State *L, int table, struct radio_profile *p)
{
    lua_getfield(L, table, "profile");
    *p = *find_profile(L, luaL_optstring(L, -1, "perfect"));
    lua_pop(L, 1);
    lua_pushnil(L);
    while (lua_next(L, table) != 0) {
        if (lua_type(L, -2) != LUA_TSTRING)
            luaL_error(L, "car:radio: options are named");
        const char *name = lua_tostring(L, -2);
        const struct option *o = strcmp(name, "profile") != 0 ? find_option(L, name) : NULL;
        if (o != NULL)
            take_option(L, o, p);
        lua_pop(L, 1);
    }
    complete_burst(p);
}

static void push_number(lua_State *L, const char *name, double value)
{
    lua_pushnumber(L, value);
    lua_setfield(L, -2, name);
}

static int push_radio(lua_State *L, struct vehicle *v)
{
    const struct radio *r = vehicle_radio(v);
    const struct radio_profile *p = r != NULL ? r->profile : radio_profile_at(0);

    lua_createtable(L, 0, 8);
    lua_pushstring(L, p->name);
    lua_setfield(L, -2, "profile");
    lua_pushstring(L, p->technology);
    lua_setfield(L, -2, "technology");
    lua_pushstring(L, radio_state_name(r != NULL ? r->state : RADIO_ATTACHED));
    lua_setfield(L, -2, "state");
    lua_pushboolean(L, vehicle_radio_attached(v));
    lua_setfield(L, -2, "attached");
    lua_pushinteger(L, p->dbm);
    lua_setfield(L, -2, "dbm");
    push_number(L, "rtt", (double)p->rtt / 1e6);
    push_number(L, "up", (double)p->up);
    push_number(L, "down", (double)p->down);
    push_number(L, "loss", p->loss_good);
    push_number(L, "nat", (double)p->nat / 1e6);
    return 1;
}

int car_radio(lua_State *L)
{
    struct vehicle *v = car_check(L, 1)->vehicle;
    const struct radio_profile *profile;
    struct radio_profile own;
    struct error err;

    if (lua_isnoneornil(L, 2))
        return push_radio(L, v);
    if (lua_istable(L, 2)) {
        take_options(L, 2, &own);
        profile = &own;
    } else {
        profile = find_profile(L, luaL_checkstring(L, 2));
    }
    if (!vehicle_radio_set(v, profile, &err))
        return luaL_error(L, "car:radio: %s", err.text);
    return 0;
}
