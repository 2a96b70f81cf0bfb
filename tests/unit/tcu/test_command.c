#include "unit/tcu/car.h"

#include "base/timeunit.h"
#include "tcu/command.h"

#define RESPONSE CMD "/response/app"
#define CLIMATE  "{\"climate\":{\"on\":true}}"
#define BODY(id)                                                                                   \
    "{\"requestId\":\"" id "\",\"responseTopic\":\"" RESPONSE "\",\"command\":" CLIMATE "}"
#define IN_ANSWER "/response/app"

static void request(struct car *car, const char *payload)
{
    fake_message(car->client, CMD "/request", payload);
}

static size_t answers(struct car *car)
{
    return fake_count(car->client, IN_ANSWER);
}

/* The last answer's fields; completedAt is checked to be now. */
static void assert_answer(struct car *car, const char *id, const char *status, const char *code,
                          const char *description)
{
    const struct fake_publish *p = fake_last(car->client, IN_ANSWER);

    assert_non_null(p);
    assert_int_equal(p->qos, 1);
    cJSON *doc = json_parse(slice_str(p->payload), 8);
    assert_non_null(doc);
    const cJSON *reason = json_get(doc, "statusReason");
    assert_string_equal(json_str(doc, "requestId", ""), id);
    assert_string_equal(json_str(doc, "status", ""), status);
    assert_string_equal(json_str(reason, "reasonCode", ""), code);
    assert_string_equal(json_str(reason, "reasonDescription", ""), description);
    assert_int_equal(reason != NULL, code[0] != '\0');
    double at = json_num(doc, "completedAt", 0);
    assert_true(at > (double)clock_wall_ms() - 60000 && at <= (double)clock_wall_ms());
    cJSON_Delete(doc);
}

static void test_journey_of_a_request(void **state)
{
    struct car *car = car_online();

    (void)state;
    car->obey = true;
    request(car, BODY("r1"));
    assert_string_equal(buf_cstr(&car->journal), "mark [r1] received\n"
                                                 "order request [r1] climate.on=true\n"
                                                 "mark [r1] started\n"
                                                 "signal climate.on\n"
                                                 "mark [r1] acted\n"
                                                 "mark [r1] reported\n");
    assert_answer(car, "r1", "SUCCEEDED", "", "");
    assert_string_equal(fake_last(car->client, IN_ANSWER)->topic, RESPONSE);
    fake_puback(car->client, fake_last(car->client, IN_ANSWER)->id, 0);
    assert_saw(car, "mark [r1] accepted");
    /* The signals are reported as well, without marks of their own. */
    car_turn(car);
    assert_non_null(strstr(fake_last(car->client, "/update")->payload, "\"on\":true"));
    car_reply(car, "/update", "/accepted", "\"version\":2");
    assert_int_equal(car_times(car, "reported"), 1);
    assert_int_equal(car_times(car, "accepted"), 1);
    car_free(car);
}

#define EXECUTION "$aws/commands/things/" THING "/executions/x1/"

/* AWS IoT Commands: the same path, another form. */
/* Turns of the loop until the car has answered so often; not more than it takes. */
static void await_responses(struct car *car, size_t count)
{
    for (int i = 0; i < 10000 && fake_count(car->client, "/response/json") < count; i++)
        ev_run(car->loop->ev, EVRUN_ONCE);
    assert_int_equal(fake_count(car->client, "/response/json"), count);
}

static void test_long_executions_say_that_they_go_on(void **state)
{
    struct car *car = car_draft();

    (void)state;
    car->config.progress_after = USEC_PER_MSEC;
    car_build(car);
    car_go_online(car);
    fake_message(car->client, EXECUTION "request/json", CLIMATE);
    request(car, BODY("r1")); /* no execution: it has nothing to say until it is done */
    await_responses(car, 1);
    const struct fake_publish *p = fake_last(car->client, "/response/json");
    assert_string_equal(p->topic, EXECUTION "response/json");
    assert_string_equal(p->payload, "{\"status\":\"IN_PROGRESS\"}");
    assert_int_equal(answers(car), 0);
    fake_message(car->client, "$aws/commands/things/" THING "/executions/x2/request/json", CLIMATE);
    await_responses(car, 2);
    assert_non_null(strstr(fake_last(car->client, "/response/json")->topic, "/x2/"));
    car_done(car, car->orders[0], TCU_SUCCEEDED);
    assert_string_equal(fake_last(car->client, "/response/json")->payload,
                        "{\"status\":\"SUCCEEDED\"}");
    car_free(car);
}

