#include "script/app.h"

#include <inttypes.h>
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actors/companion_filters.h"
#include "base/hash.h"
#include "base/xmem.h"
#include "fleet/simulation.h"
#include "script/app_core.h"
#include "script/car.h"
#include "script/lua_json.h"

#define APP_TYPE "fleetsim.app"

/* A size that is asked for by a script. */
#define BUCKETS_MAX 1000000

struct app *app_check(lua_State *L, int index)
{
    struct app *app = luaL_checkudata(L, index, APP_TYPE);

    if (app->companion == NULL)
        luaL_error(L, "this companion is gone: its scenario has ended");
    /* Whatever it is about to say, or what it wants to know: the wire has to be quiet again. */
    wire_stir(&app->party);
    return app;
}

struct scheduler *app_scheduler(struct app *app)
{
    return &app->script->scheduler;
}

struct recorder *app_recorder(struct app *app)
{
    return app->script->sim->recorder;
}

/* Adds a line to the car's own timeline, so that a failure shows both sides; what apps of other
   scenarios see does not belong there. */
void app_note(struct app *app, const char *thing, const char *what, struct slice payload, usec_t at)
{
    struct vehicle *v = simulation_find(app->script->sim, slice_str(thing));

    if (v == NULL || v->timeline == NULL || ((const struct car *)v->ctx)->owner != app->owner)
        return;
    char between[80];
    snprintf(between, sizeof between, " %s ", what);
    timeline_add_parts(
        v->timeline, at, TIMELINE_APP,
        &(struct timeline_parts){slice_str(app->client_id), slice_str(between), payload});
}

/* ---- views ---- */

static struct view **bucket_of(const struct app *app, const char *thing)
{
    return &app->views[hash_text(thing) % app->view_buckets];
}

struct view *app_first_view(const struct app *app, const char *thing)
{
    return *bucket_of(app, thing);
}

