/* The cloud as the broker drives it: who is let in, what closes a connection, the events about it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"
#include "base/json.h"
#include "cloud/cloud.h"

#define NOW  ((int64_t)1700000000000)
#define HOUR ((int64_t)3600 * 1000)

struct world {
    struct cloud *cloud;
    struct cloud_actions out;
    int64_t now_ms;
};

static const int handles[4]; /* addresses to tell connections apart */

/* Each name has a certificate of its own in each unit. */
static const char *principal_of(const char *client_id, const char *unit)
{
    static char ids[8][65];
    static size_t next;
    char *id = ids[next++ % 8];

    snprintf(id, 65, "%032llx%032llx", (unsigned long long)hash_text(client_id),
             (unsigned long long)hash_text(unit != NULL ? unit : ""));
    return id;
}

static struct presence_peer peer(int handle, const char *client_id, const char *unit)
{
    return (struct presence_peer){.handle = &handles[handle],
                                  .client_id = client_id,
                                  .address = "192.0.2.7",
                                  .common_name = client_id,
                                  .unit = unit,
                                  .principal = principal_of(client_id, unit)};
}

static int setup(void **state)
{
    static struct world w;

    w = (struct world){.cloud = cloud_new(1), .now_ms = NOW};
    cloud_actions_init(&w.out);
    *state = &w;
    return w.cloud != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    struct world *w = *state;

    cloud_actions_done(&w->out);
    cloud_free(w->cloud);
    return 0;
}

static enum cloud_verdict connect_as(struct world *w, int handle, const char *client_id,
                                     const char *unit)
{
    struct presence_peer p = peer(handle, client_id, unit);

    cloud_actions_done(&w->out);
    return cloud_connect(w->cloud, &p, w->now_ms, &w->out);
}

static void disconnect(struct world *w, int handle, const char *client_id,
                       enum presence_reason reason)
{
    cloud_actions_done(&w->out);
    assert_true(
        cloud_disconnect(w->cloud, &handles[handle], client_id, reason, w->now_ms, &w->out));
}

static enum cloud_verdict subscribe(struct world *w, const char *client_id, const char *filter)
{
    return cloud_subscribe(w->cloud, client_id, filter, w->now_ms, &w->out);
}

static enum cloud_verdict publish(struct world *w, int handle, const char *client_id,
                                  const char *topic, bool retain)
{
    struct cloud_message m = {.handle = &handles[handle],
                              .client_id = client_id,
                              .topic = topic,
                              .payload = slice_str("{}"),
                              .retain = retain};

    return cloud_publish(w->cloud, &m, NOW);
}

/* The payload of action i, whose topic must be as given. */
static cJSON *event(const struct world *w, size_t i, const char *topic)
{
    if (i >= w->out.count)
        fail_msg("no action %zu (%s)", i, topic);
    assert_string_equal(w->out.items[i].topic, topic);
    cJSON *doc = json_parse(slice_of(w->out.items[i].payload, w->out.items[i].payload_len), 8);
    assert_non_null(doc);
    return doc;
}

