/* The cloud lives inside the broker: whichever allocation fails, it says so, changes no shadow, and
   works again afterwards. Every allocation of every request below fails once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "cloud/cloud.h"

static int countdown = -1; /* allocations until one fails; negative: none does */

/* Sanitizers have an allocator of their own: there the linker sends the program's calls here, and
   cJSON is told. Else these take the C library's place for all. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define OURS(name)   __wrap_##name
#define THEIRS(name) __real_##name
#else
#define OURS(name)   name
#define THEIRS(name) __libc_##name
#endif

void *THEIRS(malloc)(size_t size);
void *THEIRS(calloc)(size_t count, size_t size);
void *THEIRS(realloc)(void *old, size_t size);

static bool fails(void)
{
    if (countdown < 0)
        return false;
    return countdown-- == 0;
}

void *OURS(malloc)(size_t size)
{
    return fails() ? NULL : THEIRS(malloc)(size);
}

void *OURS(calloc)(size_t count, size_t size)
{
    return fails() ? NULL : THEIRS(calloc)(count, size);
}

void *OURS(realloc)(void *old, size_t size)
{
    return fails() ? NULL : THEIRS(realloc)(old, size);
}

static const int handle;
static const struct presence_peer car = {.handle = &handle,
                                         .client_id = "tcu-1",
                                         .address = "192.0.2.7",
                                         .common_name = "tcu-1",
                                         .unit = "vehicle",
                                         .principal = "00",
                                         .clean_start = true};

static enum cloud_verdict shadow(struct cloud *cloud, const char *topic, const char *payload,
                                 struct cloud_actions *out)
{
    struct cloud_message m = {
        .handle = &handle, .client_id = "tcu-1", .topic = topic, .payload = slice_str(payload)};

    return cloud_message(cloud, &m, 1700000000000, out);
}

/* Everything that a car's session makes the cloud do; false as soon as something did not work. */
static bool session(struct cloud *cloud, struct cloud_actions *out)
{
    static const struct {
        const char *topic, *payload;
    } requests[] = {
        {"$aws/things/tcu-1/shadow/update", "{\"state\":{\"desired\":{\"a\":{\"b\":[1,{\"c\":2}]},"
                                            "\"s\":\"x\"},\"reported\":{\"a\":1}},"
                                            "\"clientToken\":\"t\"}"},
        {"$aws/things/tcu-1/shadow/update",
         "{\"state\":{\"desired\":{\"a\":null},\"reported\":null}}"                                            },
        {"$aws/things/tcu-1/shadow/get",    ""                                                                 },
        {"$aws/things/tcu-1/shadow/delete", ""                                                                 },
        {"$aws/things/tcu-1/jobs/get",      "{}"                                                               },
    };

    if (cloud_connect(cloud, &car, 1, out) != CLOUD_ALLOW ||
        cloud_subscribe(cloud, "tcu-1", "cmd/fleetsim/tcu-1/request", 1, out) != CLOUD_ALLOW)
        return false;
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        size_t before = out->count;
        if (shadow(cloud, requests[i].topic, requests[i].payload, out) != CLOUD_ALLOW) {
            assert_int_equal(out->count, before);
            return false;
        }
    }
    return cloud_control(cloud, "me", slice_str("{\"command\":\"status\"}"), out) &&
           cloud_disconnect(cloud, &handle, "tcu-1", PRESENCE_CONNECTION_LOST, 1, out);
}

static void every_allocation_fails_once(void **state)
{
    int failures = 0;

    (void)state;
    for (int n = 0; n < 5000; n++) {
        struct cloud *cloud = cloud_new(1);
        struct cloud_actions out;
        cloud_actions_init(&out);
        assert_non_null(cloud);
        countdown = n;
        session(cloud, &out);
        bool reached = countdown < 0;
        countdown = -1;
        cloud_actions_done(&out);
        failures += reached ? 1 : 0;
        /* The same cloud serves the next one. */
        assert_true(session(cloud, &out));
        cloud_actions_done(&out);
        cloud_free(cloud);
        if (!reached)
            break;
    }
    assert_true(failures > 100);
    assert_true(failures < 5000);
}