static void test_executions(void **state)
{
    struct car *car = car_online();

    (void)state;
    car->obey = true;
    fake_message(car->client, EXECUTION "request/json", CLIMATE);
    assert_string_equal(buf_cstr(&car->journal), "mark [x1] received\n"
                                                 "order request [x1] climate.on=true\n"
                                                 "mark [x1] started\n"
                                                 "signal climate.on\n"
                                                 "mark [x1] acted\n"
                                                 "mark [x1] reported\n");
    const struct fake_publish *p = fake_last(car->client, "/response/json");
    assert_string_equal(p->topic, EXECUTION "response/json");
    assert_string_equal(p->payload, "{\"status\":\"SUCCEEDED\"}");
    assert_int_equal(p->qos, 1);
    /* QoS 1 may bring it twice: answered again, not executed. */
    fake_message(car->client, EXECUTION "request/json", CLIMATE);
    assert_int_equal(fake_count(car->client, "/response/json"), 2);
    assert_int_equal(car_times(car, "order request"), 1);
    fake_message(car->client, "$aws/commands/things/" THING "/executions/x2/request/json",
                 "{\"wings\":true}");
    assert_string_equal(fake_last(car->client, "/response/json")->payload,
                        "{\"status\":\"REJECTED\",\"statusReason\":{\"reasonCode\":\"INVALID_"
                        "COMMAND\",\"reasonDescription\":\"wings: the car has no such signal\"}}");
    fake_message(car->client, "$aws/commands/things/" THING "/executions/x3/request/json", "[");
    assert_non_null(
        strstr(fake_last(car->client, "/response/json")->payload, "expected an object"));
    fake_message(car->client, "$aws/commands/things/" THING "/executions//request/json", CLIMATE);
    assert_saw(car, "execution id is empty");
    car_free(car);
}

static void test_unusable_requests(void **state)
{
    static const struct {
        const char *payload, *note;
    } rows[] = {
        {"",                                                                                "its payload is not a JSON object"},
        {"[]",                                                                              "its payload is not a JSON object"},
        {"{\"requestId\":\"a\"",                                                            "its payload is not a JSON object"},
        {"{\"requestId\":\"a\",\"command\":{}}",                                            "its response topic is missing"   },
        {"{\"requestId\":\"a\",\"responseTopic\":7,\"command\":{}}",                        "response topic is missing"       },
        {"{\"requestId\":\"a\",\"responseTopic\":\"cmd/fleetsim/tcu-0002/response/a\"}",
         "not one of this car's"                                                                                              },
        {"{\"requestId\":\"a\",\"responseTopic\":\"" CMD "/response/\"}",                   "not one of this car's"           },
        {"{\"requestId\":\"a\",\"responseTopic\":\"" CMD "/response/+\"}",                  "has wildcards"                   },
        {"{\"requestId\":\"a\",\"responseTopic\":\"" CMD "/response/a/#\"}",                "has wildcards"                   },
        {"{\"requestId\":\"a\",\"responseTopic\":\"" CMD "/response/\\u0007\"}",            "is no text"                      },
        {"{\"responseTopic\":\"" RESPONSE "\"}",                                            "neither a requestId nor"         },
        {"{\"requestId\":\"\",\"responseTopic\":\"" RESPONSE "\"}",                         "neither a requestId nor"         },
        {"{\"requestId\":\"a\\nb\",\"responseTopic\":\"" RESPONSE "\"}",                    "neither a requestId"             },
        {"{\"requestId\":{},\"responseTopic\":\"" RESPONSE "\"}",                           "requestId is not a string"       },
        {"{\"requestId\":\"0123456789012345678901234567890123456789012345678901234567890123x\","
         "\"responseTopic\":\"" RESPONSE "\"}",
         "longer than 64 bytes"                                                                                               },
        {"{\"requestId\":\"a\",\"responseTopic\":\"" RESPONSE "\",\"expiresAt\":\"soon\"}",
         "its expiresAt is not a number"                                                                                      },
    };
    struct car *car = car_online();

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        car_blank(car);
        request(car, rows[i].payload);
        assert_saw(car, "note bad message: request: ");
        assert_saw(car, rows[i].note);
        assert_int_equal(car_times(car, "\n"), 1);
    }
    assert_int_equal(fake_count(car->client, ""), 2); /* a get and a report: no answer */
    car_free(car);
}

