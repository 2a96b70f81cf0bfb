#include "rig.h"
#include "script/app_core.h"
#include "script/car.h"

/* One car and one companion that never connects; what the cloud says is told by the test. */
struct scene {
    struct rig *rig;
    lua_State *L;
    struct app *app;
    const char *thing;
};

static int make(void **state)
{
    struct scene *sc = xcalloc(1, sizeof *sc);

    sc->rig = rig_new(NULL, 0);
    rig_load(sc->rig, "scenario('app', function(t)\n"
                      "  t:vehicle { model = 'plain', power = 'off' }\n"
                      "  t:companion { timeout = 60 }\n"
                      "end)\n");
    runner_start(sc->rig->runner);
    lab_turn(sc->rig->lab);
    sc->L = sc->rig->script->L;
    sc->app = sc->rig->script->apps;
    assert_non_null(sc->app);
    sc->thing = sc->rig->script->cars->vehicle->identity.thing_name;
    *state = sc;
    return 0;
}

static int unmake(void **state)
{
    struct scene *sc = *state;

    rig_free(sc->rig);
    free(sc);
    return 0;
}

/* app:method(car, arguments…), the arguments as a Lua list; results stay on the stack. */
static int call(struct scene *sc, const char *method, const char *arguments)
{
    lua_State *L = sc->L;
    char text[512];

    lua_settop(L, 0);
    lua_rawgeti(L, LUA_REGISTRYINDEX, sc->app->ref);
    lua_getfield(L, 1, method);
    lua_insert(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, sc->rig->script->cars->ref);
    snprintf(text, sizeof text, "return %s", arguments);
    assert_int_equal(luaL_loadstring(L, text), LUA_OK);
    assert_int_equal(lua_pcall(L, 0, LUA_MULTRET, 0), LUA_OK);
    return lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
}

/* A command as if it had been sent; on top of the stack. */
static struct command *sent(struct scene *sc, enum command_kind kind, const char *wish)
{
    assert_int_equal(call(sc, "expect", ""), LUA_OK);
    struct command *c = lua_touserdata(sc->L, -1);
    c->kind = kind;
    c->wish = wish != NULL ? json_parse(slice_str(wish), 16) : NULL;
    return c;
}

static void hear(struct scene *sc, enum companion_verb verb, enum companion_outcome outcome,
                 const char *token, const char *payload)
{
    struct companion_shadow e = {.thing = sc->thing,
                                 .verb = verb,
                                 .outcome = outcome,
                                 .payload = slice_str(payload),
                                 .client_token = token,
                                 .version = 1,
                                 .code = outcome == COMPANION_OUTCOME_REJECTED ? 404 : 0,
                                 .received_at = clock_now()};
    app_events.shadow(sc->app, &e);
}

static void respond(struct scene *sc, const char *id, const char *payload)
{
    struct companion_response e = {.thing = sc->thing,
                                   .request_id = id,
                                   .payload = slice_str(payload),
                                   .received_at = clock_now()};
    app_events.response(sc->app, &e);
}

static void bad_arguments_leave_nothing_behind(void **state)
{
    static const struct {
        const char *method, *arguments, *why;
    } cases[] = {
        {"request",       "{}",                                       "table expected"          },
        {"request",       "nil, {}",                                  "table expected"          },
        {"request",       "{}, { expiry = 'soon' }",                  "expiry must be a number" },
        {"request",       "{}, { expiry = -1 }",                      "must not be negative"    },
        {"request",       "{}, { expiry = 1e30 }",                    "between -1e9 and 1e9"    },
        {"request",       "{}, { expires_in = 0/0 }",                 "between -1e9 and 1e9"    },
        {"request",       "{}, { id = 5 }",                           "id must be a string"     },
        {"request",       "{}, { id = ('x'):rep(65) }",               "at most 64 bytes"        },
        {"request",       "{ a = print }, {}",                        "cannot be JSON: function"},
        {"request",       "{ a = 1 }, { id = 'x', expires_in = -5 }", "app:request:"            },
        {"desire",        "{ a = { 1, print } }, true",               "cannot be JSON: function"},
        {"desire",        "5, true",                                  "table expected"          },
        {"desire",        "{ a = 1 }, true",                          "app:desire:"             },
        {"update_raw",    "{}",                                       "string expected"         },
        {"update_raw",    "'x'",                                      "app:"                    },
        {"delete_shadow", "",                                         "app:"                    },
    };
    struct scene *sc = *state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(call(sc, cases[i].method, cases[i].arguments), LUA_ERRRUN);
        if (strstr(lua_tostring(sc->L, -1), cases[i].why) == NULL)
            fail_msg("%s %s: %s", cases[i].method, cases[i].arguments, lua_tostring(sc->L, -1));
        lua_settop(sc->L, 0);
        lua_gc(sc->L, LUA_GCCOLLECT);
    }
}

