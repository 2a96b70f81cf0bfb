/* AWS IoT Commands: what starts an execution, what the device may say of it, and when its time is
 * over.
 */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "cloud/commands/command_service.h"
#include "support/said.h"

#define NOW       ((int64_t)1700000000000)
#define HOUR      ((int64_t)3600 * 1000)
#define LOCAL     "fleetsim/commands/things/car-1/executions/x1/"
#define AWS       "$aws/commands/things/car-1/executions/x1/"
#define EVENTS    "$aws/events/commandExecution/app-1/"
#define START     "{\"commandId\":\"app-1\",\"payload\":{\"locks\":{\"all\":\"unlocked\"}}}"
#define SUCCEEDED "{\"status\":\"SUCCEEDED\"}"

struct world {
    struct command_service service;
    struct cloud_actions out;
    int64_t now_ms;
};

static int setup(void **state)
{
    static struct world w;

    command_service_init(&w.service);
    cloud_actions_init(&w.out);
    w.now_ms = NOW;
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    cloud_actions_done(&w->out);
    command_service_done(&w->service);
    return 0;
}

/* Sends it; what was said before is forgotten. */
static void say(struct world *w, const char *topic, const char *payload)
{
    struct command_address a;

    cloud_actions_cut(&w->out, 0);
    assert_true(command_address_parse(topic, &a));
    assert_true(
        command_service_request(&w->service, &a, "app-1", slice_str(payload), w->now_ms, &w->out));
}

static void addresses(void **state)
{
    static const struct {
        const char *topic;
        bool good;
        enum command_operation op;
    } cases[] = {
        {AWS "response/json",                                  true,  COMMAND_RESPONSE},
        {"$aws/commands/clients/c/executions/x/response/json", true,  COMMAND_RESPONSE},
        {LOCAL "start",                                        true,  COMMAND_START   },
        {LOCAL "get",                                          true,  COMMAND_GET     },
        {AWS "start",                                          false, 0               },
        {LOCAL "response/json",                                false, 0               },
        {AWS "response",                                       false, 0               },
        {AWS "response/cbor",                                  false, 0               },
        {AWS "request/json",                                   false, 0               },
        {"$aws/commands/cars/c/executions/x/response/json",    false, 0               },
        {"$aws/commands/things//executions/x/response/json",   false, 0               },
        {"$aws/commands/things/c/executions//response/json",   false, 0               },
        {"$aws/commands/things/c/runs/x/response/json",        false, 0               },
        {"$aws/commands/things/c/executions/+/response/json",  false, 0               },
        {"$aws/commands/",                                     false, 0               },
        {"",                                                   false, 0               },
    };
    struct command_address a;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (command_address_parse(cases[i].topic, &a) != cases[i].good)
            fail_msg("%s", cases[i].topic);
        if (cases[i].good)
            assert_int_equal(a.op, cases[i].op);
    }
    assert_true(command_address_parse(AWS "response/json", &a));
    assert_string_equal(a.kind, "things");
    assert_string_equal(a.target, "car-1");
    assert_string_equal(a.execution, "x1");
}