static void test_bad_commands_are_rejected(void **state)
{
    static const struct {
        const char *command, *why;
    } rows[] = {
        {"null",                                   "command: expected an object"                       },
        {"[]",                                     "command: expected an object"                       },
        {"{}",                                     "command: it names no signal"                       },
        {"{\"climate\":{}}",                       "command: it names no signal"                       },
        {"{\"climate\":{\"on\":3}}",               "climate.on: expected a boolean, got a number"      },
        {"{\"climate\":{\"on\":true},\"warp\":9}", "warp: the car has no such signal"                  },
        {"{\"doors\":{\"open\":true}}",            "doors.open: cannot be asked for, only reported"    },
        {"{\"locks\":{\"all\":\"a\\\"b\"}}",       "locks.all: \"a\"b\" is not one of locked, unlocked"},
    };
    struct car *car = car_online();
    char payload[1000];
    char id[20];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        snprintf(id, sizeof id, "r%zu", i);
        snprintf(payload, sizeof payload,
                 "{\"requestId\":\"%s\",\"responseTopic\":\"" RESPONSE "\",\"command\":%s}", id,
                 rows[i].command);
        request(car, payload);
        assert_answer(car, id, "REJECTED", "INVALID_COMMAND", rows[i].why);
    }
    assert_not_saw(car, "order");
    car_free(car);
}

static void test_outcomes(void **state)
{
    static const struct {
        enum tcu_outcome outcome;
        const char *code, *description;
        const char *status, *sent_code, *sent_description;
    } rows[] = {
        {TCU_SUCCEEDED, NULL,             NULL,                 "SUCCEEDED", "",               ""               },
        {TCU_SUCCEEDED, "IGNORED",        "ignored",            "SUCCEEDED", "",               ""               },
        {TCU_REJECTED,  "VEHICLE_MOVING", "slow down",          "REJECTED",  "VEHICLE_MOVING", "slow down"      },
        {TCU_FAILED,    "motor-7 jam!",   NULL,                 "FAILED",    "MOTOR-7_JAM_",   ""               },
        {TCU_FAILED,    NULL,             "a \"quoted\"\n\xff", "FAILED",    "FAILED",         "a \"quoted\"\n?"},
        {TCU_FAILED,    "",               "x",                  "FAILED",    "FAILED",         "x"              },
        {TCU_TIMED_OUT, NULL,             NULL,                 "TIMED_OUT", "",               ""               },
    };
    struct car *car = car_online();
    char payload[500];
    char id[20];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        snprintf(id, sizeof id, "r%zu", i);
        snprintf(payload, sizeof payload,
                 "{\"requestId\":\"%s\",\"responseTopic\":\"" RESPONSE "\",\"command\":" CLIMATE
                 "}",
                 id);
        request(car, payload);
        struct tcu_order *order = car->orders[0];
        car->order_count = 0;
        tcu_order_done(car->tcu, order, rows[i].outcome, rows[i].code, rows[i].description);
        tcu_order_done(car->tcu, order, TCU_FAILED, "TWICE", NULL); /* ignored */
        assert_answer(car, id, rows[i].status, rows[i].sent_code, rows[i].sent_description);
        assert_int_equal(answers(car), i + 1);
    }
    /* Contract 8.2: 64 and 1024 bytes, and no half characters. */
    char code[200];
    char text[3000];
    memset(code, 'C', sizeof code);
    code[199] = '\0';
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = i % 2 == 0 ? 'x' : '\0';
    text[0] = 'x';
    for (size_t i = 1; i + 2 < sizeof text; i += 2)
        memcpy(text + i, "\xc3\xa9", 2);
    text[sizeof text - 1] = '\0';
    text[sizeof text - 2] = '\0';
    request(car, BODY("long"));
    struct tcu_order *order = car->orders[0];
    car->order_count = 0;
    tcu_order_done(car->tcu, order, TCU_FAILED, code, text);
    cJSON *doc = json_parse(slice_str(fake_last(car->client, IN_ANSWER)->payload), 8);
    const cJSON *reason = json_get(doc, "statusReason");
    assert_int_equal(strlen(json_str(reason, "reasonCode", "")), 64);
    assert_int_equal(strlen(json_str(reason, "reasonDescription", "")), 1023);
    assert_null(strchr(json_str(reason, "reasonDescription", "?"), '?'));
    cJSON_Delete(doc);
    car_free(car);
}

