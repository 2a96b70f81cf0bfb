#include "script/service.h"
#include "script/app.h"

#include <inttypes.h>
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"
#include "metrics/recorder.h"
#include "script/car.h"
#include "script/lua_json.h"
#include "script/service_core.h"

#define SERVICE_TYPE "fleetsim.service"
/* What is left of its session at the broker, when it is gone for good. */
#define SESSION_EXPIRY_S 600
#define SECONDS_MAX      1e9

static struct command_service *service_check(lua_State *L)
{
    struct command_service *s = luaL_checkudata(L, 1, SERVICE_TYPE);

    if (s->actor == NULL)
        luaL_error(L, "this command service is gone: its scenario has ended");
    wire_stir(&s->party);
    return s;
}

/* ---- life ---- */

static double number_field(lua_State *L, int table, const char *name, double fallback)
{
    double value = fallback;

    if (lua_getfield(L, table, name) != LUA_TNIL) {
        if (lua_type(L, -1) != LUA_TNUMBER)
            luaL_error(L, "t:command_service: %s must be a number", name);
        value = lua_tonumber(L, -1);
        if (!(value >= 0 && value <= SECONDS_MAX))
            luaL_error(L, "t:command_service: %s must be from 0 to 1e9", name);
    }
    lua_pop(L, 1);
    return value;
}

static void seconds_field(lua_State *L, int table, const char *name, usec_t *value)
{
    *value = (usec_t)(number_field(L, table, name, (double)*value / 1e6) * 1e6);
}

/* Raises for what is no rule. */
static void check_rules(lua_State *L, int table, struct dispatch_rules *rules)
{
    service_rules_defaults(rules);
    seconds_field(L, table, "confirm_offline", &rules->presence.confirm_offline);
    seconds_field(L, table, "subscribe_within", &rules->presence.subscribe_within);
    seconds_field(L, table, "session_expiry", &rules->presence.session_expiry);
    seconds_field(L, table, "tap_every", &rules->tap_every);
    rules->tap_backoff = number_field(L, table, "tap_backoff", rules->tap_backoff);
    rules->taps_most = (unsigned)number_field(L, table, "taps", rules->taps_most);
    lua_getfield(L, table, "trust_goodbye");
    rules->presence.trust_goodbye = lua_toboolean(L, -1) != 0;
    lua_pop(L, 1);
    if (rules->tap_every == 0 || rules->tap_backoff < 1)
        luaL_error(L, "t:command_service: tap: every must be above 0, and backoff at least 1");
}

static bool fence(void *ctx)
{
    struct command_service *s = ctx;

    if (!service_fence(s->actor))
        return false;
    wire_hold(&s->party);
    return true;
}

/* Cars that came before the service did: it deals with them from the beginning. */
static void look_around(struct command_service *s)
{
    for (const struct car *car = s->script->cars; car != NULL; car = car->next)
        if (car->owner == s->owner)
            service_presence(s->actor, car->vehicle->identity.thing_name);
}

/* command_service(rules): a new service of the running scenario, connecting */
static int f_command_service(lua_State *L)
{
    struct script *script = script_of(L);
    struct script_owner *owner = script_owner_current(L, "a command service");
    const struct app_credentials *way = &script->app_credentials;
    struct service_options options = {.recorder = script->sim->recorder};
    struct error err;

    luaL_checktype(L, 1, LUA_TTABLE);
    check_rules(L, 1, &options.rules);
    lua_getfield(L, 1, "watch_all");
    options.watch_all = lua_toboolean(L, -1) != 0;
    lua_pop(L, 1);
    struct command_service *s = lua_newuserdatauv(L, sizeof *s, 0);
    *s = (struct command_service){.script = script, .owner = owner};
    luaL_setmetatable(L, SERVICE_TYPE);
    /* Anchored first: nothing may raise while an actor points at it. */
    lua_pushvalue(L, -1);
    s->ref = luaL_ref(L, LUA_REGISTRYINDEX);
    s->client_id = app_new_client_id(script, owner, "-service");
    options.link = (struct companion_options){
        .uri = way->uri,
        .ca_file = way->ca_file,
        .cert_file = way->cert_file,
        .key_file = way->key_file,
        .insecure = way->insecure,
        .alpn = script->sim->alpn,
        .topics = &script->sim->tcu.topics,
        .client_id = s->client_id,
        .mqtt_version = (int)script->sim->tcu.version,
        .session_expiry_s = SESSION_EXPIRY_S,
        .seed = owner->seed,
    };
    s->actor = service_new(script->sim->loop, &options, &service_script_events, s, &err);
    if (s->actor == NULL) {
        free(s->client_id);
        luaL_unref(L, LUA_REGISTRYINDEX, s->ref);
        return luaL_error(L, "command service: %s", err.text);
    }
    if (loop_is_virtual(script->sim->loop)) {
        wire_join(&script->sim->wire, &s->party, fence, s, true);
        wire_hold(&s->party);
    }
    s->next = script->services;
    script->services = s;
    look_around(s);
    return 1;
}

