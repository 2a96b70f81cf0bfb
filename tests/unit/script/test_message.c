/* Messages between Lua and C, and the inbox. */
#include "rig.h"

#include <lauxlib.h>
#include <lualib.h>

#include "script/message.h"

/* Pushes the values of a Lua list and reads a message from them. */
static int f_check(lua_State *L)
{
    struct mqtt_message m;
    struct buf user;

    message_check(L, 1, &m, &user);
    message_push(L, &m);
    buf_done(&user);
    return 1;
}

static int f_check_filter(lua_State *L)
{
    struct mqtt_filter f;

    message_check_filter(L, 1, lua_toboolean(L, 3) != 0, &f);
    lua_pushfstring(L, "%d %d %d %d %d", f.qos, f.no_local, f.retain_as_published,
                    f.retain_handling, (int)f.identifier);
    return 1;
}

static lua_State *state_new(void)
{
    lua_State *L = luaL_newstate();

    luaL_openlibs(L);
    lua_register(L, "check", f_check);
    lua_register(L, "check_filter", f_check_filter);
    return L;
}

static void expect_error(lua_State *L, const char *code, const char *why)
{
    assert_int_equal(luaL_loadstring(L, code), LUA_OK);
    if (lua_pcall(L, 0, 0, 0) == LUA_OK)
        fail_msg("%s: no error", code);
    if (strstr(lua_tostring(L, -1), why) == NULL)
        fail_msg("%s: %s", code, lua_tostring(L, -1));
    lua_settop(L, 0);
}

static void what_goes_in_comes_out(void **state)
{
    lua_State *L = state_new();
    const char *code =
        "local m = check('a/b', 'text\\0more', { qos = 2, retain = true, expiry = 60,\n"
        "  content_type = 'application/json', response_topic = 'r', correlation = 'c\\0d',\n"
        "  user = { region = 'eu', step = { 'one', 'two', 'three' }, [''] = '' } })\n"
        "assert(m.topic == 'a/b' and m.payload == 'text\\0more' and m.qos == 2)\n"
        "assert(m.retain == true and m.dup == false and m.expiry == 60)\n"
        "assert(m.content_type == 'application/json' and m.response_topic == 'r')\n"
        "assert(m.correlation == 'c\\0d' and m.subscription_identifier == nil)\n"
        "assert(m.user.region == 'eu' and #m.user.step == 3 and m.user[''] == '')\n"
        "assert(table.concat(m.user.step, ' ') == 'one two three')\n"
        "m = check('a', '', {})\n"
        "assert(m.qos == 1 and m.retain == false and next(m.user) == nil and m.expiry == nil)\n";

    (void)state;
    if (luaL_dostring(L, code) != LUA_OK)
        fail_msg("%s", lua_tostring(L, -1));
    lua_close(L);
}

static void bad_messages_leave_nothing_behind(void **state)
{
    static const struct {
        const char *code, *why;
    } cases[] = {
        {"check()",                                             "string expected"     },
        {"check('a', 'b')",                                     "table expected"      },
        {"check('a/+', 'b', {})",                               "cannot publish"      },
        {"check('', 'b', {})",                                  "cannot publish"      },
        {"check('a', 'b', { qos = 3 })",                        "qos must be"         },
        {"check('a', 'b', { qos = 'x' })",                      "qos must be"         },
        {"check('a', 'b', { qos = 0.5 })",                      "qos must be"         },
        {"check('a', 'b', { expiry = 0 })",                     "expiry must be"      },
        {"check('a', 'b', { content_type = 5 })",               "content_type must be"},
        {"check('a', 'b', { response_topic = 'a/#' })",         ""                    },
        {"check('a', 'b', { correlation = ('x'):rep(65536) })", "correlation must be" },
        {"check('a', 'b', { user = 'x' })",                     "user must be"        },
        {"check('a', 'b', { user = { 'x' } })",                 "user: names"         },
        {"check('a', 'b', { user = { x = 5 } })",               "user: values"        },
        {"check('a', 'b', { user = { x = { 'y', 5 } } })",      "user: values"        },
        {"local u = {} for i = 1, 40 do u['n' .. i] = ('x'):rep(65535) end "
         "check('a', 'b', { user = u })",              "user: more than"     },
    };
    lua_State *L = state_new();

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_error(L, cases[i].code, cases[i].why);
    lua_close(L);
}