static void an_update_ends_with_the_cloud_s_answer(void **state)
{
    struct scene *sc = *state;
    struct command *accepted = sent(sc, COMMAND_UPDATE, NULL);
    int anchor = luaL_ref(sc->L, LUA_REGISTRYINDEX);
    struct command *rejected = sent(sc, COMMAND_UPDATE, NULL);
    const char odd[] = "{\"code\":409,\"message\":\"Version conflict\"}";

    hear(sc, COMPANION_VERB_UPDATE, COMPANION_OUTCOME_ACCEPTED, "other", "{}");
    assert_false(accepted->done || rejected->done);
    hear(sc, COMPANION_VERB_UPDATE, COMPANION_OUTCOME_ACCEPTED, accepted->token, "not JSON");
    assert_true(accepted->done && !rejected->done);
    assert_string_equal(json_str(accepted->answer, "status", ""), "SUCCEEDED");
    hear(sc, COMPANION_VERB_UPDATE, COMPANION_OUTCOME_REJECTED, rejected->token, odd);
    assert_string_equal(json_str(rejected->answer, "status", ""), "REJECTED");
    assert_int_equal((int)json_num(rejected->answer, "code", 0), 409);
    luaL_unref(sc->L, LUA_REGISTRYINDEX, anchor);
}

static void a_wish_ends_when_the_car_shows_it(void **state)
{
    struct scene *sc = *state;
    struct command *c = sent(sc, COMMAND_DESIRE, "{\"lock\":\"open\"}");

    hear(sc, COMPANION_VERB_GET, COMPANION_OUTCOME_ACCEPTED, NULL,
         "{\"state\":{\"reported\":{\"lock\":\"shut\"}},\"version\":4}");
    assert_false(c->done);
    hear(sc, COMPANION_VERB_UPDATE, COMPANION_OUTCOME_ACCEPTED, "car-1",
         "{\"state\":{\"reported\":{\"lock\":\"open\"}},\"version\":5}");
    assert_true(c->done);
    lua_settop(sc->L, 0);
    assert_int_equal(call(sc, "twin", ""), LUA_OK);
    lua_getfield(sc->L, -1, "version");
    assert_int_equal(lua_tointeger(sc->L, -1), 5);
}

static void repeated_answers_are_counted_while_anybody_cares(void **state)
{
    struct scene *sc = *state;
    struct command *c = sent(sc, COMMAND_REQUEST, NULL);
    char token[65];

    snprintf(token, sizeof token, "%s", c->token);
    respond(sc, NULL, "{}");
    respond(sc, "other", "{\"status\":\"SUCCEEDED\"}");
    assert_int_equal(c->answers, 0);
    respond(sc, token, "no JSON");
    assert_string_equal(json_str(c->answer, "status", ""), "MALFORMED");
    respond(sc, token, "{\"status\":\"SUCCEEDED\"}");
    assert_string_equal(json_str(c->answer, "status", ""), "SUCCEEDED");
    assert_int_equal(c->answers, 2);
    struct view *view = app_find_view(sc->app, sc->thing, NULL);
    assert_ptr_equal(view->commands, c);
    lua_settop(sc->L, 0);
    lua_gc(sc->L, LUA_GCCOLLECT);
    assert_null(view->commands);
    respond(sc, token, "{\"status\":\"SUCCEEDED\"}");
}

static void tell_execution(struct scene *sc, const char *id, const char *status,
                           const char *payload)
{
    struct companion_execution e = {.thing = sc->thing,
                                    .execution_id = id,
                                    .status = status,
                                    .rejected = status == NULL,
                                    .payload = slice_str(payload),
                                    .received_at = clock_now()};
    app_events.execution(sc->app, &e);
}

