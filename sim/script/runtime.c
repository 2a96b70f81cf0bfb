#include "script/runtime.h"

#include <inttypes.h>
#include <lauxlib.h>
#include <lualib.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/xmem.h"
#include "fleet/simulation.h"
#include "mqtt/topic_set.h"
#include "script/act.h"
#include "script/app.h"
#include "script/car.h"
#include "script/car_fetch.h"
#include "script/car_shadows.h"
#include "script/declare.h"
#include "script/demo.h"
#include "script/digest.h"
#include "script/events.h"
#include "script/load.h"
#include "script/loader.h"
#include "script/lua_document.h"
#include "script/lua_json.h"
#include "script/model.h"
#include "script/names.h"
#include "script/outcomes.h"
#include "script/params.h"
#include "script/prelude.h"
#include "script/queue.h"
#include "script/record.h"
#include "script/remote.h"
#include "script/repl.h"
#include "script/scenario.h"
#include "script/service.h"
#include "script/steps.h"
#include "script/telemetry.h"
#include "script/text_message.h"
#include "script/update_files.h"
#include "script/witness.h"

static const char prelude_key;

struct script *script_of(lua_State *L)
{
    void *p;

    lua_getallocf(L, &p);
    return p;
}

/* ---- memory ---- */

/* What may lie about between two collections, in bytes. */
#define GARBAGE_MOST ((size_t)16 << 20)

/* All scripts together hold only so much; and what one allocates in one go blocks the others. */
static bool may_grow(struct script *script, size_t bytes)
{
    bool fits = bytes <= script->memory_limit - script->memory;

    if (!fits)
        scheduler_refused(&script->scheduler);
    if (fits && scheduler_may_grow(&script->scheduler, bytes))
        return true;
    if (script->loading)
        lua_sethook(script->L, script_on_budget, LUA_MASKCOUNT, 1);
    return false;
}

static void *allocate(void *arg, void *old, size_t old_size, size_t size)
{
    struct script *script = arg;

    if (old == NULL)
        old_size = 0;
    if (size == 0) {
        if (old != NULL)
            pool_give(&script->pool, old, old_size);
        script->memory -= old_size;
        return NULL;
    }
    /* Only scripts are capped: C must not be unwound in the middle of a network event. */
    bool capped =
        script->uncapped == 0 && (script->loading || task_running(&script->scheduler) != NULL);
    if (capped && size > old_size && !may_grow(script, size - old_size))
        return NULL;
    void *fresh = old != NULL ? pool_resize(&script->pool, old, old_size, size)
                              : pool_take(&script->pool, size);
    if (fresh != NULL)
        script->memory += size - old_size;
    return fresh;
}

void script_tune_collector(struct script *script)
{
    size_t memory = script->memory;

    if (memory < script->tuned_for + script->tuned_for / 8 && memory > script->tuned_for / 2)
        return;
    script->tuned_for = memory;
    size_t percent = GARBAGE_MOST / (memory / 100 + 1);
    lua_gc(script->L, LUA_GCSETPAUSE, 100 + (int)(percent < 100 ? percent : 100));
}

/* ---- errors ---- */

void script_on_budget(lua_State *L, lua_Debug *ar)
{
    (void)ar;
    lua_sethook(L, script_on_budget, LUA_MASKCOUNT, 1);
    luaL_error(L, "instruction budget exceeded (%d instructions)", SCRIPT_OUTSIDE_BUDGET);
}

static int to_text(lua_State *L)
{
    luaL_tolstring(L, 1, NULL);
    return 1;
}

char *script_take_text(struct script *script, lua_State *from)
{
    lua_State *L = script->L;

    if (from != L)
        lua_xmove(from, L, 1);
    lua_pushcfunction(L, to_text);
    lua_insert(L, -2);
    lua_sethook(L, script_on_budget, LUA_MASKCOUNT, SCRIPT_TEXT_BUDGET);
    int status = lua_pcall(L, 1, 1, 0);
    lua_sethook(L, NULL, 0, 0);
    char *text = xstrdup(status == LUA_OK ? lua_tostring(L, -1) : "(a value that has no text)");
    lua_pop(L, 1);
    return text;
}

static int push_text(lua_State *L)
{
    lua_pushstring(L, lua_touserdata(L, 1));
    return 1;
}