static void connected_and_disconnected(void **state)
{
    struct world *w = *state;
    char session[64];

    assert_int_equal(connect_as(w, 0, "tcu-1", "vehicle"), CLOUD_ALLOW);
    assert_int_equal(w->out.count, 1);
    cJSON *e = event(w, 0, "$aws/events/presence/connected/tcu-1");
    assert_string_equal(json_str(e, "clientId", ""), "tcu-1");
    assert_string_equal(json_str(e, "thingName", ""), "tcu-1");
    assert_string_equal(json_str(e, "eventType", ""), "connected");
    assert_string_equal(json_str(e, "principalIdentifier", ""), principal_of("tcu-1", "vehicle"));
    assert_string_equal(json_str(e, "ipAddress", ""), "192.0.2.7");
    assert_true((int64_t)json_num(e, "timestamp", 0) == NOW);
    assert_int_equal((int)json_num(e, "versionNumber", -1), 0);
    snprintf(session, sizeof session, "%s", json_str(e, "sessionIdentifier", ""));
    assert_int_equal(strlen(session), 36);
    assert_true(session[14] == '4');
    cJSON_Delete(e);

    disconnect(w, 0, "tcu-1", PRESENCE_CLIENT_INITIATED);
    e = event(w, 0, "$aws/events/presence/disconnected/tcu-1");
    assert_string_equal(json_str(e, "sessionIdentifier", ""), session);
    assert_true(cJSON_IsTrue(json_get(e, "clientInitiatedDisconnect")));
    assert_string_equal(json_str(e, "disconnectReason", ""), "CLIENT_INITIATED_DISCONNECT");
    assert_int_equal((int)json_num(e, "versionNumber", -1), 0);
    assert_null(json_get(e, "ipAddress"));
    cJSON_Delete(e);
    /* The broker may tell twice. */
    disconnect(w, 0, "tcu-1", PRESENCE_CONNECTION_LOST);
    assert_int_equal(w->out.count, 0);
}

static int next_version(struct world *w, int64_t pause_ms)
{
    disconnect(w, 0, "tcu-1", PRESENCE_CONNECTION_LOST);
    w->now_ms += pause_ms;
    assert_true(cloud_tick(w->cloud, w->now_ms, &w->out));
    assert_int_equal(connect_as(w, 0, "tcu-1", "vehicle"), CLOUD_ALLOW);
    cJSON *e = event(w, 0, "$aws/events/presence/connected/tcu-1");
    int version = (int)json_num(e, "versionNumber", -1);
    cJSON_Delete(e);
    return version;
}

static void version_number(void **state)
{
    struct world *w = *state;

    connect_as(w, 0, "tcu-1", "vehicle");
    assert_int_equal(next_version(w, 0), 1);
    assert_int_equal(next_version(w, HOUR - 1), 2);
    assert_int_equal(next_version(w, HOUR), 0);
}

static void takeover(void **state)
{
    struct world *w = *state;

    connect_as(w, 0, "tcu-1", "vehicle");
    assert_ptr_equal(cloud_handle(w->cloud, "tcu-1"), &handles[0]);
    assert_int_equal(connect_as(w, 1, "tcu-1", "vehicle"), CLOUD_ALLOW);
    assert_int_equal(w->out.count, 2);
    cJSON *e = event(w, 0, "$aws/events/presence/disconnected/tcu-1");
    assert_string_equal(json_str(e, "disconnectReason", ""), "DUPLICATE_CLIENTID");
    assert_int_equal((int)json_num(e, "versionNumber", -1), 0);
    cJSON_Delete(e);
    e = event(w, 1, "$aws/events/presence/connected/tcu-1");
    assert_int_equal((int)json_num(e, "versionNumber", -1), 1);
    cJSON_Delete(e);
    /* The old connection's will is judged, but closes nobody; its end is old news. */
    assert_int_equal(publish(w, 0, "tcu-1", "dt/fleetsim/tcu-1/will", false), CLOUD_ALLOW);
    assert_int_equal(publish(w, 0, "tcu-1", "dt/fleetsim/tcu-2/will", false), CLOUD_DENY);
    disconnect(w, 0, "tcu-1", PRESENCE_CONNECTION_LOST);
    assert_int_equal(w->out.count, 0);
    assert_true(cloud_is_current(w->cloud, &handles[1], "tcu-1"));
    disconnect(w, 1, "tcu-1", PRESENCE_CONNECTION_LOST);
    e = event(w, 0, "$aws/events/presence/disconnected/tcu-1");
    assert_string_equal(json_str(e, "disconnectReason", ""), "CONNECTION_LOST");
    cJSON_Delete(e);
}

