#include "script/scenario.h"

#include <lauxlib.h>
#include <poll.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/xmem.h"
#include "fleet/simulation.h"
#include "script/app.h"
#include "script/car.h"
#include "script/loader.h"

#define DETAIL_MAX     ((size_t)1 << 20)
#define CALLERS_SHOWN  20
#define TIMELINE_CARS  3
#define TIMELINE_LINES 60

/* ---- ending ---- */

static void release(struct scenario *s)
{
    struct script *script = s->owner.script;

    loop_timer_stop(&s->clock);
    s->main = NULL;
    loader_forget(script, &s->owner);
    /* Cars first: their open orders still refer to tasks. */
    car_free_all(script, &s->owner);
    app_free_all(script, &s->owner);
    scheduler_cancel_owner(&script->scheduler, &s->owner);
    luaL_unref(script->L, LUA_REGISTRYINDEX, s->fn);
    s->fn = LUA_NOREF;
}

static void finish(struct scenario *s, enum scenario_verdict verdict)
{
    if (s->verdict != SCENARIO_RUNNING)
        return;
    s->verdict = verdict;
    s->took = clock_now() - s->started;
    release(s);
    s->host->ended(s->host, s);
}

/* The field of an error value as text, or NULL. Raw: nothing of the script's runs here. */
static char *take_field(struct script *script, lua_State *co, int index, const char *field)
{
    char *text = NULL;

    if (!lua_istable(co, index))
        return NULL;
    lua_pushstring(co, field);
    if (lua_rawget(co, index) != LUA_TNIL)
        text = script_take_text(script, co);
    else
        lua_pop(co, 1);
    return text;
}

/* Of one car if the failure names it, else of the scenario's latest. */
static void add_timelines(struct scenario *s, const struct car *only, struct buf *detail)
{
    if (only != NULL) {
        car_write_timeline(only, TIMELINE_LINES, detail);
        return;
    }
    car_write_timelines(s->owner.script, &s->owner, TIMELINE_CARS, TIMELINE_LINES, detail);
}

/* Where a suspended or failed coroutine stands in the script. */
static char *place_of(lua_State *co)
{
    lua_Debug ar;
    int level = 0;

    return script_frame(co, &level, &ar) ? xasprintf("%s:%d", ar.short_src, ar.currentline) : NULL;
}

static void fail_by_error(struct scenario *s, lua_State *co, struct buf *detail)
{
    lua_Debug ar;

    lua_pushvalue(co, -1);
    s->message = script_take_text(s->owner.script, co);
    buf_append_str(detail, "  called from:\n");
    /* An endless recursion leaves 200,000 of them, each further to seek. */
    for (int level = 0, n = 0; n < CALLERS_SHOWN && script_frame(co, &level, &ar); level++, n++)
        buf_printf(detail, "    %s:%d%s%s\n", ar.short_src, ar.currentline,
                   ar.name != NULL ? " in " : "", ar.name != NULL ? ar.name : "");
}

/* An error reached the top of one of the scenario's tasks; its value is on top of co's stack. */
static void on_raised(struct script_owner *owner, lua_State *co)
{
    struct scenario *s = (struct scenario *)owner;
    enum scenario_verdict verdict = SCENARIO_ERRORED;
    const struct car *about = NULL;
    struct buf detail;

    if (s->verdict != SCENARIO_RUNNING)
        return;
    buf_init(&detail, DETAIL_MAX);
    int index = lua_gettop(co);
    if ((s->message = take_field(owner->script, co, index, "assertion")) != NULL) {
        verdict = SCENARIO_FAILED;
        s->where = take_field(owner->script, co, index, "where");
        lua_pushliteral(co, "car");
        lua_rawget(co, index);
        about = car_test(co, -1);
        lua_pop(co, 1);
    } else if ((s->message = take_field(owner->script, co, index, "skip")) != NULL) {
        verdict = SCENARIO_SKIPPED;
    } else {
        fail_by_error(s, co, &detail);
    }
    if (verdict != SCENARIO_SKIPPED)
        add_timelines(s, about, &detail);
    s->detail = xstrdup(buf_cstr(&detail));
    buf_done(&detail);
    finish(s, verdict);
}

static void on_main_end(void *arg, struct task *task, enum task_end end, lua_State *co)
{
    struct scenario *s = arg;

    (void)task;
    s->main = NULL;
    if (end == TASK_RAISED)
        on_raised(&s->owner, co);
    else
        finish(s, SCENARIO_PASSED);
}

void scenario_end(struct scenario *s, enum scenario_verdict verdict, char *message)
{
    struct buf detail;

    free(s->message);
    s->message = message;
    buf_init(&detail, DETAIL_MAX);
    add_timelines(s, NULL, &detail);
    free(s->detail);
    s->detail = xstrdup(buf_cstr(&detail));
    buf_done(&detail);
    finish(s, verdict);
}

static void on_timeout(void *arg)
{
    struct scenario *s = arg;
    lua_State *co = s->main != NULL ? task_state(s->main) : NULL;

    s->where = co != NULL ? place_of(co) : NULL;
    scenario_end(s, SCENARIO_FAILED,
                 xasprintf("timed out after %.1f s, still waiting at %s", (double)s->timeout / 1e6,
                           s->where != NULL ? s->where : "its start"));
}

/* ---- starting ---- */

bool scenario_is_flaky(const struct scenario *s)
{
    return s->verdict == SCENARIO_PASSED && s->earlier != NULL;
}