void script_push_released(lua_State *L, char *text, void (*release)(void *text))
{
    lua_pushcfunction(L, push_text);
    lua_pushlightuserdata(L, text);
    int status = lua_pcall(L, 1, 1, 0);
    release(text);
    if (status != LUA_OK)
        lua_error(L);
}

/* Only for what must not happen: an error on the main state, outside of any protected call. */
static int on_panic(lua_State *L)
{
    log_error("Lua: %s", lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "unknown error");
    return 0;
}

bool script_frame(lua_State *L, int *level, lua_Debug *ret)
{
    for (; lua_getstack(L, *level, ret) != 0; ++*level) {
        lua_getinfo(L, "nSl", ret);
        if (ret->source[0] == '@' && ret->currentline > 0)
            return true;
    }
    return false;
}

#define CALLERS_SHOWN 10

int script_traceback(lua_State *L)
{
    const char *text = lua_tostring(L, 1);
    lua_Debug ar;
    int level = 0;

    if (text == NULL) {
        if (luaL_callmeta(L, 1, "__tostring") || lua_istable(L, 1))
            return 1;
        text = lua_pushfstring(L, "(error object is a %s)", luaL_typename(L, 1));
    }
    if (!script_frame(L, &level, &ar)) {
        lua_pushstring(L, text);
        return 1;
    }
    const char *where = lua_pushfstring(L, "%s:%d: ", ar.short_src, ar.currentline);
    /* Most errors say it themselves. */
    bool said = strncmp(text, where, strlen(where)) == 0;
    lua_pushfstring(L, "%s%s", said ? "" : where, text);
    level++;
    for (int n = 0; n < CALLERS_SHOWN && script_frame(L, &level, &ar); n++, level++) {
        lua_pushfstring(L, "\n    called from %s:%d", ar.short_src, ar.currentline);
        lua_concat(L, 2);
    }
    return 1;
}

void script_push_where(lua_State *L)
{
    lua_Debug ar;
    int level = 1;

    if (script_frame(L, &level, &ar))
        lua_pushfstring(L, "%s:%d", ar.short_src, ar.currentline);
    else
        lua_pushliteral(L, "");
}

int script_raise(lua_State *L, const char *fmt, ...)
{
    va_list args;

    script_push_where(L);
    if (*lua_tostring(L, -1) != '\0')
        lua_pushliteral(L, ": ");
    else
        lua_pushliteral(L, "");
    va_start(args, fmt);
    lua_pushvfstring(L, fmt, args);
    va_end(args);
    lua_concat(L, 3);
    return lua_error(L);
}

usec_t script_check_seconds(lua_State *L, int index)
{
    double seconds = luaL_checknumber(L, index);

    luaL_argcheck(L, seconds >= 0 && seconds <= 1e9, index, "seconds from 0 to 1e9 expected");
    usec_t whole = (usec_t)llround(seconds * 1e6);
    /* What is left until a deadline may be less, by rounding: who waits for that again and again
       must not keep time from moving. */
    return whole == 0 && seconds > 0 ? 1 : whole;
}

struct script_owner *script_owner_current(lua_State *L, const char *what)
{
    return task_owner(task_current(&script_of(L)->scheduler, L, what));
}

void script_task_end(void *arg, struct task *task, enum task_end end, lua_State *co)
{
    struct script_owner *owner = task_owner(task);

    (void)arg;
    if (end == TASK_RAISED)
        owner->raised(owner, co);
}

/* ---- what the prelude is given ---- */

static int f_where(lua_State *L)
{
    script_push_where(L);
    return 1;
}

static int f_wait(lua_State *L)
{
    return task_sleep(&script_of(L)->scheduler, L, script_check_seconds(L, 1));
}

/* breathe(): lets the others have their turn, if this has run for long */
static int f_breathe(lua_State *L)
{
    return task_breathe(&script_of(L)->scheduler, L);
}

static int f_now(lua_State *L)
{
    lua_pushnumber(L, (double)loop_script_now(script_of(L)->sim->loop) / 1e6);
    return 1;
}

static int f_is_virtual(lua_State *L)
{
    lua_pushboolean(L, loop_is_virtual(script_of(L)->sim->loop));
    return 1;
}

static int f_simulated_now(lua_State *L)
{
    lua_pushnumber(L, (double)loop_simulated_now(script_of(L)->sim->loop) / 1e6);
    return 1;
}