static void connect_refused(void **state)
{
    static const struct {
        const char *client_id, *unit;
        bool event;
    } cases[] = {
        {"tcu-1", NULL,      true },
        {"tcu-1", "nobody",  true },
        {"",      "vehicle", false},
        {"$tcu",  "vehicle", true },
        {"a+b",   "vehicle", false},
    };
    struct world *w = *state;
    char id[140];

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(connect_as(w, 0, cases[i].client_id, cases[i].unit),
                         CLOUD_CLOSE_NOT_AUTHORIZED);
        assert_int_equal(w->out.count, cases[i].event ? 1 : 0);
    }
    memset(id, 'x', sizeof id);
    id[129] = '\0';
    assert_int_equal(connect_as(w, 0, id, "vehicle"), CLOUD_CLOSE_NOT_AUTHORIZED);
    id[128] = '\0';
    assert_int_equal(connect_as(w, 0, id, "vehicle"), CLOUD_ALLOW);
    connect_as(w, 0, "tcu-1", "nobody");
    cJSON *e = event(w, 0, "$aws/events/presence/connect_failed/tcu-1");
    assert_string_equal(json_str(e, "connectFailureReason", ""), "AUTHORIZATION_FAILED");
    cJSON_Delete(e);
    /* A refused stranger does not disturb the one who is in. */
    connect_as(w, 1, "tcu-1", "vehicle");
    connect_as(w, 0, "tcu-1", "nobody");
    assert_true(cloud_is_current(w->cloud, &handles[1], "tcu-1"));
}

static void breaches(void **state)
{
    static const struct {
        const char *topic;
        bool retain;
        enum cloud_verdict verdict;
        const char *reason;
    } cases[] = {
        {"dt/fleetsim/tcu-1/x",                      false, CLOUD_ALLOW,                "CONNECTION_LOST"},
        {"dt/fleetsim/tcu-1/x",                      true,  CLOUD_ALLOW,                "CONNECTION_LOST"},
        {"dt/fleetsim/tcu-2/x",                      false, CLOUD_CLOSE_NOT_AUTHORIZED, "AUTH_ERROR"     },
        {"$aws/things/tcu-1/shadow/update",          false, CLOUD_ALLOW,                "CONNECTION_LOST"},
        {"$aws/things/tcu-1/shadow/update",          true,  CLOUD_CLOSE_NOT_AUTHORIZED, "AUTH_ERROR"     },
        {"$aws/things/tcu-1/shadow/name/a/b/update", false, CLOUD_CLOSE_BAD_TOPIC,      "CLIENT_ERROR"   },
        {"dt/fleetsim/tcu-1/4/5/6/7/8/9",            false, CLOUD_CLOSE_BAD_TOPIC,      "CLIENT_ERROR"   },
    };
    struct world *w = *state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(connect_as(w, 0, "tcu-1", "vehicle"), CLOUD_ALLOW);
        if (publish(w, 0, "tcu-1", cases[i].topic, cases[i].retain) != cases[i].verdict)
            fail_msg("%s", cases[i].topic);
        disconnect(w, 0, "tcu-1", PRESENCE_CONNECTION_LOST);
        cJSON *e = event(w, 0, "$aws/events/presence/disconnected/tcu-1");
        assert_string_equal(json_str(e, "disconnectReason", ""), cases[i].reason);
        cJSON_Delete(e);
    }
    connect_as(w, 0, "tcu-1", "vehicle");
    struct cloud_message big = {
        .handle = &handles[0],
        .client_id = "tcu-1",
        .topic = "dt/fleetsim/tcu-1/x",
        .payload = {.data = (const uint8_t *)"", .len = 131073}
    };
    assert_int_equal(cloud_publish(w->cloud, &big, NOW), CLOUD_CLOSE_QUOTA);
    assert_int_equal(cloud_verdict_reason_code(CLOUD_CLOSE_QUOTA), 0x97);
    assert_int_equal(cloud_verdict_reason_code(CLOUD_CLOSE_NOT_AUTHORIZED), 0x87);
    assert_int_equal(publish(w, 0, "nobody", "dt/fleetsim/nobody/x", false), CLOUD_DENY);
}

