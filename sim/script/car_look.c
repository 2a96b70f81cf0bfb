#include "script/car_look.h"

#include <lauxlib.h>
#include <math.h>

#include "fleet/vehicle.h"
#include "script/prelude.h"
#include "script/runtime.h"

bool car_look_push(struct car *car)
{
    struct script *script = car->owner->script;
    lua_State *L = script->L;

    script->uncapped++;
    script_push_prelude(L, "picture_of");
    lua_rawgeti(L, LUA_REGISTRYINDEX, car->ref);
    lua_rawgeti(L, LUA_REGISTRYINDEX, car->ref);
    lua_getiuservalue(L, -1, 1); /* its model */
    lua_remove(L, -2);
    bool ok = lua_pcall(L, 2, 4, 0) == LUA_OK;
    script->uncapped--;
    return ok;
}

void car_look_fields(lua_State *L, int table, struct car_picture *ret)
{
    *ret = (struct car_picture){0};
    for (size_t i = 0; i < picture_field_count(); i++) {
        const struct picture_field *f = &picture_fields[i];
        if (lua_getfield(L, table, f->name) == LUA_TNUMBER)
            picture_set(ret, f, (float)lua_tonumber(L, -1));
        lua_pop(L, 1);
    }
}

/* A text of the table on top of the stack. */
static void add_text(cJSON *to, lua_State *L, const char *name, const char *fallback)
{
    bool there = lua_istable(L, -1) && lua_getfield(L, -1, name) == LUA_TSTRING;

    cJSON_AddStringToObject(to, name, there ? lua_tostring(L, -1) : fallback);
}

cJSON *car_look_kind(const struct vehicle *v)
{
    const struct car *car = v->ctx;
    lua_State *L = car->script->L;
    int top = lua_gettop(L);
    cJSON *kind = cJSON_CreateObject();

    lua_rawgeti(L, LUA_REGISTRYINDEX, car->ref);
    lua_getiuservalue(L, -1, 1); /* its model */
    int model = lua_gettop(L);
    add_text(kind, L, "title", signal_schema_model(v->tcu->signals.schema));
    lua_settop(L, model);
    lua_getfield(L, -1, "picture");
    add_text(kind, L, "body", picture_body_name(PICTURE_HATCH));
    lua_settop(L, top);
    return kind;
}

cJSON *car_look_json(struct car *car)
{
    lua_State *L = car->owner->script->L;
    int top = lua_gettop(L);
    struct car_picture picture;
    cJSON *look = NULL;

    if (car_look_push(car)) {
        look = cJSON_CreateObject();
        cJSON_AddStringToObject(look, "body", luaL_tolstring(L, top + 3, NULL));
        car_look_fields(L, top + 1, &picture);
        for (size_t i = 0; i < picture_field_count(); i++) {
            double value = round((double)picture_get(&picture, &picture_fields[i]) * 1e3) / 1e3;
            if (value > 0 || value < 0)
                cJSON_AddNumberToObject(look, picture_fields[i].name, value);
        }
    }
    lua_settop(L, top);
    return look;
}
