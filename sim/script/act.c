#include "script/act.h"

#include <lauxlib.h>

#include "fleet/simulation.h"
#include "metrics/recorder.h"
#include "script/model.h"

#define ORDER_TYPE "fleetsim.order"

/* The order as Lua holds it. */
struct order_ref {
    enum task_about about; /* ABOUT_ORDER */
    struct car *car;
    struct tcu_order *order; /* NULL: done or cancelled */
};

static struct order_ref *order_check(lua_State *L, int index)
{
    return luaL_checkudata(L, index, ORDER_TYPE);
}

/* order_done(order, outcome, code, description, twice) */
static int f_order_done(lua_State *L)
{
    static const char *const outcomes[] = {"SUCCEEDED", "REJECTED", "FAILED", NULL};
    struct order_ref *ref = order_check(L, 1);
    int outcome = luaL_checkoption(L, 2, NULL, outcomes);
    const char *code = luaL_optstring(L, 3, NULL);
    const char *description = luaL_optstring(L, 4, NULL);
    struct tcu_order *order = ref->order;

    if (order != NULL) {
        ref->order = NULL;
        order->answer_twice = lua_toboolean(L, 5) != 0;
        vehicle_order_done(ref->car->vehicle, order, (enum tcu_outcome)outcome, code, description);
    }
    return 0;
}

static int f_order_kind(lua_State *L)
{
    struct order_ref *ref = order_check(L, 1);
    bool request = ref->order != NULL && ref->order->kind == TCU_ORDER_REQUEST;

    lua_pushstring(L, request ? "request" : "desired");
    return 1;
}

/* order_token(order): the clientToken or requestId it came with */
static int f_order_token(lua_State *L)
{
    struct order_ref *ref = order_check(L, 1);

    lua_pushstring(L, ref->order != NULL ? ref->order->token : "");
    return 1;
}

static void on_act_end(void *arg, struct task *task, enum task_end end, lua_State *co)
{
    struct order_ref *ref = task_subject(task);

    /* Whatever happened, an order must not outlive the task that holds its ref. */
    if (ref->order != NULL) {
        struct tcu_order *order = ref->order;
        ref->order = NULL;
        vehicle_order_done(ref->car->vehicle, order, TCU_FAILED, "SCRIPT_ERROR",
                           "the car's script raised an error");
    }
    script_task_end(arg, task, end, co);
}

static void push_changes(lua_State *L, const struct vehicle *v, const struct tcu_order *order)
{
    lua_Integer place = 0;

    lua_createtable(L, (int)order->change_count * 2, 0);
    for (size_t i = 0; i < order->change_count; i++) {
        const struct signal_def *def =
            signal_schema_def(v->tcu->signals.schema, order->changes[i].index);
        lua_pushstring(L, def->path);
        lua_rawseti(L, -2, ++place);
        signal_push(L, def, order->changes[i].value);
        lua_rawseti(L, -2, ++place);
    }
}

void act_on_order(void *ctx, struct vehicle *v, struct tcu_order *order)
{
    struct car *car = ctx;
    lua_State *L = car->script->L;

    car->script->uncapped++;
    script_push_prelude(L, "act");
    lua_rawgeti(L, LUA_REGISTRYINDEX, car->ref);
    struct order_ref *ref = lua_newuserdatauv(L, sizeof *ref, 1);
    *ref = (struct order_ref){.about = ABOUT_ORDER, .car = car, .order = order};
    luaL_setmetatable(L, ORDER_TYPE);
    lua_pushvalue(L, -2); /* the order keeps its car's userdata */
    lua_setiuservalue(L, -2, 1);
    push_changes(L, v, order);
    order->behaviour = ref;
    struct task_params params = {.owner = car->owner, .subject = ref, .end = on_act_end};
    task_start(&car->script->scheduler, L, 3, &params);
    car->script->uncapped--;
}

void act_on_order_cancelled(void *ctx, struct vehicle *v, struct tcu_order *order)
{
    struct car *car = ctx;
    struct order_ref *ref = order->behaviour;

    (void)v;
    ref->order = NULL;
    scheduler_cancel_subject(&car->script->scheduler, ref);
}

void act_started(const struct task *task, const struct car *car)
{
    const enum task_about *about = task_subject(task);

    if (about == NULL || *about != ABOUT_ORDER)
        return;
    const struct order_ref *ref = task_subject(task);
    if (ref->order != NULL && ref->car == car)
        tcu_order_started(car->vehicle->tcu, ref->order);
}

/* count_job(what): an execution of a job has become that */
static int f_count_job(lua_State *L)
{
    static const char *const whats[] = {"begun", "succeeded", "failed", "rejected", "ended", NULL};
    static const char *const counters[] = {"jobs.begun", "jobs.succeeded", "jobs.failed",
                                           "jobs.rejected", "jobs.ended"};

    recorder_count(script_of(L)->sim->recorder, counters[luaL_checkoption(L, 1, NULL, whats)], 1);
    return 0;
}

static const luaL_Reg functions[] = {
    {"count_job",   f_count_job  },
    {"order_done",  f_order_done },
    {"order_kind",  f_order_kind },
    {"order_token", f_order_token},
    {NULL,          NULL         }
};

void act_open(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
    luaL_newmetatable(L, ORDER_TYPE);
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}
