#include "script/scenario.h"

#include <lauxlib.h>
#include <poll.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/xmem.h"
#include "fleet/simulation.h"
#include "script/app.h"
#include "script/car.h"
#include "script/load.h"
#include "script/loader.h"
#include "script/service.h"
#include "script/steps.h"
#include "script/story.h"
#include "script/verdict.h"

#define CALLERS_SHOWN  20
#define CALLERS_MAX    ((size_t)1 << 16)
#define RESUME_POLL_MS 2

/* ---- ending ---- */

static void release(struct scenario *s)
{
    struct script *script = s->owner.script;

    loop_timer_stop(&s->clock);
    steps_stop(s);
    s->main = NULL;
    loader_forget(script, &s->owner);
    load_script_free_all(script, &s->owner);
    /* Cars first: their open orders still refer to tasks. */
    car_free_all(script, &s->owner);
    app_free_all(script, &s->owner);
    service_script_free_all(script, &s->owner);
    scheduler_cancel_owner(&script->scheduler, &s->owner);
    luaL_unref(script->L, LUA_REGISTRYINDEX, s->declaration);
    luaL_unref(script->L, LUA_REGISTRYINDEX, s->test);
    s->declaration = s->test = LUA_NOREF;
}

static void finish(struct scenario *s)
{
    s->verdict = s->outcome;
    s->took = clock_now() - s->started;
    story_tell(s);
    release(s);
    s->host->ended(s->host, s);
}

bool scenario_is_open(const struct scenario *s)
{
    return s->verdict == SCENARIO_RUNNING && s->outcome == SCENARIO_RUNNING;
}

/* Who comes next is to find the cloud up, though the script has ended amid a restart. */
static void bring_cloud_back(struct scenario *s)
{
    const struct local_cloud *cloud = &s->owner.script->local_cloud;
    struct error err;
    bool running = false;

    if (!s->cloud_down)
        return;
    s->cloud_down = false;
    while (cloud->resume(cloud->ctx, &running, &err) && !running)
        poll(NULL, 0, RESUME_POLL_MS);
    if (!running)
        log_error("%s", err.text);
}

/* ---- what runs after a scenario ---- */

static void end_after(struct scenario *s)
{
    bring_cloud_back(s);
    verdict_settle_after(s);
    finish(s);
}

static void on_after_end(void *arg, struct task *task, enum task_end end, lua_State *co)
{
    struct scenario *s = arg;

    (void)task;
    s->main = NULL;
    if (end == TASK_RAISED)
        s->owner.raised(&s->owner, co);
    else
        end_after(s);
}

static void start_after(struct scenario *s)
{
    struct script *script = s->owner.script;
    struct task_params params = {
        .owner = &s->owner, .subject = &s->about, .end = on_after_end, .arg = s};

    script->uncapped++;
    script_push_prelude(script->L, "run_after");
    lua_rawgeti(script->L, LUA_REGISTRYINDEX, s->test);
    lua_pushstring(script->L, scenario_verdict_name(s->outcome));
    s->main = task_start(&script->scheduler, script->L, 2, &params);
    script->uncapped--;
    loop_timer_start(&s->clock, s->after_timeout);
}

/* after_failed(text, where) */
static int f_after_failed(lua_State *L)
{
    struct scenario *s = scenario_current(L);

    if (s != NULL)
        scenario_record_failure(&s->record.after, luaL_checkstring(L, 1),
                                luaL_optstring(L, 2, NULL), NULL);
    return 0;
}

/* ---- verdicts ---- */

/* The verdict is known: its script's tasks end, its cars live on until what runs after it has
   run. */