static void subscription_events(void **state)
{
    struct world *w = *state;

    connect_as(w, 0, "tcu-1", "vehicle");
    cloud_actions_done(&w->out);
    assert_int_equal(subscribe(w, "tcu-1", "$aws/things/tcu-1/shadow/update/delta"), CLOUD_ALLOW);
    assert_int_equal(subscribe(w, "tcu-1", "cmd/fleetsim/tcu-1/request"), CLOUD_ALLOW);
    assert_int_equal(w->out.count, 0);
    assert_int_equal(
        cloud_unsubscribe(w->cloud, "tcu-1", "cmd/fleetsim/tcu-1/request", NOW, &w->out),
        CLOUD_ALLOW);
    cJSON *e = event(w, 0, "$aws/events/subscriptions/subscribed/tcu-1");
    assert_int_equal(cJSON_GetArraySize(json_get(e, "topics")), 2);
    assert_string_equal(json_str(e, "eventType", ""), "subscribed");
    cJSON_Delete(e);
    assert_true(cloud_tick(w->cloud, NOW, &w->out));
    e = event(w, 1, "$aws/events/subscriptions/unsubscribed/tcu-1");
    assert_int_equal(cJSON_GetArraySize(json_get(e, "topics")), 1);
    cJSON_Delete(e);
    assert_true(cloud_tick(w->cloud, NOW, &w->out));
    assert_int_equal(w->out.count, 2);
}

static void subscriptions_refused(void **state)
{
    struct world *w = *state;
    char filter[64];

    connect_as(w, 0, "app", "companion");
    assert_int_equal(subscribe(w, "app", "#"), CLOUD_CLOSE_NOT_AUTHORIZED);
    assert_int_equal(subscribe(w, "app", "$share/g/"), CLOUD_CLOSE_BAD_FILTER);
    assert_int_equal(subscribe(w, "app", "dt/fleetsim/3/4/5/6/7/8/9"), CLOUD_CLOSE_BAD_FILTER);
    assert_int_equal(subscribe(w, "app", "$share/g/$aws/things/a/shadow/get"), CLOUD_DENY);
    assert_int_equal(subscribe(w, "nobody", "dt/fleetsim/a"), CLOUD_DENY);
    for (int i = 0; i < 51; i++) {
        snprintf(filter, sizeof filter, "dt/fleetsim/%d", i);
        assert_int_equal(subscribe(w, "app", filter), i < 50 ? CLOUD_ALLOW : CLOUD_DENY);
    }
    assert_int_equal(subscribe(w, "app", "dt/fleetsim/0"), CLOUD_ALLOW);
}

static void deliveries(void **state)
{
    struct world *w = *state;

    connect_as(w, 0, "app", "companion");
    subscribe(w, "app", "dt/fleetsim/a/#");
    /* Retained messages follow a wildcard subscription at once, and are not AWS's way. */
    assert_int_equal(cloud_deliver(w->cloud, "app", "dt/fleetsim/a/x", true, NOW), CLOUD_DENY);
    assert_int_equal(cloud_deliver(w->cloud, "app", "dt/fleetsim/a/x", false, NOW), CLOUD_ALLOW);
    publish(w, 0, "app", "cmd/fleetsim/a/request", false);
    assert_int_equal(cloud_deliver(w->cloud, "app", "dt/fleetsim/a/x", true, NOW), CLOUD_ALLOW);
    /* a/# does not match a, unless another filter does. */
    assert_int_equal(cloud_deliver(w->cloud, "app", "dt/fleetsim/a", false, NOW), CLOUD_DENY);
    subscribe(w, "app", "dt/fleetsim/a");
    assert_int_equal(cloud_deliver(w->cloud, "app", "dt/fleetsim/a", true, NOW), CLOUD_ALLOW);
    /* Not in its policy. */
    assert_int_equal(cloud_deliver(w->cloud, "app", "cmd/fleetsim/a/response/other", false, NOW),
                     CLOUD_DENY);
    assert_int_equal(cloud_deliver(w->cloud, "nobody", "dt/fleetsim/a", false, NOW), CLOUD_DENY);
    /* An offline session is still judged by its owner's policy. */
    disconnect(w, 0, "app", PRESENCE_CONNECTION_LOST);
    assert_int_equal(cloud_deliver(w->cloud, "app", "dt/fleetsim/a", false, NOW), CLOUD_ALLOW);
}

