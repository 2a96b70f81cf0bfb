#include "script/lua_json.h"

#include <lauxlib.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/xmem.h"

void lua_json_push(lua_State *L, const cJSON *json)
{
    luaL_checkstack(L, 4, "JSON nested too deeply");
    if (json == NULL) {
        lua_pushnil(L);
    } else if (cJSON_IsBool(json)) {
        lua_pushboolean(L, cJSON_IsTrue(json));
    } else if (cJSON_IsNumber(json)) {
        double d = json->valuedouble;
        if (floor(d) == d && fabs(d) < 0x1p53)
            lua_pushinteger(L, (lua_Integer)d);
        else
            lua_pushnumber(L, d);
    } else if (cJSON_IsString(json)) {
        lua_pushstring(L, json->valuestring);
    } else if (cJSON_IsArray(json)) {
        lua_newtable(L);
        lua_Integer i = 0;
        for (const cJSON *item = json->child; item != NULL; item = item->next) {
            lua_json_push(L, item);
            lua_rawseti(L, -2, ++i);
        }
    } else if (cJSON_IsObject(json)) {
        lua_newtable(L);
        for (const cJSON *item = json->child; item != NULL; item = item->next) {
            lua_json_push(L, item);
            lua_setfield(L, -2, item->string);
        }
    } else {
        lua_pushlightuserdata(L, NULL);
    }
}

#define KEYS_TEXT "a table needs either keys 1…n without gaps, or names"

static cJSON *convert(lua_State *L, int index, int depth, const char **why);

static bool text_ok(lua_State *L, int index, const char **why)
{
    size_t len;
    const char *text = lua_tolstring(L, index, &len);

    if (memchr(text, '\0', len) != NULL)
        *why = "a string with a zero byte";
    else if (!json_is_utf8(slice_of(text, len)))
        *why = "a string that is not UTF-8";
    else
        return true;
    return false;
}

/* Every key must be one of 1…n, or something would be left out without a word. */
static bool is_sequence(lua_State *L, int index, lua_Integer n)
{
    lua_Integer keys = 0;

    lua_pushnil(L);
    while (lua_next(L, index) != 0) {
        keys++;
        lua_pop(L, 1);
    }
    return keys == n;
}

static bool convert_array(lua_State *L, int index, int depth, cJSON *array, const char **why)
{
    lua_Integer n = (lua_Integer)lua_rawlen(L, index);

    if (!is_sequence(L, index, n)) {
        *why = KEYS_TEXT;
        return false;
    }
    for (lua_Integer i = 1; i <= n; i++) {
        lua_rawgeti(L, index, i);
        cJSON *item = convert(L, lua_gettop(L), depth + 1, why);
        lua_pop(L, 1);
        if (item == NULL)
            return false;
        cJSON_AddItemToArray(array, item);
    }
    return true;
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(cJSON *const *)a)->string, (*(cJSON *const *)b)->string);
}

/* Members lie by name: Lua's own order differs from run to run. */
static void sort_members(cJSON *object)
{
    size_t count = (size_t)cJSON_GetArraySize(object), i = 0;

    if (count < 2)
        return;
    cJSON **members = xcalloc(count, sizeof(cJSON *));
    for (cJSON *m = object->child; m != NULL; m = m->next)
        members[i++] = m;
    qsort(members, count, sizeof(cJSON *), by_name);
    for (i = 0; i < count; i++) {
        members[i]->next = i + 1 < count ? members[i + 1] : NULL;
        members[i]->prev = members[i > 0 ? i - 1 : count - 1]; /* the first one's is the last */
    }
    object->child = members[0];
    free(members);
}

static bool convert_object(lua_State *L, int index, int depth, cJSON *object, const char **why)
{
    lua_pushnil(L);
    while (lua_next(L, index) != 0) {
        if (lua_type(L, -2) != LUA_TSTRING) {
            *why = KEYS_TEXT;
            return false;
        }
        if (!text_ok(L, -2, why))
            return false;
        cJSON *item = convert(L, lua_gettop(L), depth + 1, why);
        if (item == NULL)
            return false;
        cJSON_AddItemToObject(object, lua_tostring(L, -2), item);
        lua_pop(L, 1);
    }
    sort_members(object);
    return true;
}

static cJSON *convert_table(lua_State *L, int index, int depth, const char **why)
{
    if (depth > LUA_JSON_DEPTH_MAX || !lua_checkstack(L, 6)) {
        *why = "nested too deeply";
        return NULL;
    }
    int top = lua_gettop(L);
    bool is_array = lua_rawgeti(L, index, 1) != LUA_TNIL;
    lua_pop(L, 1);
    cJSON *json = is_array ? cJSON_CreateArray() : cJSON_CreateObject();
    bool ok = is_array ? convert_array(L, index, depth, json, why)
                       : convert_object(L, index, depth, json, why);
    lua_settop(L, top);
    if (!ok) {
        cJSON_Delete(json);
        return NULL;
    }
    return json;
}

static cJSON *convert_number(lua_State *L, int index, const char **why)
{
    double d = lua_tonumber(L, index);

    if (!isfinite(d)) {
        *why = "not a finite number";
        return NULL;
    }
    if (lua_isinteger(L, index) && fabs(d) >= 1e15) {
        *why = "an integer of more than 15 digits, which would be rounded";
        return NULL;
    }
    return cJSON_CreateNumber(d);
}

static cJSON *convert(lua_State *L, int index, int depth, const char **why)
{
    switch (lua_type(L, index)) {
    case LUA_TBOOLEAN:
        return cJSON_CreateBool(lua_toboolean(L, index));
    case LUA_TNUMBER:
        return convert_number(L, index, why);
    case LUA_TSTRING:
        return text_ok(L, index, why) ? cJSON_CreateString(lua_tostring(L, index)) : NULL;
    case LUA_TTABLE:
        return convert_table(L, index, depth, why);
    case LUA_TLIGHTUSERDATA:
        return cJSON_CreateNull();
    default:
        *why = luaL_typename(L, index);
        return NULL;
    }
}

cJSON *lua_json_check(lua_State *L, int index)
{
    const char *why = "out of memory";
    cJSON *json = convert(L, lua_absindex(L, index), 0, &why);

    if (json == NULL)
        luaL_error(L, "this value cannot be JSON: %s", why);
    return json;
}