/* run_mark(): in a cloud that outlives the run, a text that no other run has; else "" */
static int f_run_mark(lua_State *L)
{
    const struct script *script = script_of(L);

    char mark[24] = "";

    if (script->foreign_cloud || script->sim->pki_lasts)
        snprintf(mark, sizeof mark, "-%" PRIx64, (uint64_t)script->began_ms);
    lua_pushstring(L, mark);
    return 1;
}

/* wall_clock(): seconds since the Unix epoch */
static int f_wall_clock(lua_State *L)
{
    lua_pushnumber(L, (double)loop_wall_ms(script_of(L)->sim->loop) / 1e3);
    return 1;
}

int script_random(lua_State *L, struct rng *rng, int first)
{
    int last = first + 1;

    if (lua_isnoneornil(L, first)) {
        lua_pushnumber(L, rng_unit(rng));
        return 1;
    }
    lua_Integer low = lua_isnoneornil(L, last) ? 1 : luaL_checkinteger(L, first);
    lua_Integer high = luaL_checkinteger(L, lua_isnoneornil(L, last) ? first : last);
    luaL_argcheck(L, low <= high && (lua_Unsigned)high - (lua_Unsigned)low < (1u << 31), first,
                  "interval is empty or too large");
    lua_pushinteger(L, low + (lua_Integer)rng_below(rng, (uint64_t)(high - low) + 1));
    return 1;
}

/* random() in [0,1), random(m,n) integers: the scenario's own draws. */
static int f_random(lua_State *L)
{
    return script_random(L, &script_owner_current(L, "random numbers")->rng, 1);
}

/* spawn(fn, …): another task of the same owner, about the same order, in the same step. */
static int f_spawn(lua_State *L)
{
    struct scheduler *s = &script_of(L)->scheduler;
    struct task *current = task_current(s, L, "spawn()");
    struct task_params params = {.owner = task_owner(current),
                                 .subject = task_subject(current),
                                 .scope = task_scope(current),
                                 .end = script_task_end};

    luaL_checktype(L, 1, LUA_TFUNCTION);
    task_start(s, L, lua_gettop(L) - 1, &params);
    return 0;
}

/* say(text): what scripts print, on stderr, so that stdout stays the results' */
static int f_say(lua_State *L)
{
    const struct script *script = script_of(L);
    struct task *task = task_running(&script->scheduler);

    if (script->say != NULL) {
        script->say(script->say_ctx, luaL_checkstring(L, 1));
        return 0;
    }
    log_info("%s%s%s", task != NULL ? task_owner(task)->name : "", task != NULL ? ": " : "",
             luaL_checkstring(L, 1));
    return 0;
}

/* reset_things(): is each car to begin with none? */
static int f_reset_things(lua_State *L)
{
    lua_pushboolean(L, script_of(L)->reset_things);
    return 1;
}

/* config_topic(thing): what is retained there tells the car what to collect */
static int f_config_topic(lua_State *L)
{
    const struct topic_set *topics = &script_of(L)->sim->tcu.topics;

    script_push_released(L, topic_pattern_make(topics->config, luaL_checkstring(L, 1), NULL), free);
    return 1;
}

/* own_cloud(): is it fleetsim's own, local one? */
static int f_own_cloud(lua_State *L)
{
    lua_pushboolean(L, !script_of(L)->foreign_cloud);
    return 1;
}

/* shadows(): does the cloud have any? */
static int f_shadows(lua_State *L)
{
    lua_pushboolean(L, !script_of(L)->sim->tcu.no_shadow);
    return 1;
}

static const luaL_Reg core_functions[] = {
    {"where",         f_where        },
    {"wait",          f_wait         },
    {"breathe",       f_breathe      },
    {"now",           f_now          },
    {"is_virtual",    f_is_virtual   },
    {"run_mark",      f_run_mark     },
    {"wall_clock",    f_wall_clock   },
    {"simulated_now", f_simulated_now},
    {"random",        f_random       },
    {"spawn",         f_spawn        },
    {"say",           f_say          },
    {"reset_things",  f_reset_things },
    {"shadows",       f_shadows      },
    {"own_cloud",     f_own_cloud    },
    {"config_topic",  f_config_topic },
    {NULL,            NULL           }
};

/* ---- the state itself ---- */

