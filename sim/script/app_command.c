#include <inttypes.h>
#include <lauxlib.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "fleet/simulation.h"
#include "fleet/sms.h"
#include "metrics/recorder.h"
#include "script/app_core.h"
#include "script/lua_json.h"

#define COMMAND_TYPE "fleetsim.command"

/* ---- life ---- */

static struct command *command_new(lua_State *L, enum command_kind kind)
{
    struct command *c = lua_newuserdatauv(L, sizeof *c, 0);

    *c = (struct command){.kind = kind, .ref = LUA_NOREF};
    luaL_setmetatable(L, COMMAND_TYPE);
    return c;
}

static void command_own_token(struct command *c, struct app *app)
{
    /* The end of a long name tells it from others. */
    size_t len = strlen(app->client_id);
    const char *id = app->client_id + (len > 32 ? len - 32 : 0);

    snprintf(c->token, sizeof c->token, "%s-%" PRIu64, id, ++app->owner->next_token);
}

/* The command on top of the stack has been sent. */
static void command_sent(lua_State *L, struct command *c, struct app *app, struct view *view)
{
    lua_pushvalue(L, -1);
    c->ref = luaL_ref(L, LUA_REGISTRYINDEX);
    c->app = app;
    c->view = view;
    c->next = view->commands;
    view->commands = c;
}

/* The userdata may be collected from here on, unless the script still holds it. */
static void command_release(struct command *c)
{
    luaL_unref(c->app->script->L, LUA_REGISTRYINDEX, c->ref);
    c->ref = LUA_NOREF;
}

struct command *command_check(lua_State *L, int index)
{
    return luaL_checkudata(L, index, COMMAND_TYPE);
}

void command_finish(struct command *c, cJSON *answer)
{
    command_keep_stages(c);
    c->done = true;
    cJSON_Delete(c->answer);
    c->answer = answer;
    queue_notify(app_scheduler(c->app), &c->changed);
    command_release(c);
}

cJSON *command_status(const char *status)
{
    cJSON *answer = cJSON_CreateObject();

    cJSON_AddStringToObject(answer, "status", status);
    return answer;
}

void command_lose_all(struct view *view)
{
    for (struct command *c = view->commands; c != NULL; c = c->next) {
        if (c->done)
            continue;
        recorder_journey_end(app_recorder(c->app), c->token, JOURNEY_LOST, clock_now());
        command_keep_stages(c);
    }
}

void command_forget_all(struct view *view)
{
    while (view->commands != NULL) {
        struct command *c = view->commands;
        view->commands = c->next;
        queue_notify(app_scheduler(c->app), &c->changed);
        command_release(c);
        c->app = NULL;
        c->view = NULL;
    }
}

/* ---- sending ---- */

/* The operator's network knows whether the car has a data session; if not, the command's text
   message wakes it. */
static void wake_if_asleep(struct app *app, struct view *view, const char *token)
{
    struct vehicle *v = simulation_find(app->script->sim, slice_str(view->thing));

    if (v != NULL && v->tcu->state == TCU_ASLEEP)
        sms_send(v, &(struct sms_request){.token = token});
}

static const char *first_key(const cJSON *json)
{
    return cJSON_IsObject(json) && json->child != NULL ? json->child->string : NULL;
}

static uint32_t index_of(struct app *app, const struct view *view)
{
    struct vehicle *v = simulation_find(app->script->sim, slice_str(view->thing));

    return v != NULL ? v->identity.index : 0;
}

/* When a command should have been sent that is sent now, so much too late; not before the run. */
static usec_t intended_at(const struct app *app, usec_t late)
{
    usec_t now = clock_now();
    usec_t most = now - app->script->sim->loop->started;

    return now - (late < most ? late : most);
}

static void note_desire(struct app *app, const struct view *view, struct slice state, usec_t at)
{
    char what[96];

    snprintf(what, sizeof what, "desires%s%s", view->name != NULL ? " in " : "",
             view->name != NULL ? view->name : "");
    app_note(app, view->thing, what, state, at);
}

/* desire(car, state, wake, name, late): publishes a desired state, `late` seconds too late */
static int f_desire(lua_State *L)
{
    struct app *app = app_check(L, 1);
    struct view *view = app_named_view(L, app, 2, 5);
    usec_t intended = intended_at(app, lua_isnoneornil(L, 6) ? 0 : script_check_seconds(L, 6));
    struct companion_publish sent;
    struct error err;

    luaL_checktype(L, 3, LUA_TTABLE);
    bool wake = lua_toboolean(L, 4) != 0;
    struct command *c = command_new(L, COMMAND_DESIRE);
    command_own_token(c, app);
    c->wish = lua_json_check(L, 3);
    char *state = cJSON_PrintUnformatted(c->wish);
    bool ok = companion_desire(app->companion, app_twin(view), state, c->token, &sent, &err);
    if (ok)
        note_desire(app, view, slice_str(state), sent.sent_at);
    cJSON_free(state);
    if (!ok)
        return luaL_error(L, "app:desire: %s", err.text);
    recorder_journey_begin(app_recorder(app), c->token, index_of(app, view), first_key(c->wish),
                           intended, sent.sent_at);
    command_sent(L, c, app, view);
    if (wake)
        wake_if_asleep(app, view, c->token);
    return 1;
}