static void test_expired_requests(void **state)
{
    const struct {
        const char *id;
        int64_t expires_in; /* ms; 0: no expiresAt */
        int interval;       /* -1: no property */
        bool expired;
    } rows[] = {
        {"a", -1,       -1, true },
        {"b", -3600000, -1, true },
        {"c", 60000,    -1, false},
        {"d", 0,        0,  true },
        {"e", 0,        10, false},
        {"f", 60000,    0,  true },
        {"g", -1,       10, true },
        {"h", 60000,    10, false},
    };
    struct car *car = car_online();
    char payload[500];

    (void)state;
    car->obey = true;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mqtt_props props = {.present = 0};
        char expires[60] = "";
        if (rows[i].interval >= 0) {
            props.present = (uint64_t)1 << MQTT_PROP_MESSAGE_EXPIRY_INTERVAL;
            props.message_expiry_interval = (uint32_t)rows[i].interval;
        }
        if (rows[i].expires_in != 0)
            snprintf(expires, sizeof expires, "\"expiresAt\":%lld,",
                     (long long)(clock_wall_ms() + rows[i].expires_in));
        snprintf(payload, sizeof payload,
                 "{\"requestId\":\"%s\",%s\"responseTopic\":\"" RESPONSE "\",\"command\":" CLIMATE
                 "}",
                 rows[i].id, expires);
        car_blank(car);
        fake_message_with(car->client, CMD "/request", payload, &props);
        assert_int_equal(car_times(car, "order"), rows[i].expired ? 0 : 1);
        assert_int_equal(car_times(car, "note expired request"), rows[i].expired ? 1 : 0);
        if (rows[i].expired)
            assert_answer(car, rows[i].id, "TIMED_OUT", "EXPIRED",
                          "the request had expired before it arrived");
        else
            assert_answer(car, rows[i].id, "SUCCEEDED", "", "");
    }
    car_free(car);
}

static void test_properties_of_mqtt_5(void **state)
{
    struct car *car = car_online();
    struct mqtt_props props = {.present = (uint64_t)1 << MQTT_PROP_RESPONSE_TOPIC |
                                          (uint64_t)1 << MQTT_PROP_CORRELATION_DATA,
                               .response_topic = slice_str(CMD "/response/five"),
                               .correlation_data = slice_str("corr-5")};

    (void)state;
    car->obey = true;
    fake_message_with(car->client, CMD "/request", BODY("r1"), &props);
    const struct fake_publish *p = fake_last(car->client, "/response/five");
    assert_non_null(p);
    assert_string_equal(p->correlation, "corr-5");
    assert_non_null(strstr(p->payload, "\"requestId\":\"r1\""));
    /* The correlation data serves as id. */
    fake_message_with(car->client, CMD "/request", "{\"command\":" CLIMATE "}", &props);
    p = fake_last(car->client, "/response/five");
    assert_non_null(strstr(p->payload, "\"requestId\":\"corr-5\""));
    props.correlation_data = slice_of("\x01\xff", 2);
    car_blank(car);
    fake_message_with(car->client, CMD "/request", "{\"command\":" CLIMATE "}", &props);
    assert_saw(car, "note bad message");
    /* A response topic that is not ours wins over a good one in the payload. */
    props.response_topic = slice_str("cmd/fleetsim/other/response/x");
    car_blank(car);
    fake_message_with(car->client, CMD "/request", BODY("r2"), &props);
    assert_saw(car, "note bad message");
    car_free(car);
}

