#include "script/steps.h"

#include <lauxlib.h>
#include <stdlib.h>

#include "base/xmem.h"
#include "fleet/simulation.h"

#define STEP_TYPE "fleetsim.step"
#define STEPS_MAX 100000

/* One that is open, as the to-be-closed variable that holds it. */
struct open_step {
    struct scenario *scenario;   /* NULL: over */
    struct scenario_step *step;  /* NULL: only a limit of time */
    struct scenario_step *outer; /* the task was in this one before */
    struct task *task;           /* that began it */
    struct open_step *prev, *next;
    struct loop_timer timer;
    usec_t limit;
};

static void leave(struct open_step *o)
{
    if (o->scenario == NULL)
        return;
    loop_timer_stop(&o->timer);
    if (o->prev != NULL)
        o->prev->next = o->next;
    else
        o->scenario->open_steps = o->next;
    if (o->next != NULL)
        o->next->prev = o->prev;
    o->scenario = NULL;
}

void steps_stop(struct scenario *s)
{
    /* leave() takes the first one out of the list. NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
    while (s->open_steps != NULL)
        leave(s->open_steps);
}

static void on_late(void *arg)
{
    struct open_step *o = arg;

    /* Whoever cancelled its task has left it to the collector. */
    if (!scheduler_has(&o->scenario->owner.script->scheduler, o->task)) {
        leave(o);
        return;
    }
    char *what = o->step != NULL ? xasprintf("step '%s'", o->step->name) : xstrdup("t:within");
    char *message = xasprintf("%s: expected it to take at most %g s, it still waits", what,
                              (double)o->limit / 1e6);

    scenario_fail(o->scenario, o->task, message);
    free(what);
}

/* step_begin(name, seconds): name nil: a limit alone; seconds nil: none. Nothing outside of
   scenarios. */
static int f_step_begin(lua_State *L)
{
    const char *name = luaL_optstring(L, 1, NULL);
    usec_t limit = lua_isnoneornil(L, 2) ? 0 : script_check_seconds(L, 2);
    bool limited = !lua_isnoneornil(L, 2);
    struct scenario *s = scenario_current(L);
    struct task *task = task_current(&script_of(L)->scheduler, L, "t:step");

    if (s == NULL || !scenario_is_open(s))
        return 0;
    if (name != NULL && s->record.step_count >= STEPS_MAX)
        return luaL_error(L, "t:step: a scenario has at most %d steps", STEPS_MAX);
    struct open_step *o = lua_newuserdatauv(L, sizeof *o, 0);
    *o = (struct open_step){.task = task, .outer = task_scope(task), .limit = limit};
    luaL_setmetatable(L, STEP_TYPE);
    loop_timer_init(&o->timer, s->owner.script->sim->loop, on_late, o);
    o->scenario = s;
    o->next = s->open_steps;
    if (o->next != NULL)
        o->next->prev = o;
    s->open_steps = o;
    if (name != NULL) {
        o->step = scenario_record_step(&s->record, scenario_step_running(o->outer), name,
                                       loop_script_now(s->owner.script->sim->loop));
        task_set_scope(task, o->step);
    }
    if (limited)
        loop_timer_start_script(&o->timer, limit);
    return 1;
}

/* The raw field of the error value at `index` as text, if it is that; pushes it. */
static const char *push_field(lua_State *L, int index, const char *field)
{
    if (!lua_istable(L, index)) {
        lua_pushnil(L);
        return NULL;
    }
    lua_pushstring(L, field);
    lua_rawget(L, index);
    return lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
}

static void end_raised(lua_State *L, struct scenario_step *step, usec_t now)
{
    const char *message = push_field(L, 2, "assertion");
    const char *where = push_field(L, 2, "where");

    if (message != NULL) {
        scenario_step_end(step, SCENARIO_FAILED, message, where, now);
        return;
    }
    message = push_field(L, 2, "skip");
    if (message != NULL) {
        scenario_step_end(step, SCENARIO_SKIPPED, message, NULL, now);
        return;
    }
    bool text = lua_type(L, 2) == LUA_TSTRING;
    scenario_step_end(step, SCENARIO_ERRORED, text ? lua_tostring(L, 2) : luaL_typename(L, 2), NULL,
                      now);
}

/* __close(step, error): it is left, by its end or by an error */
static int f_close(lua_State *L)
{
    struct open_step *o = luaL_checkudata(L, 1, STEP_TYPE);
    struct scenario *s = o->scenario;

    if (s == NULL)
        return 0;
    leave(o);
    if (o->step == NULL)
        return 0;
    task_set_scope(o->task, o->outer);
    usec_t now = loop_script_now(s->owner.script->sim->loop);
    if (lua_isnoneornil(L, 2))
        scenario_step_end(o->step, SCENARIO_PASSED, NULL, NULL, now);
    else
        end_raised(L, o->step, now);
    return 0;
}

/* Its task was cancelled. */
static int f_gc(lua_State *L)
{
    leave(luaL_checkudata(L, 1, STEP_TYPE));
    return 0;
}

/* soft_failure(text, where) */
static int f_soft_failure(lua_State *L)
{
    const char *message = luaL_tolstring(L, 1, NULL);
    const char *where = luaL_optstring(L, 2, NULL);
    struct scenario *s = scenario_current(L);

    if (s == NULL || !scenario_is_open(s))
        return luaL_error(L, "%s", message);
    struct task *task = task_current(&script_of(L)->scheduler, L, "t.soft");
    scenario_record_failure(&s->record.soft, message, where,
                            scenario_step_running(task_scope(task)));
    return 0;
}

/* todo(reason): from now on it is expected to fail */
static int f_todo(lua_State *L)
{
    const char *reason = luaL_checkstring(L, 1);
    struct scenario *s = scenario_current(L);

    if (s != NULL && scenario_is_open(s))
        scenario_record_todo(&s->record, reason);
    return 0;
}

static const luaL_Reg functions[] = {
    {"step_begin",   f_step_begin  },
    {"soft_failure", f_soft_failure},
    {"todo",         f_todo        },
    {NULL,           NULL          }
};

void steps_open(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
    luaL_newmetatable(L, STEP_TYPE);
    lua_pushcfunction(L, f_close);
    lua_setfield(L, -2, "__close");
    lua_pushcfunction(L, f_gc);
    lua_setfield(L, -2, "__gc");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}
