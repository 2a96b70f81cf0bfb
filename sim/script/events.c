#include "script/events.h"

#include <cjson/cJSON.h>
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/xmem.h"
#include "fleet/simulation.h"
#include "mqtt/topic.h"
#include "script/app_core.h"
#include "script/car.h"
#include "script/lua_json.h"

#define LISTENER_TYPE  "fleetsim.listener"
#define EVENTS_MAX     10000
#define EVENT_BYTES    ((size_t)16 << 20)
#define EVENT_OVERHEAD 500 /* of a table, about */
#define ROOM_FIRST     8
#define JSON_DEPTH_MAX 16

/* ORDER EVENT_KIND */
static const char *const kind_names[EVENT_KIND_COUNT] = {
    "in",       "out",      "state", "signal",    "command",  "note",     "sms",
    "accepted", "rejected", "delta", "documents", "response", "presence", "message"};

struct listener {
    struct script *script;
    uint32_t kinds;
    struct event_link *links; /* its sources */
    struct wait_queue changed;
    int events;              /* registry ref of a table: event by its number */
    lua_Integer first, next; /* the oldest that is there, the number of the next to come */
    uint32_t *sizes;         /* of each, at its number & (room - 1) */
    size_t room;             /* a power of two, or 0 */
    size_t bytes;            /* of all that are there */
};

/* One source of one listener, in the lists of both. */
struct event_link {
    struct event_source *source;
    struct listener *listener;
    struct event_link *prev_of_source, *next_of_source;
    struct event_link *prev_of_listener, *next_of_listener;
};

/* ---- links ---- */

static void count_kinds(struct event_source *source)
{
    source->kinds = 0;
    for (const struct event_link *l = source->first; l != NULL; l = l->next_of_source)
        source->kinds |= l->listener->kinds;
}

static void link_source(struct listener *listener, struct event_source *source)
{
    struct event_link *link = xcalloc(1, sizeof *link);

    link->source = source;
    link->listener = listener;
    link->next_of_source = source->first;
    if (source->first != NULL)
        source->first->prev_of_source = link;
    source->first = link;
    link->next_of_listener = listener->links;
    if (listener->links != NULL)
        listener->links->prev_of_listener = link;
    listener->links = link;
    count_kinds(source);
}

/* It leaves both lists. Who empties one takes its first again and again, and the analyzer does not
   see that it is another one. */
static void unlink_source(struct event_link *link)
{
    struct event_source *source = link->source;

    if (link->prev_of_source != NULL)
        link->prev_of_source->next_of_source = link->next_of_source;
    else
        source->first = link->next_of_source;
    if (link->next_of_source != NULL)
        link->next_of_source->prev_of_source = link->prev_of_source;
    if (link->prev_of_listener != NULL)
        link->prev_of_listener->next_of_listener = link->next_of_listener;
    else
        link->listener->links = link->next_of_listener;
    if (link->next_of_listener != NULL)
        link->next_of_listener->prev_of_listener = link->prev_of_listener;
    free(link);
    count_kinds(source);
}

void event_source_done(struct script *script, struct event_source *source)
{
    while (source->first != NULL) {
        struct event_link *link = source->first;
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
        queue_notify(&script->scheduler, &link->listener->changed);
        unlink_source(link); /* NOLINT(clang-analyzer-unix.Malloc) */
    }
}

/* ---- telling ---- */

void event_text(lua_State *L, const char *field, const char *text)
{
    lua_pushstring(L, text);
    lua_setfield(L, -2, field);
}

void event_slice(lua_State *L, const char *field, struct slice text)
{
    lua_pushlstring(L, text.len != 0 ? (const char *)text.data : "", text.len);
    lua_setfield(L, -2, field);
}

void event_integer(lua_State *L, const char *field, lua_Integer value)
{
    lua_pushinteger(L, value);
    lua_setfield(L, -2, field);
}

void event_boolean(lua_State *L, const char *field, bool value)
{
    lua_pushboolean(L, value);
    lua_setfield(L, -2, field);
}

void event_json(lua_State *L, struct slice text)
{
    if (text.len == 0 || text.data[0] != '{')
        return;
    cJSON *json = json_parse(text, JSON_DEPTH_MAX);
    if (cJSON_IsObject(json)) {
        lua_json_push(L, json);
        lua_setfield(L, -2, "json");
    }
    cJSON_Delete(json);
}

static size_t count_of(const struct listener *listener)
{
    return (size_t)(listener->next - listener->first);
}

static uint32_t *size_of(const struct listener *listener, lua_Integer number)
{
    return &listener->sizes[(size_t)number & (listener->room - 1)];
}

static void make_room(struct listener *listener)
{
    struct listener old = *listener;

    if (count_of(listener) < listener->room)
        return;
    listener->room = old.room != 0 ? old.room * 2 : ROOM_FIRST;
    listener->sizes = xcalloc(listener->room, sizeof *listener->sizes);
    for (lua_Integer i = old.first; i < old.next; i++)
        *size_of(listener, i) = *size_of(&old, i);
    free(old.sizes);
}

/* `events`: place of their table on the stack. */
static void drop_oldest(lua_State *L, struct listener *listener, int events)
{
    lua_pushnil(L);
    lua_rawseti(L, events, listener->first);
    listener->bytes -= *size_of(listener, listener->first);
    listener->first++;
}