static void open_libraries(lua_State *L)
{
    static const luaL_Reg libraries[] = {
        {LUA_GNAME,       luaopen_base  },
        {LUA_TABLIBNAME,  luaopen_table },
        {LUA_STRLIBNAME,  luaopen_string},
        {LUA_MATHLIBNAME, luaopen_math  },
        {LUA_UTF8LIBNAME, luaopen_utf8  },
        {LUA_OSLIBNAME,   luaopen_os    },
        {LUA_DBLIBNAME,   luaopen_debug },
        {NULL,            NULL          }
    };

    for (const luaL_Reg *lib = libraries; lib->func != NULL; lib++) {
        luaL_requiref(L, lib->name, lib->func, 1);
        lua_pop(L, 1);
    }
}

/* Each file of the prelude gets: the core table, which is on top of the stack; what scripts see;
   what C calls; what the files share. */
static void run_prelude(lua_State *L)
{
    int core = lua_gettop(L);

    for (int i = 0; i < 3; i++)
        lua_newtable(L);
    lua_pushvalue(L, core + 2);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &prelude_key);
    for (size_t i = 0; i < prelude_file_count; i++) {
        const struct prelude_file *file = &prelude_files[i];
        if (luaL_loadbufferx(L, (const char *)file->text, *file->len, file->name, "t") != LUA_OK)
            lua_error(L);
        for (int argument = 0; argument < 4; argument++)
            lua_pushvalue(L, core + argument);
        lua_call(L, 4, 0);
    }
}

/* Raises: runs protected. Arguments: none. */
static int open_all(lua_State *L)
{
    open_libraries(L);
    luaL_newlib(L, core_functions);
    lua_pushlightuserdata(L, NULL); /* JSON null, as lua_json.h has it */
    lua_setfield(L, -2, "null");
    loader_open(L);
    names_open(L);
    queue_open(L);
    model_open(L);
    car_open(L);
    telemetry_open(L);
    digest_open(L);
    lua_document_open(L);
    car_fetch_open(L);
    update_files_open(L);
    act_open(L);
    outcomes_open(L);
    text_message_open(L);
    app_open(L);
    service_script_open(L);
    load_open(L);
    record_open(L);
    witness_open(L);
    car_shadows_open(L);
    scenario_open(L);
    declare_open(L);
    events_open(L);
    steps_open(L);
    params_open(L);
    repl_open(L);
    demo_open(L);
    remote_open(L);
    run_prelude(L);
    return 0;
}

void script_push_prelude(lua_State *L, const char *name)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &prelude_key);
    lua_getfield(L, -1, name);
    lua_remove(L, -2);
}

struct script *script_new(const struct script_options *options, struct error *err)
{
    struct script *script = xcalloc(1, sizeof *script);

    script->sim = options->simulation;
    script->vehicles_dir = xstrdup(options->vehicles_dir);
    script->app_credentials = options->app;
    script->local_cloud = options->local_cloud;
    script->telemetry_key = options->telemetry_key;
    script->updates = options->updates;
    script->next_index = options->first_index;
    script->shard = options->shard;
    script->reset_things = options->reset_things;
    script->foreign_cloud = options->foreign_cloud;
    script->began_ms = clock_wall_ms();
    script->memory_limit = options->memory_limit != 0 ? options->memory_limit : (size_t)4 << 30;
    script->L = lua_newstate(allocate, script);
    if (script->L == NULL) {
        error_set(err, ERROR_SCRIPT, "Lua: out of memory");
        script_free(script);
        return NULL;
    }
    lua_atpanic(script->L, on_panic);
    scheduler_init(&script->scheduler, script->L, script->sim->loop);
    script->scheduler.pace.recorder = script->sim->recorder;
    lua_pushcfunction(script->L, script_traceback);
    lua_pushcfunction(script->L, open_all);
    if (lua_pcall(script->L, 0, 0, 1) != LUA_OK) {
        error_set(err, ERROR_SCRIPT, "%s", lua_tostring(script->L, -1));
        script_free(script);
        return NULL;
    }
    lua_settop(script->L, 0);
    return script;
}

void script_free(struct script *script)
{
    if (script == NULL)
        return;
    car_fetch_close(script);
    if (script->L != NULL) {
        scheduler_done(&script->scheduler);
        lua_close(script->L);
    }
    pool_done(&script->pool);
    free(script->vehicles_dir);
    free(script);
}
