#include "script/app.h"

#include <inttypes.h>
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "actors/companion.h"
#include "base/json.h"
#include "base/xmem.h"
#include "fleet/simulation.h"
#include "fleet/sms.h"
#include "metrics/recorder.h"
#include "script/car.h"
#include "script/lua_json.h"
#include "script/twin.h"

#define APP_TYPE     "fleetsim.app"
#define COMMAND_TYPE "fleetsim.command"

/* JSON from the cloud, parsed on the loop's thread. */
#define DEPTH_MAX 16

/* A car as this app sees it. */
struct view {
    struct view *next;
    char *thing;
    struct twin twin;
    bool watching, asked; /* SUBACKs came; a get is under way */
    int presence;         /* -1 unknown, 0 disconnected, 1 connected */
    int64_t presence_version;
    struct wait_queue changed;
    struct command *commands; /* open desired-state commands on this car */
};

struct app {
    struct script *script;
    struct script_owner *owner;
    struct companion *companion;
    char *client_id;
    struct app *next; /* of all */
    int ref;
    bool watch_all, watching_all;
    char trouble[256]; /* why the last attempt to connect failed */
    struct wait_queue changed;
    struct view **views; /* hash by thing */
    size_t view_buckets;
    struct command *requests; /* open requests */
};

/* One command; the userdata that `app:desire` and `app:request` return. */
struct command {
    struct app *app;   /* NULL: gone */
    struct view *view; /* desired: where it is listed */
    struct command *next;
    int ref; /* anchored while it is open */
    bool request;
    bool done;
    char token[65];
    cJSON *wish;   /* desired; NULL: a request or a raw update */
    cJSON *answer; /* what await() returns */
    int answers;   /* responses seen, repeats included */
    struct wait_queue changed;
};

static struct app *app_check(lua_State *L, int index)
{
    struct app *app = luaL_checkudata(L, index, APP_TYPE);

    if (app->companion == NULL)
        luaL_error(L, "this companion is gone: its scenario has ended");
    return app;
}

static struct scheduler *scheduler_of(struct app *app)
{
    return &app->script->scheduler;
}

static struct recorder *recorder_of(struct app *app)
{
    return app->script->sim->recorder;
}

/* Adds a line to the car's own timeline, so that a failure shows both sides. */
static void note(struct app *app, const char *thing, const char *what, struct slice payload,
                 usec_t at)
{
    struct vehicle *v = simulation_find(app->script->sim, slice_str(thing));

    if (v != NULL && v->timeline != NULL) {
        size_t len = payload.len < 400 ? payload.len : 400;
        timeline_addf(v->timeline, at, TIMELINE_APP, "%s %s %.*s%s", app->client_id, what, (int)len,
                      payload.len != 0 ? (const char *)payload.data : "",
                      len < payload.len ? "…" : "");
    }
}

/* ---- views ---- */

static size_t hash(const char *text)
{
    uint64_t h = 1469598103934665603u;

    for (; *text != '\0'; text++)
        h = (h ^ (uint8_t)*text) * 1099511628211u;
    return (size_t)h;
}

static struct view *find_view(struct app *app, const char *thing)
{
    struct view *view = app->views[hash(thing) % app->view_buckets];

    while (view != NULL && strcmp(view->thing, thing) != 0)
        view = view->next;
    return view;
}

static struct view *make_view(struct app *app, const char *thing)
{
    struct view *view = xcalloc(1, sizeof *view);
    struct view **bucket = &app->views[hash(thing) % app->view_buckets];

    view->thing = xstrdup(thing);
    view->presence = -1;
    twin_init(&view->twin);
    view->next = *bucket;
    *bucket = view;
    return view;
}

static void ask(struct app *app, struct view *view)
{
    struct error err;

    if (!view->asked)
        view->asked = companion_get_shadow(app->companion, view->thing, NULL, NULL, &err);
}

/* ---- commands ---- */

