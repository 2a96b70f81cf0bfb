#include "script/remote.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/xmem.h"
#include "fleet/simulation.h"
#include "script/app.h"
#include "script/car.h"
#include "script/lua_json.h"
#include "script/model.h"
#include "script/names.h"
#include "script/violation.h"

struct remote {
    struct script_owner owner; /* first */
    struct violations violations;
    struct call *calls;
};

/* One that is under way. */
struct call {
    struct remote *remote;
    struct call *next;
    struct remote_request request;
};

/* ORDER REMOTE_END; as prelude/remote.lua says them. */
static const char *const end_names[REMOTE_END_COUNT] = {"done", "refused", "failed", "wrong",
                                                        "gone"};

/* ---- answers ---- */

static void free_call(struct call *call)
{
    struct call **p = &call->remote->calls;

    while (*p != call)
        p = &(*p)->next;
    *p = call->next;
    free(call);
}

static void answer(struct call *call, const struct remote_answer *a)
{
    struct remote_request request = call->request;

    free_call(call);
    request.answer(request.ctx, a);
}

static const char *text_at(lua_State *co, int index)
{
    const char *text = lua_type(co, index) == LUA_TSTRING ? lua_tostring(co, index) : NULL;

    return text != NULL ? text : "";
}

/* The task returns how it ended; and a value as JSON, or code and description. */
static void on_end(void *arg, struct task *task, enum task_end end, lua_State *co)
{
    struct call *call = arg;
    struct remote_answer a = {.end = REMOTE_WRONG, .code = "", .text = "", .value = "null"};

    (void)task;
    if (end == TASK_RAISED) {
        char *text = script_take_text(call->remote->owner.script, co);
        a.text = text;
        answer(call, &a);
        free(text);
        return;
    }
    for (int i = 0; i < REMOTE_END_COUNT; i++)
        if (strcmp(end_names[i], text_at(co, -3)) == 0)
            a.end = (enum remote_end)i;
    if (a.end == REMOTE_DONE)
        a.value = text_at(co, -2);
    else
        a.code = text_at(co, -2);
    a.text = text_at(co, -1);
    answer(call, &a);
}

/* Of what the parts start beside it. */
static void on_raised(struct script_owner *owner, lua_State *co)
{
    char *text = script_take_text(owner->script, co);

    log_warn("%s: %s", owner->name, text);
    free(text);
}

/* ---- asking ---- */

/* Pushes the car; false: it is no script's, or gone. */
static bool push_car(struct script *script, const struct vehicle *v)
{
    for (const struct car *car = script->cars; car != NULL; car = car->next) {
        if (car->vehicle != v)
            continue;
        lua_rawgeti(script->L, LUA_REGISTRYINDEX, car->ref);
        return true;
    }
    return false;
}

/* Arguments: cJSON or NULL. */
static int push_arguments(lua_State *L)
{
    lua_json_push(L, lua_touserdata(L, 1));
    return 1;
}

void remote_begin(struct remote *remote, const struct vehicle *v,
                  const struct remote_request *request)
{
    struct script *script = remote->owner.script;
    struct call *call = xcalloc(1, sizeof *call);
    lua_State *L = script->L;
    struct task_params params = {.owner = &remote->owner, .end = on_end, .arg = call};

    *call = (struct call){.remote = remote, .next = remote->calls, .request = *request};
    remote->calls = call;
    script->uncapped++;
    script_push_prelude(L, "remote");
    if (!push_car(script, v))
        lua_pushnil(L);
    lua_pushstring(L, request->verb);
    lua_pushcfunction(L, push_arguments);
    lua_pushlightuserdata(L, (void *)request->arguments);
    if (lua_pcall(L, 1, 1, 0) != LUA_OK) {
        lua_pop(L, 1);
        lua_pushnil(L);
    }
    task_start(&script->scheduler, L, 3, &params);
    script->uncapped--;
}

/* ---- what the prelude is given ---- */

static const struct signal_def *check_def(lua_State *L, const struct car *car)
{
    const struct signal_schema *schema = car->vehicle->tcu->signals.schema;
    size_t len;
    const char *path = luaL_checklstring(L, 2, &len);
    int index = signal_schema_find(schema, slice_of(path, len));

    if (index < 0)
        names_no_signal(L, schema, slice_of(path, len));
    return signal_schema_def(schema, (size_t)index);
}

/* can_be(car, path, value): raises if that signal cannot have it; can it be asked for? */
static int f_can_be(lua_State *L)
{
    const struct signal_def *def = check_def(L, car_check(L, 1));
    union signal_value value = signal_check(L, 3, def);
    double number = def->type == SIGNAL_FLOAT ? value.f
                    : def->type == SIGNAL_INT ? (double)value.i
                                              : def->min;

    if (number < def->min || number > def->max)
        return script_raise(L, "%s: %f is not from %f to %f", def->path, number, def->min,
                            def->max);
    lua_pushboolean(L, (def->flags & SIGNAL_DESIRED) != 0);
    return 1;
}

/* parameters(function): the names of its parameters behind the first, the car */
static int f_parameters(lua_State *L)
{
    const char *name;

    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    lua_newtable(L);
    for (int i = 2;; i++) {
        lua_pushvalue(L, 1);
        name = lua_getlocal(L, NULL, i);
        lua_pop(L, 1);
        if (name == NULL)
            return 1;
        lua_pushstring(L, name);
        lua_rawseti(L, 2, i - 1);
    }
}

static const luaL_Reg functions[] = {
    {"can_be",     f_can_be    },
    {"parameters", f_parameters},
    {NULL,         NULL        }
};

void remote_open(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}

/* ---- its life ---- */

struct remote *remote_new(struct script *script)
{
    struct remote *remote = xcalloc(1, sizeof *remote);

    remote->owner = (struct script_owner){.script = script,
                                          .name = "control API",
                                          .raised = on_raised,
                                          .violations = &remote->violations};
    violations_init(&remote->violations);
    rng_init(&remote->owner.rng, script->sim->seed, hash_text(remote->owner.name));
    return remote;
}

void remote_free(struct remote *remote)
{
    if (remote == NULL)
        return;
    scheduler_cancel_owner(&remote->owner.script->scheduler, &remote->owner);
    for (struct call *call = remote->calls, *next; call != NULL; call = next) {
        next = call->next;
        free(call);
    }
    violations_done(&remote->violations);
    free(remote);
}
