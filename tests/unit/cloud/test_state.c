/* What the cloud carries over a restart of its broker. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cloud/cloud.h"

#define NOW ((int64_t)1700000000000)

static struct presence_peer car(const char *name)
{
    return (struct presence_peer){.handle = name,
                                  .client_id = name,
                                  .address = "127.0.0.1",
                                  .common_name = name,
                                  .unit = "vehicle",
                                  .principal = strcmp(name, "one") == 0 ? "01" : "02"};
}

/* Sends it; returns the payload of the first answer, to be freed. */
static char *ask(struct cloud *cloud, const char *handle, const char *client, const char *topic,
                 const char *payload, int64_t now)
{
    struct cloud_actions out;
    struct cloud_message m = {
        .handle = handle, .client_id = client, .topic = topic, .payload = slice_str(payload)};

    cloud_actions_init(&out);
    assert_int_equal(cloud_publish(cloud, &m, NOW), CLOUD_ALLOW);
    assert_int_equal(cloud_message(cloud, &m, now, &out), CLOUD_ALLOW);
    assert_true(out.count > 0);
    char *answer = strndup(out.items[0].payload, out.items[0].payload_len);
    cloud_actions_done(&out);
    return answer;
}

static void tell(struct cloud *cloud, const char *handle, const char *topic, const char *payload,
                 int64_t now)
{
    free(ask(cloud, handle, handle, topic, payload, now));
}

#define SHADOW(thing) "$aws/things/" thing "/shadow"

static struct cloud *lived_in(const char *one, const char *two)
{
    struct cloud *cloud = cloud_new(1);
    struct presence_peer a = car(one);
    struct presence_peer b = car(two);
    struct cloud_actions out;

    cloud_actions_init(&out);
    assert_int_equal(cloud_connect(cloud, &a, NOW, &out), CLOUD_ALLOW);
    assert_int_equal(cloud_connect(cloud, &b, NOW, &out), CLOUD_ALLOW);
    assert_int_equal(cloud_subscribe(cloud, one, SHADOW("one") "/update/delta", NOW, &out),
                     CLOUD_ALLOW);
    tell(cloud, one, SHADOW("one") "/update",
         "{\"state\":{\"reported\":{\"locks\":{\"all\":\"locked\"},\"label\":\"\\u00e4\\\"\","
         "\"range\":0.1,\"list\":[1,{},{\"a\":[true]}]}}}",
         NOW + 1000);
    tell(cloud, one, SHADOW("one") "/update",
         "{\"state\":{\"desired\":{\"locks\":{\"all\":\"unlocked\"},\"horn\":true}}}", NOW + 2000);
    tell(cloud, one, SHADOW("one") "/update", "{\"state\":{\"desired\":{\"horn\":false}}}",
         NOW + 3000);
    tell(cloud, two, SHADOW("two") "/update", "{\"state\":{\"reported\":{\"x\":1}}}", NOW + 4000);
    tell(cloud, two, SHADOW("two") "/delete", "", NOW + 5000);
    assert_true(cloud_disconnect(cloud, two, two, PRESENCE_CONNECTION_LOST, NOW + 6000, &out));
    cloud_actions_done(&out);
    return cloud;
}

static void survives_a_restart(void **state)
{
    struct cloud *old = lived_in("one", "two");
    struct cloud *fresh = cloud_new(2);
    struct presence_peer again = car("one");
    struct presence_peer other = car("two");
    struct cloud_actions out;
    struct text saved;

    (void)state;
    text_init(&saved);
    assert_true(cloud_save(old, NOW + 7000, &saved));
    assert_int_equal(cloud_load(fresh, slice_of(saved.data, saved.len), NOW + 7500), 0);
    /* Messages for its session are let through before it is back; it is not connected. */
    assert_int_equal(cloud_deliver(fresh, "one", "cmd/fleetsim/one/request", false, NOW),
                     CLOUD_ALLOW);
    assert_int_equal(cloud_deliver(fresh, "one", "cmd/fleetsim/two/request", false, NOW),
                     CLOUD_DENY);
    assert_null(cloud_handle(fresh, "one"));
    cloud_actions_init(&out);
    assert_int_equal(cloud_connect(fresh, &again, NOW + 8000, &out), CLOUD_ALLOW);
    assert_int_equal(cloud_connect(fresh, &other, NOW + 8000, &out), CLOUD_ALLOW);
    /* The server had ended its connection: that is told before the new one. */
    assert_int_equal(out.count, 3);
    assert_string_equal(out.items[0].topic, "$aws/events/presence/disconnected/one");
    assert_non_null(strstr(out.items[0].payload, "\"timestamp\":1700000007000"));
    assert_non_null(strstr(out.items[0].payload, "\"SERVER_INITIATED_DISCONNECT\""));
    assert_non_null(strstr(out.items[0].payload, "\"versionNumber\":0"));
    assert_string_equal(out.items[1].topic, "$aws/events/presence/connected/one");
    assert_non_null(strstr(out.items[1].payload, "\"versionNumber\":1"));
    cloud_actions_done(&out);
    /* Values, times of every leaf, delta, version. */
    char *before = ask(old, "one", "one", SHADOW("one") "/get", "", NOW + 9000);
    char *after = ask(fresh, "one", "one", SHADOW("one") "/get", "", NOW + 9000);
    assert_non_null(strstr(before, "\"locks\":{\"all\":{\"timestamp\":1700000002}}"));
    assert_string_equal(after, before);
    free(before);
    free(after);
    /* A deleted shadow's version is remembered. */
    after = ask(fresh, "two", "two", SHADOW("two") "/update",
                "{\"state\":{\"reported\":{\"x\":1}}}", NOW + 9000);
    assert_non_null(strstr(after, "\"version\":3"));
    free(after);
    text_done(&saved);
    cloud_free(old);
    cloud_free(fresh);
}

/* Whoever does not come back is told of all the same, once. */
static void tells_who_was_cut_off(void **state)
{
    struct cloud *old = lived_in("one", "two");
    struct cloud *fresh = cloud_new(2);
    struct cloud_actions out;
    struct text saved;

    (void)state;
    text_init(&saved);
    assert_true(cloud_save(old, NOW + 7000, &saved));
    assert_int_equal(cloud_load(fresh, slice_of(saved.data, saved.len), NOW + 8000), 0);
    cloud_actions_init(&out);
    assert_true(cloud_tick(fresh, NOW + 12000, &out));
    assert_int_equal(out.count, 0);
    assert_true(cloud_tick(fresh, NOW + 13000, &out));
    assert_true(cloud_tick(fresh, NOW + 30000, &out));
    assert_int_equal(out.count, 1);
    assert_string_equal(out.items[0].topic, "$aws/events/presence/disconnected/one");
    cloud_actions_done(&out);
    text_done(&saved);
    cloud_free(old);
    cloud_free(fresh);
}

static void leaves_out_what_is_none(void **state)
{
    static const char text[] =
        "{\"shadow\":\"a\"\n\n[]\n{\"shadow\":7}\n{\"client\":\"x\",\"filters\":3}\n"
        "{\"client\":\"x\"}\n{\"shadow\":\"b\",\"document\":3}\n{\"shadow\":\"c\","
        "\"document\":{\"state\":{\"desired\":[]},\"metadata\":7}}";
    struct cloud *cloud = cloud_new(1);

    (void)state;
    assert_int_equal(cloud_load(cloud, slice_str(text), NOW), 5);
    cloud_free(cloud);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(survives_a_restart),
        cmocka_unit_test(tells_who_was_cut_off),
        cmocka_unit_test(leaves_out_what_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