static void finish(struct command *command, cJSON *answer)
{
    struct app *app = command->app;

    command->done = true;
    cJSON_Delete(command->answer);
    command->answer = answer;
    queue_notify(scheduler_of(app), &command->changed);
}

static void unlist(struct command **list, struct command *command)
{
    while (*list != NULL && *list != command)
        list = &(*list)->next;
    if (*list != NULL)
        *list = command->next;
    command->next = NULL;
}

/* The userdata may be collected from here on, unless the script still holds it. */
static void close_command(struct command *command)
{
    lua_State *L = command->app->script->L;

    unlist(command->request ? &command->app->requests : &command->view->commands, command);
    luaL_unref(L, LUA_REGISTRYINDEX, command->ref);
    command->ref = LUA_NOREF;
}

static cJSON *status_answer(const char *status)
{
    cJSON *answer = cJSON_CreateObject();

    cJSON_AddStringToObject(answer, "status", status);
    return answer;
}

/* Ends the desired-state commands whose wish the car now reports. */
static void check_wishes(struct app *app, struct view *view, usec_t at)
{
    struct command *next;

    for (struct command *c = view->commands; c != NULL; c = next) {
        next = c->next;
        if (!c->done && c->wish != NULL && twin_shows(&view->twin, c->wish)) {
            recorder_journey_mark(recorder_of(app), c->token, JOURNEY_SEEN, at);
            recorder_journey_end(recorder_of(app), c->token, JOURNEY_SUCCEEDED, at);
            close_command(c);
            finish(c, status_answer("SUCCEEDED"));
        }
    }
}

static void on_update_rejected(struct app *app, struct view *view, const struct companion_shadow *e)
{
    struct command *next;

    if (e->client_token == NULL)
        return;
    recorder_journey_end(recorder_of(app), e->client_token, JOURNEY_REJECTED, e->received_at);
    for (struct command *c = view->commands; c != NULL; c = next) {
        next = c->next;
        if (strcmp(c->token, e->client_token) != 0)
            continue;
        cJSON *answer = json_parse(e->payload, DEPTH_MAX);
        if (!cJSON_IsObject(answer)) {
            cJSON_Delete(answer);
            answer = cJSON_CreateObject();
        }
        cJSON_AddStringToObject(answer, "status", "REJECTED");
        close_command(c);
        finish(c, answer);
    }
}

/* Ends a raw update, which has no wish: all it waits for is to be accepted. */
static void accept_update(struct view *view, const struct companion_shadow *e)
{
    struct command *next;

    for (struct command *c = view->commands; c != NULL; c = next) {
        next = c->next;
        if (c->wish != NULL || strcmp(c->token, e->client_token) != 0)
            continue;
        cJSON *answer = status_answer("SUCCEEDED");
        cJSON_AddNumberToObject(answer, "version", (double)e->version);
        close_command(c);
        finish(c, answer);
    }
}

static void on_update_accepted(struct app *app, struct view *view, const struct companion_shadow *e)
{
    struct vehicle *v = simulation_find(app->script->sim, slice_str(view->thing));

    if (e->client_token != NULL) {
        recorder_journey_mark(recorder_of(app), e->client_token, JOURNEY_ACCEPTED, e->received_at);
        if (v != NULL)
            vehicle_report_seen(v, e->client_token, e->received_at);
        accept_update(view, e);
    }
    if (twin_take_patch(&view->twin, e->payload) == TWIN_GAP)
        ask(app, view);
}