static void conclude(struct scenario *s, enum scenario_verdict verdict)
{
    s->outcome = verdict;
    loop_timer_stop(&s->clock);
    steps_stop(s);
    scheduler_cancel_subject(&s->owner.script->scheduler, &s->about);
    s->main = NULL;
    bring_cloud_back(s);
    verdict_settle(s);
    if (s->after_timeout != 0)
        start_after(s);
    else
        finish(s);
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

/* Takes what the error value at `index` says; false: it is an error of the script. */
static bool take_failure(struct scenario *s, lua_State *co, int index,
                         enum scenario_verdict *ret_verdict)
{
    struct script *script = s->owner.script;
    char *text;

    if ((text = take_field(script, co, index, "assertion")) != NULL) {
        *ret_verdict = SCENARIO_FAILED;
        s->where = take_field(script, co, index, "where");
    } else if ((text = take_field(script, co, index, "skip")) != NULL) {
        *ret_verdict = SCENARIO_SKIPPED;
    } else {
        return false;
    }
    verdict_say(s, text);
    return true;
}

/* The car whose story explains the failure, or NULL. */
static const struct car *car_of(lua_State *co, int index)
{
    const struct car *about = NULL;

    if (lua_istable(co, index)) {
        lua_pushliteral(co, "car");
        lua_rawget(co, index);
        about = car_test(co, -1);
        lua_pop(co, 1);
    }
    return about;
}

static void after_raised(struct scenario *s, lua_State *co)
{
    char *text = take_field(s->owner.script, co, lua_gettop(co), "assertion");

    if (text == NULL) {
        lua_pushvalue(co, -1);
        text = script_take_text(s->owner.script, co);
    }
    scenario_record_failure(&s->record.after, text, NULL, NULL);
    free(text);
    end_after(s);
}

/* An error reached the top of one of the scenario's tasks; its value is on top of co's stack. */
static void on_raised(struct script_owner *owner, lua_State *co)
{
    struct scenario *s = (struct scenario *)owner;
    enum scenario_verdict verdict = SCENARIO_ERRORED;
    struct buf callers;

    if (s->verdict != SCENARIO_RUNNING)
        return;
    if (s->outcome != SCENARIO_RUNNING) {
        after_raised(s, co);
        return;
    }
    buf_init(&callers, CALLERS_MAX);
    int index = lua_gettop(co);
    if (!take_failure(s, co, index, &verdict))
        fail_by_error(s, co, &callers);
    if (verdict != SCENARIO_SKIPPED)
        verdict_tell_cars(s, buf_cstr(&callers), car_of(co, index));
    buf_done(&callers);
    verdict_end_steps(s, task_of_state(co), verdict);
    conclude(s, verdict);
}

static void on_main_end(void *arg, struct task *task, enum task_end end, lua_State *co)
{
    struct scenario *s = arg;

    (void)task;
    s->main = NULL;
    if (end == TASK_RAISED) {
        on_raised(&s->owner, co);
        return;
    }
    verdict_end_steps(s, NULL, SCENARIO_SKIPPED);
    conclude(s, SCENARIO_PASSED);
}

static void end_with(struct scenario *s, const struct task *task, enum scenario_verdict verdict,
                     char *message)
{
    verdict_say(s, message);
    verdict_tell_cars(s, NULL, NULL);
    verdict_end_steps(s, task, verdict);
}

void scenario_end(struct scenario *s, enum scenario_verdict verdict, char *message)
{
    if (s->outcome != SCENARIO_RUNNING) {
        scenario_record_failure(&s->record.after, message, NULL, NULL);
        free(message);
        end_after(s);
        return;
    }
    s->after_timeout = 0;
    scenario_record_todo(&s->record, NULL);
    end_with(s, s->main, verdict, message);
    conclude(s, verdict);
}

void scenario_fail(struct scenario *s, struct task *task, char *message)
{
    s->where = task != NULL ? place_of(task_state(task)) : NULL;
    end_with(s, task, SCENARIO_FAILED, message);
    conclude(s, SCENARIO_FAILED);
}

/* Not at once: the oracle speaks from inside the cars that end then. */
static void on_violated(struct script_owner *owner, const struct oracle_violation *violation)
{
    struct scenario *s = (struct scenario *)owner;

    (void)violation;
    if (scenario_is_open(s))
        loop_timer_start(&s->clock, 0);
}

/* The oracle has found what was not expected. */
static void end_by_oracle(struct scenario *s)
{
    s->where = s->main != NULL ? place_of(task_state(s->main)) : NULL;
    verdict_by_oracle(s);
    verdict_end_steps(s, s->main, SCENARIO_FAILED);
    conclude(s, SCENARIO_FAILED);
}

static void on_timeout(void *arg)
{
    struct scenario *s = arg;
    bool after = s->outcome != SCENARIO_RUNNING;

    if (!after && s->violations.unexpected != 0) {
        end_by_oracle(s);
        return;
    }
    char *place = s->main != NULL ? place_of(task_state(s->main)) : NULL;
    char *message = xasprintf("timed out after %.1f s, still waiting at %s",
                              (double)(after ? s->after_timeout : s->timeout) / 1e6,
                              place != NULL ? place : "its start");

    free(place);
    if (after)
        scenario_end(s, SCENARIO_FAILED, message);
    else
        scenario_fail(s, s->main, message);
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
    struct task_params params = {
        .owner = &s->owner, .subject = &s->about, .end = on_main_end, .arg = s};

    s->verdict = s->outcome = SCENARIO_RUNNING;
    s->started = clock_now();
    s->owner.began = loop_script_now(script->sim->loop);
    scenario_record_begin(&s->record);
    s->began = loop_script_now(script->sim->loop);
    rng_init(&s->owner.rng, ~s->seed, hash_text(s->owner.name));
    s->owner.seed = rng_next(&s->owner.rng);
    /* Cars are the same in whichever shard; what the shards themselves leave to chance is not. */
    rng_init(&s->owner.rng, s->seed, hash_text(s->owner.name) + script->shard.index);
    script_push_prelude(L, "run");
    lua_rawgeti(L, LUA_REGISTRYINDEX, s->declaration);
    s->main = task_start(&script->scheduler, L, 1, &params);
    loop_timer_start(&s->clock, s->timeout);
}

/* keep_test(t, seconds): its t, and how long may take what runs after it (nil: nothing does) */
static int f_keep_test(lua_State *L)
{
    struct scenario *s = scenario_current(L);
    usec_t after = lua_isnoneornil(L, 2) ? 0 : script_check_seconds(L, 2);

    if (s == NULL || !scenario_is_open(s))
        return 0;
    lua_pushvalue(L, 1);
    s->test = luaL_ref(L, LUA_REGISTRYINDEX);
    s->after_timeout = after;
    return 0;
}

/* ---- making ---- */

struct scenario *scenario_new(lua_State *L, struct scenario_host *host, const char *name)
{
    struct script *script = script_of(L);
    int declaration = luaL_ref(L, LUA_REGISTRYINDEX);
    struct scenario *s = xcalloc(1, sizeof *s);

    s->about = ABOUT_SCENARIO;
    s->host = host;
    s->name_copy = xstrdup(name);
    violations_init(&s->violations);
    s->owner = (struct script_owner){.script = script,
                                     .name = s->name_copy,
                                     .raised = on_raised,
                                     .violated = on_violated,
                                     .violations = &s->violations};
    s->file = host->loading;
    s->timeout = host->timeout != 0 ? host->timeout : 30 * USEC_PER_SEC;
    s->declaration = declaration;
    s->test = LUA_NOREF;
    loop_timer_init(&s->clock, script->sim->loop, on_timeout, s);
    return s;
}

struct scenario *scenario_current(lua_State *L)
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
    struct scenario *s = scenario_current(L);
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
    if (s->timeout_per_car != 0 && scenario_is_open(s))
        allow_for(s, (uint64_t)n);
    lua_pushinteger(L, n);
    return 1;
}

