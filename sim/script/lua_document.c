#include "script/lua_document.h"

#include <lauxlib.h>
#include <stdlib.h>

#include "base/cbor.h"
#include "base/json.h"
#include "fleetwise/can.h"
#include "fleetwise/codec.h"
#include "fleetwise/compress.h"
#include "script/lua_json.h"
#include "script/runtime.h"

static int push_json(lua_State *L)
{
    lua_json_push(L, lua_touserdata(L, 1));
    return 1;
}

static int push_bytes(lua_State *L)
{
    const struct slice *bytes = lua_touserdata(L, 1);

    lua_pushlstring(L, (const char *)bytes->data, bytes->len);
    return 1;
}

/* Bytes that were made; frees them. */
static int push_made(lua_State *L, uint8_t *bytes, size_t len)
{
    const struct slice all = slice_of(bytes, len);

    lua_pushcfunction(L, push_bytes);
    lua_pushlightuserdata(L, (void *)(uintptr_t)&all);
    int status = lua_pcall(L, 1, 1, 0);
    free(bytes);
    return status == LUA_OK ? 1 : lua_error(L);
}

/* The value of a document that was read; nil and what it is not if it is none. Takes it. */
static int push_document(lua_State *L, cJSON *document, const char *not_one)
{
    if (document == NULL) {
        lua_pushnil(L);
        lua_pushstring(L, not_one);
        return 2;
    }
    lua_pushcfunction(L, push_json);
    lua_pushlightuserdata(L, document);
    int status = lua_pcall(L, 1, 1, 0);
    cJSON_Delete(document);
    return status == LUA_OK ? 1 : lua_error(L);
}

static struct slice text_arg(lua_State *L)
{
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);

    return slice_of(text, len);
}

/* to_json(value) */
static int f_to_json(lua_State *L)
{
    cJSON *json = lua_json_check(L, 1);
    char *text = cJSON_PrintUnformatted(json);

    cJSON_Delete(json);
    script_push_released(L, text, cJSON_free);
    return 1;
}

/* from_json(text): its value; nil and what is wrong, if it is not JSON */
static int f_from_json(lua_State *L)
{
    return push_document(L, json_parse(text_arg(L), LUA_JSON_DEPTH_MAX), "not JSON");
}

/* to_cbor(value) */
static int f_to_cbor(lua_State *L)
{
    cJSON *document = lua_json_check(L, 1);
    size_t len = 0;
    uint8_t *bytes = cbor_write(document, &len);

    cJSON_Delete(document);
    return bytes != NULL ? push_made(L, bytes, len) : luaL_error(L, "not enough memory");
}

/* from_cbor(bytes): likewise */
static int f_from_cbor(lua_State *L)
{
    return push_document(L, cbor_parse(text_arg(L), LUA_JSON_DEPTH_MAX),
                         "not CBOR that JSON could say, too");
}

/* to_fleetwise(value, message) */
static int f_to_fleetwise(lua_State *L)
{
    const char *message = luaL_checkstring(L, 2);
    cJSON *document = lua_json_check(L, 1);
    size_t len = 0;
    struct error err;
    uint8_t *bytes = fleetwise_encode(message, document, &len, &err);

    cJSON_Delete(document);
    return bytes != NULL ? push_made(L, bytes, len) : luaL_error(L, "FleetWise: %s", err.text);
}

/* from_fleetwise(bytes, message): its value; nil and what is wrong, if it is none */
static int f_from_fleetwise(lua_State *L)
{
    return push_document(L, fleetwise_decode(luaL_checkstring(L, 2), text_arg(L)),
                         "no such message of FleetWise");
}

static int push_why(lua_State *L, const struct error *err)
{
    lua_pushnil(L);
    lua_pushstring(L, err->text);
    return 2;
}

/* to_snappy(bytes) */
static int f_to_snappy(lua_State *L)
{
    size_t len = 0;
    uint8_t *bytes = fleetwise_compress(text_arg(L), &len);

    return bytes != NULL ? push_made(L, bytes, len) : luaL_error(L, "not enough memory");
}

/* from_snappy(bytes): what they are compressed of; nil and why not */
static int f_from_snappy(lua_State *L)
{
    size_t len = 0;
    struct error err;
    uint8_t *bytes = fleetwise_uncompress(text_arg(L), &len, &err);

    if (bytes != NULL)
        return push_made(L, bytes, len);
    return push_why(L, &err);
}

/* The rule of a CAN signal at `index`, for a frame of that many bytes. */
static bool can_rule_arg(lua_State *L, int index, size_t frame_len, struct can_rule *ret,
                         struct error *err)
{
    cJSON *rule = lua_json_check(L, index);
    bool ok = can_rule_read(rule, ret, err) && can_rule_fits(ret, frame_len, err);

    cJSON_Delete(rule);
    return ok;
}

/* from_can(frame, rule): the signal's value; nil and why not, if the rule is none for the frame */
static int f_from_can(lua_State *L)
{
    const struct slice frame = text_arg(L);
    struct can_rule rule;
    struct error err;

    if (!can_rule_arg(L, 2, frame.len, &rule, &err))
        return push_why(L, &err);
    lua_pushnumber(L, can_decode(frame.data, &rule));
    return 1;
}

/* to_can(frame, rule, value): the frame with that value; likewise */
static int f_to_can(lua_State *L)
{
    const struct slice frame = text_arg(L);
    const double value = luaL_checknumber(L, 3);
    struct can_rule rule;
    struct error err;
    uint8_t bytes[CAN_FRAME_MAX];

    if (!can_rule_arg(L, 2, frame.len, &rule, &err))
        return push_why(L, &err);
    for (size_t i = 0; i < frame.len; i++)
        bytes[i] = frame.data[i];
    can_encode(bytes, &rule, value);
    lua_pushlstring(L, (const char *)bytes, frame.len);
    return 1;
}

static const luaL_Reg functions[] = {
    {"to_json",        f_to_json       },
    {"from_json",      f_from_json     },
    {"to_cbor",        f_to_cbor       },
    {"from_cbor",      f_from_cbor     },
    {"to_fleetwise",   f_to_fleetwise  },
    {"from_fleetwise", f_from_fleetwise},
    {"to_snappy",      f_to_snappy     },
    {"from_snappy",    f_from_snappy   },
    {"to_can",         f_to_can        },
    {"from_can",       f_from_can      },
    {NULL,             NULL            },
};

void lua_document_open(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