static void an_execution_ends_with_its_final_status(void **state)
{
    struct scene *sc = *state;
    struct command *c = sent(sc, COMMAND_EXECUTION, NULL);
    int anchor = luaL_ref(sc->L, LUA_REGISTRYINDEX);
    struct command *refused = sent(sc, COMMAND_EXECUTION, NULL);

    tell_execution(sc, c->token, "CREATED", "{\"status\":\"CREATED\"}");
    tell_execution(sc, c->token, "IN_PROGRESS", "{\"status\":\"IN_PROGRESS\"}");
    tell_execution(sc, "another", "SUCCEEDED", "{\"status\":\"SUCCEEDED\"}");
    assert_false(c->done);
    tell_execution(sc, c->token, "TIMED_OUT", "{\"status\":\"TIMED_OUT\"}");
    assert_true(c->done);
    assert_string_equal(json_str(c->answer, "status", ""), "TIMED_OUT");
    /* The car's late word counts; the service's, if it comes after that, does not. */
    tell_execution(sc, c->token, "FAILED", "{\"status\":\"FAILED\"}");
    tell_execution(sc, c->token, "TIMED_OUT", "{\"status\":\"TIMED_OUT\"}");
    assert_string_equal(json_str(c->answer, "status", ""), "FAILED");
    tell_execution(sc, refused->token, NULL,
                   "{\"error\":\"InvalidRequest\",\"errorMessage\":\"why\"}");
    assert_string_equal(json_str(refused->answer, "status", ""), "REJECTED");
    assert_string_equal(json_str(refused->answer, "code", ""), "InvalidRequest");
    assert_string_equal(json_str(refused->answer, "message", ""), "why");
    luaL_unref(sc->L, LUA_REGISTRYINDEX, anchor);
}

static void an_open_command_is_kept(void **state)
{
    struct scene *sc = *state;
    struct command *c = sent(sc, COMMAND_REQUEST, NULL);

    lua_settop(sc->L, 0);
    lua_gc(sc->L, LUA_GCCOLLECT);
    assert_ptr_equal(app_find_view(sc->app, sc->thing, NULL)->commands, c);
    respond(sc, c->token, "{}");
}

static void a_broken_connection_forgets_what_was_seen(void **state)
{
    struct scene *sc = *state;
    struct companion_watching watching = {.thing = sc->thing, .ok = true, .text = ""};
    struct companion_lost lost = {.text = "gone", .was_connected = true};

    assert_int_equal(call(sc, "watch", ""), LUA_OK);
    struct view *view = app_find_view(sc->app, sc->thing, NULL);
    app_events.watching(sc->app, &watching);
    assert_true(view->watching);
    hear(sc, COMPANION_VERB_GET, COMPANION_OUTCOME_REJECTED, NULL, "{\"code\":404}");
    assert_true(view->twin.known && !view->twin.exists);
    view->asked = true;
    app_events.lost(sc->app, &lost);
    assert_false(view->watching || view->asked || view->twin.known);
    assert_string_equal(sc->app->trouble, "gone");
    watching.ok = false;
    watching.text = "a/b";
    app_events.watching(sc->app, &watching);
    assert_string_equal(sc->app->trouble, "subscriptions refused: a/b");
}

static void presence_goes_by_its_version(void **state)
{
    static const struct {
        bool connected;
        int64_t version;
        int seen;
    } events[] = {
        {true,  1,  1},
        {false, 1,  0},
        {true,  1,  0}, /* late: that connection has ended */
        {true,  2,  1},
        {false, 1,  1}, /* late: of the connection before */
        {false, -1, 1},
        {false, 2,  0},
    };
    struct scene *sc = *state;

    assert_int_equal(call(sc, "watch", ""), LUA_OK);
    struct view *view = app_find_view(sc->app, sc->thing, NULL);
    assert_int_equal(view->presence, -1);
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        struct companion_presence e = {.client_id = sc->thing,
                                       .connected = events[i].connected,
                                       .version = events[i].version,
                                       .reason = ""};
        app_events.presence(sc->app, &e);
        assert_int_equal(view->presence, events[i].seen);
    }
}

static void subscribed(struct scene *sc, uint64_t id, bool ok, int code, const char *text)
{
    struct companion_subscribed e = {.id = id, .ok = ok, .reason_code = code, .remark = text};

    app_events.subscribed(sc->app, &e);
}

/* Nothing can be sent here, but what comes is kept; what is refused later is trouble. */
static void messages_wait_for_the_script(void **state)
{
    struct mqtt_message m = {.topic = slice_str("a/b"), .payload = slice_str("x"), .qos = 1};
    struct companion_acked acked = {.publish = {.id = 7}, .text = ""};
    struct companion_lost lost = {.text = "gone", .was_connected = true, .reason_code = 0x8e};
    struct scene *sc = *state;
    lua_State *L = sc->L;

    app_events.message(sc->app, &m, clock_now());
    app_events.message(sc->app, &m, clock_now());
    app_events.acked(sc->app, &acked); /* of a command: nobody asked */
    assert_int_equal(sc->app->inbox.count, 2);
    lua_settop(L, 0);
    lua_rawgeti(L, LUA_REGISTRYINDEX, sc->app->ref);
    lua_getfield(L, 1, "take");
    lua_pushvalue(L, 1);
    lua_pushstring(L, "a/+");
    assert_int_equal(lua_pcall(L, 2, 1, 0), LUA_OK);
    assert_true(lua_istable(L, -1));
    assert_int_equal(sc->app->inbox.count, 1);
    subscribed(sc, 99, false, 0x87, "not yours");
    assert_string_equal(sc->app->trouble,
                        "a subscription was refused: 0x87 Not authorized: not yours");
    app_events.lost(sc->app, &lost);
    lua_settop(L, 1);
    lua_getfield(L, 1, "connection");
    lua_pushvalue(L, 1);
    assert_int_equal(lua_pcall(L, 1, 4, 0), LUA_OK);
    assert_false(lua_toboolean(L, -4));
    assert_int_equal(lua_tointeger(L, -3), 1);
    assert_int_equal(lua_tointeger(L, -2), 0x8e);
    assert_string_equal(lua_tostring(L, -1), "gone");
    lua_settop(L, 0);
}

