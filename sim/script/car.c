#include "script/car.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"
#include "fleet/simulation.h"
#include "fleet/vehicle_oracle.h"
#include "script/act.h"
#include "script/car_events.h"
#include "script/car_fetch.h"
#include "script/car_mqtt.h"
#include "script/car_provision.h"
#include "script/car_radio.h"
#include "script/car_state.h"
#include "script/car_timer.h"
#include "script/loader.h"
#include "script/model.h"
#include "script/record.h"
#include "script/story.h"
#include "script/telemetry.h"
#include "script/text_message.h"
#include "script/witness.h"

#define CAR_TYPE "fleetsim.car"

/* User values of the car. */
enum { UV_MODEL = 1, UV_STORE, UV_COUNT = UV_STORE };

/* ---- events from the vehicle ---- */

static void on_changed(void *ctx, struct vehicle *v)
{
    struct car *car = ctx;

    (void)v;
    record_changed(car);
    queue_notify(&car->script->scheduler, &car->changed);
}

/* Power on and off are the model's business: its parts start and stop their physics. */
static void on_state(void *ctx, struct vehicle *v, enum tcu_state from, enum tcu_state to)
{
    struct car *car = ctx;
    lua_State *L = car->script->L;

    (void)v;
    if (from != TCU_OFF && to != TCU_OFF)
        return;
    script_tune_collector(car->script);
    car_story_begin(car);
    car->script->uncapped++;
    script_push_prelude(L, to == TCU_OFF ? "power_lost" : "power_came");
    lua_rawgeti(L, LUA_REGISTRYINDEX, car->ref);
    struct task_params params = {.owner = car->owner, .subject = NULL, .end = script_task_end};
    task_start(&car->script->scheduler, L, 1, &params);
    car->script->uncapped--;
}

static void on_packet(void *ctx, struct vehicle *v, bool outgoing, struct slice bytes)
{
    (void)v;
    car_story_packet(ctx, outgoing, bytes);
}

static void on_violated(void *ctx, struct vehicle *v, const struct oracle_violation *violation)
{
    (void)v;
    witness_violated(ctx, violation);
}

static const struct behaviour_ops behaviour = {.changed = on_changed,
                                               .packet = on_packet,
                                               .violated = on_violated,
                                               .state = on_state,
                                               .order = act_on_order,
                                               .order_cancelled = act_on_order_cancelled,
                                               .message = car_mqtt_on_message,
                                               .answered = car_mqtt_on_answered,
                                               .event = car_events_tell,
                                               .sms = text_message_on_sms};

/* ---- making and ending ---- */

/* Not by the name of the metatable: a command asks this thirty times. */
static struct car *check_car(lua_State *L, int index)
{
    const void *meta = NULL;

    if (lua_getmetatable(L, index)) {
        meta = lua_topointer(L, -1);
        lua_pop(L, 1);
    }
    if (meta == script_of(L)->car_meta)
        return lua_touserdata(L, index);
    return luaL_checkudata(L, index, CAR_TYPE);
}

struct car *car_check(lua_State *L, int index)
{
    struct car *car = check_car(L, index);

    if (car->vehicle == NULL)
        luaL_error(L, "this car is gone: its scenario has ended");
    car->owner->touched = car;
    return car;
}

/* Its own numbers first: which car it is must not depend on who else runs. */
static uint32_t next_index(const struct script_owner *owner)
{
    struct simulation *sim = owner->script->sim;
    uint32_t index;

    /* Things of a real cloud are few, and serve one scenario after the other. */
    if (sim->own != NULL) {
        simulation_free_index(sim, &index);
        return index;
    }
    return owner->vehicles < owner->vehicle_room ? owner->first_vehicle + owner->vehicles
                                                 : owner->script->next_index;
}

static uint64_t next_seed(const struct script_owner *owner)
{
    struct rng rng;

    rng_init(&rng, owner->seed, owner->script->shard.first + owner->vehicles);
    return rng_next(&rng);
}

/* car(model, contact): a new vehicle of that model, with power off, owned by the running scenario.
 */
