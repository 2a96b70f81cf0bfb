/* AWS IoT Jobs as a car has them: what it asks, reports, believes, and makes of rejections
   (contract 3); the test is the cloud. */
#include "rig.h"
#include "script/car.h"

/* A part whose job "dance" has two steps and may be refused. */
#define WORKER                                                                                     \
    "local dancer = part('dancer', function()\n"                                                   \
    "  return {\n"                                                                                 \
    "    signals = { { 'work.over', type = 'boolean' }, { 'work.why', type = 'string' } },\n"      \
    "    jobs = { dance = {\n"                                                                     \
    "      run = function(car, job)\n"                                                             \
    "        if job.document.floor == 'wet' then car:refuse('FLOOR_WET', 'it slips') end\n"        \
    "        job:progress({ step = 'left' }, 5)\n"                                                 \
    "        job:progress { step = 'right' }\n"                                                    \
    "        return { steps = '2' }\n"                                                             \
    "      end,\n"                                                                                 \
    "      undo = function(car, code) car:set('work.why', code) end,\n"                            \
    "    } },\n"                                                                                   \
    "  }\n"                                                                                        \
    "end)\n"                                                                                       \
    "return model { name = 'worker', parts = { dancer {} } }\n"

static struct rig *rig;
static struct fake_client *client;
static struct vehicle *car;
static const char *thing;

static size_t signal_of(const char *path)
{
    return (size_t)signal_schema_find(car->tcu->signals.schema, slice_str(path));
}

/* A car is online, and has asked for what there is to be done. */
static int begin(void **state)
{
    char path[256];

    (void)state;
    rig = rig_new(NULL, 0);
    rig_write(rig, "worker.lua", WORKER, path);
    rig_load(rig, "scenario('car', { timeout = 30 }, function(t)\n"
                  "  local car = t:vehicle { model = 'worker' }\n"
                  "  car:wait_until(function() return car.state.work.over end, 25)\n"
                  "end)\n");
    loop_timer_start(&rig->watchdog, 60 * USEC_PER_SEC);
    runner_start(rig->runner);
    lab_turn(rig->lab);
    car = rig->script->cars->vehicle;
    client = rig->lab->clients[car->identity.index];
    thing = car->identity.thing_name;
    lab_bring_online(rig->lab, car);
    lab_turn(rig->lab);
    return 0;
}

static int end(void **state)
{
    (void)state;
    tcu_set_signal(car->tcu, signal_of("work.over"), (union signal_value){.b = true});
    lab_turn(rig->lab);
    if (rig->all_done == 0)
        loop_run(rig->lab->sim->loop);
    loop_timer_stop(&rig->watchdog);
    rig_expect(rig, "car", SCENARIO_PASSED, NULL);
    rig_free(rig);
    return 0;
}

/* What the car asks on …/jobs/<call> the n-th time; waits for it; to be freed. */
static cJSON *asked(const char *call, size_t n)
{
    char topic[200];

    snprintf(topic, sizeof topic, "$aws/things/%s/jobs/%s", thing, call);
    while (fake_count(client, topic) < n)
        ev_run(rig->lab->sim->loop->ev, EVRUN_ONCE);
    assert_int_equal(fake_count(client, topic), n);
    cJSON *request = json_parse(slice_str(fake_last(client, topic)->payload), 10);
    assert_non_null(request);
    return request;
}

/* A message on …/jobs/<suffix> of that thing: `members`, and the token of the request. */
static void tell(const char *whose, const char *suffix, const char *members, const cJSON *request)
{
    char topic[200], payload[1000];

    snprintf(topic, sizeof topic, "$aws/things/%s/jobs/%s", whose, suffix);
    snprintf(payload, sizeof payload, "{%s\"timestamp\":1700000000,\"clientToken\":\"%s\"}",
             members, json_str(request, "clientToken", ""));
    fake_message(client, topic, payload);
    lab_turn(rig->lab);
}