static void on_shadow(void *ctx, const struct companion_shadow *e)
{
    struct app *app = ctx;
    struct view *view = e->name == NULL ? find_view(app, e->thing) : NULL;

    if (view == NULL)
        return;
    if (app->script->sim->timeline_places > 0) {
        char what[64];
        snprintf(what, sizeof what, "sees %s/%s", companion_verb_name(e->verb),
                 companion_outcome_name(e->outcome));
        note(app, view->thing, what, e->payload, e->received_at);
    }
    bool accepted = e->outcome == COMPANION_OUTCOME_ACCEPTED;
    if (e->verb == COMPANION_VERB_GET) {
        view->asked = false;
        if (accepted)
            twin_take_document(&view->twin, e->payload);
        else if (e->code == 404)
            twin_take_absence(&view->twin);
    } else if (e->verb == COMPANION_VERB_DELETE) {
        if (accepted)
            twin_take_absence(&view->twin);
    } else if (accepted) {
        on_update_accepted(app, view, e);
    } else if (e->outcome == COMPANION_OUTCOME_REJECTED) {
        on_update_rejected(app, view, e);
    }
    check_wishes(app, view, e->received_at);
    queue_notify(scheduler_of(app), &view->changed);
}

static enum journey_outcome outcome_of(const char *status)
{
    static const struct {
        const char *status;
        enum journey_outcome outcome;
    } map[] = {
        {"SUCCEEDED", JOURNEY_SUCCEEDED},
        {"REJECTED",  JOURNEY_REJECTED },
        {"TIMED_OUT", JOURNEY_EXPIRED  }
    };

    for (size_t i = 0; i < sizeof map / sizeof *map; i++)
        if (strcmp(status, map[i].status) == 0)
            return map[i].outcome;
    return JOURNEY_FAILED;
}

static void on_response(void *ctx, const struct companion_response *e)
{
    struct app *app = ctx;
    struct command *next;

    note(app, e->thing, "receives response", e->payload, e->received_at);
    if (e->request_id == NULL)
        return;
    cJSON *json = json_parse(e->payload, DEPTH_MAX);
    const char *status = json_str(json, "status", "");
    recorder_journey_mark(recorder_of(app), e->request_id, JOURNEY_SEEN, e->received_at);
    recorder_journey_end(recorder_of(app), e->request_id, outcome_of(status), e->received_at);
    for (struct command *c = app->requests; c != NULL; c = next) {
        next = c->next;
        if (strcmp(c->token, e->request_id) != 0)
            continue;
        c->answers++;
        finish(c, cJSON_IsObject(json) ? cJSON_Duplicate(json, 1) : status_answer("MALFORMED"));
    }
    cJSON_Delete(json);
}

static void on_presence(void *ctx, const struct companion_presence *e)
{
    struct app *app = ctx;
    struct view *view = find_view(app, e->client_id);

    note(app, e->client_id, e->connected ? "sees connected" : "sees disconnected",
         slice_str(e->reason), e->received_at);
    /* Events are unordered; the version tells which connection they are about (contract 2.2). */
    if (view == NULL || e->version < view->presence_version)
        return;
    if (e->version == view->presence_version && view->presence == 0)
        return;
    view->presence = e->connected;
    view->presence_version = e->version;
    queue_notify(scheduler_of(app), &view->changed);
}

static void on_connected(void *ctx, const struct companion_connected *e)
{
    struct app *app = ctx;

    (void)e;
    app->trouble[0] = '\0';
    queue_notify(scheduler_of(app), &app->changed);
}

static void on_lost(void *ctx, const struct companion_lost *e)
{
    struct app *app = ctx;

    snprintf(app->trouble, sizeof app->trouble, "%s", e->text);
    recorder_count(recorder_of(app), e->was_connected ? "companion.lost" : "companion.failed", 1);
    queue_notify(scheduler_of(app), &app->changed);
}

static void on_watching(void *ctx, const struct companion_watching *e)
{
    struct app *app = ctx;

    if (!e->ok)
        snprintf(app->trouble, sizeof app->trouble, "subscriptions refused: %s", e->text);
    if (e->thing == NULL) {
        app->watching_all = e->ok;
        queue_notify(scheduler_of(app), &app->changed);
        return;
    }
    struct view *view = find_view(app, e->thing);
    if (view != NULL) {
        view->watching = e->ok;
        queue_notify(scheduler_of(app), &view->changed);
    }
}