static void only_requests_reach_the_shadow(void **state)
{
    struct world *w = *state;
    struct cloud_message m = {.handle = &handles[0],
                              .client_id = "tcu-1",
                              .topic = "$aws/things/tcu-1/shadow/get",
                              .payload = slice_str("")};

    connect_as(w, 0, "tcu-1", "vehicle");
    cloud_actions_done(&w->out);
    assert_int_equal(cloud_message(w->cloud, &m, NOW, &w->out), CLOUD_ALLOW);
    cJSON_Delete(event(w, 0, "$aws/things/tcu-1/shadow/get/rejected"));
    m.topic = "dt/fleetsim/tcu-1/x";
    assert_int_equal(cloud_message(w->cloud, &m, NOW, &w->out), CLOUD_ALLOW);
    assert_int_equal(w->out.count, 1);
}

/* How many documents an update of tcu-1's shadow makes. */
static unsigned documents(struct world *w)
{
    struct cloud_message m = {.handle = &handles[0],
                              .client_id = "tcu-1",
                              .topic = "$aws/things/tcu-1/shadow/update",
                              .payload = slice_str("{\"state\":{\"reported\":{\"a\":1}}}")};
    unsigned count = 0;

    cloud_actions_done(&w->out);
    assert_int_equal(cloud_message(w->cloud, &m, NOW, &w->out), CLOUD_ALLOW);
    for (size_t i = 0; i < w->out.count; i++)
        count += strstr(w->out.items[i].topic, "/documents") != NULL;
    return count;
}

static void documents_are_made_for_those_who_hear_them(void **state)
{
    static const char *const filters[] = {"$aws/things/tcu-1/shadow/update/documents",
                                          "$aws/things/+/shadow/update/+",
                                          "$aws/things/tcu-1/shadow/#"};
    struct world *w = *state;

    connect_as(w, 0, "tcu-1", "vehicle");
    connect_as(w, 1, "app", "companion");
    subscribe(w, "app", "$aws/things/tcu-1/shadow/update/accepted");
    assert_int_equal(documents(w), 0);
    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++) {
        assert_int_equal(subscribe(w, "app", filters[i]), CLOUD_ALLOW);
        subscribe(w, "app", filters[i]);
        assert_int_equal(documents(w), 1);
        cJSON *doc = event(w, 1, "$aws/things/tcu-1/shadow/update/documents");
        const cJSON *previous = json_get(doc, "previous"), *current = json_get(doc, "current");
        assert_int_equal(json_num(previous, "version", 0) + 1, json_num(current, "version", 0));
        assert_true(json_num(json_get(json_get(previous, "state"), "reported"), "a", 0) > 0);
        assert_non_null(json_get(json_get(previous, "metadata"), "reported"));
        cJSON_Delete(doc);
        assert_int_equal(documents(w), 1);
        cloud_actions_done(&w->out);
        cloud_unsubscribe(w->cloud, "app", filters[i], NOW, &w->out);
        assert_int_equal(documents(w), 0);
    }
    subscribe(w, "app", filters[0]);
    disconnect(w, 1, "app", PRESENCE_CONNECTION_LOST); /* its session stays */
    assert_int_equal(documents(w), 1);
    struct presence_peer anew = peer(1, "app", "companion");
    anew.clean_start = true;
    assert_int_equal(cloud_connect(w->cloud, &anew, NOW, &w->out), CLOUD_ALLOW);
    assert_int_equal(documents(w), 0);
}

