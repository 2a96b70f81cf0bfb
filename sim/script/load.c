#include "script/load.h"

#include <inttypes.h>
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"
#include "fleet/simulation.h"
#include "load/flags.h"
#include "load/machine.h"
#include "load/plan.h"
#include "radio/radio_profile.h"
#include "script/app.h"
#include "script/car.h"
#include "script/lua_json.h"

#define LOAD_TYPE "fleetsim.load"

/* The userdata; anchored until its scenario ends. */
struct script_load {
    struct script *script;
    struct script_owner *owner;
    struct load *load; /* NULL: gone */
    struct search_run search;
    bool searches;
    struct script_load *next;
    int ref;
};

static struct load *check(lua_State *L)
{
    struct script_load *s = luaL_checkudata(L, 1, LOAD_TYPE);

    if (s->load == NULL)
        luaL_error(L, "this load has ended");
    return s->load;
}

/* ---- the command line's word ---- */

static void set_number(lua_State *L, const char *name, double value)
{
    if (value < 0)
        return;
    lua_pushnumber(L, value);
    lua_setfield(L, -2, name);
}

static void set_text(lua_State *L, const char *name, const char *text)
{
    if (text == NULL)
        return;
    lua_pushstring(L, text);
    lua_setfield(L, -2, name);
}

static void set_mix(lua_State *L, const char *name, const struct mix *mix)
{
    if (mix->count == 0)
        return;
    lua_createtable(L, 0, (int)mix->count);
    for (size_t i = 0; i < mix->count; i++)
        set_number(L, mix->parts[i].name, mix->parts[i].share);
    lua_setfield(L, -2, name);
}

/* As a profile would say it. */
static void set_ramp(lua_State *L, const struct load_ramp *ramp)
{
    double seconds = (double)ramp->time / 1e6;

    if (ramp->shape == LOAD_RAMP_AUTO)
        return;
    lua_newtable(L);
    set_number(L,
               ramp->shape == LOAD_RAMP_STEPS    ? "every"
               : ramp->shape == LOAD_RAMP_SPREAD ? "spread"
                                                 : "linear",
               seconds);
    if (ramp->shape == LOAD_RAMP_STEPS)
        set_number(L, "steps", ramp->steps);
    lua_setfield(L, -2, "ramp");
}

static void set_event(lua_State *L, const struct load_event *event)
{
    /* ORDER LOAD_EVENT */
    static const char *const names[LOAD_EVENT_KIND_COUNT] = {"", "burst", "storm", "outage"};

    if (event->kind == LOAD_EVENT_NONE)
        return;
    lua_newtable(L);
    set_number(L, names[event->kind], event->amount);
    set_number(L, "time", (double)event->time / 1e6);
    lua_setfield(L, -2, "event");
}

static void set_search(lua_State *L, const struct load_search *search)
{
    if (!search->wanted)
        return;
    lua_newtable(L);
    set_text(L, "what", search_what_name(search->what));
    set_number(L, "from", search->from);
    set_number(L, "most", search->most);
    set_number(L, "step", search->step);
    set_number(L, "settle", search->settle);
    lua_setfield(L, -2, "search");
}

/* load_flags(): what the command line says; nil: this is no `fleetsim load` */
static int f_flags(lua_State *L)
{
    const struct load_host *host = script_of(L)->load_host;

    if (host == NULL)
        return 0;
    const struct load_flags *f = host->flags;
    lua_newtable(L);
    set_mix(L, "models", &f->models);
    set_mix(L, "kinds", &f->kinds);
    set_ramp(L, &f->ramp);
    set_event(L, &f->event);
    set_search(L, &f->search);
    set_number(L, "warm_up", f->warm_up);
    set_number(L, "duration", f->duration);
    set_number(L, "commands", f->commands);
    set_number(L, "telemetry", f->telemetry);
    set_number(L, "telemetry_per_car", f->telemetry_per_car);
    set_number(L, "telemetry_size", (double)f->telemetry_size);
    set_number(L, "probes", (double)f->probes);
    set_number(L, "probe_rate", f->probe_rate);
    set_number(L, "apps", (double)f->apps);
    set_number(L, "in_flight", (double)f->in_flight);
    set_number(L, "patience", f->patience);
    set_text(L, "process", f->process);
    set_text(L, "way", f->way);
    return 1;
}