static void failed_update_changes_nothing(void **state)
{
    (void)state;
    for (int n = 0;; n++) {
        struct cloud *cloud = cloud_new(1);
        struct cloud_actions out;
        cloud_actions_init(&out);
        assert_int_equal(shadow(cloud, "$aws/things/t/shadow/update",
                                "{\"state\":{\"desired\":{\"a\":1}}}", &out),
                         CLOUD_ALLOW);
        cloud_actions_done(&out);
        countdown = n;
        enum cloud_verdict verdict = shadow(cloud, "$aws/things/t/shadow/update",
                                            "{\"state\":{\"desired\":{\"a\":2,\"b\":3}}}", &out);
        bool reached = countdown < 0;
        countdown = -1;
        bool rejected = out.count == 1; /* the parser cannot tell no memory from no JSON */
        cloud_actions_done(&out);
        shadow(cloud, "$aws/things/t/shadow/get", "", &out);
        cJSON *got = json_parse(slice_of(out.items[0].payload, out.items[0].payload_len), 8);
        bool changed = verdict == CLOUD_ALLOW && !rejected;
        assert_int_equal((int)json_num(got, "version", 0), changed ? 2 : 1);
        assert_int_equal((int)json_num(json_get(json_get(got, "state"), "desired"), "a", 0),
                         changed ? 2 : 1);
        cJSON_Delete(got);
        cloud_actions_done(&out);
        cloud_free(cloud);
        if (!reached)
            break;
    }
}

#define POLICY                                                                                     \
    "{\"policyDocument\":{\"Version\":\"2012-10-17\",\"Statement\":{\"Sid\":\"s\",\"Effect\":"     \
    "\"Deny\","                                                                                    \
    "\"Action\":\"iot:*\",\"Resource\":[\"arn:aws:iot:x:1:topic/"                                  \
    "${iot:Connection.Thing.Attributes[a]}/*\",\"arn:aws:iot:x:1:t*/y\"],\"Condition\":{"          \
    "\"StringLike\":{\"iot:Certificate.Subject.Country.List\":[\"D?\",\"${iot:ClientId}\"]}}}}}"