/* Answers the n-th request on <call>. */
static void answer(const char *call, size_t n, const char *suffix, const char *members)
{
    char on[100];
    cJSON *request = asked(call, n);

    snprintf(on, sizeof on, "%s/%s", call, suffix);
    tell(thing, on, members, request);
    cJSON_Delete(request);
}

#define EXECUTION(document)                                                                        \
    "\"execution\":{\"jobId\":\"j1\",\"status\":\"QUEUED\",\"queuedAt\":1700000000,"               \
    "\"lastUpdatedAt\":1700000000,\"versionNumber\":1,\"executionNumber\":1,\"jobDocument\":"      \
    "{\"operation\":\"dance\"" document "}},"
#define STATE(status, version)                                                                     \
    "\"executionState\":{\"status\":\"" status "\",\"versionNumber\":" version "},"

/* The n-th update of j1 says this; it expects that version. */
static void expect_update(size_t n, const char *status, int version, const char *details)
{
    cJSON *request = asked("j1/update", n);
    cJSON *expected = cJSON_Parse(details);

    assert_string_equal(json_str(request, "status", ""), status);
    assert_int_equal((int)json_num(request, "expectedVersion", -1), version);
    assert_int_equal((int)json_num(request, "executionNumber", -1), 1);
    assert_true(cJSON_IsTrue(json_get(request, "includeJobExecutionState")));
    assert_true(json_equal(json_get(request, "statusDetails"), expected));
    cJSON_Delete(expected);
    cJSON_Delete(request);
}

/* The job from its first step on, at that version, when the cloud agrees with all of it. */
static void dance_to_the_end(size_t n, int version)
{
    expect_update(n, "IN_PROGRESS", version, "{\"step\":\"left\"}");
    answer("j1/update", n, "accepted", STATE("IN_PROGRESS", "20"));
    expect_update(n + 1, "IN_PROGRESS", 20, "{\"step\":\"right\"}");
    answer("j1/update", n + 1, "accepted", STATE("IN_PROGRESS", "21"));
    expect_update(n + 2, "SUCCEEDED", 21, "{\"steps\":\"2\"}");
    answer("j1/update", n + 2, "accepted", STATE("SUCCEEDED", "22"));
}

static void subscribed(void)
{
    fake_suback(client, 1);
    lab_turn(rig->lab);
}

/* contract 3.7, step 1: what it subscribes to; step 2: it asks for $next first (contract 3.1);
 * steps 3 and 5: it starts with expectedVersion and stepTimeoutInMinutes, and goes on with the
 * version of each accepted; step 8: what comes next. */
static void from_notify_next_to_the_end(void **state)
{
    static const char *const filters[] = {"notify-next", "start-next/+", "+/get/+", "+/update/+"};
    char filter[200];

    (void)state;
    assert_int_equal(client->filter_count, 4);
    for (size_t i = 0; i < 4; i++) {
        snprintf(filter, sizeof filter, "$aws/things/%s/jobs/%s", thing, filters[i]);
        assert_string_equal(client->filters[i], filter);
    }
    assert_int_equal(fake_count(client, "jobs/$next/get"), 0);
    subscribed();
    answer("$next/get", 1, "accepted", "");
    assert_int_equal(fake_count(client, "jobs/$next/get"), 1);
    tell(thing, "notify-next", EXECUTION(""), NULL);
    answer("$next/get", 2, "accepted", EXECUTION(""));
    cJSON *request = asked("j1/update", 1);
    assert_int_equal((int)json_num(request, "stepTimeoutInMinutes", -1), 5);
    cJSON_Delete(request);
    dance_to_the_end(1, 1);
    answer("$next/get", 3, "accepted", "");
}

/* contract 3.7, step 3: REJECTED with the reason. */
static void what_it_will_not_do(void **state)
{
    (void)state;
    subscribed();
    answer("$next/get", 1, "accepted", EXECUTION(",\"floor\":\"wet\""));
    expect_update(1, "REJECTED", 1, "{\"reason\":\"FLOOR_WET\",\"description\":\"it slips\"}");
    answer("j1/update", 1, "accepted", STATE("REJECTED", "2"));
    answer("$next/get", 2, "accepted", EXECUTION(""));
    expect_update(2, "IN_PROGRESS", 1, "{\"step\":\"left\"}");
    dance_to_the_end(2, 1);
}