/* radio_name(): the profile that cars are made with */
static int f_radio_name(lua_State *L)
{
    const struct radio_profile *radio = script_of(L)->sim->radio;

    lua_pushstring(L, radio != NULL ? radio->name : radio_profile_at(0)->name);
    return 1;
}

/* processors(): how many the machine has */
static int f_processors(lua_State *L)
{
    lua_pushinteger(L, machine_processors());
    return 1;
}

/* load_shard(): { first, size, total }, which of the fleet's cars are this process's; nil: all */
static int f_shard(lua_State *L)
{
    const struct script_shard *shard = &script_of(L)->shard;

    if (shard->count == 0)
        return 0;
    lua_newtable(L);
    set_number(L, "first", shard->first);
    set_number(L, "size", shard->size);
    set_number(L, "total", shard->total);
    return 1;
}

/* ---- what is going to be ---- */

static double field(lua_State *L, int table, const char *name)
{
    lua_getfield(L, table, name);
    double value = lua_tonumber(L, -1);
    lua_pop(L, 1);
    return value;
}

static struct load_plan check_plan(lua_State *L, int table)
{
    luaL_checktype(L, table, LUA_TTABLE);
    return (struct load_plan){
        .vehicles = (uint64_t)field(L, table, "vehicles"),
        .apps = (uint64_t)field(L, table, "apps"),
        .ramp_s = field(L, table, "ramp"),
        .warm_up_s = field(L, table, "warm_up"),
        .measured_s = field(L, table, "measured"),
        .connects = field(L, table, "connects"),
        .storm = field(L, table, "storm"),
        .commands = field(L, table, "commands"),
        .telemetry = field(L, table, "telemetry"),
        .telemetry_size = (uint64_t)field(L, table, "telemetry_size"),
        .by_shadow = field(L, table, "by_shadow") > 0,
        .named_shadows = field(L, table, "named_shadows"),
        .named_commands = field(L, table, "named_commands"),
    };
}

/* load_planned(plan, whole): an error if the host will not have it; of a shard's plan, what all do
   together */
static int f_planned(lua_State *L)
{
    const struct load_host *host = script_of(L)->load_host;
    struct load_plan whole, plan = check_plan(L, 1);
    struct error err;

    if (lua_istable(L, 2)) {
        whole = check_plan(L, 2);
        plan.whole = &whole;
    }
    if (host == NULL || host->planned == NULL || host->planned(host->ctx, &plan, &err))
        return 0;
    return luaL_error(L, "%s", err.text);
}

/* ---- making one ---- */

static size_t size_field(lua_State *L, int table, const char *name, lua_Integer low,
                         lua_Integer high)
{
    lua_getfield(L, table, name);
    lua_Integer n = (lua_Integer)luaL_checknumber(L, -1);
    lua_pop(L, 1);
    if (n < low || n > high)
        luaL_error(L, "%s: from %d to %d, not %d", name, (int)low, (int)high, (int)n);
    return (size_t)n;
}

static struct companion_options link_of(const struct script *script)
{
    const struct app_credentials *way = &script->app_credentials;

    return (struct companion_options){
        .uri = way->uri,
        .ca_file = way->ca_file,
        .cert_file = way->cert_file,
        .key_file = way->key_file,
        .insecure = way->insecure,
        .alpn = script->sim->alpn,
        .topics = &script->sim->tcu.topics,
        .mqtt_version = (int)script->sim->tcu.version,
    };
}

/* new_load{apps=n, in_flight=n, probes=bool, way=text, patience=s, telemetry_size=n}: of the
   running scenario, its apps connecting */