void scenario_start(struct scenario *s)
{
    struct script *script = s->owner.script;
    lua_State *L = script->L;
    struct task_params params = {.owner = &s->owner, .end = on_main_end, .arg = s};

    s->verdict = SCENARIO_RUNNING;
    s->started = clock_now();
    rng_init(&s->owner.rng, ~s->seed, hash_text(s->owner.name));
    s->owner.seed = rng_next(&s->owner.rng);
    rng_init(&s->owner.rng, s->seed, hash_text(s->owner.name));
    script_push_prelude(L, "run");
    lua_rawgeti(L, LUA_REGISTRYINDEX, s->fn);
    s->main = task_start(&script->scheduler, L, 1, &params);
    loop_timer_start(&s->clock, s->timeout);
}

/* ---- declaring ---- */

/* declare(name, fn, timeout, line, timeout_per_car, alone): called by the prelude's scenario()
   while a file is loaded */
static int f_declare(lua_State *L)
{
    struct script *script = script_of(L);
    struct scenario_host *host = script->scenarios;
    const char *name = luaL_checkstring(L, 1);

    luaL_checktype(L, 2, LUA_TFUNCTION);
    if (host == NULL || host->loading == NULL)
        return luaL_error(L, "scenario() can be used only at the top of a scenario file");
    if (!host->wanted(host, name))
        return 0;
    usec_t timeout = host->timeout != 0 ? host->timeout : 30 * USEC_PER_SEC;
    if (!lua_isnoneornil(L, 3))
        timeout = script_check_seconds(L, 3);
    unsigned line = (unsigned)luaL_optinteger(L, 4, 0);
    usec_t per_car = lua_isnoneornil(L, 5) ? 0 : script_check_seconds(L, 5);
    lua_pushvalue(L, 2);
    int fn = luaL_ref(L, LUA_REGISTRYINDEX);
    struct scenario *s = xcalloc(1, sizeof *s);
    s->host = host;
    s->name_copy = xstrdup(name);
    s->owner = (struct script_owner){.script = script, .name = s->name_copy, .raised = on_raised};
    s->file = host->loading;
    s->line = line;
    s->timeout = timeout;
    s->timeout_per_car = per_car;
    s->alone = lua_toboolean(L, 6) != 0;
    s->fn = fn;
    loop_timer_init(&s->clock, script->sim->loop, on_timeout, s);
    host->declared(host, s);
    return 0;
}

/* NULL: what runs is no scenario's. */
static struct scenario *current(lua_State *L)
{
    struct script_owner *owner = script_owner_current(L, "a test");

    return owner->raised == on_raised ? (struct scenario *)owner : NULL;
}

/* What is to be done with so many cars takes longer. */
static void allow_for(struct scenario *s, uint64_t cars)
{
    usec_t now = clock_now();

    s->timeout += s->timeout_per_car * cars;
    usec_t end = s->started + s->timeout;
    loop_timer_start(&s->clock, end > now ? end - now : 0);
}

/* fleet_size(n): how many cars a fleet that asks for n (or nil) gets, and may have */
static int f_fleet_size(lua_State *L)
{
    struct scenario *s = current(L);
    lua_Integer n = luaL_optinteger(L, 1, 0);

    if (s == NULL) {
        lua_pushinteger(L, n > 0 ? n : 10);
        return 1;
    }
    const struct scenario_host *o = s->host;
    if (n <= 0 || o->vehicles_forced)
        n = o->vehicles != 0 ? (lua_Integer)o->vehicles : 10;
    uint64_t all = (uint64_t)n + s->owner.script->sim->vehicle_count;
    struct error err;
    if (o->fits != NULL && !o->fits(o->fits_ctx, all, &err))
        return luaL_error(L, "%s", err.text);
    if (s->timeout_per_car != 0)
        allow_for(s, (uint64_t)n);
    lua_pushinteger(L, n);
    return 1;
}

static int f_count_assertion(lua_State *L)
{
    struct scenario *s = current(L);

    if (s != NULL)
        s->assertions++;
    return 0;
}

/* pause_cloud(): false if the run has none of its own */
static int f_pause_cloud(lua_State *L)
{
    const struct local_cloud *cloud = &script_of(L)->local_cloud;

    lua_pushboolean(L, cloud->pause != NULL && cloud->pause(cloud->ctx));
    return 1;
}

/* resume_cloud(): true once it runs */
static int f_resume_cloud(lua_State *L)
{
    const struct local_cloud *cloud = &script_of(L)->local_cloud;
    struct error err;
    bool running = false;

    /* Virtual time must not run out while a process starts. */
    do {
        if (!cloud->resume(cloud->ctx, &running, &err))
            return luaL_error(L, "%s", err.text);
    } while (!running && loop_is_virtual(script_of(L)->sim->loop) && poll(NULL, 0, 2) == 0);
    lua_pushboolean(L, running);
    return 1;
}

/* radio_possible(): can the cars of this run have one? */
static int f_radio_possible(lua_State *L)
{
    lua_pushboolean(L, script_of(L)->sim->client == SIMULATION_NATIVE);
    return 1;
}

/* virtual_time(): is it? */
static int f_virtual_time(lua_State *L)
{
    lua_pushboolean(L, loop_is_virtual(script_of(L)->sim->loop));
    return 1;
}

static const luaL_Reg functions[] = {
    {"declare",         f_declare        },
    {"fleet_size",      f_fleet_size     },
    {"count_assertion", f_count_assertion},
    {"pause_cloud",     f_pause_cloud    },
    {"resume_cloud",    f_resume_cloud   },
    {"virtual_time",    f_virtual_time   },
    {"radio_possible",  f_radio_possible },
    {NULL,              NULL             }
};

void scenario_open(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}

void scenario_free(struct scenario *s)
{
    if (s->earlier != NULL)
        scenario_free(s->earlier);
    release(s);
    free(s->name_copy);
    free(s->message);
    free(s->where);
    free(s->detail);
    scenario_record_done(&s->record);
    free(s);
}