/* Pushes options[name]; is it given? */
static bool option(lua_State *L, int options, const char *name)
{
    return lua_getfield(L, options, name) != LUA_TNIL;
}

static double seconds_option(lua_State *L, int options, const char *name)
{
    double seconds = option(L, options, name) ? lua_tonumber(L, -1) : 0;

    if (!lua_isnil(L, -1) && lua_type(L, -1) != LUA_TNUMBER)
        luaL_error(L, "%s must be a number of seconds", name);
    if (!(seconds >= -1e9 && seconds <= 1e9))
        luaL_error(L, "%s must be between -1e9 and 1e9 seconds", name);
    lua_pop(L, 1);
    return seconds;
}

static usec_t late_option(lua_State *L, int options)
{
    double late = seconds_option(L, options, "late");

    if (late < 0)
        luaL_error(L, "app:request: late must not be negative");
    return (usec_t)(late * 1e6);
}

static bool flag_option(lua_State *L, int options, const char *name)
{
    option(L, options, name);
    bool flag = lua_toboolean(L, -1) != 0;
    lua_pop(L, 1);
    return flag;
}

/* The script's own id, which may repeat an earlier one, or a new one. */
static void take_id(lua_State *L, int options, struct command *c, struct app *app)
{
    if (option(L, options, "id")) {
        if (lua_type(L, -1) != LUA_TSTRING || lua_rawlen(L, -1) >= sizeof c->token)
            luaL_error(L, "id must be a string of at most 64 bytes");
        snprintf(c->token, sizeof c->token, "%s", lua_tostring(L, -1));
    } else {
        command_own_token(c, app);
    }
    lua_pop(L, 1);
}

/* expires_in (may be negative: expired already) decides over expiry. */
static void take_expiry(lua_State *L, const struct app *app, int options,
                        struct companion_request *request)
{
    double expiry = seconds_option(L, options, "expiry");
    double expires_in = seconds_option(L, options, "expires_in");

    if (expiry < 0)
        luaL_error(L, "app:request: expiry must not be negative (expires_in may be)");
    request->expiry = (usec_t)(expiry * 1e6);
    if (option(L, options, "expires_in"))
        request->expires_at_ms = loop_wall_ms(app->script->sim->loop) + (int64_t)(expires_in * 1e3);
    lua_pop(L, 1);
}

/* request(car, command, {expiry=s, expires_in=s, id=text, wake=bool, bare=bool, late=s}) */
static int f_request(lua_State *L)
{
    struct app *app = app_check(L, 1);
    struct view *view = app_view(L, app, 2);
    struct companion_publish sent;
    struct error err;

    luaL_checktype(L, 3, LUA_TTABLE);
    luaL_checktype(L, 4, LUA_TTABLE);
    usec_t intended = intended_at(app, late_option(L, 4));
    struct command *c = command_new(L, COMMAND_REQUEST);
    take_id(L, 4, c, app);
    struct companion_request request = {
        .thing = view->thing, .request_id = c->token, .bare = flag_option(L, 4, "bare")};
    take_expiry(L, app, 4, &request);
    bool wake = flag_option(L, 4, "wake");
    /* From here on nothing raises while the JSON is held. */
    cJSON *json = lua_json_check(L, 3);
    char *text = cJSON_PrintUnformatted(json);
    request.command_json = text;
    bool ok = companion_request(app->companion, &request, &sent, &err);
    if (ok) {
        recorder_journey_begin(app_recorder(app), c->token, index_of(app, view), first_key(json),
                               intended, sent.sent_at);
        app_note(app, view->thing, "requests", slice_str(text), sent.sent_at);
    }
    cJSON_free(text);
    cJSON_Delete(json);
    if (!ok)
        return luaL_error(L, "app:request: %s", err.text);
    command_sent(L, c, app, view);
    if (wake)
        wake_if_asleep(app, view, c->token);
    return 1;
}

/* watch_executions(): true when the events of its executions will come */
static int f_watch_executions(lua_State *L)
{
    struct app *app = app_check(L, 1);

    if (!app->watch_executions)
        companion_watch_executions(app->companion);
    app->watch_executions = true;
    lua_pushboolean(L, app->watching_executions);
    return 1;
}