static int f_load(lua_State *L)
{
    struct script *script = script_of(L);
    struct script_owner *owner = script_owner_current(L, "a load");
    struct load_options options = {
        .sim = script->sim, .link = link_of(script), .seed = owner->seed};
    struct error err;

    /* Shards that sent at the same moments would be one sender of many. */
    options.seed += script->shard.index;
    luaL_checktype(L, 1, LUA_TTABLE);
    options.apps = size_field(L, 1, "apps", 1, LOAD_APPS_MAX);
    options.in_flight = size_field(L, 1, "in_flight", 1, 100000);
    options.telemetry_size = size_field(L, 1, "telemetry_size", 64, 100000);
    options.patience = (usec_t)size_field(L, 1, "patience", 1, 86400) * USEC_PER_SEC;
    lua_getfield(L, 1, "probes");
    options.probes = lua_toboolean(L, -1) != 0;
    lua_getfield(L, 1, "way");
    if (!load_way_parse(luaL_checkstring(L, -1), &options.way))
        return luaL_error(L, "a command goes by request or by shadow, not by '%s'",
                          lua_tostring(L, -1));
    options.measures = script->load_host != NULL;
    struct script_load *s = lua_newuserdatauv(L, sizeof *s, 0);
    *s = (struct script_load){.script = script, .owner = owner};
    luaL_setmetatable(L, LOAD_TYPE);
    char *name = app_new_client_id(script, owner, "");
    options.name = name;
    s->load = load_new(&options, &err);
    free(name);
    if (s->load == NULL)
        return luaL_error(L, "load: %s", err.text);
    lua_pushvalue(L, -1);
    s->ref = luaL_ref(L, LUA_REGISTRYINDEX);
    s->next = script->running_loads;
    script->running_loads = s;
    if (script->load_host != NULL)
        script->load_host->load = s->load;
    return 1;
}

void load_script_free_all(struct script *script, const struct script_owner *owner)
{
    struct load_host *host = script->load_host;

    for (struct script_load **p = &script->running_loads; *p != NULL;) {
        struct script_load *s = *p;
        if (s->owner != owner) {
            p = &s->next;
            continue;
        }
        *p = s->next;
        load_stop(s->load);
        if (!load_finished(s->load))
            load_finish(s->load); /* somebody has ended it early */
        load_close_books(s->load);
        if (host != NULL && host->load == s->load) {
            host->ended(host->ctx, s->load);
            host->load = NULL;
            host->search = NULL;
        }
        load_free(s->load);
        s->load = NULL;
        luaL_unref(script->L, LUA_REGISTRYINDEX, s->ref);
    }
}

/* ---- methods ---- */

static char *take_json(lua_State *L, int index)
{
    if (lua_isnoneornil(L, index))
        return NULL;
    cJSON *json = lua_json_check(L, index);
    char *text = cJSON_PrintUnformatted(json);
    cJSON_Delete(json);
    return text;
}

/* kind(name, signal, share, first, second) */
static int f_kind(lua_State *L)
{
    struct load *load = check(L);
    struct load_kind kind = {.name = luaL_checkstring(L, 2),
                             .signal = luaL_checkstring(L, 3),
                             .share = luaL_checknumber(L, 4)};

    luaL_checktype(L, 5, LUA_TTABLE);
    char *first = take_json(L, 5);
    char *second = take_json(L, 6);
    kind.first = first;
    kind.second = second;
    bool ok = load_add_kind(load, &kind);
    cJSON_free(first);
    cJSON_free(second);
    return ok ? 0 : luaL_error(L, "more than %d kinds of command", LOAD_KINDS_MAX);
}

/* ready(): are its apps connected; then why not, as text */
static int f_ready(lua_State *L)
{
    const char *trouble;

    lua_pushboolean(L, load_ready(check(L), &trouble));
    lua_pushstring(L, trouble);
    return 2;
}

/* add(car, probe) */
static int f_add(lua_State *L)
{
    struct load *load = check(L);

    load_add_car(load, car_check(L, 2)->vehicle, lua_toboolean(L, 3) != 0);
    return 0;
}

/* cut(car): its connection is gone, without a word */
static int f_cut(lua_State *L)
{
    struct load *load = check(L);

    load_cut(load, car_check(L, 2)->vehicle);
    return 0;
}

static enum load_stream check_stream(lua_State *L, int index)
{
    const char *name = luaL_checkstring(L, index);

    for (unsigned i = 0; i < LOAD_STREAM_COUNT; i++)
        if (strcmp(name, load_stream_name((enum load_stream)i)) == 0)
            return (enum load_stream)i;
    luaL_error(L, "no stream '%s'", name);
    return LOAD_STREAM_COUNT;
}

/* process(stream, "constant" or "poisson") */
static int f_process(lua_State *L)
{
    struct load *load = check(L);
    enum arrivals_process process;

    if (!arrivals_process_parse(luaL_checkstring(L, 3), &process))
        return luaL_error(L, "arrivals are constant or poisson, not '%s'", lua_tostring(L, 3));
    load_set_process(load, check_stream(L, 2), process);
    return 0;
}