static const struct companion_events events = {
    .connected = on_connected,
    .lost = on_lost,
    .watching = on_watching,
    .shadow = on_shadow,
    .response = on_response,
    .presence = on_presence,
};

/* ---- Lua: making ---- */

/* app(watch_all, cars): a new companion of the running scenario, connecting */
static int f_app(lua_State *L)
{
    struct script *script = script_of(L);
    struct script_owner *owner = script_owner_current(L, "a new companion");
    const struct app_credentials *way = &script->app_credentials;
    struct error err;
    bool watch_all = lua_toboolean(L, 1) != 0;
    lua_Integer cars = luaL_optinteger(L, 2, 0);

    struct app *app = lua_newuserdatauv(L, sizeof *app, 0);
    *app = (struct app){.script = script, .owner = owner, .watch_all = watch_all, .ref = LUA_NOREF};
    luaL_setmetatable(L, APP_TYPE);
    app->view_buckets = cars > 16 ? (size_t)cars : 16;
    app->client_id = xasprintf("%s-%" PRIu64, way->name, ++script->next_token);
    struct companion_options options = {
        .uri = way->uri,
        .ca_file = way->ca_file,
        .cert_file = way->cert_file,
        .key_file = way->key_file,
        .insecure = way->insecure,
        .client_id = app->client_id,
        .mqtt_version = (int)script->sim->tcu.version,
        .seed = script->sim->seed,
    };
    app->companion = companion_new(script->sim->loop, &options, &events, app, &err);
    if (app->companion == NULL) {
        free(app->client_id);
        return luaL_error(L, "companion: %s", err.text);
    }
    app->views = xcalloc(app->view_buckets, sizeof *app->views);
    if (watch_all)
        companion_watch_all(app->companion, 0);
    app->next = script->apps;
    script->apps = app;
    lua_pushvalue(L, -1);
    app->ref = luaL_ref(L, LUA_REGISTRYINDEX);
    return 1;
}

static void free_command(lua_State *L, struct command *command)
{
    luaL_unref(L, LUA_REGISTRYINDEX, command->ref);
    command->ref = LUA_NOREF;
    command->app = NULL;
    command->view = NULL;
}

static void free_view(struct app *app, struct view *view)
{
    while (view->commands != NULL) {
        struct command *c = view->commands;
        view->commands = c->next;
        free_command(app->script->L, c);
    }
    queue_notify(scheduler_of(app), &view->changed);
    twin_done(&view->twin);
    free(view->thing);
    free(view);
}

static void free_app(struct app *app)
{
    companion_free(app->companion);
    app->companion = NULL;
    for (size_t i = 0; i < app->view_buckets; i++)
        while (app->views[i] != NULL) {
            struct view *next = app->views[i]->next;
            free_view(app, app->views[i]);
            app->views[i] = next;
        }
    while (app->requests != NULL) {
        struct command *c = app->requests;
        app->requests = c->next;
        free_command(app->script->L, c);
    }
    queue_notify(scheduler_of(app), &app->changed);
    free(app->views);
    free(app->client_id);
    luaL_unref(app->script->L, LUA_REGISTRYINDEX, app->ref);
}

void app_free_all(struct script *script, const struct script_owner *owner)
{
    for (struct app **p = &script->apps; *p != NULL;) {
        struct app *app = *p;
        if (app->owner != owner) {
            p = &app->next;
            continue;
        }
        *p = app->next;
        free_app(app);
    }
}

/* ---- Lua: methods of the app ---- */

/* ready(): connected, and watching all if that was asked for; then why not, as text */
static int f_ready(lua_State *L)
{
    struct app *app = app_check(L, 1);

    lua_pushboolean(L, companion_is_connected(app->companion) &&
                           (!app->watch_all || app->watching_all));
    lua_pushstring(L, app->trouble);
    return 2;
}