/* Keeps the event at that place of the stack. */
static void keep(lua_State *L, struct listener *listener, int event, size_t size)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, listener->events);
    int events = lua_gettop(L);
    while (count_of(listener) == EVENTS_MAX ||
           (count_of(listener) > 0 && listener->bytes + size > EVENT_BYTES))
        drop_oldest(L, listener, events);
    make_room(listener);
    lua_pushvalue(L, event);
    lua_rawseti(L, events, listener->next);
    *size_of(listener, listener->next) = (uint32_t)size;
    listener->bytes += size;
    listener->next++;
    lua_settop(L, events - 1);
}

void event_tell(struct script *script, struct event_source *source, unsigned kind, usec_t at,
                size_t size)
{
    lua_State *L = script->L;
    const struct loop *loop = script->sim->loop;
    usec_t since = loop_is_virtual(loop) ? loop_script_now(loop) : at - loop->started;

    luaL_checkstack(L, 8, NULL);
    event_text(L, "kind", kind_names[kind]);
    lua_pushnumber(L, (double)since / 1e6);
    lua_setfield(L, -2, "at");
    int event = lua_gettop(L);
    for (struct event_link *l = source->first; l != NULL; l = l->next_of_source) {
        if ((l->listener->kinds >> kind & 1) == 0)
            continue;
        keep(L, l->listener, event, size + EVENT_OVERHEAD);
        queue_notify(&script->scheduler, &l->listener->changed);
    }
    lua_pop(L, 1);
}

/* ---- what the prelude is given ---- */

static struct listener *check(lua_State *L)
{
    return luaL_checkudata(L, 1, LISTENER_TYPE);
}

/* listener(kinds): of a list of names, which are all known */
static int f_listener(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    struct listener *listener = lua_newuserdatauv(L, sizeof *listener, 0);
    *listener = (struct listener){.script = script_of(L), .events = LUA_NOREF};
    luaL_setmetatable(L, LISTENER_TYPE);
    lua_newtable(L);
    listener->events = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_Integer n = (lua_Integer)lua_rawlen(L, 1);
    for (lua_Integer i = 1; i <= n; i++) {
        lua_rawgeti(L, 1, i);
        const char *name = luaL_checkstring(L, -1);
        for (unsigned kind = 0; kind < EVENT_KIND_COUNT; kind++)
            if (strcmp(kind_names[kind], name) == 0)
                listener->kinds |= UINT32_C(1) << kind;
        lua_pop(L, 1);
    }
    return 1;
}

/* add(car or app): listens to it as well */
static int f_add(lua_State *L)
{
    struct listener *listener = check(L);
    struct car *car = car_test(L, 2);

    link_source(listener, car != NULL ? &car->events : &app_check(L, 2)->events);
    return 0;
}

/* take(): the oldest event, or nil */
static int f_take(lua_State *L)
{
    struct listener *listener = check(L);

    if (listener->first == listener->next) {
        lua_pushnil(L);
        return 1;
    }
    lua_rawgeti(L, LUA_REGISTRYINDEX, listener->events);
    lua_rawgeti(L, 2, listener->first);
    drop_oldest(L, listener, 2);
    return 1;
}

/* wait(seconds): until something has come; false when the time ran out */
static int f_wait(lua_State *L)
{
    struct listener *listener = check(L);

    return task_wait(&listener->script->scheduler, L, &listener->changed,
                     script_check_seconds(L, 2));
}

/* close(): listens to nothing any more; what has come can still be taken */
static int f_close(lua_State *L)
{
    struct listener *listener = check(L);

    while (listener->links != NULL)
        unlink_source(listener->links); /* NOLINT(clang-analyzer-unix.Malloc) */
    queue_notify(&listener->script->scheduler, &listener->changed);
    return 0;
}

static int f_gc(lua_State *L)
{
    struct listener *listener = check(L);

    while (listener->links != NULL)
        unlink_source(listener->links); /* NOLINT(clang-analyzer-unix.Malloc) */
    luaL_unref(L, LUA_REGISTRYINDEX, listener->events);
    free(listener->sizes);
    return 0;
}

/* topic_matches(filter, topic) */
static int f_topic_matches(lua_State *L)
{
    size_t filter_len;
    size_t topic_len;
    const char *filter = luaL_checklstring(L, 1, &filter_len);
    const char *topic = luaL_checklstring(L, 2, &topic_len);

    lua_pushboolean(L,
                    mqtt_topic_matches(slice_of(filter, filter_len), slice_of(topic, topic_len)));
    return 1;
}

static const luaL_Reg functions[] = {
    {"listener",      f_listener     },
    {"topic_matches", f_topic_matches},
    {NULL,            NULL           }
};

static const luaL_Reg methods[] = {
    {"add",   f_add  },
    {"take",  f_take },
    {"wait",  f_wait },
    {"close", f_close},
    {NULL,    NULL   }
};

void events_open(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
    luaL_newmetatable(L, LISTENER_TYPE);
    lua_newtable(L);
    luaL_setfuncs(L, methods, 0);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, f_gc);
    lua_setfield(L, -2, "__gc");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}