/* contract 3.1: "A device should check that the thing name in an incoming topic is its own"; what
   looks unsolicited, with another token or none, is no answer either. */
static void answers_that_are_not_its_own(void **state)
{
    static const char no_token[] = EXECUTION("");

    (void)state;
    subscribed();
    cJSON *request = asked("$next/get", 1);
    tell("another", "$next/get/accepted", EXECUTION(""), request);
    tell(thing, "$next/get/accepted", no_token, NULL);
    tell("another", "notify-next", EXECUTION(""), NULL);
    assert_int_equal(fake_count(client, "j1/update"), 0);
    tell(thing, "$next/get/accepted", EXECUTION(""), request);
    cJSON_Delete(request);
    dance_to_the_end(1, 1);
}

/* contract 3.1: the answer to $next/get "shows the concrete job id in the response topic ⇒
   unconfirmed; accept both". */
static void next_answered_by_the_jobs_name(void **state)
{
    (void)state;
    subscribed();
    cJSON *request = asked("$next/get", 1);
    tell(thing, "j1/get/accepted", EXECUTION(""), request);
    cJSON_Delete(request);
    dance_to_the_end(1, 1);
}

/* contract 3.3: RequestThrottled and InternalError are tried again as they were; VersionMismatch
   carries the executionState, which is the version to go on from (contract 3.7, step 7). */
static void rejections_that_pass(void **state)
{
    (void)state;
    subscribed();
    answer("$next/get", 1, "accepted", EXECUTION(""));
    expect_update(1, "IN_PROGRESS", 1, "{\"step\":\"left\"}");
    answer("j1/update", 1, "rejected", "\"code\":\"RequestThrottled\",\"message\":\"slowly\",");
    expect_update(2, "IN_PROGRESS", 1, "{\"step\":\"left\"}");
    answer("j1/update", 2, "rejected", "\"code\":\"InternalError\",\"message\":\"sorry\",");
    expect_update(3, "IN_PROGRESS", 1, "{\"step\":\"left\"}");
    answer("j1/update", 3, "rejected",
           "\"code\":\"VersionMismatch\",\"message\":\"m\"," STATE("IN_PROGRESS", "7"));
    dance_to_the_end(4, 7);
}

/* contract 3.7, step 7: "on InvalidStateTransition the job was cancelled or timed out: roll back,
   stop"; contract 3.3: ResourceNotFound, it is not there any more. */
static void rejections_that_end_it(void **state)
{
    static const char *const codes[][2] = {
        {"\"code\":\"InvalidStateTransition\",\"message\":\"m\"," STATE("CANCELED", "3"),
         "CANCELED"},
        {"\"code\":\"InvalidStateTransition\",\"message\":\"m\"," STATE("TIMED_OUT",                                                                         "3"),
         "TIMED_OUT"},
        {"\"code\":\"ResourceNotFound\",\"message\":\"m\",",                                                               "GONE"                                                                  },
    };

    (void)state;
    subscribed();
    for (size_t i = 0; i < 3; i++) {
        answer("$next/get", i + 1, "accepted", EXECUTION(""));
        expect_update(i + 1, "IN_PROGRESS", 1, "{\"step\":\"left\"}");
        answer("j1/update", i + 1, "rejected", codes[i][0]);
        assert_string_equal(signal_get(&car->tcu->signals, signal_of("work.why")).s, codes[i][1]);
    }
    answer("$next/get", 4, "accepted", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
        TEST(from_notify_next_to_the_end),  TEST(what_it_will_not_do),
        TEST(answers_that_are_not_its_own), TEST(next_answered_by_the_jobs_name),
        TEST(rejections_that_pass),         TEST(rejections_that_end_it),
#undef TEST
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