static void test_repeated_requests(void **state)
{
    struct car *car = car_online();

    (void)state;
    request(car, BODY("r1"));
    request(car, BODY("r1"));
    assert_saw(car, "note duplicate request: r1: still being executed");
    assert_int_equal(answers(car), 0);
    car_done(car, car->orders[0], TCU_FAILED);
    assert_answer(car, "r1", "FAILED", "VEHICLE_MOVING", "the \"car\" is moving");
    char first[500];
    snprintf(first, sizeof first, "%s", fake_last(car->client, IN_ANSWER)->payload);
    request(car, BODY("r1"));
    assert_saw(car, "note duplicate request: r1: answered again");
    assert_int_equal(answers(car), 2);
    assert_string_equal(fake_last(car->client, IN_ANSWER)->payload, first);
    assert_int_equal(car_times(car, "mark [r1] reported"), 1);
    /* Also one that has expired since, and after a loss of power. */
    request(car, "{\"requestId\":\"r1\",\"responseTopic\":\"" RESPONSE
                 "\",\"expiresAt\":5,\"command\":" CLIMATE "}");
    assert_string_equal(fake_last(car->client, IN_ANSWER)->payload, first);
    tcu_power_off(car->tcu);
    car_go_online(car);
    request(car, BODY("r1"));
    assert_string_equal(fake_last(car->client, IN_ANSWER)->payload, first);
    assert_int_equal(car->order_count, 0);
    car_free(car);
}

static void test_memory_of_requests(void **state)
{
    struct car *car = car_online();
    char payload[500];

    (void)state;
    car->obey = true;
    for (int i = 0; i < 200; i++) {
        snprintf(payload, sizeof payload,
                 "{\"requestId\":\"r%d\",\"responseTopic\":\"" RESPONSE "\",\"command\":" CLIMATE
                 "}",
                 i);
        request(car, payload);
    }
    assert_int_equal(car_times(car, "order"), 200);
    car_blank(car);
    for (int i = 199; i >= 0; i--) {
        snprintf(payload, sizeof payload,
                 "{\"requestId\":\"r%d\",\"responseTopic\":\"" RESPONSE "\",\"command\":" CLIMATE
                 "}",
                 i);
        bool known = i >= 200 - COMMAND_REMEMBERED;
        request(car, payload);
        assert_int_equal(car_times(car, "order"), known ? 0 : 1);
        if (!known)
            break;
    }
    assert_int_equal(car_times(car, "note duplicate"), COMMAND_REMEMBERED);
    car_free(car);
}

static void test_answer_while_offline(void **state)
{
    struct car *car = car_online();
    char payload[500];

    (void)state;
    for (int i = 0; i < COMMAND_UNSENT + 4; i++) {
        snprintf(payload, sizeof payload,
                 "{\"requestId\":\"r%d\",\"responseTopic\":\"" RESPONSE "\",\"command\":" CLIMATE
                 "}",
                 i);
        request(car, payload);
    }
    tcu_sleep(car->tcu);
    while (car->order_count > 0) {
        struct tcu_order *order = car->orders[0];
        memmove(car->orders, car->orders + 1, --car->order_count * sizeof car->orders[0]);
        tcu_order_done(car->tcu, order, TCU_SUCCEEDED, NULL, NULL);
    }
    assert_int_equal(answers(car), 0);
    assert_not_saw(car, "] reported");
    tcu_wake(car->tcu);
    fake_connected(car->client, true);
    car_reply(car, "/get", "/accepted", "\"state\":{\"reported\":{}},\"version\":1");
    assert_int_equal(answers(car), COMMAND_UNSENT); /* the oldest gave way */
    assert_answer(car, "r19", "SUCCEEDED", "", "");
    assert_not_saw(car, "mark [r3] reported");
    assert_saw(car, "mark [r4] reported");
    car_free(car);
}

