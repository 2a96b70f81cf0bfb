#include "fleet/simulation.h"
#include "script/app_core.h"
#include "script/car.h"

/* The script's main state, if anybody listens to that; NULL: leave it. Cars of other scenarios,
   which an app that watches all sees too, are nobody's business here. Ends with tell(). */
static lua_State *begin(struct app *app, enum event_kind kind, const char *thing)
{
    lua_State *L = app->script->L;

    if (!event_wanted(&app->events, kind))
        return NULL;
    const struct vehicle *v =
        thing != NULL ? simulation_find(app->script->sim, slice_str(thing)) : NULL;
    const struct car *car = v != NULL ? v->ctx : NULL;
    if (car != NULL && car->owner != app->owner)
        return NULL;
    app->script->uncapped++;
    luaL_checkstack(L, 10, NULL);
    lua_newtable(L);
    if (thing != NULL)
        event_text(L, "thing", thing);
    if (car != NULL) {
        lua_rawgeti(L, LUA_REGISTRYINDEX, car->ref);
        lua_setfield(L, -2, "car");
    }
    return L;
}

static void tell(struct app *app, enum event_kind kind, usec_t at, size_t size)
{
    event_tell(app->script, &app->events, kind, at, 2 * size);
    app->script->uncapped--;
}

static void add_payload(lua_State *L, struct slice payload)
{
    event_slice(L, "payload", payload);
    event_json(L, payload);
}

void app_tell_shadow(struct app *app, const struct companion_shadow *e)
{
    static const enum event_kind kinds[] = {
        [COMPANION_OUTCOME_ACCEPTED] = EVENT_ACCEPTED,
        [COMPANION_OUTCOME_REJECTED] = EVENT_REJECTED,
        [COMPANION_OUTCOME_DELTA] = EVENT_DELTA,
        [COMPANION_OUTCOME_DOCUMENTS] = EVENT_DOCUMENTS,
    };
    enum event_kind kind = kinds[e->outcome];
    lua_State *L = begin(app, kind, e->thing);

    if (L == NULL)
        return;
    event_text(L, "verb", companion_verb_name(e->verb));
    if (e->name != NULL)
        event_text(L, "name", e->name);
    if (e->client_token != NULL)
        event_text(L, "token", e->client_token);
    if (e->version >= 0)
        event_integer(L, "version", e->version);
    if (e->outcome == COMPANION_OUTCOME_REJECTED)
        event_integer(L, "code", e->code);
    add_payload(L, e->payload);
    tell(app, kind, e->received_at, e->payload.len);
}

void app_tell_response(struct app *app, const struct companion_response *e)
{
    lua_State *L = begin(app, EVENT_RESPONSE, e->thing);

    if (L == NULL)
        return;
    if (e->request_id != NULL)
        event_text(L, "token", e->request_id);
    add_payload(L, e->payload);
    tell(app, EVENT_RESPONSE, e->received_at, e->payload.len);
}

void app_tell_presence(struct app *app, const struct companion_presence *e)
{
    lua_State *L = begin(app, EVENT_PRESENCE, e->client_id);

    if (L == NULL)
        return;
    event_boolean(L, "connected", e->connected);
    event_integer(L, "version", e->version);
    event_text(L, "session_id", e->session_id);
    event_text(L, "reason", e->reason);
    event_boolean(L, "client_initiated", e->client_initiated);
    tell(app, EVENT_PRESENCE, e->received_at, 0);
}

void app_tell_message(struct app *app, const struct mqtt_message *m, usec_t received_at)
{
    lua_State *L = begin(app, EVENT_MESSAGE, NULL);

    if (L == NULL)
        return;
    lua_pop(L, 1);
    message_push(L, m);
    event_json(L, m->payload);
    tell(app, EVENT_MESSAGE, received_at, m->payload.len);
}