static int f_wait_change(lua_State *L)
{
    struct app *app = app_check(L, 1);

    return task_wait(scheduler_of(app), L, &app->changed, script_check_seconds(L, 2));
}

static const char *thing_of(lua_State *L, int index)
{
    return car_check(L, index)->vehicle->identity.thing_name;
}

static struct view *view_of(lua_State *L, struct app *app, int index)
{
    const char *thing = thing_of(L, index);
    struct view *view = find_view(app, thing);

    return view != NULL ? view : make_view(app, thing);
}

/* watch(car): true when the app will see everything about it from now on */
static int f_watch(lua_State *L)
{
    struct app *app = app_check(L, 1);
    bool fresh = find_view(app, thing_of(L, 2)) == NULL;
    struct view *view = view_of(L, app, 2);
    struct error err;

    if (app->watch_all)
        view->watching = app->watching_all;
    else if (fresh && !companion_watch(app->companion, view->thing, 0, &err))
        return luaL_error(L, "%s", err.text);
    lua_pushboolean(L, view->watching);
    return 1;
}

static int f_wait_view(lua_State *L)
{
    struct app *app = app_check(L, 1);
    struct view *view = view_of(L, app, 2);

    return task_wait(scheduler_of(app), L, &view->changed, script_check_seconds(L, 3));
}

/* twin(car): {version, desired, reported, exists}, or nil while not known (a get is sent then) */
static int f_twin(lua_State *L)
{
    struct app *app = app_check(L, 1);
    struct view *view = view_of(L, app, 2);

    if (!view->twin.known) {
        ask(app, view);
        lua_pushnil(L);
        return 1;
    }
    lua_createtable(L, 0, 4);
    lua_pushinteger(L, (lua_Integer)view->twin.version);
    lua_setfield(L, -2, "version");
    lua_pushboolean(L, view->twin.exists);
    lua_setfield(L, -2, "exists");
    cJSON *sections[2] = {view->twin.desired, view->twin.reported};
    static const char *const names[2] = {"desired", "reported"};
    for (size_t i = 0; i < 2; i++) {
        if (sections[i] != NULL)
            lua_json_push(L, sections[i]);
        else
            lua_newtable(L);
        lua_setfield(L, -2, names[i]);
    }
    return 1;
}

/* presence(car): true, false, or nil if no event was seen */
static int f_presence(lua_State *L)
{
    struct view *view = view_of(L, app_check(L, 1), 2);

    if (view->presence < 0)
        lua_pushnil(L);
    else
        lua_pushboolean(L, view->presence);
    return 1;
}

static struct command *new_command(lua_State *L, struct app *app, struct view *view, bool request)
{
    struct command *c = lua_newuserdatauv(L, sizeof *c, 0);

    *c = (struct command){.app = app, .view = view, .request = request, .ref = LUA_NOREF};
    luaL_setmetatable(L, COMMAND_TYPE);
    return c;
}

static void list_command(lua_State *L, struct command *c)
{
    struct command **list = c->request ? &c->app->requests : &c->view->commands;

    lua_pushvalue(L, -1);
    c->ref = luaL_ref(L, LUA_REGISTRYINDEX);
    c->next = *list;
    *list = c;
}

/* The operator's network knows whether the car has a data session; if not, the command's text
   message wakes it. */