static void quotas(void **state)
{
    static const char update[] = "{\"state\":{},\"clientToken\":\"t\"}";
    struct world *w = *state;
    struct cloud_message m = {.handle = &handles[0],
                              .client_id = "tcu-1",
                              .topic = "$aws/things/tcu-1/shadow/update",
                              .payload = slice_str(update)};

    cloud_keep_quotas(w->cloud);
    assert_int_equal(connect_as(w, 0, "tcu-1", "vehicle"), CLOUD_ALLOW);
    assert_int_equal(connect_as(w, 1, "tcu-1", "vehicle"), CLOUD_CLOSE_QUOTA);
    assert_true(cloud_is_current(w->cloud, &handles[0], "tcu-1"));
    for (int i = 0; i < 25; i++) {
        cloud_actions_done(&w->out);
        assert_int_equal(cloud_publish(w->cloud, &m, NOW), CLOUD_ALLOW);
        assert_int_equal(cloud_message(w->cloud, &m, NOW, &w->out), CLOUD_ALLOW);
        bool taken = strstr(w->out.items[0].topic, "/accepted") != NULL;
        /* Ten in flight; after the tick ten more, until twenty in that second. */
        assert_int_equal(taken, i < 10 || (i >= 12 && i < 22));
        if (!taken)
            assert_string_equal(w->out.items[0].payload,
                                "{\"code\":429,\"message\":\"Too many requests\",\"timestamp\":"
                                "1700000000,\"clientToken\":\"t\"}");
        if (i == 11)
            cloud_tick(w->cloud, NOW, &w->out);
    }
    for (int i = 25; i < 100; i++)
        assert_int_equal(cloud_publish(w->cloud, &m, NOW), CLOUD_ALLOW);
    assert_int_equal(cloud_publish(w->cloud, &m, NOW), CLOUD_DENY);
    assert_int_equal(cloud_deliver(w->cloud, "tcu-1", "cmd/fleetsim/tcu-1/request", false, NOW),
                     CLOUD_DENY);
    assert_int_equal(
        cloud_deliver(w->cloud, "tcu-1", "cmd/fleetsim/tcu-1/request", false, NOW + 1000),
        CLOUD_ALLOW);
}

/* Contract 7.2, iot:LastWillTopic: nobody tells of a will at CONNECT, so who might have a good one
   is let in, and a bad one is not published. */
static void what_a_will_is_about(void **state)
{
    static const char only_a[] =
        "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"iot:"
        "Publish\","
        "\"Resource\":\"*\"},{\"Effect\":\"Allow\",\"Action\":\"iot:Connect\",\"Resource\":\"*\","
        "\"Condition\":{\"ArnEquals\":{\"iot:LastWillTopic\":\"arn:aws:iot:*:*:topic/will/a\"}}}]}";
    struct world *w = *state;
    struct error err;

    assert_true(cloud_put_policy(w->cloud, "vehicle", slice_str(only_a), NOW, &err));
    assert_int_equal(connect_as(w, 0, "tcu-1", "vehicle"), CLOUD_ALLOW);
    assert_int_equal(publish(w, 0, "tcu-1", "will/b", false), CLOUD_ALLOW); /* no will yet */
    assert_true(
        cloud_disconnect(w->cloud, &handles[0], "tcu-1", PRESENCE_CONNECTION_LOST, NOW, &w->out));
    assert_int_equal(publish(w, 0, "tcu-1", "will/a", false), CLOUD_ALLOW);
    assert_int_equal(publish(w, 0, "tcu-1", "will/b", false), CLOUD_DENY);
}

