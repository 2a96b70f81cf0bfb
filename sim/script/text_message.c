#include "script/text_message.h"

#include <lauxlib.h>
#include <string.h>

#include "fleet/simulation.h"
#include "script/car.h"

#define MESSAGE_TYPE "fleetsim.text_message"

struct text_message {
    struct script *script;
    enum sms_status status;
    struct wait_queue changed;
    int ref; /* anchored while its report is due */
};

static struct text_message *message_check(lua_State *L)
{
    return luaL_checkudata(L, 1, MESSAGE_TYPE);
}

static void on_report(void *ctx, enum sms_status status)
{
    struct text_message *m = ctx;
    lua_State *L = m->script->L;

    m->status = status;
    queue_notify(&m->script->scheduler, &m->changed);
    luaL_unref(L, LUA_REGISTRYINDEX, m->ref);
    m->ref = LUA_NOREF;
}

static int send_to(lua_State *L, struct vehicle *v, const char *text)
{
    struct script *script = script_of(L);
    struct text_message *m = lua_newuserdatauv(L, sizeof *m, 0);

    *m = (struct text_message){.script = script, .status = SMS_FAILED, .ref = LUA_NOREF};
    luaL_setmetatable(L, MESSAGE_TYPE);
    if (v == NULL)
        return 1;
    lua_pushvalue(L, -1);
    m->ref = luaL_ref(L, LUA_REGISTRYINDEX);
    m->status = SMS_PENDING;
    sms_send(v, &(struct sms_request){.text = text, .report = on_report, .ctx = m});
    return 1;
}

/* sms_to_car(car, text) */
static int f_sms_to_car(lua_State *L)
{
    return send_to(L, car_check(L, 1)->vehicle, luaL_optstring(L, 2, ""));
}

/* sms(msisdn, text) */
static int f_sms(lua_State *L)
{
    const char *msisdn = luaL_checkstring(L, 1);

    script_owner_current(L, "a text message");
    return send_to(L, sms_addressee(script_of(L)->sim, msisdn), luaL_optstring(L, 2, ""));
}

static int f_status(lua_State *L)
{
    lua_pushstring(L, sms_status_name(message_check(L)->status));
    return 1;
}

/* wait(seconds) until its status changes */
static int f_wait(lua_State *L)
{
    struct text_message *m = message_check(L);

    return task_wait(&m->script->scheduler, L, &m->changed, script_check_seconds(L, 2));
}

static int f_gc(lua_State *L)
{
    struct text_message *m = message_check(L);

    queue_done(&m->script->scheduler, &m->changed);
    return 0;
}

static void take(lua_State *L, const char *name, double *value)
{
    if (lua_getfield(L, 1, name) != LUA_TNIL) {
        if (lua_type(L, -1) != LUA_TNUMBER)
            luaL_error(L, "t:sms_gateway: %s must be a number", name);
        *value = lua_tonumber(L, -1);
    }
    lua_pop(L, 1);
}

/* sms_gateway({low =, high =, median =, sigma =, loss =, duplicates =, validity =}): for all cars
   of the scenario */
static int f_sms_gateway(lua_State *L)
{
    struct script_owner *owner = script_owner_current(L, "t:sms_gateway");
    struct script *script = script_of(L);
    struct sms_options o;
    struct error err;

    luaL_checktype(L, 1, LUA_TTABLE);
    sms_options_defaults(&o);
    take(L, "low", &o.low);
    take(L, "high", &o.high);
    take(L, "median", &o.median);
    take(L, "sigma", &o.sigma);
    take(L, "loss", &o.loss);
    take(L, "duplicates", &o.duplicates);
    take(L, "validity", &o.validity);
    if (!sms_options_check(&o, &err))
        return luaL_error(L, "t:sms_gateway: %s", err.text);
    owner->sms_options = o;
    owner->own_sms_options = true;
    for (struct car *car = script->cars; car != NULL; car = car->next)
        if (car->owner == owner)
            car->vehicle->sms_options = &owner->sms_options;
    return 0;
}

void text_message_on_sms(void *ctx, struct vehicle *v, const char *text)
{
    struct car *car = ctx;
    lua_State *L = car->script->L;
    struct task_params params = {.owner = car->owner, .subject = NULL, .end = script_task_end};

    (void)v;
    car->script->uncapped++;
    script_push_prelude(L, "sms");
    lua_rawgeti(L, LUA_REGISTRYINDEX, car->ref);
    lua_pushstring(L, text);
    task_start(&car->script->scheduler, L, 2, &params);
    car->script->uncapped--;
}

static const luaL_Reg methods[] = {
    {"status", f_status},
    {"wait",   f_wait  },
    {NULL,     NULL    }
};

static const luaL_Reg functions[] = {
    {"sms",         f_sms        },
    {"sms_to_car",  f_sms_to_car },
    {"sms_gateway", f_sms_gateway},
    {NULL,          NULL         }
};

void text_message_open(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
    luaL_newmetatable(L, MESSAGE_TYPE);
    lua_newtable(L);
    luaL_setfuncs(L, methods, 0);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, f_gc);
    lua_setfield(L, -2, "__gc");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}