/* execute(car, command, {timeout=s, id=text, wake=bool}) */
static int f_execute(lua_State *L)
{
    struct app *app = app_check(L, 1);
    struct view *view = app_view(L, app, 2);
    usec_t intended = clock_now();
    struct companion_publish sent;
    struct error err;

    luaL_checktype(L, 3, LUA_TTABLE);
    luaL_checktype(L, 4, LUA_TTABLE);
    struct command *c = command_new(L, COMMAND_EXECUTION);
    take_id(L, 4, c, app);
    double timeout = seconds_option(L, 4, "timeout");
    if (timeout < 0 || timeout > 43200)
        return luaL_error(L, "app:execute: timeout must be between 1 and 43200 seconds");
    bool wake = flag_option(L, 4, "wake");
    cJSON *json = lua_json_check(L, 3);
    char *text = cJSON_PrintUnformatted(json);
    const struct companion_start start = {.thing = view->thing,
                                          .execution_id = c->token,
                                          .command_json = text,
                                          .timeout_s = (uint32_t)ceil(timeout)};
    bool ok = companion_execute(app->companion, &start, &sent, &err);
    if (ok) {
        recorder_journey_begin(app_recorder(app), c->token, index_of(app, view), first_key(json),
                               intended, sent.sent_at);
        app_note(app, view->thing, "executes", slice_str(text), sent.sent_at);
    }
    cJSON_free(text);
    cJSON_Delete(json);
    if (!ok)
        return luaL_error(L, "app:execute: %s", err.text);
    command_sent(L, c, app, view);
    if (wake)
        wake_if_asleep(app, view, c->token);
    return 1;
}

/* expect(car, name): a command that ends with what the cloud says to an update that has its token
 */
static int f_expect(lua_State *L)
{
    struct app *app = app_check(L, 1);
    struct view *view = app_named_view(L, app, 2, 3);
    struct command *c = command_new(L, COMMAND_UPDATE);

    command_own_token(c, app);
    command_sent(L, c, app, view);
    return 1;
}

const luaL_Reg app_command_functions[] = {
    {"desire",           f_desire          },
    {"request",          f_request         },
    {"execute",          f_execute         },
    {"watch_executions", f_watch_executions},
    {"expect",           f_expect          },
    {NULL,               NULL              },
};

/* ---- methods ---- */

/* Whatever is found wrong with it is about its car. */
static void touch(const struct command *c)
{
    struct vehicle *v =
        c->app != NULL ? simulation_find(c->app->script->sim, slice_str(c->view->thing)) : NULL;

    if (v != NULL)
        c->app->owner->touched = v->ctx;
}

static int f_done(lua_State *L)
{
    struct command *c = command_check(L, 1);

    lua_pushboolean(L, c->done);
    return 1;
}

static int f_answer(lua_State *L)
{
    struct command *c = command_check(L, 1);

    touch(c);
    lua_json_push(L, c->answer);
    return 1;
}

static int f_answers(lua_State *L)
{
    lua_pushinteger(L, command_check(L, 1)->answers);
    return 1;
}

static int f_token(lua_State *L)
{
    lua_pushstring(L, command_check(L, 1)->token);
    return 1;
}

static int f_wait(lua_State *L)
{
    struct command *c = command_check(L, 1);

    return task_wait(&script_of(L)->scheduler, L, &c->changed, script_check_seconds(L, 2));
}

/* give_up(): nobody waits any longer */
static int f_give_up(lua_State *L)
{
    struct command *c = command_check(L, 1);

    if (c->app != NULL && !c->done)
        recorder_journey_end(app_recorder(c->app), c->token, JOURNEY_TIMED_OUT, clock_now());
    if (c->app != NULL)
        command_release(c);
    return 0;
}

/* refresh(): reads the shadow again, or asks how the execution stands */
static int f_refresh(lua_State *L)
{
    struct command *c = command_check(L, 1);
    struct error err;

    if (c->app != NULL && c->kind == COMMAND_EXECUTION) {
        wire_stir(&c->app->party);
        companion_get_execution(c->app->companion, c->view->thing, c->token, &err);
    } else if (c->app != NULL && c->kind != COMMAND_REQUEST) {
        c->view->asked = false;
        app_ask(c->app, c->view);
    }
    return 0;
}

static int f_gc(lua_State *L)
{
    struct command *c = command_check(L, 1);

    struct command **place = c->view != NULL ? &c->view->commands : NULL;
    while (place != NULL && *place != NULL && *place != c)
        place = &(*place)->next;
    if (place != NULL && *place != NULL)
        *place = c->next;
    c->app = NULL;
    c->view = NULL;
    command_forget_stages(c);
    cJSON_Delete(c->wish);
    cJSON_Delete(c->answer);
    c->wish = c->answer = NULL;
    return 0;
}

static const luaL_Reg methods[] = {
    {"done",    f_done   },
    {"answer",  f_answer },
    {"answers", f_answers},
    {"token",   f_token  },
    {"wait",    f_wait   },
    {"give_up", f_give_up},
    {"refresh", f_refresh},
    {NULL,      NULL     },
};

void command_open(lua_State *L)
{
    luaL_newmetatable(L, COMMAND_TYPE);
    luaL_newlib(L, methods);
    luaL_setfuncs(L, command_stage_methods, 0);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pushcfunction(L, f_gc);
    lua_setfield(L, -2, "__gc");
    lua_pop(L, 1);
}
