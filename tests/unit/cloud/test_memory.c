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

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CAN_FAIL 0
static int countdown = -1;
#else
#define CAN_FAIL 1
static int countdown = -1; /* allocations until one fails; negative: none does */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

static bool fails(void)
{
    if (countdown < 0)
        return false;
    return countdown-- == 0;
}

void *malloc(size_t size)
{
    return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    return fails() ? NULL : __libc_realloc(old, size);
}
#endif

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
    if (!CAN_FAIL)
        skip();
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
    if (!CAN_FAIL)
        skip();
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_fails_once),
        cmocka_unit_test(failed_update_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
