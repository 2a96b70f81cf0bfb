#include "script/witness.h"

#include <cjson/cJSON.h>
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"
#include "fleet/simulation.h"
#include "metrics/recorder.h"
#include "script/app_core.h"

/* Cars looked at before the loop looks after the others. */
#define SETTLE_BATCH 200

/* ---- what is found ---- */

void witness_violated(struct car *car, const struct oracle_violation *violation)
{
    struct script_owner *owner = car->owner;
    const struct vehicle *v = car->vehicle;
    struct loop *loop = car->script->sim->loop;

    if (owner->violations == NULL || v == NULL)
        return;
    usec_t at = loop_is_virtual(loop) ? loop_simulated_now(loop) : clock_now() - loop->started;
    bool expected =
        violations_add(owner->violations, violation, v->identity.thing_name, v->identity.index, at);
    recorder_count_by(car->script->sim->recorder,
                      expected ? "oracle.expected" : "oracle.violations", violation->name, 1);
    if (!expected && owner->violated != NULL)
        owner->violated(owner, violation);
}

/* ---- looking at the end ---- */

static char *print(const cJSON *section)
{
    return section != NULL ? cJSON_PrintUnformatted(section) : xstrdup("{}");
}

static void compare_view(struct oracle_car *oracle, const struct app *app, const struct view *view)
{
    const struct twin *twin = &view->twin;

    if (!view->watching || !twin->known || !twin->exists ||
        (uint64_t)twin->version != oracle_car_version(oracle, view->name))
        return;
    char *desired = print(twin->desired), *reported = print(twin->reported);
    const struct oracle_idea idea = {.who = app->client_id,
                                     .version = (uint64_t)twin->version,
                                     .desired = slice_str(desired),
                                     .reported = slice_str(reported)};
    oracle_car_compare(oracle, view->name, &idea);
    free(desired);
    free(reported);
}

/* Of all its shadows. */
static void compare_views(const struct vehicle *v, const struct app *app)
{
    const char *thing = v->identity.thing_name;

    for (const struct view *view = app_first_view(app, thing); view != NULL; view = view->next)
        if (strcmp(view->thing, thing) == 0)
            compare_view(v->oracle, app, view);
}

static bool settle(const struct car *car)
{
    struct vehicle *v = car->vehicle;

    for (const struct app *app = car->script->apps; app != NULL; app = app->next)
        if (app->owner == car->owner)
            compare_views(v, app);
    return oracle_car_settle(v->oracle) == ORACLE_CALM;
}

size_t witness_settle(struct script *script, const struct script_owner *owner, size_t from,
                      size_t most, size_t *restless)
{
    size_t place = 0;

    if (script->sim->oracle == NULL)
        return 0;
    for (const struct car *car = script->cars; car != NULL; car = car->next) {
        if (car->owner != owner || car->vehicle->oracle == NULL || place++ < from)
            continue;
        if (place > from + most)
            return place - 1;
        *restless += !settle(car);
    }
    return 0;
}

/* ---- for the prelude ---- */

static struct oracle *oracle_of(lua_State *L)
{
    return script_of(L)->sim->oracle;
}

static int check_rule(lua_State *L, int index)
{
    int rule = oracle_rule_find(luaL_checkstring(L, index));

    luaL_argcheck(L, rule >= 0, index, "no rule of that name (docs/oracle.md lists them)");
    return rule;
}

/* oracle_rules(): all their names; oracle_sabotages(): likewise */
static int f_oracle_rules(lua_State *L)
{
    lua_createtable(L, ORACLE_RULE_COUNT, 0);
    for (int i = 0; i < ORACLE_RULE_COUNT; i++) {
        lua_pushstring(L, oracle_rule_name((enum oracle_rule)i));
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

static int f_oracle_sabotages(lua_State *L)
{
    lua_createtable(L, ORACLE_SABOTAGE_COUNT, 0);
    for (int i = 0; i < ORACLE_SABOTAGE_COUNT; i++) {
        lua_pushstring(L, oracle_sabotage_name((enum oracle_sabotage)i));
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

/* oracle_on([rule]): is there an oracle, and does it look at the rule? */
static int f_oracle_on(lua_State *L)
{
    struct oracle *o = oracle_of(L);
    bool on = o != NULL;

    if (on && !lua_isnoneornil(L, 1))
        on = oracle_rule_on(o, (enum oracle_rule)check_rule(L, 1));
    lua_pushboolean(L, on);
    return 1;
}

/* oracle_quiet(): seconds */
static int f_oracle_quiet(lua_State *L)
{
    struct oracle *o = oracle_of(L);

    lua_pushnumber(L, o != NULL ? (double)oracle_quiet(o) / USEC_PER_SEC : 0);
    return 1;
}

static struct violations *violations_of(lua_State *L)
{
    return script_owner_current(L, "a test")->violations;
}

/* expect_violation(rule, count): exactly so many; nil: at least one */
static int f_expect_violation(lua_State *L)
{
    enum oracle_rule rule = (enum oracle_rule)check_rule(L, 1);
    lua_Integer count = luaL_optinteger(L, 2, -1);
    struct violations *v = violations_of(L);

    if (v != NULL)
        violations_expect(v, rule, count);
    return 0;
}

/* violations(rule): how many there have been */
static int f_violations(lua_State *L)
{
    enum oracle_rule rule = (enum oracle_rule)check_rule(L, 1);
    const struct violations *v = violations_of(L);

    lua_pushinteger(L, v != NULL ? (lua_Integer)v->rules[rule].seen : 0);
    return 1;
}

/* violations_met(): has all that is expected been seen? */
static int f_violations_met(lua_State *L)
{
    const struct violations *v = violations_of(L);

    lua_pushboolean(L, v == NULL || violations_met(v));
    return 1;
}

/* sabotage(car, kind) */
static int f_sabotage(lua_State *L)
{
    struct car *car = car_check(L, 1);
    const char *kind = luaL_checkstring(L, 2);

    for (int i = 0; i < ORACLE_SABOTAGE_COUNT; i++) {
        if (strcmp(kind, oracle_sabotage_name((enum oracle_sabotage)i)) != 0)
            continue;
        if (car->vehicle->oracle != NULL)
            oracle_car_sabotage(car->vehicle->oracle, (enum oracle_sabotage)i);
        return 0;
    }
    return luaL_argerror(L, 2, "no sabotage of that name");
}

/* oracle_settle(from): where to go on, or nil; and how many cars may come to agree yet */
static int f_oracle_settle(lua_State *L)
{
    struct script_owner *owner = script_owner_current(L, "a test");
    size_t restless = 0;

    size_t next = witness_settle(owner->script, owner, (size_t)luaL_optinteger(L, 1, 0),
                                 SETTLE_BATCH, &restless);
    if (next != 0)
        lua_pushinteger(L, (lua_Integer)next);
    else
        lua_pushnil(L);
    lua_pushinteger(L, (lua_Integer)restless);
    return 2;
}

static const luaL_Reg functions[] = {
    {"oracle_rules",     f_oracle_rules    },
    {"oracle_sabotages", f_oracle_sabotages},
    {"oracle_on",        f_oracle_on       },
    {"oracle_quiet",     f_oracle_quiet    },
    {"expect_violation", f_expect_violation},
    {"violations",       f_violations      },
    {"violations_met",   f_violations_met  },
    {"sabotage",         f_sabotage        },
    {"oracle_settle",    f_oracle_settle   },
    {NULL,               NULL              }
};

void witness_open(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