static void strangers_are_ignored(void **state)
{
    struct scene *sc = *state;
    const char *own = sc->thing;

    sc->thing = "stranger";
    hear(sc, COMPANION_VERB_UPDATE, COMPANION_OUTCOME_ACCEPTED, "x", "{}");
    respond(sc, "x", "{}");
    assert_null(app_find_view(sc->app, "stranger", NULL));
    sc->thing = own;
}

/* Commands that a script still holds when its app goes are answered, not followed. */
static void commands_survive_their_app(void **state)
{
    struct scene *sc = *state;
    struct command *c = sent(sc, COMMAND_DESIRE, "{\"a\":1}");

    runner_abort(sc->rig->runner, "enough");
    assert_null(c->app);
    assert_null(c->view);
    static const char *const methods[] = {"done",  "answer",  "answers",
                                          "token", "give_up", "refresh"};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        lua_getfield(sc->L, -1, methods[i]);
        lua_pushvalue(sc->L, -2);
        assert_int_equal(lua_pcall(sc->L, 1, 0, 0), LUA_OK);
    }
    lua_settop(sc->L, 0);
    lua_gc(sc->L, LUA_GCCOLLECT);
}

/* What is open when the app says good-bye is known never to be answered. */
static void a_closed_app_loses_what_is_open(void **state)
{
    struct scene *sc = *state;
    struct recorder *rec = sc->rig->script->sim->recorder;
    struct command *c = sent(sc, COMMAND_REQUEST, NULL);
    int held = luaL_ref(sc->L, LUA_REGISTRYINDEX);
    usec_t now = clock_now();

    assert_true(recorder_journey_begin(rec, c->token, 0, "locks", now, now));
    assert_int_equal(call(sc, "close", ""), LUA_OK);
    assert_null(c->app);
    assert_int_equal(recorder_journeys_open(rec), 0);
    assert_int_equal(recorder_journey(rec, c->token)->outcome, JOURNEY_LOST);
    assert_non_null(c->journey);
    assert_int_equal(c->journey->outcome, JOURNEY_LOST);
    luaL_unref(sc->L, LUA_REGISTRYINDEX, held);
}

static void companions_have_names_of_their_own(void **state)
{
    struct scene *sc = *state;
    struct script *script = sc->rig->script;

    script->foreign_cloud = true;
    for (uint32_t room = 0; room <= 10; room += 10) {
        struct script_owner one = {.first_vehicle = 10, .vehicle_room = room};
        struct script_owner other = {.first_vehicle = 10 + room, .vehicle_room = room};
        char *a = app_new_client_id(script, &one, ""), *b = app_new_client_id(script, &other, "");
        assert_string_not_equal(a, b);
        free(a);
        free(b);
    }
}

int main(void)
{
#define IN_SCENE(test) cmocka_unit_test_setup_teardown(test, make, unmake)
    const struct CMUnitTest tests[] = {
        IN_SCENE(bad_arguments_leave_nothing_behind),
        IN_SCENE(an_update_ends_with_the_cloud_s_answer),
        IN_SCENE(a_wish_ends_when_the_car_shows_it),
        IN_SCENE(repeated_answers_are_counted_while_anybody_cares),
        IN_SCENE(an_execution_ends_with_its_final_status),
        IN_SCENE(an_open_command_is_kept),
        IN_SCENE(a_broken_connection_forgets_what_was_seen),
        IN_SCENE(presence_goes_by_its_version),
        IN_SCENE(messages_wait_for_the_script),
        IN_SCENE(strangers_are_ignored),
        IN_SCENE(commands_survive_their_app),
        IN_SCENE(a_closed_app_loses_what_is_open),
        IN_SCENE(companions_have_names_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