static void free_order(struct order *o)
{
    cJSON_Delete(o->answer);
    free(o->changes);
    free(o);
}

static void free_service(struct command_service *s)
{
    wire_leave(&s->party);
    service_free(s->actor);
    s->actor = NULL;
    for (size_t i = 0; i < s->order_count; i++) {
        recorder_journey_end(service_simulation(s)->recorder, s->orders[i]->id, JOURNEY_LOST,
                             clock_now());
        free_order(s->orders[i]);
    }
    free(s->orders);
    s->orders = NULL;
    s->order_count = 0;
    service_notify(s);
    free(s->client_id);
    luaL_unref(s->script->L, LUA_REGISTRYINDEX, s->ref);
}

void service_script_free_all(struct script *script, const struct script_owner *owner)
{
    for (struct command_service **p = &script->services; *p != NULL;) {
        struct command_service *s = *p;
        if (s->owner != owner) {
            p = &s->next;
            continue;
        }
        *p = s->next;
        free_service(s);
    }
}

/* ---- methods ---- */

/* ready(): is it, and why not, as text */
static int f_ready(lua_State *L)
{
    struct command_service *s = service_check(L);

    lua_pushboolean(L, service_is_ready(s->actor));
    lua_pushstring(L, s->trouble);
    return 2;
}

static int f_wait(lua_State *L)
{
    struct command_service *s = service_check(L);

    return task_wait(&s->script->scheduler, L, &s->changed, script_check_seconds(L, 2));
}

static int f_client_id(lua_State *L)
{
    lua_pushstring(L, service_check(L)->client_id);
    return 1;
}

static int f_losses(lua_State *L)
{
    lua_pushinteger(L, service_check(L)->losses);
    return 1;
}

static int f_close(lua_State *L)
{
    struct command_service *s = service_check(L);

    wire_cut(&s->party);
    service_close(s->actor);
    return 0;
}

static int f_open(lua_State *L)
{
    struct command_service *s = service_check(L);

    service_open(s->actor);
    return 0;
}

/* presence(car): "online", … */
static int f_presence(lua_State *L)
{
    struct command_service *s = service_check(L);
    const char *thing = car_check(L, 2)->vehicle->identity.thing_name;

    lua_pushstring(L, car_link_name(service_presence(s->actor, thing)));
    return 1;
}

/* own(user, car) */
static int f_own(lua_State *L)
{
    struct command_service *s = service_check(L);
    const char *user = luaL_checkstring(L, 2);
    struct error err;

    if (!service_own(s->actor, user, car_check(L, 3)->vehicle->identity.thing_name, &err))
        return luaL_error(L, "service:user: %s", err.text);
    return 0;
}

static struct order *add_order(struct command_service *s, const char *id)
{
    struct order *o = xcalloc(1, sizeof *o);

    o->service = s;
    if (id != NULL)
        snprintf(o->id, sizeof o->id, "%s", id);
    else
        snprintf(o->id, sizeof o->id, "%.43s-%" PRIu64, s->client_id, ++s->owner->next_token);
    s->orders = xrealloc(s->orders, (s->order_count + 1) * sizeof(struct order *));
    s->orders[s->order_count++] = o;
    return o;
}

/* The number of that order, from 1. */
static lua_Integer number_of(const struct command_service *s, const struct order *o)
{
    for (size_t i = s->order_count; i > 0; i--)
        if (s->orders[i - 1] == o)
            return (lua_Integer)i;
    return 0;
}

static const char *text_field(lua_State *L, int table, const char *name)
{
    lua_getfield(L, table, name); /* stays on the stack, and so alive */
    return lua_isnil(L, -1) ? NULL : luaL_checkstring(L, -1);
}