static void filters_and_their_options(void **state)
{
    lua_State *L = state_new();

    (void)state;
    if (luaL_dostring(L, "assert(check_filter('$share/g/a/#', {}, true) == '1 0 0 0 0')\n"
                         "assert(check_filter('a/+', { qos = 2, no_local = true,\n"
                         "  retain_as_published = true, retain_handling = 2, identifier = 7 },\n"
                         "  true) == '2 1 1 2 7')\n"
                         "assert(check_filter('a', { qos = 0 }, false) == '0 0 0 0 0')") != LUA_OK)
        fail_msg("%s", lua_tostring(L, -1));
    expect_error(L, "check_filter('a/#/b', {}, true)", "not a topic filter");
    expect_error(L, "check_filter('$share/a', {}, true)", "not a topic filter");
    expect_error(L, "check_filter('a', { identifier = 0 }, true)", "identifier must be");
    expect_error(L, "check_filter('a', { retain_handling = 3 }, true)", "retain_handling must be");
    expect_error(L, "check_filter('a', { no_local = true }, false)", "need MQTT 5");
    lua_close(L);
}

static void add(struct inbox *inbox, const char *topic, const char *payload)
{
    inbox_add(inbox, &(struct mqtt_message){
                         .topic = slice_str(topic), .payload = slice_str(payload), .qos = 1});
}

static bool take(lua_State *L, struct inbox *inbox, const char *filter, const char *payload)
{
    lua_settop(L, 0);
    if (!inbox_take(L, inbox, slice_str(filter)))
        return false;
    lua_getfield(L, 1, "payload");
    assert_string_equal(lua_tostring(L, -1), payload);
    return true;
}

static void the_inbox_keeps_order(void **state)
{
    lua_State *L = state_new();
    struct inbox inbox = {0};

    (void)state;
    assert_false(take(L, &inbox, "#", ""));
    add(&inbox, "a/1", "one");
    add(&inbox, "b/1", "two");
    add(&inbox, "$aws/x", "three");
    add(&inbox, "a/2", "four");
    inbox_list(L, &inbox, slice_str("a/+"));
    assert_int_equal(lua_rawlen(L, -1), 2);
    inbox_list(L, &inbox, slice_of(NULL, 0));
    assert_int_equal(lua_rawlen(L, -1), 4);
    assert_true(take(L, &inbox, "a/2", "four")); /* the last one */
    add(&inbox, "a/3", "five");
    assert_true(take(L, &inbox, "$share/g/a/+", "one"));
    assert_true(take(L, &inbox, "+/+", "two"));
    assert_true(take(L, &inbox, "#", "five"));
    assert_false(take(L, &inbox, "#", ""));
    assert_int_equal(inbox.count, 1);
    inbox_done(&inbox);
    assert_int_equal(inbox.count + inbox.bytes, 0);
    lua_close(L);
}

static void the_inbox_is_bounded(void **state)
{
    lua_State *L = state_new();
    struct inbox inbox = {0};
    char text[16];
    const size_t large = (size_t)1 << 20;

    (void)state;
    for (int i = 0; i < 10005; i++) {
        snprintf(text, sizeof text, "%d", i);
        add(&inbox, "a", text);
    }
    assert_int_equal(inbox.count, 10000);
    assert_true(take(L, &inbox, "a", "5"));
    uint8_t *payload = xcalloc(large, 1);
    for (int i = 0; i < 70; i++)
        inbox_add(&inbox, &(struct mqtt_message){.topic = slice_str("b"),
                                                 .payload = slice_of(payload, large)});
    assert_true(inbox.bytes <= (size_t)64 << 20);
    assert_true(inbox.count < 65);
    free(payload);
    inbox_done(&inbox);
    lua_close(L);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_goes_in_comes_out),
        cmocka_unit_test(bad_messages_leave_nothing_behind),
        cmocka_unit_test(filters_and_their_options),
        cmocka_unit_test(the_inbox_keeps_order),
        cmocka_unit_test(the_inbox_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