static int f_count_assertion(lua_State *L)
{
    struct scenario *s = scenario_current(L);

    if (s != NULL)
        s->assertions++;
    return 0;
}

/* pause_cloud(): false if the run has none of its own */
static int f_pause_cloud(lua_State *L)
{
    const struct local_cloud *cloud = &script_of(L)->local_cloud;
    struct scenario *s = scenario_current(L);
    bool down = cloud->pause != NULL && cloud->pause(cloud->ctx);

    if (s != NULL)
        s->cloud_down = down;
    lua_pushboolean(L, down);
    return 1;
}

/* resume_cloud(): true once it runs */
static int f_resume_cloud(lua_State *L)
{
    const struct local_cloud *cloud = &script_of(L)->local_cloud;
    struct scenario *s = scenario_current(L);
    struct error err;
    bool ok, running = false;

    /* Virtual time must not run out while a process starts. */
    do
        ok = cloud->resume(cloud->ctx, &running, &err);
    while (ok && !running && loop_is_virtual(script_of(L)->sim->loop) &&
           poll(NULL, 0, RESUME_POLL_MS) == 0);
    if (s != NULL && (running || !ok))
        s->cloud_down = false;
    if (!ok)
        return luaL_error(L, "%s", err.text);
    lua_pushboolean(L, running);
    return 1;
}

/* control_cloud(json): false if the run has no cloud of its own; raises if it says no */
static int f_control_cloud(lua_State *L)
{
    const struct local_cloud *cloud = &script_of(L)->local_cloud;
    const char *request = luaL_checkstring(L, 1);
    struct error err = {.code = ERROR_USAGE};
    bool ok = cloud->control != NULL && cloud->control(cloud->control_ctx, request, &err);

    if (!ok && err.code != ERROR_USAGE)
        return luaL_error(L, "%s", err.text);
    lua_pushboolean(L, ok);
    return 1;
}

/* cloud_is_local(): is the cloud ours, or that of a `fleetsim cloud`? */
static int f_cloud_is_local(lua_State *L)
{
    lua_pushboolean(L, script_of(L)->local_cloud.is_local);
    return 1;
}

/* radio_possible(), packets_seen(): can the cars of this run have a radio, and show packets? */
static int f_is_native(lua_State *L)
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
    {"keep_test",       f_keep_test      },
    {"after_failed",    f_after_failed   },
    {"fleet_size",      f_fleet_size     },
    {"count_assertion", f_count_assertion},
    {"pause_cloud",     f_pause_cloud    },
    {"control_cloud",   f_control_cloud  },
    {"cloud_is_local",  f_cloud_is_local },
    {"resume_cloud",    f_resume_cloud   },
    {"virtual_time",    f_virtual_time   },
    {"radio_possible",  f_is_native      },
    {"packets_seen",    f_is_native      },
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
    story_forget(s);
    scenario_record_done(&s->record);
    violations_done(&s->violations);
    free(s);
}
