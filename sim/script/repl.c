#include "script/repl.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/xmem.h"
#include "fleet/simulation.h"
#include "script/app.h"
#include "script/car.h"
#include "script/loader.h"
#include "script/model.h"
#include "script/service.h"
#include "script/violation.h"

#define INPUT_MAX ((size_t)1 << 20)

/* What the lines' tasks are about, so that they can be ended together. */
struct line_subject {
    enum task_about about; /* ABOUT_LINE */
};

struct repl {
    struct script_owner owner; /* first */
    struct repl_options options;
    struct line_subject subject;
    struct violations violations;
    struct task *line;
    struct buf input; /* incomplete lines */
    /* Virtual time stands still while no line runs. */
    struct wire_party party;
    bool held;
};

static void say(void *ctx, const char *text)
{
    struct repl *repl = ctx;

    repl->options.print(repl->options.ctx, text);
}

/* ---- tasks ---- */

static void hold_time(struct repl *repl, bool hold)
{
    if (repl->party.wire == NULL || hold == repl->held)
        return;
    repl->held = hold;
    if (hold)
        wire_hold(&repl->party);
    else
        wire_release(&repl->party);
}

/* Of a task that no line waits for: physics, the acting out of commands, events. */
static void on_raised(struct script_owner *owner, lua_State *co)
{
    struct repl *repl = (struct repl *)owner;

    lua_pushvalue(co, -1);
    char *text = script_take_text(owner->script, co);
    char *line = xasprintf("error beside the lines: %s", text);
    say(repl, line);
    free(line);
    free(text);
}

static void on_violated(struct script_owner *owner, const struct oracle_violation *violation)
{
    char *line = xasprintf("oracle: %s: %s", violation->name, violation->text);

    say((struct repl *)owner, line);
    free(line);
}

static void on_line_end(void *arg, struct task *task, enum task_end end, lua_State *co)
{
    struct repl *repl = arg;
    bool failed = end == TASK_RAISED || !lua_toboolean(co, -1);

    (void)task;
    repl->line = NULL;
    hold_time(repl, true);
    if (end == TASK_RAISED) {
        char *text = script_take_text(repl->owner.script, co);
        say(repl, text);
        free(text);
    }
    repl->options.ready(repl->options.ctx, failed);
}

/* Runs prelude.NAME with the `nargs` values on top of the stack. */
static struct task *start(struct repl *repl, const char *name, int nargs, bool line)
{
    lua_State *L = repl->owner.script->L;
    struct task_params params = {.owner = &repl->owner, .end = script_task_end};

    if (line) {
        params = (struct task_params){
            .owner = &repl->owner, .subject = &repl->subject, .end = on_line_end, .arg = repl};
        hold_time(repl, false);
    }
    script_push_prelude(L, name);
    lua_insert(L, -nargs - 1);
    return task_start(&repl->owner.script->scheduler, L, nargs, &params);
}

/* ---- lines ---- */

bool repl_busy(const struct repl *repl)
{
    return repl->line != NULL;
}

bool repl_line(struct repl *repl, const char *line)
{
    lua_State *L = repl->owner.script->L;

    if (buf_len(&repl->input) != 0)
        buf_append_str(&repl->input, "\n");
    buf_append_str(&repl->input, line);
    script_push_prelude(L, "repl_compile");
    lua_pushstring(L, buf_cstr(&repl->input));
    if (lua_pcall(L, 1, 2, 0) != LUA_OK) {
        lua_pushnil(L);
        lua_insert(L, -2);
    }
    bool incomplete = lua_isboolean(L, -2) && !repl->input.overflow;
    if (incomplete) {
        lua_pop(L, 2);
        return false;
    }
    buf_clear(&repl->input);
    repl->line = start(repl, "repl_run", 2, true);
    return true;
}

void repl_interrupt(struct repl *repl)
{
    bool ran = repl->line != NULL;

    buf_clear(&repl->input);
    repl->line = NULL;
    scheduler_cancel_subject(&repl->owner.script->scheduler, &repl->subject);
    hold_time(repl, true);
    if (ran) {
        say(repl, "interrupted");
        repl->options.ready(repl->options.ctx, true);
    }
}

void repl_reload(struct repl *repl)
{
    start(repl, "repl_reload", 0, false);
}