static void test_answers_over_a_lost_connection(void **state)
{
    struct car *car = car_online();

    (void)state;
    car->obey = true;
    request(car, BODY("r1"));
    int32_t id = fake_last(car->client, IN_ANSWER)->id;
    tcu_drop_connection(car->tcu);
    /* On a resumed session the client sends it again by itself. */
    tcu_wake(car->tcu);
    fake_connected(car->client, true);
    car_reply(car, "/get", "/accepted", "\"state\":{\"reported\":{}},\"version\":1");
    assert_int_equal(answers(car), 1);
    tcu_drop_connection(car->tcu);
    tcu_wake(car->tcu);
    fake_connected(car->client, false);
    fake_suback(car->client, 1);
    car_reply(car, "/get", "/accepted", "\"state\":{\"reported\":{}},\"version\":1");
    assert_int_equal(answers(car), 2);
    fake_puback(car->client, id, 0);
    assert_not_saw(car, "mark [r1] accepted");
    fake_puback(car->client, fake_last(car->client, IN_ANSWER)->id, 0);
    assert_saw(car, "mark [r1] accepted");
    request(car, BODY("r2"));
    fake_puback(car->client, fake_last(car->client, IN_ANSWER)->id, 0x87);
    assert_saw(car, "note report rejected: answer to request r2: PUBACK 0x87");
    assert_not_saw(car, "mark [r2] accepted");
    car_free(car);
}

static void test_answers_wait_for_room(void **state)
{
    struct car *car = car_online();

    (void)state;
    car->obey = true;
    car->client->fail_publish = true;
    request(car, BODY("r1"));
    assert_int_equal(answers(car), 0);
    car->client->fail_publish = false;
    fake_puback(car->client, 99, 0);
    assert_int_equal(answers(car), 1);
    car_free(car);
}

static void test_power_lost_while_executing(void **state)
{
    struct car *car = car_online();

    (void)state;
    request(car, BODY("r1"));
    tcu_power_off(car->tcu);
    assert_saw(car, "cancelled [r1]");
    assert_int_equal(answers(car), 0);
    car_go_online(car);
    assert_answer(car, "r1", "FAILED", "POWER_LOST",
                  "the car lost power while it was executing the request");
    request(car, BODY("r1"));
    assert_saw(car, "note duplicate request: r1: answered again");
    assert_int_equal(tcu_orders_open(car->tcu), 0);
    car_free(car);
}

static void test_no_correlation_on_3_1_1(void **state)
{
    struct car *car = car_draft();
    struct mqtt_props props = {.present = (uint64_t)1 << MQTT_PROP_CORRELATION_DATA,
                               .correlation_data = slice_str("c")};

    (void)state;
    car->config.version = MQTT_3_1_1;
    car_build(car);
    car_go_online(car);
    car->obey = true;
    fake_message_with(car->client, CMD "/request", BODY("r1"), &props);
    assert_null(fake_last(car->client, IN_ANSWER)->correlation);
    car_free(car);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_journey_of_a_request),
        cmocka_unit_test(test_executions),
        cmocka_unit_test(test_long_executions_say_that_they_go_on),
        cmocka_unit_test(test_unusable_requests),
        cmocka_unit_test(test_bad_commands_are_rejected),
        cmocka_unit_test(test_outcomes),
        cmocka_unit_test(test_expired_requests),
        cmocka_unit_test(test_properties_of_mqtt_5),
        cmocka_unit_test(test_repeated_requests),
        cmocka_unit_test(test_memory_of_requests),
        cmocka_unit_test(test_answer_while_offline),
        cmocka_unit_test(test_answers_over_a_lost_connection),
        cmocka_unit_test(test_answers_wait_for_room),
        cmocka_unit_test(test_power_lost_while_executing),
        cmocka_unit_test(test_no_correlation_on_3_1_1),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