static int f_car(lua_State *L)
{
    struct script *script = script_of(L);
    struct script_owner *owner = script_owner_current(L, "a new vehicle");
    struct vehicle_birth birth = {.index = next_index(owner), .seed = next_seed(owner)};
    struct vehicle_contact contact;
    struct error err;
    birth.contact = car_provision_read(L, 2, &contact) ? &contact : NULL;

    if (birth.index >= IDENTITY_MAX)
        return luaL_error(L, "no more cars: all %d numbers of the fleet are taken", IDENTITY_MAX);
    script_push_model(L, luaL_checkstring(L, 1));
    struct car *car = lua_newuserdatauv(L, sizeof *car, UV_COUNT);
    *car = (struct car){.about = ABOUT_CAR, .script = script, .owner = owner};
    luaL_setmetatable(L, CAR_TYPE);
    lua_pushvalue(L, -2);
    lua_setiuservalue(L, -2, UV_MODEL);
    /* Anchored first: nothing may raise while a vehicle points at it. */
    lua_pushvalue(L, -1);
    car->ref = luaL_ref(L, LUA_REGISTRYINDEX);
    birth.schema = model_schema(L, -2);
    car->vehicle = vehicle_new(script->sim, &birth, &behaviour, car, &err);
    if (car->vehicle == NULL) {
        luaL_unref(L, LUA_REGISTRYINDEX, car->ref);
        return script_raise(L, "%s", err.text);
    }
    car->story = car_story_new(script);
    car->vehicle->watched = &car->events.kinds;
    if (owner->own_sms_options)
        car->vehicle->sms_options = &owner->sms_options;
    rng_init(&car->rng, birth.seed, UINT64_C(1) << 40);
    owner->vehicles++;
    if (birth.index == script->next_index && script->sim->own == NULL)
        script->next_index++;
    car->next = script->cars;
    script->cars = car;
    return 1;
}

void car_free_all(struct script *script, const struct script_owner *owner)
{
    for (struct car **p = &script->cars; *p != NULL;) {
        struct car *car = *p;
        if (car->owner != owner) {
            p = &car->next;
            continue;
        }
        *p = car->next;
        record_free_all(car);
        event_source_done(script, &car->events);
        car_timer_free(car);
        car_fetch_stop(car);
        car_story_free(car->story);
        car->story = NULL;
        vehicle_free(car->vehicle);
        car->vehicle = NULL;
        car_mqtt_free(car);
        queue_notify(&script->scheduler, &car->changed);
        luaL_unref(script->L, LUA_REGISTRYINDEX, car->ref);
    }
}

struct car *car_test(lua_State *L, int index)
{
    struct car *car = luaL_testudata(L, index, CAR_TYPE);

    return car != NULL && car->vehicle != NULL ? car : NULL;
}

void car_write_timeline(const struct car *car, size_t most_lines, struct buf *out)
{
    const struct vehicle *v = car->vehicle;

    buf_printf(out, "  what car %u (%s, %s) went through, in seconds since the run began:\n",
               v->identity.index, v->identity.thing_name, tcu_state_name(v->tcu->state));
    timeline_write(v->timeline, most_lines, out);
}

void car_write_timelines(const struct script *script, const struct script_owner *owner,
                         size_t most_cars, size_t most_lines, struct buf *out)
{
    size_t left = most_cars;
    const struct car *first = script->cars;

    while (first != NULL && (first != owner->touched || first->owner != owner))
        first = first->next;
    if (first != NULL && first->vehicle->timeline != NULL && left-- > 0)
        car_write_timeline(first, most_lines, out);
    for (const struct car *car = script->cars; car != NULL; car = car->next) {
        if (car->owner != owner || car->vehicle->timeline == NULL || car == first)
            continue;
        if (left-- == 0) {
            buf_append_str(out, "  (more cars of this scenario are not shown)\n");
            return;
        }
        car_write_timeline(car, most_lines, out);
    }
}

/* ---- life cycle ---- */

static int f_power_on(lua_State *L)
{
    tcu_power_on(car_check(L, 1)->vehicle->tcu);
    return 0;
}

static int f_power_off(lua_State *L)
{
    tcu_power_off(car_check(L, 1)->vehicle->tcu);
    return 0;
}

static int f_wake(lua_State *L)
{
    lua_pushboolean(L, tcu_wake(car_check(L, 1)->vehicle->tcu));
    return 1;
}

static int f_drop_connection(lua_State *L)
{
    tcu_drop_connection(car_check(L, 1)->vehicle->tcu);
    return 0;
}

/* begin_wake(): it boots; in the measured journey of a command it wakes up now */
static int f_begin_wake(lua_State *L)
{
    vehicle_woken(car_check(L, 1)->vehicle);
    return 0;
}

static int f_report(lua_State *L)
{
    tcu_report(car_check(L, 1)->vehicle->tcu);
    return 0;
}

static int f_in_step(lua_State *L)
{
    struct vehicle *v = car_check(L, 1)->vehicle;

    lua_pushboolean(L, tcu_in_step(v->tcu) && tcu_orders_open(v->tcu) == 0);
    return 1;
}

/* wait_change(timeout): true when anything about the car changed, false when the time ran out */
static int f_wait_change(lua_State *L)
{
    struct car *car = car_check(L, 1);

    return task_wait(&car->script->scheduler, L, &car->changed, script_check_seconds(L, 2));
}

