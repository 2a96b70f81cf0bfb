#include "script/car_shadows.h"

#include <lauxlib.h>
#include <stdio.h>

#include "fleet/vehicle.h"
#include "script/car.h"
#include "script/runtime.h"

/* A wish that has more levels names no signal there. */
#define LEVELS_MAX 5
#define PATH_SIZE  (LEVELS_MAX * 61 + 1)

static const struct signal_schema *schema_of(lua_State *L)
{
    return car_check(L, 1)->vehicle->tcu->signals.schema;
}

/* car_shadows(car): the names of its named shadows */
static int f_car_shadows(lua_State *L)
{
    const struct signal_schema *schema = schema_of(L);
    size_t count = signal_schema_shadow_count(schema);

    lua_createtable(L, (int)count - 1, 0);
    for (size_t i = 1; i < count; i++) {
        lua_pushstring(L, signal_schema_shadow_name(schema, i));
        lua_rawseti(L, -2, (lua_Integer)i);
    }
    return 1;
}

/* shadow_versions(car): by name, the last version that it has seen of each named shadow */
static int f_shadow_versions(lua_State *L)
{
    const struct tcu *tcu = car_check(L, 1)->vehicle->tcu;
    const struct signal_schema *schema = tcu->signals.schema;

    lua_newtable(L);
    for (size_t i = 1; i < signal_schema_shadow_count(schema); i++) {
        lua_pushinteger(L, (lua_Integer)tcu_shadow_version(tcu, i));
        lua_setfield(L, -2, signal_schema_shadow_name(schema, i));
    }
    return 1;
}

/* ---- where a wish goes ---- */

/* The first signal of each shadow, by its path, that the wish names; NULL: none. */
struct place {
    const struct signal_schema *schema;
    const struct signal_def *first[SIGNAL_SHADOWS_MAX];
};

static void note_signal(struct place *p, const struct signal_def *def)
{
    const struct signal_def **first = &p->first[def->shadow_slot];

    if (*first == NULL || strcmp(def->path, (*first)->path) < 0)
        *first = def;
}

/* The table on top is what is wished at that path. */
static void look(lua_State *L, struct place *p, const char *path, int level)
{
    char longer[PATH_SIZE];

    luaL_checkstack(L, 4, "a wish of too many levels");
    for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING)
            continue;
        int len = snprintf(longer, sizeof longer, "%s%s%s", path, path[0] != '\0' ? "." : "",
                           lua_tostring(L, -2));
        if (len < 0 || (size_t)len >= sizeof longer)
            continue;
        int index = signal_schema_find(p->schema, slice_str(longer));
        if (index >= 0)
            note_signal(p, signal_schema_def(p->schema, (size_t)index));
        else if (lua_istable(L, -1) && level < LEVELS_MAX)
            look(L, p, longer, level + 1);
    }
}

static const char *shadow_text(lua_State *L, const struct signal_def *def)
{
    return def->shadow != NULL ? lua_pushfstring(L, "the shadow \"%s\"", def->shadow)
                               : "the classic shadow";
}

/* shadow_of_wish(car, state): the name of the shadow in which all signals live that it names, nil
   if that is the classic one; raises if they live in several */
static int f_shadow_of_wish(lua_State *L)
{
    struct place p = {.schema = schema_of(L)};
    const struct signal_def *one = NULL;

    lua_settop(L, 2);
    if (signal_schema_shadow_count(p.schema) == 1 || !lua_istable(L, 2))
        return 0;
    look(L, &p, "", 1);
    for (size_t i = 0; i < SIGNAL_SHADOWS_MAX; i++) {
        const struct signal_def *other = p.first[i];
        if (one != NULL && other != NULL)
            return script_raise(L,
                                "app:desire: %s lives in %s, %s in %s: one wish goes to one "
                                "shadow, so desire them one by one",
                                one->path, shadow_text(L, one), other->path, shadow_text(L, other));
        one = one != NULL ? one : other;
    }
    if (one == NULL || one->shadow == NULL)
        return 0;
    lua_pushstring(L, one->shadow);
    return 1;
}

static const luaL_Reg functions[] = {
    {"car_shadows",     f_car_shadows    },
    {"shadow_versions", f_shadow_versions},
    {"shadow_of_wish",  f_shadow_of_wish },
    {NULL,              NULL             }
};

void car_shadows_open(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