static void from_start_to_end(void **state)
{
    struct world *w = *state;

    say(w, LOCAL "start", START);
    assert_int_equal(w->out.count, 3);
    assert_says(&w->out, LOCAL "start/accepted", "\"executionId\":\"x1\",\"status\":\"CREATED\"");
    assert_string_equal(said_on(&w->out, LOCAL "start/accepted")->client_id, "app-1");
    assert_says(&w->out, EVENTS "CREATED", "\"eventType\":\"COMMAND_EXECUTION\"");
    const struct cloud_action *request = said_on(&w->out, AWS "request/json");
    assert_string_equal(request->payload, "{\"locks\":{\"all\":\"unlocked\"}}");
    assert_string_equal(request->content_type, "application/json");
    assert_int_equal(request->expiry_s, 10);
    assert_null(request->client_id);
    /* Once more, as after a lost PUBACK: no second request. */
    say(w, LOCAL "start", START);
    assert_int_equal(w->out.count, 1);
    say(w, AWS "response/json", "{\"status\":\"IN_PROGRESS\"}");
    assert_string_equal(said_on(&w->out, AWS "response/accepted/json")->payload,
                        "{\"executionId\":\"x1\"}");
    assert_says(&w->out, EVENTS "IN_PROGRESS",
                "\"targetArn\":\"arn:aws:iot:local:000000000000:thing/car-1\",\"timestamp\"");
    say(w, AWS "response/json", "{\"status\":\"IN_PROGRESS\"}");
    said(&w->out, EVENTS "IN_PROGRESS");
    say(w, AWS "response/json",
        "{\"status\":\"REJECTED\",\"statusReason\":{\"reasonCode\":\"DOOR_OPEN\","
        "\"reasonDescription\":\"a door is open\"},\"result\":{\"door\":{\"s\":\"left\"}}}");
    assert_says(&w->out, EVENTS "REJECTED", "\"reasonCode\":\"DOOR_OPEN\"");
    say(w, LOCAL "get", "");
    assert_says(&w->out, LOCAL "get/accepted", "\"status\":\"REJECTED\"");
    assert_says(&w->out, LOCAL "get/accepted", "\"result\":{\"door\":{\"s\":\"left\"}}");
    /* It has ended. */
    say(w, AWS "response/json", SUCCEEDED);
    assert_int_equal(w->out.count, 1);
    assert_says(&w->out, AWS "response/rejected/json", "\"error\":\"TerminalStateReached\"");
    assert_says(&w->out, AWS "response/rejected/json", "already ended as REJECTED");
}

static void timed_out(void **state)
{
    struct world *w = *state;

    say(w, LOCAL "start", "{\"commandId\":\"app-1\",\"payload\":1,\"executionTimeoutSeconds\":30}");
    assert_int_equal(said_on(&w->out, AWS "request/json")->expiry_s, 30);
    cloud_actions_cut(&w->out, 0);
    assert_true(command_service_tick(&w->service, NOW + 29999, &w->out));
    assert_int_equal(w->out.count, 0);
    assert_false(command_service_is_stale(&w->service, AWS "request/json"));
    assert_true(command_service_tick(&w->service, NOW + 30000, &w->out));
    assert_true(command_service_tick(&w->service, NOW + 30001, &w->out));
    assert_int_equal(w->out.count, 1);
    assert_says(&w->out, EVENTS "TIMED_OUT", "\"reasonCode\":\"$NO_RESPONSE_FROM_DEVICE\"");
    assert_true(command_service_is_stale(&w->service, AWS "request/json"));
    assert_false(command_service_is_stale(&w->service, AWS "response/accepted/json"));
    /* Not terminal: the device may say how it ended, but not that it goes on. */
    w->now_ms = NOW + 40000;
    say(w, AWS "response/json", "{\"status\":\"IN_PROGRESS\"}");
    assert_says(&w->out, AWS "response/rejected/json", "InvalidStateTransition");
    say(w, AWS "response/json", SUCCEEDED);
    said(&w->out, EVENTS "SUCCEEDED");
    say(w, AWS "response/json", SUCCEEDED);
    assert_says(&w->out, AWS "response/rejected/json", "TerminalStateReached");
    /* A time-out that the device sets itself is. */
    say(w, "fleetsim/commands/things/car-1/executions/x2/start", START);
    say(w, "$aws/commands/things/car-1/executions/x2/response/json", "{\"status\":\"TIMED_OUT\"}");
    say(w, "$aws/commands/things/car-1/executions/x2/response/json", SUCCEEDED);
    assert_says(&w->out, "$aws/commands/things/car-1/executions/x2/response/rejected/json",
                "TerminalStateReached");
}

static void asked_after_its_time(void **state)
{
    struct world *w = *state;

    say(w, LOCAL "start", START);
    w->now_ms += 10000;
    say(w, LOCAL "get", "");
    assert_says(&w->out, LOCAL "get/accepted", "\"status\":\"TIMED_OUT\"");
}