/* stream(name, from, to, seconds) */
static int f_stream(lua_State *L)
{
    struct load *load = check(L);
    usec_t length = script_check_seconds(L, 5);

    load_stream(load, check_stream(L, 2), luaL_checknumber(L, 3), luaL_checknumber(L, 4),
                length > 0 ? length : 1);
    return 0;
}

static int f_stop(lua_State *L)
{
    load_stop(check(L));
    return 0;
}

/* open(): commands under way */
static int f_open(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)load_open_commands(check(L)));
    return 1;
}

/* unseen(): telemetry that the probe app is still to see */
static int f_unseen(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)load_unseen(check(L)));
    return 1;
}

/* online(): how many of its cars are */
static int f_online(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)load_online(check(L)));
    return 1;
}

static int f_phase(lua_State *L)
{
    load_begin_phase(check(L), luaL_checkstring(L, 2));
    return 0;
}

static int f_measure(lua_State *L)
{
    load_measure(check(L));
    return 0;
}

static int f_finish(lua_State *L)
{
    load_finish(check(L));
    return 0;
}

/* use(n): commands and telemetry are for the first n cars */
static int f_use(lua_State *L)
{
    struct load *load = check(L);
    lua_Integer n = luaL_checkinteger(L, 2);

    load_use(load, n > 0 ? (size_t)n : 0);
    return 0;
}

/* ---- the search ---- */

static struct search_run *check_search(lua_State *L)
{
    check(L);
    struct script_load *s = lua_touserdata(L, 1);
    if (!s->searches)
        luaL_error(L, "this load searches for nothing");
    return &s->search;
}

/* search(from, most, precision): begins the search that the command line wants */
static int f_search(lua_State *L)
{
    struct load *load = check(L);
    struct script_load *s = lua_touserdata(L, 1);
    struct load_host *host = s->script->load_host;

    if (host == NULL || !host->flags->search.wanted)
        return luaL_error(L, "no search is wanted");
    const struct load_search *wanted = &host->flags->search;
    struct search_run_options options = {
        .what = wanted->what,
        .limit = wanted->limit,
        .budget = host->flags->budget,
        .range = {.from = luaL_checknumber(L, 2),
                  .most = luaL_checknumber(L, 3),
                  .precision = luaL_checknumber(L, 4),
                  .whole = wanted->what == SEARCH_VEHICLES}
    };
    search_run_init(&s->search, load, &options);
    s->searches = true;
    host->search = &s->search;
    return 0;
}

/* next_step(): its value, and whether it has held before; nothing: the search is done */
static int f_next_step(lua_State *L)
{
    double value;
    bool again;

    if (!search_run_next(check_search(L), &value, &again))
        return 0;
    lua_pushnumber(L, value);
    lua_pushboolean(L, again);
    return 2;
}

static int f_measure_step(lua_State *L)
{
    search_run_measure(check_search(L));
    return 0;
}

/* trip(): why the step has to end; nil: it need not */
static int f_trip(lua_State *L)
{
    lua_pushstring(L, search_run_trip(check_search(L)));
    return 1;
}

/* judge_step(tripped): "held", "missed", … */
static int f_judge_step(lua_State *L)
{
    struct search_run *search = check_search(L);

    lua_pushstring(L, search_outcome_name(search_run_judge(search, lua_toboolean(L, 2) != 0)));
    return 1;
}

static const luaL_Reg methods[] = {
    {"kind",         f_kind        },
    {"ready",        f_ready       },
    {"add",          f_add         },
    {"cut",          f_cut         },
    {"process",      f_process     },
    {"stream",       f_stream      },
    {"stop",         f_stop        },
    {"open",         f_open        },
    {"unseen",       f_unseen      },
    {"online",       f_online      },
    {"phase",        f_phase       },
    {"measure",      f_measure     },
    {"finish",       f_finish      },
    {"use",          f_use         },
    {"search",       f_search      },
    {"next_step",    f_next_step   },
    {"measure_step", f_measure_step},
    {"trip",         f_trip        },
    {"judge_step",   f_judge_step  },
    {NULL,           NULL          },
};

static const luaL_Reg functions[] = {
    {"new_load",     f_load      },
    {"load_flags",   f_flags     },
    {"load_shard",   f_shard     },
    {"processors",   f_processors},
    {"load_planned", f_planned   },
    {"radio_name",   f_radio_name},
    {NULL,           NULL        },
};

void load_open(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
    luaL_newmetatable(L, LOAD_TYPE);
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}
