#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <lauxlib.h>
#include <lualib.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "script/lua_json.h"

static int make(void **state)
{
    lua_State *L = luaL_newstate();

    luaL_openlibs(L);
    lua_pushlightuserdata(L, NULL);
    lua_setglobal(L, "null");
    *state = L;
    return 0;
}

static int unmake(void **state)
{
    lua_close(*state);
    return 0;
}

static int check(lua_State *L)
{
    lua_pushlightuserdata(L, lua_json_check(L, 1));
    return 1;
}

/* The value of a Lua expression as JSON text; NULL: refused, and the reason is on the stack. */
static char *convert(lua_State *L, const char *expression)
{
    lua_settop(L, 0);
    lua_pushcfunction(L, check);
    lua_pushfstring(L, "return %s", expression);
    if (luaL_loadstring(L, lua_tostring(L, -1)) != LUA_OK || lua_pcall(L, 0, 1, 0) != LUA_OK)
        fail_msg("%s: %s", expression, lua_tostring(L, -1));
    lua_remove(L, 2);
    if (lua_pcall(L, 1, 1, 0) != LUA_OK)
        return NULL;
    cJSON *json = lua_touserdata(L, -1);
    char *text = cJSON_PrintUnformatted(json);
    cJSON_Delete(json);
    return text;
}

static void values_become_json(void **state)
{
    static const struct {
        const char *expression, *json;
    } cases[] = {
        {"true",                    "true"                         },
        {"null",                    "null"                         },
        {"1.5",                     "1.5"                          },
        {"999999999999999",         "999999999999999"              },
        {"'text \"ü\" \\n'",       "\"text \\\"ü\\\" \\n\""      },
        {"{}",                      "{}"                           },
        {"{1, {2, 3}, 'x', null}",  "[1,[2,3],\"x\",null]"         },
        {"{a = {b = {c = false}}}", "{\"a\":{\"b\":{\"c\":false}}}"},
        {"{a = null}",              "{\"a\":null}"                 },
        {"{{}, {}}",                "[{},{}]"                      },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text = convert(*state, cases[i].expression);
        if (text == NULL)
            fail_msg("%s: %s", cases[i].expression, lua_tostring(*state, -1));
        assert_string_equal(text, cases[i].json);
        free(text);
    }
}

static void what_json_cannot_hold_is_refused(void **state)
{
    static const struct {
        const char *expression, *why;
    } cases[] = {
        {"print",                                             "function"           },
        {"nil",                                               "nil"                },
        {"0/0",                                               "not a finite number"},
        {"{a = {1, 2, math.huge}}",                           "not a finite number"},
        {"1000000000000000",                                  "15 digits"          },
        {"{1, 2, a = 3}",                                     "1…n"              },
        {"{1, nil, 3, nil, 5}",                               "1…n"              },
        {"{[2] = 1}",                                         "1…n"              },
        {"{[1.5] = 1}",                                       "1…n"              },
        {"{a = 1, [true] = 1}",                               "1…n"              },
        {"'a\\0b'",                                           "zero byte"          },
        {"{['a\\0b'] = 1}",                                   "zero byte"          },
        {"'\\xff'",                                           "not UTF-8"          },
        {"{1, {x = {2, coroutine.create(print)}}}",           "thread"             },
        {"(function() local t = {} t.t = t return t end)()",  "nested too deeply"  },
        {"(function() local t = {} t[1] = t return t end)()", "nested too deeply"  },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text = convert(*state, cases[i].expression);
        if (text != NULL)
            fail_msg("%s: became %s", cases[i].expression, text);
        if (strstr(lua_tostring(*state, -1), cases[i].why) == NULL)
            fail_msg("%s: %s", cases[i].expression, lua_tostring(*state, -1));
    }
}

static void metamethods_do_not_run_while_json_is_held(void **state)
{
    char *text = convert(*state, "setmetatable({1, 2}, {__len = error, __index = error})");

    assert_string_equal(text, "[1,2]");
    free(text);
}

static void what_comes_back_is_what_went(void **state)
{
    static const char *const texts[] = {
        "{\"a\":[1,2.5,-3,true,false,null,\"x\"],\"b\":{\"c\":{\"d\":\"ü\"}}}",
        "[[[[[]]]]]",
        "{\"big\":1e300,\"small\":-0.001,\"int\":123456789012}",
        "\"\"",
        "0",
    };
    lua_State *L = *state;

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        cJSON *json = json_parse(slice_str(texts[i]), 16);
        assert_non_null(json);
        lua_settop(L, 0);
        lua_json_push(L, json);
        cJSON *again = lua_json_check(L, 1);
        if (strcmp(texts[i], "[[[[[]]]]]") != 0) /* Lua has no empty array */
            assert_true(json_equal(json, again));
        cJSON_Delete(json);
        cJSON_Delete(again);
    }
    lua_settop(L, 0);
    lua_json_push(L, NULL);
    assert_true(lua_isnil(L, -1));
}

static void whole_numbers_are_integers(void **state)
{
    lua_State *L = *state;
    cJSON *json = json_parse(slice_str("[3,3.5,1e20]"), 4);

    lua_settop(L, 0);
    lua_json_push(L, json);
    cJSON_Delete(json);
    lua_rawgeti(L, 1, 1);
    assert_true(lua_isinteger(L, -1));
    lua_rawgeti(L, 1, 2);
    assert_false(lua_isinteger(L, -1));
    lua_rawgeti(L, 1, 3);
    assert_false(lua_isinteger(L, -1));
    assert_true(lua_tonumber(L, -1) > 9e19);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(values_become_json, make, unmake),
        cmocka_unit_test_setup_teardown(what_json_cannot_hold_is_refused, make, unmake),
        cmocka_unit_test_setup_teardown(metamethods_do_not_run_while_json_is_held, make, unmake),
        cmocka_unit_test_setup_teardown(what_comes_back_is_what_went, make, unmake),
        cmocka_unit_test_setup_teardown(whole_numbers_are_integers, make, unmake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