static void forgotten(void **state)
{
    struct world *w = *state;

    say(w, LOCAL "start", START);
    say(w, AWS "response/json", SUCCEEDED);
    command_service_sweep(&w->service, NOW + HOUR - 1);
    say(w, LOCAL "get", "");
    said(&w->out, LOCAL "get/accepted");
    command_service_sweep(&w->service, NOW + HOUR);
    say(w, LOCAL "get", "");
    assert_says(&w->out, LOCAL "get/rejected", "ResourceNotFound");
}

static void refused(void **state)
{
    static const char id[] = "0123456789012345678901234567890123456789012345678901234567890123x";
    static const struct {
        const char *topic, *payload, *answer, *error;
    } cases[] = {
        {LOCAL "start",       "",                                                                  LOCAL "start/rejected",       "InvalidJson"     },
        {LOCAL "start",       "[]",                                                                LOCAL "start/rejected",       "InvalidJson"     },
        {LOCAL "start",       "{\"payload\":{}}",                                                  LOCAL "start/rejected",       "commandId"       },
        {LOCAL "start",       "{\"commandId\":\"a b\",\"payload\":{}}",                            LOCAL "start/rejected",
         "commandId"                                                                                                                               },
        {LOCAL "start",       "{\"commandId\":\"a\"}",                                             LOCAL "start/rejected",       "payload: missing"},
        {LOCAL "start",       "{\"commandId\":\"a\",\"payload\":1,\"executionTimeoutSeconds\":0}",
         LOCAL "start/rejected",                                                                                                 "1 to 43200"      },
        {LOCAL "get",         "",                                                                  LOCAL "get/rejected",         "ResourceNotFound"},
        {AWS "response/json", SUCCEEDED,                                                           AWS "response/rejected/json", "ResourceNotFound"},
        {AWS "response/json", "{\"status\"",                                                       AWS "response/rejected/json", "InvalidJson"     },
    };
    static const char *const reports[] = {
        "{}",
        "{\"status\":\"CREATED\"}",
        "{\"status\":\"DONE\"}",
        "{\"status\":1}",
        "{\"status\":\"FAILED\",\"statusReason\":\"x\"}",
        "{\"status\":\"FAILED\",\"statusReason\":{}}",
        "{\"status\":\"FAILED\",\"statusReason\":{\"reasonCode\":\"a b\"}}",
        "{\"status\":\"FAILED\",\"statusReason\":{\"reasonCode\":\"A\",\"reasonDescription\":1}}",
        "{\"status\":\"FAILED\",\"result\":{}}",
        "{\"status\":\"FAILED\",\"result\":{\"a\":1}}",
        "{\"status\":\"FAILED\",\"result\":{\"a\":{\"s\":\"x\",\"b\":true}}}",
        "{\"status\":\"FAILED\",\"result\":{\"a\":{\"b\":\"x\"}}}",
        "{\"status\":\"FAILED\",\"result\":{\"a\":{\"n\":1}}}",
    };
    struct world *w = *state;
    char topic[200];
    struct command_address a;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        say(w, cases[i].topic, cases[i].payload);
        assert_int_equal(w->out.count, 1);
        assert_says(&w->out, cases[i].answer, cases[i].error);
    }
    say(w, LOCAL "start", START);
    for (size_t i = 0; i < sizeof reports / sizeof *reports; i++) {
        say(w, AWS "response/json", reports[i]);
        assert_says(&w->out, AWS "response/rejected/json", "\"error\":\"InvalidRequest\"");
    }
    say(w, AWS "response/json",
        "{\"status\":\"SUCCEEDED\",\"result\":{\"a\":{\"b\":false},\"c\":{\"bin\":\"AA==\"}}}");
    said(&w->out, EVENTS "SUCCEEDED");
    snprintf(topic, sizeof topic, "fleetsim/commands/things/c/executions/%s/start", id);
    assert_false(command_address_parse(topic, &a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses),
        cmocka_unit_test_setup_teardown(from_start_to_end, setup, teardown),
        cmocka_unit_test_setup_teardown(timed_out, setup, teardown),
        cmocka_unit_test_setup_teardown(asked_after_its_time, setup, teardown),
        cmocka_unit_test_setup_teardown(forgotten, setup, teardown),
        cmocka_unit_test_setup_teardown(refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
