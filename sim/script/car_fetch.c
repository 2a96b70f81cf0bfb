#include "script/car_fetch.h"

#include <lauxlib.h>

#include "fetch/fetch.h"
#include "fetch/fetcher.h"
#include "fleet/simulation.h"
#include "fleet/vehicle_radio.h"
#include "script/car.h"

#define PATIENCE (30 * USEC_PER_SEC)

/* ---- for fetch/ ---- */

static usec_t on_delay(void *ctx, size_t bytes)
{
    const struct car *car = ctx;
    usec_t delay;

    return vehicle_radio_receive(car->vehicle, bytes, &delay) ? delay : FETCH_NO_WAY;
}

static void on_changed(void *ctx)
{
    struct car *car = ctx;

    queue_notify(&car->script->scheduler, &car->changed);
}

static bool on_fence(void *ctx)
{
    (void)ctx;
    return false;
}

static void on_hold(void *ctx, bool on)
{
    struct script *script = ctx;

    if (on)
        wire_hold(&script->downloads);
    else
        wire_release(&script->downloads);
}

static struct fetcher *fetcher_of(struct script *script)
{
    const struct fetcher_options options = {
        .ca_file = script->updates.artifacts_ca, .hold = on_hold, .hold_ctx = script};

    if (script->fetcher == NULL) {
        script->fetcher = fetcher_new(script->sim->loop, &options);
        wire_join(&script->sim->wire, &script->downloads, on_fence, script, false);
    }
    return script->fetcher;
}

/* ---- for the prelude ---- */

/* fetch_start(car, url, from, etag): the file from that byte on, if it is still that one */
static int f_start(lua_State *L)
{
    struct car *car = car_check(L, 1);
    const struct fetch_owner owner = {on_delay, on_changed, car};
    const struct fetch_request request = {.url = luaL_checkstring(L, 2),
                                          .from = (uint64_t)luaL_optinteger(L, 3, 0),
                                          .etag = luaL_optstring(L, 4, NULL),
                                          .patience = PATIENCE};

    car_fetch_stop(car);
    car->fetch = fetch_start(fetcher_of(car->script), &request, &owner);
    return 0;
}

/* fetch_take(car): the next bytes; nil: none yet, or none any more */
static int f_take(lua_State *L)
{
    struct car *car = car_check(L, 1);
    struct slice piece = car->fetch != NULL ? fetch_piece(car->fetch) : slice_of(NULL, 0);

    if (piece.len == 0)
        return 0;
    lua_pushlstring(L, (const char *)piece.data, piece.len);
    fetch_took(car->fetch);
    return 1;
}

static void set_number(lua_State *L, const char *name, uint64_t value)
{
    lua_pushinteger(L, (lua_Integer)value);
    lua_setfield(L, -2, name);
}

static void set_text(lua_State *L, const char *name, const char *value)
{
    lua_pushstring(L, value);
    lua_setfield(L, -2, name);
}

/* fetch_state(car): { ended, status, from, size, etag, why }; nil if there is none */
static int f_state(lua_State *L)
{
    const struct car *car = car_check(L, 1);

    if (car->fetch == NULL)
        return 0;
    const struct fetch_state *s = fetch_look(car->fetch);
    lua_createtable(L, 0, 6);
    set_text(L, "ended", fetch_end_name(s->end));
    set_number(L, "status", s->status);
    set_number(L, "from", s->from);
    if (s->size != UINT64_MAX)
        set_number(L, "size", s->size);
    set_text(L, "etag", s->etag);
    set_text(L, "why", s->why);
    return 1;
}

/* fetch_stop(car) */
static int f_stop(lua_State *L)
{
    car_fetch_stop(car_check(L, 1));
    return 0;
}

void car_fetch_stop(struct car *car)
{
    fetch_free(car->fetch);
    car->fetch = NULL;
}

void car_fetch_close(struct script *script)
{
    fetcher_free(script->fetcher);
    wire_leave(&script->downloads);
    script->fetcher = NULL;
}

void car_fetch_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"fetch_start", f_start},
        {"fetch_take",  f_take },
        {"fetch_state", f_state},
        {"fetch_stop",  f_stop },
        {NULL,          NULL   },
    };

    luaL_setfuncs(L, functions, 0);
}