/* A rule makes of a will what the shadow service would not take itself. */
static void a_will_by_a_rule(void **state)
{
    static const char rules[] =
        "{\"rules\":[{\"name\":\"r\",\"topic\":\"dt/fleetsim/+/lost\",\"republish\":"
        "\"$aws/things/${topic(3)}/shadow/update\",\"payload\":{\"state\":{\"reported\":"
        "{\"lost\":true}}}},{\"name\":\"s\",\"topic\":\"$aws/things/+/shadow/update/accepted\","
        "\"file\":\"f\"}]}";
    struct world *w = *state;
    const struct cloud_message m = {.handle = &handles[0],
                                    .client_id = "tcu-1",
                                    .topic = "dt/fleetsim/tcu-1/lost",
                                    .payload = slice_str("x")};
    struct cloud_actions more;
    struct error err;

    assert_true(cloud_add_rules(w->cloud, slice_str(rules), "/f", &err));
    assert_true(cloud_will(w->cloud, &m, NOW, &w->out));
    assert_int_equal(w->out.count, 2);
    assert_string_equal(w->out.items[0].topic, "$aws/things/tcu-1/shadow/update/accepted");
    assert_non_null(strstr(w->out.items[0].payload, "\"lost\":true"));
    /* What the cloud says itself is followed, too. */
    cloud_actions_init(&more);
    assert_true(cloud_follow(w->cloud, &w->out, NOW, &more));
    assert_int_equal(more.count, 1);
    assert_int_equal(more.items[0].kind, CLOUD_ACTION_FILE);
    assert_string_equal(more.items[0].topic, "/f/f");
    cloud_actions_done(&more);
}

/* Else two rules could keep each other busy. */
static void a_rule_starts_no_other(void **state)
{
    static const char rules[] =
        "{\"rules\":[{\"name\":\"r\",\"topic\":\"dt/#\",\"republish\":\"dt/again\"},"
        "{\"name\":\"s\",\"topic\":\"dt/again\",\"file\":\"f\"}]}";
    struct world *w = *state;
    const struct cloud_message m = {.handle = &handles[0],
                                    .client_id = "tcu-1",
                                    .topic = "dt/fleetsim/tcu-1/x",
                                    .payload = slice_str("x")};
    struct cloud_actions more;
    struct error err;

    assert_true(cloud_add_rules(w->cloud, slice_str(rules), "/f", &err));
    assert_int_equal(cloud_message(w->cloud, &m, NOW, &w->out), CLOUD_ALLOW);
    assert_int_equal(w->out.count, 1);
    assert_string_equal(w->out.items[0].topic, "dt/again");
    cloud_actions_init(&more);
    assert_true(cloud_follow(w->cloud, &w->out, NOW, &more));
    assert_int_equal(more.count, 0);
    cloud_actions_done(&more);
}

static void control(void **state)
{
    static const struct {
        const char *request, *reply;
    } cases[] = {
        {"{\"command\":\"status\",\"clientToken\":\"t\"}",
         "{\"connected\":1,\"shadows\":0,\"jobs\":0,\"things\":1,\"rules\":0,\"droppedByRules\":0,"
         "\"clientToken\":\"t\"}"                                                                                                            },
        {"x",                                                    "{\"error\":\"request: not JSON\"}"                                         },
        {"{}",                                                   "{\"error\":\"command: unknown (disconnect, status, rule or remove-rule)\"}"},
        {"{\"command\":\"disconnect\",\"clientId\":\"nobody\"}",
         "{\"error\":\"clientId: not connected\"}"                                                                                           },
        {"{\"command\":\"disconnect\"}",
         "{\"error\":\"clientId: missing (name the client to disconnect)\"}"                                                                 },
    };
    struct world *w = *state;

    connect_as(w, 0, "tcu-1", "vehicle");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cloud_actions_done(&w->out);
        assert_true(cloud_control(w->cloud, "me", slice_str(cases[i].request), &w->out));
        assert_string_equal(w->out.items[0].client_id, "me");
        assert_string_equal(w->out.items[0].payload, cases[i].reply);
    }
    cloud_actions_done(&w->out);
    assert_true(cloud_control(
        w->cloud, "me", slice_str("{\"command\":\"disconnect\",\"clientId\":\"tcu-1\"}"), &w->out));
    assert_int_equal(w->out.items[0].kind, CLOUD_ACTION_KICK);
    assert_true(w->out.items[0].with_will);
    assert_string_equal(w->out.items[0].client_id, "tcu-1");
    disconnect(w, 0, "tcu-1", PRESENCE_CONNECTION_LOST);
    cJSON *e = event(w, 0, "$aws/events/presence/disconnected/tcu-1");
    assert_string_equal(json_str(e, "disconnectReason", ""), "API_INITIATED_DISCONNECT");
    cJSON_Delete(e);
}