static bool same_name(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

struct view *app_find_view(struct app *app, const char *thing, const char *name)
{
    struct view *view = *bucket_of(app, thing);

    while (view != NULL && (strcmp(view->thing, thing) != 0 || !same_name(view->name, name)))
        view = view->next;
    return view;
}

static struct view *make_view(struct app *app, const char *thing, const char *name)
{
    struct view *view = xcalloc(1, sizeof *view);
    struct view **bucket = bucket_of(app, thing);

    view->thing = xstrdup(thing);
    view->name = name != NULL ? xstrdup(name) : NULL;
    view->presence = -1;
    twin_init(&view->twin);
    view->next = *bucket;
    *bucket = view;
    return view;
}

static const char *thing_of(lua_State *L, int index)
{
    return car_check(L, index)->vehicle->identity.thing_name;
}

struct view *app_named_view(lua_State *L, struct app *app, int index, int name_index)
{
    const char *thing = thing_of(L, index);
    const char *name = luaL_optstring(L, name_index, NULL);
    struct view *view = app_find_view(app, thing, name);

    return view != NULL ? view : make_view(app, thing, name);
}

struct view *app_view(lua_State *L, struct app *app, int index)
{
    const char *thing = thing_of(L, index);
    struct view *view = app_find_view(app, thing, NULL);

    return view != NULL ? view : make_view(app, thing, NULL);
}

struct companion_twin app_twin(const struct view *view)
{
    return (struct companion_twin){.thing = view->thing, .name = view->name};
}

void app_ask(struct app *app, struct view *view)
{
    struct error err;

    wire_stir(&app->party);
    if (!view->asked)
        view->asked = companion_get_shadow(app->companion, app_twin(view), NULL, NULL, &err);
}

/* ---- making and ending ---- */

static bool fence(void *ctx)
{
    struct app *app = ctx;

    if (!companion_fence(app->companion))
        return false;
    wire_hold(&app->party);
    return true;
}

/* In a cloud that others use as well, only time tells this run's companions from another's; and
   where cars are too few to be shared out, all scenarios have the same numbers. */
char *app_new_client_id(struct script *script, struct script_owner *owner, const char *kind)
{
    const char *name = script->app_credentials.name;

    if (script->sim->own != NULL || (script->foreign_cloud && owner->vehicle_room == 0))
        return xasprintf("%s%s-%" PRIx64 "-%" PRIu32 "-%" PRIu64, name, kind,
                         (uint64_t)script->began_ms / 1000, script->shard.index,
                         ++script->app_count);
    return xasprintf("%s%s-%" PRIu32 "-%" PRIu64, name, kind, owner->first_vehicle,
                     ++owner->next_token);
}

/* app(watch_all, cars, [client_id]): a new companion of the running scenario, connecting */
static int f_app(lua_State *L)
{
    struct script *script = script_of(L);
    struct script_owner *owner = script_owner_current(L, "a new companion");
    const struct app_credentials *way = &script->app_credentials;
    struct error err;
    bool watch_all = lua_toboolean(L, 1) != 0;
    lua_Integer cars = luaL_optinteger(L, 2, 0);
    const char *client_id = luaL_optstring(L, 3, NULL);

    struct app *app = lua_newuserdatauv(L, sizeof *app, 0);
    *app = (struct app){.script = script, .owner = owner, .watch_all = watch_all};
    luaL_setmetatable(L, APP_TYPE);
    /* Anchored first: nothing may raise while a companion points at it. */
    lua_pushvalue(L, -1);
    app->ref = luaL_ref(L, LUA_REGISTRYINDEX);
    app->view_buckets = cars < 16 ? 16 : cars > BUCKETS_MAX ? BUCKETS_MAX : (size_t)cars;
    app->client_id = client_id != NULL ? xstrdup(client_id) : app_new_client_id(script, owner, "");
    struct companion_options options = {
        .uri = way->uri,
        .ca_file = way->ca_file,
        .cert_file = way->cert_file,
        .key_file = way->key_file,
        .insecure = way->insecure,
        .alpn = script->sim->alpn,
        .topics = &script->sim->tcu.topics,
        .client_id = app->client_id,
        .mqtt_version = (int)script->sim->tcu.version,
        .seed = owner->seed,
    };
    app->companion = companion_new(script->sim->loop, &options, &app_events, app, &err);
    if (app->companion == NULL) {
        free(app->client_id);
        luaL_unref(L, LUA_REGISTRYINDEX, app->ref);
        return luaL_error(L, "companion: %s", err.text);
    }
    if (loop_is_virtual(script->sim->loop)) {
        wire_join(&script->sim->wire, &app->party, fence, app, true);
        wire_hold(&app->party);
    }
    app->views = xcalloc(app->view_buckets, sizeof(struct view *));
    if (watch_all)
        companion_watch_all(app->companion, 0);
    app->next = script->apps;
    script->apps = app;
    return 1;
}

static void free_view(struct app *app, struct view *view)
{
    command_forget_all(view);
    queue_notify(app_scheduler(app), &view->changed);
    twin_done(&view->twin);
    free(view->thing);
    free(view->name);
    free(view);
}

static void free_app(struct app *app)
{
    wire_leave(&app->party);
    companion_free(app->companion);
    app->companion = NULL;
    for (size_t i = 0; i < app->view_buckets; i++)
        while (app->views[i] != NULL) {
            struct view *next = app->views[i]->next;
            free_view(app, app->views[i]);
            app->views[i] = next;
        }
    queue_notify(app_scheduler(app), &app->changed);
    event_source_done(app->script, &app->events);
    app_messages_done(app);
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

/* ---- methods ---- */

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

    return task_wait(app_scheduler(app), L, &app->changed, script_check_seconds(L, 2));
}

/* Asks for whatever that view is made of. */
static bool begin_watch(struct app *app, const char *thing, const char *name, struct error *err)
{
    bool named = name != NULL;

    if (named && !companion_check_shadow(name, err))
        return false;
    if (!app->watch_all)
        return companion_watch(app->companion, thing, named ? COMPANION_WATCH_NAMED : 0, err);
    if (named && !app->watch_named)
        companion_watch_all(app->companion, COMPANION_WATCH_NAMED);
    app->watch_named |= named;
    return true;
}

/* watch(car, name): true when the app will see everything about it from now on */
static int f_watch(lua_State *L)
{
    struct app *app = app_check(L, 1);
    const char *thing = thing_of(L, 2);
    const char *name = luaL_optstring(L, 3, NULL);
    struct view *view = app_find_view(app, thing, name);
    struct error err;

    if (view == NULL) {
        if (!begin_watch(app, thing, name, &err))
            return luaL_error(L, "%s", err.text);
        view = make_view(app, thing, name);
    }
    if (app->watch_all)
        view->watching = name != NULL ? app->watching_named : app->watching_all;
    lua_pushboolean(L, view->watching);
    return 1;
}

/* wait_view(car, name, seconds) */
static int f_wait_view(lua_State *L)
{
    struct app *app = app_check(L, 1);
    struct view *view = app_named_view(L, app, 2, 3);

    return task_wait(app_scheduler(app), L, &view->changed, script_check_seconds(L, 4));
}

/* twin(car, name): {version, desired, reported, exists}, or nil while not known (a get is sent
   then) */
static int f_twin(lua_State *L)
{
    struct app *app = app_check(L, 1);
    struct view *view = app_named_view(L, app, 2, 3);

    if (!view->twin.known) {
        app_ask(app, view);
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
    struct view *view = app_view(L, app_check(L, 1), 2);

    if (view->presence < 0)
        lua_pushnil(L);
    else
        lua_pushboolean(L, view->presence);
    return 1;
}

/* update_raw(car, text, name) */
static int f_update_raw(lua_State *L)
{
    struct app *app = app_check(L, 1);
    size_t len;
    const char *text = luaL_checklstring(L, 3, &len);
    struct companion_twin twin = app_twin(app_named_view(L, app, 2, 4));
    struct error err;

    if (!companion_update_raw(app->companion, twin, slice_of(text, len), NULL, &err))
        return luaL_error(L, "app: %s", err.text);
    return 0;
}

/* delete_shadow(car, name) */
static int f_delete_shadow(lua_State *L)
{
    struct app *app = app_check(L, 1);
    struct companion_twin twin = app_twin(app_named_view(L, app, 2, 3));
    struct error err;

    if (!companion_delete_shadow(app->companion, twin, NULL, NULL, &err))
        return luaL_error(L, "app: %s", err.text);
    return 0;
}

/* close(): it says DISCONNECT and is gone; what it has open stays unanswered, and is lost */
static int f_close(lua_State *L)
{
    struct app *app = app_check(L, 1);
    struct app **p = &app->script->apps;

    while (*p != app)
        p = &(*p)->next;
    *p = app->next;
    for (size_t i = 0; i < app->view_buckets; i++)
        for (struct view *view = app->views[i]; view != NULL; view = view->next)
            command_lose_all(view);
    free_app(app);
    return 0;
}

static const luaL_Reg methods[] = {
    {"close",         f_close        },
    {"ready",         f_ready        },
    {"wait_change",   f_wait_change  },
    {"watch",         f_watch        },
    {"wait_view",     f_wait_view    },
    {"twin",          f_twin         },
    {"presence",      f_presence     },
    {"update_raw",    f_update_raw   },
    {"delete_shadow", f_delete_shadow},
    {NULL,            NULL           },
};

void app_open(lua_State *L)
{
    lua_pushcfunction(L, f_app);
    lua_setfield(L, -2, "app");
    command_stage_names(L);
    lua_setfield(L, -2, "stages");
    luaL_newmetatable(L, APP_TYPE);
    luaL_newlib(L, methods);
    luaL_setfuncs(L, app_command_functions, 0);
    luaL_setfuncs(L, app_message_functions, 0);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
    command_open(L);
}