/* work(seconds): an actuator moves; for an order this is its start */
static int f_work(lua_State *L)
{
    struct car *car = car_check(L, 1);
    usec_t duration = script_check_seconds(L, 2);
    struct task *task = task_current(&car->script->scheduler, L, "car:work()");
    act_started(task, car);
    return task_sleep(&car->script->scheduler, L, duration);
}

static int f_log(lua_State *L)
{
    struct car *car = car_check(L, 1);
    size_t len;
    const char *text = luaL_tolstring(L, 2, &len);

    timeline_add(car->vehicle->timeline, clock_now(), TIMELINE_SCRIPT, slice_of(text, len));
    return 0;
}

static int f_timeline(lua_State *L)
{
    struct car *car = car_check(L, 1);
    struct buf text;

    buf_init(&text, 1 << 20);
    lua_Integer most = luaL_optinteger(L, 2, 40);
    timeline_write(car->vehicle->timeline, most > 0 ? (size_t)most : 0, &text);
    char *copy = xstrdup(buf_cstr(&text));
    buf_done(&text);
    script_push_released(L, copy, free);
    return 1;
}

/* hold_reports(car, hold) */
static int f_hold_reports(lua_State *L)
{
    struct car *car = car_check(L, 1);

    vehicle_hold_reports(car->vehicle, lua_toboolean(L, 2) != 0);
    return 0;
}

/* store(car): a table for what parts keep besides signals; made when first asked for */
static int f_store(lua_State *L)
{
    car_check(L, 1);
    if (lua_getiuservalue(L, 1, UV_STORE) == LUA_TTABLE)
        return 1;
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, 1, UV_STORE);
    return 1;
}

static int f_model_of(lua_State *L)
{
    check_car(L, 1);
    lua_getiuservalue(L, 1, UV_MODEL);
    return 1;
}

/* own_cars(): those of whoever runs, the oldest first */
static int f_own_cars(lua_State *L)
{
    struct script *script = script_of(L);
    const struct script_owner *owner = script_owner_current(L, "car:reload()");
    lua_Integer n = 0;

    for (const struct car *car = script->cars; car != NULL; car = car->next)
        n += car->owner == owner;
    lua_createtable(L, (int)n, 0);
    for (const struct car *car = script->cars; car != NULL; car = car->next) {
        if (car->owner != owner)
            continue;
        lua_rawgeti(L, LUA_REGISTRYINDEX, car->ref);
        lua_rawseti(L, -2, n--);
    }
    return 1;
}

/* adopt_model(car, model): open orders end, signals keep their values by path */
static int f_adopt_model(lua_State *L)
{
    struct car *car = car_check(L, 1);

    luaL_argcheck(L, model_is(L, 2), 2, "a model expected");
    lua_pushvalue(L, 2);
    lua_setiuservalue(L, 1, UV_MODEL);
    vehicle_change_schema(car->vehicle, model_schema(L, 2));
    return 0;
}

/* spawn_for(car, fn, …): a task that belongs to the car, and ends when its power does */
static int f_spawn_for(lua_State *L)
{
    struct car *car = car_check(L, 1);
    struct task_params params = {.owner = car->owner, .subject = car, .end = script_task_end};

    luaL_checktype(L, 2, LUA_TFUNCTION);
    task_start(&car->script->scheduler, L, lua_gettop(L) - 2, &params);
    return 0;
}

/* A part waits in its `start`: the parts behind it do not wait for it. */
static void start_others(struct task *task, int first)
{
    struct car *car = task_subject(task);
    lua_State *L = car->script->L;
    struct task_params params = {
        .owner = car->owner, .subject = car, .end = script_task_end, .waits = start_others};

    car->script->uncapped++;
    script_push_prelude(L, "start_parts");
    lua_rawgeti(L, LUA_REGISTRYINDEX, car->ref);
    lua_pushinteger(L, first);
    task_start(&car->script->scheduler, L, 2, &params);
    car->script->uncapped--;
}

/* start_parts(car): in a task that belongs to the car; most parts do not wait, and one task is
   enough for all of them */
static int f_start_parts(lua_State *L)
{
    struct car *car = car_check(L, 1);
    struct task_params params = {
        .owner = car->owner, .subject = car, .end = script_task_end, .waits = start_others};

    script_push_prelude(L, "start_parts");
    lua_pushvalue(L, 1);
    lua_pushinteger(L, 1);
    task_start(&car->script->scheduler, L, 2, &params);
    return 0;
}

/* hand_over(rest): if what runs waits, others do the rest; true if they do what was named before */
static int f_hand_over(lua_State *L)
{
    struct task *task = task_current(&script_of(L)->scheduler, L, "handing over");

    lua_pushboolean(L, task_hand_over(task, (int)luaL_checkinteger(L, 1)));
    return 1;
}