static void reasons_from_the_log(void **state)
{
    static const struct {
        const char *log;
        enum presence_reason reason;
    } cases[] = {
        {"1700000000: Client tcu-1 disconnected.\n",                                           PRESENCE_CLIENT_INITIATED  },
        {"1700000000: Client tcu-1 closed its connection.\n",                                  PRESENCE_CONNECTION_LOST   },
        {"1: Client tcu-1 has exceeded timeout, disconnecting.\n",                             PRESENCE_KEEP_ALIVE_TIMEOUT},
        {"1: Client tcu-1 already connected, closing old connection.\n",
         PRESENCE_DUPLICATE_CLIENT_ID                                                                                     },
        {"1: Client tcu-1 disconnected due to protocol error.\n",                              PRESENCE_CLIENT_ERROR      },
        {"1: Client tcu-1 disconnected due to oversize packet.\n",                             PRESENCE_CLIENT_ERROR      },
        {"1: Client tcu-1 disconnected due to out of memory.\n",                               PRESENCE_SERVER_ERROR      },
        {"1: Client tcu-1 disconnected, not authorised.\n",                                    PRESENCE_AUTH_ERROR        },
        {"1: Client tcu-1 been disconnected by administrative action.\n",                      PRESENCE_API_INITIATED     },
        {"1: Client tcu-1 disconnected: Protocol error.\n",                                    PRESENCE_CONNECTION_LOST   },
        {"1: Bad socket read/write on client tcu-1: Connection reset.\n",                      PRESENCE_CONNECTION_LOST   },
        {"1: Bad socket read/write on client tcu-1: Unknown error.\n",                         PRESENCE_CLIENT_ERROR      },
        {"1: Bad socket read/write on client tcu-1: Requested QoS not supported on server.\n",
         PRESENCE_CLIENT_ERROR                                                                                            },
        {"1: Client tcu-12 disconnected.\n",                                                   PRESENCE_NONE              },
        {"1: Client tcu disconnected.\n",                                                      PRESENCE_NONE              },
        {"1: New client connected from 127.0.0.1 as tcu-1 (p2, c1, k60).\n",                   PRESENCE_NONE              },
        {"1: Client tcu-1 disconnected.\n2: Client tcu-1 closed its connection.\n3: Client x "
         "disconnected.\n",                                                           PRESENCE_CONNECTION_LOST   },
        {"nt tcu-1 disconnected.\n",                                                           PRESENCE_NONE              },
        {"Client ",                                                                            PRESENCE_NONE              },
        {"\n\n",                                                                               PRESENCE_NONE              },
        {"",                                                                                   PRESENCE_NONE              },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (presence_reason_from_log(slice_str(cases[i].log), "tcu-1") != cases[i].reason)
            fail_msg("%s", cases[i].log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(connected_and_disconnected, setup, teardown),
        cmocka_unit_test_setup_teardown(version_number, setup, teardown),
        cmocka_unit_test_setup_teardown(takeover, setup, teardown),
        cmocka_unit_test_setup_teardown(connect_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(breaches, setup, teardown),
        cmocka_unit_test_setup_teardown(subscription_events, setup, teardown),
        cmocka_unit_test_setup_teardown(subscriptions_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(deliveries, setup, teardown),
        cmocka_unit_test_setup_teardown(only_requests_reach_the_shadow, setup, teardown),
        cmocka_unit_test_setup_teardown(documents_are_made_for_those_who_hear_them, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(quotas, setup, teardown),
        cmocka_unit_test_setup_teardown(what_a_will_is_about, setup, teardown),
        cmocka_unit_test_setup_teardown(a_will_by_a_rule, setup, teardown),
        cmocka_unit_test_setup_teardown(a_rule_starts_no_other, setup, teardown),
        cmocka_unit_test_setup_teardown(control, setup, teardown),
        cmocka_unit_test(reasons_from_the_log),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