char **repl_complete(struct repl *repl, const char *text)
{
    lua_State *L = repl->owner.script->L;
    char **list = NULL;

    script_push_prelude(L, "repl_complete");
    lua_pushstring(L, text);
    if (lua_pcall(L, 1, 1, 0) == LUA_OK && lua_istable(L, -1) && lua_rawlen(L, -1) > 0) {
        size_t n = (size_t)lua_rawlen(L, -1);
        list = xcalloc(n + 1, sizeof *list);
        for (size_t i = 0; i < n; i++) {
            lua_rawgeti(L, -1, (lua_Integer)i + 1);
            list[i] = xstrdup(lua_tostring(L, -1));
            lua_pop(L, 1);
        }
    }
    lua_pop(L, 1);
    return list;
}

const struct script_owner *repl_owner(const struct repl *repl)
{
    return &repl->owner;
}

/* ---- what the prelude is given ---- */

static struct repl *current(lua_State *L)
{
    struct script_owner *owner = script_owner_current(L, "the REPL");

    if (owner->raised != on_raised)
        luaL_error(L, "only in a REPL");
    return (struct repl *)owner;
}

/* repl_spawn(fn, …): a task that no interrupt ends */
static int f_repl_spawn(lua_State *L)
{
    struct repl *repl = current(L);
    struct task_params params = {.owner = &repl->owner, .end = script_task_end};

    luaL_checktype(L, 1, LUA_TFUNCTION);
    task_start(&repl->owner.script->scheduler, L, lua_gettop(L) - 1, &params);
    return 0;
}

static int f_repl_quit(lua_State *L)
{
    struct repl *repl = current(L);

    repl->options.quit(repl->options.ctx);
    return 0;
}

/* peek(car): all signals by path, as they are: nothing is brought up to date */
static int f_peek(lua_State *L)
{
    const struct signal_table *signals = &car_check(L, 1)->vehicle->tcu->signals;
    size_t n = signal_schema_count(signals->schema);

    lua_createtable(L, 0, (int)n);
    for (size_t i = 0; i < n; i++) {
        const struct signal_def *def = signal_schema_def(signals->schema, i);
        signal_push(L, def, signal_get(signals, i));
        lua_setfield(L, -2, def->path);
    }
    return 1;
}

static int f_is_car(lua_State *L)
{
    lua_pushboolean(L, car_test(L, 1) != NULL);
    return 1;
}

static const luaL_Reg functions[] = {
    {"is_car",     f_is_car    },
    {"repl_spawn", f_repl_spawn},
    {"repl_quit",  f_repl_quit },
    {"peek",       f_peek      },
    {NULL,         NULL        }
};

void repl_open(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}

/* ---- its life ---- */

struct repl *repl_new(struct script *script, const struct repl_options *options)
{
    struct repl *repl = xcalloc(1, sizeof *repl);
    lua_State *L = script->L;

    repl->options = *options;
    repl->subject.about = ABOUT_LINE;
    repl->owner = (struct script_owner){.script = script,
                                        .name = "repl",
                                        .seed = options->seed,
                                        .first_vehicle = script->next_index,
                                        .raised = on_raised,
                                        .violated = on_violated,
                                        .violations = &repl->violations};
    violations_init(&repl->violations);
    rng_init(&repl->owner.rng, options->seed, 0);
    buf_init(&repl->input, INPUT_MAX);
    if (loop_is_virtual(script->sim->loop)) {
        wire_join(&script->sim->wire, &repl->party, NULL, repl, false);
        hold_time(repl, true);
    }
    script->say = say;
    script->say_ctx = repl;
    lua_pushstring(L, options->model);
    lua_pushboolean(L, options->events);
    repl->line = start(repl, "repl_begin", 2, true);
    return repl;
}

void repl_free(struct repl *repl)
{
    if (repl == NULL)
        return;
    struct script *script = repl->owner.script;
    car_free_all(script, &repl->owner);
    app_free_all(script, &repl->owner);
    service_script_free_all(script, &repl->owner);
    scheduler_cancel_owner(&script->scheduler, &repl->owner);
    loader_forget(script, &repl->owner);
    wire_leave(&repl->party);
    violations_done(&repl->violations);
    script->say = NULL;
    buf_done(&repl->input);
    free(repl);
}