/* stop_tasks(car): ends what spawn_for() and after() started */
static int f_stop_tasks(lua_State *L)
{
    struct car *car = car_check(L, 1);

    car_timer_free(car);
    car_fetch_stop(car);
    scheduler_cancel_subject(&car->script->scheduler, car);
    return 0;
}

/* property(car, name): what is neither method nor signal; nil if there is none */
static int f_property(lua_State *L)
{
    const struct vehicle *v = car_check(L, 1)->vehicle;
    const char *name = luaL_checkstring(L, 2);

    if (strcmp(name, "state") == 0) {
        car_state_push(L, 1);
        return 1;
    }
    const struct {
        const char *name, *value;
    } texts[] = {
        {"vin",    v->identity.vin                            },
        {"name",   v->identity.thing_name                     },
        {"imei",   v->identity.imei                           },
        {"msisdn", v->identity.msisdn                         },
        {"iccid",  v->identity.iccid                          },
        {"link",   tcu_state_name(v->tcu->state)              },
        {"model",  signal_schema_model(v->tcu->signals.schema)},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (strcmp(name, texts[i].name) == 0) {
            lua_pushstring(L, texts[i].value);
            return 1;
        }
    }
    if (strcmp(name, "connection") == 0)
        car_mqtt_push_connection(L, v);
    else if (strcmp(name, "last_close") == 0)
        car_mqtt_push_last_close(L, v);
    else if (strcmp(name, "index") == 0)
        lua_pushinteger(L, v->identity.index);
    else if (strcmp(name, "shadow_version") == 0)
        lua_pushinteger(L, (lua_Integer)tcu_shadow_version(v->tcu, 0));
    else
        lua_pushnil(L);
    return 1;
}

static int after_index(lua_State *L, int status, lua_KContext ctx)
{
    (void)L;
    (void)status;
    (void)ctx;
    return 1;
}

/* __index of cars. Upvalues: the methods, and a function(car, name) for whatever is none. */
static int f_index(lua_State *L)
{
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL)
        return 1;
    lua_pushvalue(L, lua_upvalueindex(2));
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 2);
    lua_callk(L, 2, 1, 0, after_index);
    return after_index(L, LUA_OK, 0);
}

/* car_index(methods, function(car, name)): methods are looked up thirty times for a command */
static int f_car_index(lua_State *L)
{
    lua_settop(L, 2);
    lua_pushcclosure(L, f_index, 2);
    return 1;
}

static int f_tostring(lua_State *L)
{
    struct car *car = luaL_checkudata(L, 1, CAR_TYPE);

    if (car->vehicle == NULL)
        lua_pushliteral(L, "car (gone)");
    else
        lua_pushfstring(L, "car %d (%s)", (int)car->vehicle->identity.index,
                        car->vehicle->identity.thing_name);
    return 1;
}

/* random(car, [low,] [high]) */
static int f_random(lua_State *L)
{
    return script_random(L, &car_check(L, 1)->rng, 2);
}

static const luaL_Reg methods[] = {
    {"after",           car_timer_after  },
    {"power_on",        f_power_on       },
    {"power_off",       f_power_off      },
    {"wake",            f_wake           },
    {"drop_connection", f_drop_connection},
    {"begin_wake",      f_begin_wake     },
    {"report",          f_report         },
    {"in_step",         f_in_step        },
    {"random",          f_random         },
    {"wait_change",     f_wait_change    },
    {"work",            f_work           },
    {"log",             f_log            },
    {"radio",           car_radio        },
    {"timeline",        f_timeline       },
    {"telemetry",       telemetry_send   },
    {NULL,              NULL             },
};

static const luaL_Reg functions[] = {
    {"adopt_model",  f_adopt_model },
    {"own_cars",     f_own_cars    },
    {"car",          f_car         },
    {"car_index",    f_car_index   },
    {"hand_over",    f_hand_over   },
    {"hold_reports", f_hold_reports},
    {"start_parts",  f_start_parts },
    {"store",        f_store       },
    {"model_of",     f_model_of    },
    {"spawn_for",    f_spawn_for   },
    {"stop_tasks",   f_stop_tasks  },
    {"property",     f_property    },
    {NULL,           NULL          },
};

void car_open(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
    car_mqtt_open(L);
    car_provision_open(L);
    luaL_newmetatable(L, CAR_TYPE);
    lua_pushcfunction(L, f_tostring);
    lua_setfield(L, -2, "__tostring");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    script_of(L)->car_meta = lua_topointer(L, -1);
    /* The prelude adds its half of the methods, and __index over both. */
    lua_newtable(L);
    luaL_setfuncs(L, methods, 0);
    car_state_open(L);
    lua_setfield(L, -3, "car_methods");
    lua_setfield(L, -2, "car_meta");
}
