#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"
#include "fleet/simulation.h"
#include "mqtt/reason.h"
#include "mqtt/topic.h"
#include "script/app_core.h"

/* A SUBSCRIBE, UNSUBSCRIBE or PUBLISH whose answer a script waits for. */
struct asked {
    struct asked *next;
    bool publish; /* ids of publishes are counted apart */
    uint64_t id;
    bool done, lost;
    int reason_code;
    char *text; /* lost: why; else what the broker said beside the code */
};

static struct asked **find(struct app *app, bool publish, uint64_t id)
{
    struct asked **p = &app->asked;

    while (*p != NULL && ((*p)->publish != publish || (*p)->id != id))
        p = &(*p)->next;
    return p;
}

static void ask(struct app *app, bool publish, uint64_t id)
{
    struct asked *a = xcalloc(1, sizeof *a);

    a->publish = publish;
    a->id = id;
    a->next = app->asked;
    app->asked = a;
}

static void remove_asked(struct asked **p)
{
    struct asked *a = *p;

    *p = a->next;
    free(a->text);
    free(a);
}

static void finish(struct asked *a, bool lost, int reason_code, const char *text)
{
    if (a->done)
        return;
    a->done = true;
    a->lost = lost;
    a->reason_code = reason_code;
    a->text = xstrdup(text);
}

/* ---- what the cloud says ---- */

void app_on_subscribed(void *ctx, const struct companion_subscribed *e)
{
    struct app *app = ctx;
    struct asked *a = *find(app, false, e->id);

    if (a != NULL)
        finish(a, false, e->reason_code, e->remark);
    if (!e->ok)
        snprintf(app->trouble, sizeof app->trouble, "a subscription was refused: 0x%02x %s%s%s",
                 (unsigned)e->reason_code,
                 mqtt_reason_name_in(MQTT_TYPE_SUBACK, (uint8_t)e->reason_code),
                 e->remark[0] != '\0' ? ": " : "", e->remark);
    queue_notify(app_scheduler(app), &app->changed);
}

void app_on_acked(void *ctx, const struct companion_acked *e)
{
    struct app *app = ctx;
    struct asked *a = *find(app, true, e->publish.id);

    if (a == NULL)
        return;
    finish(a, !e->ok && e->reason_code == 0, e->reason_code, e->text);
    queue_notify(app_scheduler(app), &app->changed);
}

void app_on_message(void *ctx, const struct mqtt_message *m, usec_t received_at)
{
    struct app *app = ctx;

    app_tell_message(app, m, received_at);
    inbox_add(&app->inbox, m);
    queue_notify(app_scheduler(app), &app->changed);
}

void app_messages_lost(struct app *app, const struct companion_lost *e)
{
    app->losses += e->was_connected;
    app->lost_code = e->reason_code;
    for (struct asked *a = app->asked; a != NULL; a = a->next)
        finish(a, true, e->reason_code, e->text);
}

void app_messages_done(struct app *app)
{
    while (app->asked != NULL)
        remove_asked(&app->asked);
    inbox_done(&app->inbox);
}

/* ---- methods ---- */

static int push_id(lua_State *L, struct app *app, bool publish, uint64_t id)
{
    ask(app, publish, id);
    lua_pushinteger(L, (lua_Integer)id);
    return 1;
}

/* subscribe(filter, options): a number for outcome() */
static int f_subscribe(lua_State *L)
{
    struct app *app = app_check(L, 1);
    struct mqtt_filter filter;
    struct error err;
    uint64_t id = 0;

    message_check_filter(L, 2, app->script->sim->tcu.version == MQTT_5, &filter);
    if (!companion_subscribe(app->companion, &filter, &id, &err))
        return luaL_error(L, "%s", err.text);
    return push_id(L, app, false, id);
}

static int f_unsubscribe(lua_State *L)
{
    struct app *app = app_check(L, 1);
    size_t len;
    const char *filter = luaL_checklstring(L, 2, &len);
    struct error err;
    uint64_t id = 0;

    if (!companion_unsubscribe(app->companion, slice_of(filter, len), &id, &err))
        return luaL_error(L, "%s", err.text);
    return push_id(L, app, false, id);
}

/* publish(topic, payload, options): likewise */
static int f_publish(lua_State *L)
{
    struct app *app = app_check(L, 1);
    struct mqtt_message m;
    struct companion_publish sent;
    struct error err;
    struct buf user;

    message_check(L, 2, &m, &user);
    bool ok = companion_publish(app->companion, &m, &sent, &err);
    buf_done(&user);
    if (!ok)
        return luaL_error(L, "%s", err.text);
    return push_id(L, app, true, sent.id);
}

/* outcome(number, publish): nil while there is none; then, once, false and why the connection ended
   first, or true, the reason code, its name and what the broker said beside it */
static int f_outcome(lua_State *L)
{
    struct app *app = app_check(L, 1);
    struct asked **p = find(app, lua_toboolean(L, 3) != 0, (uint64_t)luaL_checkinteger(L, 2));

    if (*p == NULL)
        return luaL_error(L, "companion: no such request");
    if (!(*p)->done) {
        lua_pushnil(L);
        return 1;
    }
    int results = (*p)->lost ? 2 : 4;
    lua_pushboolean(L, !(*p)->lost);
    if (!(*p)->lost) {
        lua_pushinteger(L, (*p)->reason_code);
        lua_pushstring(L, mqtt_reason_name_in((*p)->publish ? MQTT_TYPE_PUBACK : MQTT_TYPE_SUBACK,
                                              (uint8_t)(*p)->reason_code));
    }
    lua_pushstring(L, (*p)->text);
    remove_asked(p);
    return results;
}

static struct slice check_filter(lua_State *L, int index)
{
    size_t len;
    const char *text = luaL_checklstring(L, index, &len);
    struct slice filter = slice_of(text, len);

    if (!mqtt_topic_filter_valid(filter))
        luaL_error(L, "not a topic filter: \"%s\"", text);
    return filter;
}

/* take(filter): the oldest message that matches, or nil */
static int f_take(lua_State *L)
{
    struct app *app = app_check(L, 1);

    if (!inbox_take(L, &app->inbox, check_filter(L, 2)))
        lua_pushnil(L);
    return 1;
}

/* messages([filter]): all that match, as a list; they stay */
static int f_messages(lua_State *L)
{
    struct app *app = app_check(L, 1);

    inbox_list(L, &app->inbox, lua_isnoneornil(L, 2) ? slice_of(NULL, 0) : check_filter(L, 2));
    return 1;
}

/* connection(): connected, how many connections were lost, reason code and text of the last end,
   client id */
static int f_connection(lua_State *L)
{
    struct app *app = app_check(L, 1);

    lua_pushboolean(L, companion_is_connected(app->companion));
    lua_pushinteger(L, app->losses);
    lua_pushinteger(L, app->lost_code);
    lua_pushstring(L, app->lost_text);
    lua_pushstring(L, app->client_id);
    return 5;
}

const luaL_Reg app_message_functions[] = {
    {"subscribe",   f_subscribe  },
    {"unsubscribe", f_unsubscribe},
    {"publish",     f_publish    },
    {"outcome",     f_outcome    },
    {"take",        f_take       },
    {"messages",    f_messages   },
    {"connection",  f_connection },
    {NULL,          NULL         },
};