static void wake_if_asleep(struct app *app, struct view *view, const char *token)
{
    struct vehicle *v = simulation_find(app->script->sim, slice_str(view->thing));

    if (v != NULL && v->tcu->state == TCU_ASLEEP)
        sms_send(app->script->sim, v, token);
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

/* desire(car, state, wake, intended): publishes a desired state */
static int f_desire(lua_State *L)
{
    struct app *app = app_check(L, 1);
    struct view *view = view_of(L, app, 2);
    usec_t intended = clock_now();
    struct companion_publish sent;
    struct error err;

    luaL_checktype(L, 3, LUA_TTABLE);
    bool wake = lua_toboolean(L, 4) != 0;
    struct command *c = new_command(L, app, view, false);
    snprintf(c->token, sizeof c->token, "%.32s-%" PRIu64, app->client_id,
             ++app->script->next_token);
    c->wish = lua_json_check(L, 3);
    char *state = cJSON_PrintUnformatted(c->wish);
    bool ok = companion_desire(app->companion, view->thing, state, c->token, &sent, &err);
    if (ok)
        note(app, view->thing, "desires", slice_str(state), sent.sent_at);
    cJSON_free(state);
    if (!ok)
        return luaL_error(L, "app:desire: %s", err.text);
    recorder_journey_begin(recorder_of(app), c->token, index_of(app, view), first_key(c->wish),
                           intended, sent.sent_at);
    list_command(L, c);
    if (wake)
        wake_if_asleep(app, view, c->token);
    return 1;
}

static double number_option(lua_State *L, int index, const char *name)
{
    lua_getfield(L, index, name);
    double value = luaL_optnumber(L, -1, 0);
    lua_pop(L, 1);
    return value;
}

/* request(car, command, {expiry=s, expires_in=s, id=text, wake=bool, bare=bool}) */
static int f_request(lua_State *L)
{
    struct app *app = app_check(L, 1);
    struct view *view = view_of(L, app, 2);
    usec_t intended = clock_now();
    struct companion_publish sent;
    struct error err;

    luaL_checktype(L, 3, LUA_TTABLE);
    luaL_checktype(L, 4, LUA_TTABLE);
    double expires_in = number_option(L, 4, "expires_in");
    struct command *c = new_command(L, app, view, true);
    lua_getfield(L, 4, "id");
    if (lua_isnil(L, -1))
        snprintf(c->token, sizeof c->token, "%.32s-%" PRIu64, app->client_id,
                 ++app->script->next_token);
    else
        snprintf(c->token, sizeof c->token, "%s", luaL_checkstring(L, -1));
    lua_getfield(L, 4, "wake");
    bool wake = lua_toboolean(L, -1) != 0;
    lua_getfield(L, 4, "bare");
    bool bare = lua_toboolean(L, -1) != 0;
    lua_pop(L, 3);
    cJSON *json = lua_json_check(L, 3);
    char *command = cJSON_PrintUnformatted(json);
    struct companion_request request = {
        .thing = view->thing,
        .command_json = command,
        .request_id = c->token,
        .expiry = (usec_t)(number_option(L, 4, "expiry") * 1e6),
        .expires_at_ms = expires_in < 0 ? clock_wall_ms() + (int64_t)(expires_in * 1e3) : 0,
        .bare = bare,
    };
    bool ok = companion_request(app->companion, &request, &sent, &err);
    if (ok) {
        recorder_journey_begin(recorder_of(app), c->token, index_of(app, view), first_key(json),
                               intended, sent.sent_at);
        note(app, view->thing, "requests", slice_str(command), sent.sent_at);
    }
    cJSON_free(command);
    cJSON_Delete(json);
    if (!ok)
        return luaL_error(L, "app:request: %s", err.text);
    list_command(L, c);
    if (wake)
        wake_if_asleep(app, view, c->token);
    return 1;
}

/* expect(car): a command that ends with what the cloud says to an update that has its token */
static int f_expect(lua_State *L)
{
    struct app *app = app_check(L, 1);
    struct command *c = new_command(L, app, view_of(L, app, 2), false);

    snprintf(c->token, sizeof c->token, "%.32s-%" PRIu64, app->client_id,
             ++app->script->next_token);
    list_command(L, c);
    return 1;
}

/* update_raw(car, text), delete_shadow(car) */
static int f_update_raw(lua_State *L)
{
    struct app *app = app_check(L, 1);
    size_t len;
    const char *text = luaL_checklstring(L, 3, &len);
    struct error err;

    if (!companion_update_raw(app->companion, thing_of(L, 2), slice_of(text, len), NULL, &err))
        return luaL_error(L, "app: %s", err.text);
    return 0;
}

static int f_delete_shadow(lua_State *L)
{
    struct app *app = app_check(L, 1);
    struct error err;

    if (!companion_delete_shadow(app->companion, thing_of(L, 2), NULL, NULL, &err))
        return luaL_error(L, "app: %s", err.text);
    return 0;
}

/* ---- Lua: methods of the command ---- */

static int f_command_done(lua_State *L)
{
    struct command *c = luaL_checkudata(L, 1, COMMAND_TYPE);

    lua_pushboolean(L, c->done);
    return 1;
}

static int f_command_answer(lua_State *L)
{
    struct command *c = luaL_checkudata(L, 1, COMMAND_TYPE);

    lua_json_push(L, c->answer);
    return 1;
}

static int f_command_answers(lua_State *L)
{
    lua_pushinteger(L, ((struct command *)luaL_checkudata(L, 1, COMMAND_TYPE))->answers);
    return 1;
}

static int f_command_token(lua_State *L)
{
    lua_pushstring(L, ((struct command *)luaL_checkudata(L, 1, COMMAND_TYPE))->token);
    return 1;
}

static int f_command_wait(lua_State *L)
{
    struct command *c = luaL_checkudata(L, 1, COMMAND_TYPE);

    return task_wait(&script_of(L)->scheduler, L, &c->changed, script_check_seconds(L, 2));
}

/* give_up(): nobody waits any longer */
static int f_command_give_up(lua_State *L)
{
    struct command *c = luaL_checkudata(L, 1, COMMAND_TYPE);

    if (c->app != NULL && !c->done)
        recorder_journey_end(recorder_of(c->app), c->token, JOURNEY_TIMED_OUT, clock_now());
    return 0;
}

/* refresh(): reads the shadow again */
static int f_command_refresh(lua_State *L)
{
    struct command *c = luaL_checkudata(L, 1, COMMAND_TYPE);

    if (c->app != NULL && !c->request) {
        c->view->asked = false;
        ask(c->app, c->view);
    }
    return 0;
}

static int f_command_gc(lua_State *L)
{
    struct command *c = luaL_checkudata(L, 1, COMMAND_TYPE);

    cJSON_Delete(c->wish);
    cJSON_Delete(c->answer);
    c->wish = c->answer = NULL;
    return 0;
}

static const luaL_Reg app_methods[] = {
    {"ready",         f_ready        },
    {"wait_change",   f_wait_change  },
    {"watch",         f_watch        },
    {"wait_view",     f_wait_view    },
    {"twin",          f_twin         },
    {"presence",      f_presence     },
    {"desire",        f_desire       },
    {"request",       f_request      },
    {"expect",        f_expect       },
    {"update_raw",    f_update_raw   },
    {"delete_shadow", f_delete_shadow},
    {NULL,            NULL           },
};

static const luaL_Reg command_methods[] = {
    {"done",    f_command_done   },
    {"answer",  f_command_answer },
    {"answers", f_command_answers},
    {"token",   f_command_token  },
    {"wait",    f_command_wait   },
    {"give_up", f_command_give_up},
    {"refresh", f_command_refresh},
    {NULL,      NULL             },
};

static void new_type(lua_State *L, const char *name, const luaL_Reg *methods)
{
    luaL_newmetatable(L, name);
    lua_newtable(L);
    luaL_setfuncs(L, methods, 0);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
}

void app_open(lua_State *L)
{
    lua_pushcfunction(L, f_app);
    lua_setfield(L, -2, "app");
    new_type(L, APP_TYPE, app_methods);
    lua_pop(L, 1);
    new_type(L, COMMAND_TYPE, command_methods);
    lua_pushcfunction(L, f_command_gc);
    lua_setfield(L, -2, "__gc");
    lua_pop(L, 1);
}