static void begin_journey(const struct command_service *s, const struct vehicle *v,
                          const struct order *o, const cJSON *json)
{
    usec_t now = clock_now();
    const char *kind = json->child != NULL ? json->child->string : NULL;

    recorder_journey_begin(service_simulation(s)->recorder, o->id, v->identity.index, kind, now,
                           now);
}

/* command(car, what, {id=, user=, channel=, front=, expiry=}): the number of the order */
static int f_command(lua_State *L)
{
    struct command_service *s = service_check(L);
    struct vehicle *v = car_check(L, 2)->vehicle;
    struct error err;
    void *tag = NULL;

    luaL_checktype(L, 3, LUA_TTABLE);
    luaL_checktype(L, 4, LUA_TTABLE);
    struct service_order order = {
        .thing = v->identity.thing_name,
        .user = text_field(L, 4, "user"),
        .channel = text_field(L, 4, "channel"),
        .front = (usec_t)(number_field(L, 4, "front", 0) * 1e6),
        .expiry = (usec_t)(number_field(L, 4, "expiry", 0) * 1e6),
    };
    const char *id = text_field(L, 4, "id");
    if (id != NULL && (strlen(id) == 0 || strlen(id) > DISPATCH_ID_MAX))
        return luaL_error(L, "service:command: id: 1 to %d bytes", DISPATCH_ID_MAX);
    /* From here on nothing raises while the JSON is held. */
    cJSON *json = lua_json_check(L, 3);
    char *text = cJSON_PrintUnformatted(json);
    struct order *o = add_order(s, id);
    order.id = o->id;
    order.command_json = text;
    order.tag = o;
    bool ok = service_command(s->actor, &order, &tag, &err);
    if (ok && tag == o)
        begin_journey(s, v, o, json);
    cJSON_free(text);
    cJSON_Delete(json);
    if (!ok || tag != o) {
        s->order_count--;
        free_order(o);
    }
    if (!ok)
        return luaL_error(L, "service:command: %s", err.text);
    lua_pushinteger(L, number_of(s, tag));
    return 1;
}

static struct order *order_check(lua_State *L)
{
    const struct command_service *s = service_check(L);
    lua_Integer n = luaL_checkinteger(L, 2);

    if (n < 1 || (size_t)n > s->order_count)
        luaL_error(L, "command service: no such command");
    return s->orders[n - 1];
}

/* state(n): its status, its id, is it over? */
static int f_state(lua_State *L)
{
    const struct order *o = order_check(L);

    lua_pushstring(L, dispatch_status_name(o->status));
    lua_pushstring(L, o->id);
    lua_pushboolean(L, dispatch_is_over(o->status));
    return 3;
}

static int f_answer(lua_State *L)
{
    lua_json_push(L, order_check(L)->answer);
    return 1;
}

/* history(n): a list of { status =, at = } */
static int f_history(lua_State *L)
{
    const struct order *o = order_check(L);

    lua_createtable(L, (int)o->change_count, 0);
    for (size_t i = 0; i < o->change_count; i++) {
        lua_createtable(L, 0, 2);
        lua_pushstring(L, dispatch_status_name(o->changes[i].status));
        lua_setfield(L, -2, "status");
        lua_pushnumber(L, (double)o->changes[i].at / 1e6);
        lua_setfield(L, -2, "at");
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* give_up(n): nobody waits any longer */
static int f_give_up(lua_State *L)
{
    const struct order *o = order_check(L);

    recorder_journey_end(service_simulation(o->service)->recorder, o->id, JOURNEY_TIMED_OUT,
                         clock_now());
    return 0;
}

static const luaL_Reg methods[] = {
    {"ready",     f_ready    },
    {"wait",      f_wait     },
    {"client_id", f_client_id},
    {"losses",    f_losses   },
    {"close",     f_close    },
    {"open",      f_open     },
    {"presence",  f_presence },
    {"own",       f_own      },
    {"command",   f_command  },
    {"state",     f_state    },
    {"answer",    f_answer   },
    {"history",   f_history  },
    {"give_up",   f_give_up  },
    {NULL,        NULL       },
};

void service_script_open(lua_State *L)
{
    lua_pushcfunction(L, f_command_service);
    lua_setfield(L, -2, "command_service");
    luaL_newmetatable(L, SERVICE_TYPE);
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}