/* What operators ask of policies, groups and the index; they are refused, or there is no memory. */
static void operators(struct cloud *cloud, struct cloud_actions *out)
{
    static const struct {
        const char *topic, *payload;
    } requests[] = {
        {"fleetsim/policies/p/put",                   POLICY                                                                               },
        {"fleetsim/policies/p/put",                   POLICY                                                                               },
        {"fleetsim/policies/p/get",                   ""                                                                                   },
        {"fleetsim/policies/list",                    ""                                                                                   },
        {"fleetsim/groups/g/create",                  "{}"                                                                                 },
        {"fleetsim/groups/h/create",                  "{\"parentGroupName\":\"g\"}"                                                        },
        {"fleetsim/groups/d/create",
         "{\"queryString\":\"shadow.reported.a:[1 TO 2] OR \\\"x\\\"\"}"                                                                   },
        {"fleetsim/groups/h/add",                     "{\"things\":[\"tcu-1\"]}"                                                           },
        {"fleetsim/groups/h/remove",                  "{\"queryString\":\"thingName:t*\"}"                                                 },
        {"fleetsim/groups/h/add",                     "{\"queryString\":\"thingName:t* NOT thingGroupNames:h\"}"                           },
        {"fleetsim/policies/p/attach",                "{\"target\":\"group/g\"}"                                                           },
        {"fleetsim/policies/p/attach",                "{\"target\":\"thing/tcu-1\"}"                                                       },
        {"fleetsim/policies/p/targets",               ""                                                                                   },
        {"fleetsim/policies/test",                    "{\"thingName\":\"tcu-1\",\"action\":\"connect\"}"                                   },
        {"fleetsim/groups/list",                      ""                                                                                   },
        {"fleetsim/groups/g/things",                  "{\"recursive\":true}"                                                               },
        {"$aws/things/tcu-1/shadow/update",
         "{\"state\":{\"reported\":{\"a\":1},\"desired\":{\"a\":2}}}"                                                                      },
        {"fleetsim/index/search",                     "{\"queryString\":\"shadow.delta.a:2\",\"shadow\":true}"                             },
        {"fleetsim/index/search",                     "{\"queryString\":\"tcu*\"}"                                                         },
        {"fleetsim/jobs/j/create",                    "{\"targets\":[\"group/g\",\"group/d\"],\"document\":{},"
                                   "\"targetSelection\":\"CONTINUOUS\"}"                                 },
        {"fleetsim/fleetwise/manifests/m/put",
         "{\"manifest\":{\"can_signals\":[{\"signal_id\":12}]},\"names\":{\"12\":\"locks\"}}"                                              },
        {"fleetsim/fleetwise/templates/s/put",
         "{\"template\":{\"signal_ids\":[12]},\"manifest\":\"m\"}"                                                                         },
        {"fleetsim/fleetwise/campaigns/c/put",
         "{\"scheme\":{\"decoder_manifest_sync_id\":\"m\",\"expiry_time_ms_epoch\":900000},"
         "\"mqttTopic\":\"dt/c\",\"dimensions\":[\"a\"]}"                                                                                  },
 /* Checkin: {"x"} at 5; VehicleData of c: signal 12 is "locked". */
        {"$aws/iotfleetwise/vehicles/tcu-1/checkins", "\n\x01x\x10\x05"                                                                    },
        {"$aws/iotfleetwise/vehicles/tcu-1/signals",  "\n\x01"
                                                     "c\x18\x07*\n\x10\x0c\"\x06locked"},
        {"fleetsim/fleetwise/campaigns/c/get",        ""                                                                                   },
        {"fleetsim/fleetwise/campaigns/c/delete",     ""                                                                                   },
        {"fleetsim/fleetwise/manifests/list",         ""                                                                                   },
        {"fleetsim/groups/h/remove",                  "{\"things\":[\"tcu-1\"]}"                                                           },
        {"fleetsim/policies/p/detach",                "{\"target\":\"group/g\"}"                                                           },
        {"fleetsim/jobs/j/delete",                    "{\"force\":true}"                                                                   },
        {"fleetsim/groups/h/delete",                  ""                                                                                   },
        {"fleetsim/groups/g/delete",                  ""                                                                                   },
        {"fleetsim/groups/d/delete",                  ""                                                                                   },
    };

    cloud_connect(cloud, &car, 1, out);
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        shadow(cloud, requests[i].topic, requests[i].payload, out);
        cloud_tick(cloud, (int64_t)i * 2000, out);
    }
}

static void operators_survive(void **state)
{
    int failures = 0;

    (void)state;
    for (int n = 0; n < 20000; n++) {
        struct cloud_actions out;
        cloud_actions_init(&out);
        countdown = n;
        struct cloud *cloud = cloud_new(1);
        if (cloud != NULL)
            operators(cloud, &out);
        bool reached = countdown < 0;
        countdown = -1;
        failures += reached ? 1 : 0;
        cloud_actions_done(&out);
        if (cloud == NULL)
            continue;
        /* The same cloud does all of it. */
        operators(cloud, &out);
        struct cloud_message m = {.handle = &handle,
                                  .client_id = "tcu-1",
                                  .topic = "fleetsim/groups/list",
                                  .payload = slice_str("{}")};
        cloud_actions_cut(&out, 0);
        assert_int_equal(cloud_message(cloud, &m, 1, &out), CLOUD_ALLOW);
        assert_non_null(strstr(out.items[0].payload, "\"thingGroups\":[]"));
        cloud_actions_done(&out);
        cloud_free(cloud);
        if (!reached)
            break;
    }
    assert_true(failures > 500);
    assert_true(failures < 20000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_fails_once),
        cmocka_unit_test(failed_update_changes_nothing),
        cmocka_unit_test(operators_survive),
    };

    cJSON_InitHooks(&(cJSON_Hooks){.malloc_fn = OURS(malloc), .free_fn = free});
    return cmocka_run_group_tests(tests, NULL, NULL);
}
