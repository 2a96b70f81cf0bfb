/* The cloud as the broker drives it: what its clients may do, what closes a connection, and what
   becomes of messages. */
#include <stdio.h>
#include <string.h>

#include "support/guests.h"

/* contract 7.3: what closes a connection, with which reason in its event, and which code on MQTT 5.
 */
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
    struct cloud_world *w = *state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(guest_connects(w, 0, "tcu-1", "vehicle"), CLOUD_ALLOW);
        if (guest_publishes(w, 0, "tcu-1", cases[i].topic, cases[i].retain) != cases[i].verdict)
            fail_msg("%s", cases[i].topic);
        guest_leaves(w, 0, "tcu-1", PRESENCE_CONNECTION_LOST);
        cJSON *e = event_at(w, 0, "$aws/events/presence/disconnected/tcu-1");
        assert_string_equal(json_str(e, "disconnectReason", ""), cases[i].reason);
        cJSON_Delete(e);
    }
    guest_connects(w, 0, "tcu-1", "vehicle");
    struct cloud_message big = {
        .handle = &guest_handles[0],
        .client_id = "tcu-1",
        .topic = "dt/fleetsim/tcu-1/x",
        .payload = {.data = (const uint8_t *)"", .len = 131073}
    };
    assert_int_equal(cloud_publish(w->cloud, &big, CLOUD_NOW), CLOUD_CLOSE_QUOTA);
    assert_int_equal(cloud_verdict_reason_code(CLOUD_CLOSE_QUOTA), 0x97);
    assert_int_equal(cloud_verdict_reason_code(CLOUD_CLOSE_NOT_AUTHORIZED), 0x87);
    assert_int_equal(cloud_verdict_reason_code(CLOUD_CLOSE_BAD_TOPIC), 0x90);
    assert_int_equal(cloud_verdict_reason_code(CLOUD_CLOSE_BAD_FILTER), 0x8f);
    assert_int_equal(guest_publishes(w, 0, "nobody", "dt/fleetsim/nobody/x", false), CLOUD_DENY);
}

/* contract 7.3: SUBSCRIBE denied closes the connection; a 51st subscription does not
 * (contract 6.8). */
static void subscriptions_refused(void **state)
{
    struct cloud_world *w = *state;
    char filter[64];

    guest_connects(w, 0, "app", "companion");
    assert_int_equal(guest_subscribes(w, "app", "#"), CLOUD_CLOSE_NOT_AUTHORIZED);
    assert_int_equal(guest_subscribes(w, "app", "$share/g/"), CLOUD_CLOSE_BAD_FILTER);
    assert_int_equal(guest_subscribes(w, "app", "dt/fleetsim/3/4/5/6/7/8/9"),
                     CLOUD_CLOSE_BAD_FILTER);
    assert_int_equal(guest_subscribes(w, "app", "$share/g/$aws/things/a/shadow/get"), CLOUD_DENY);
    assert_int_equal(guest_subscribes(w, "nobody", "dt/fleetsim/a"), CLOUD_DENY);
    for (int i = 0; i < 51; i++) {
        snprintf(filter, sizeof filter, "dt/fleetsim/%d", i);
        assert_int_equal(guest_subscribes(w, "app", filter), i < 50 ? CLOUD_ALLOW : CLOUD_DENY);
    }
    assert_int_equal(guest_subscribes(w, "app", "dt/fleetsim/0"), CLOUD_ALLOW);
}

/* contract 7.1, iot:Receive: "each delivery; denied ⇒ silently not delivered" (contract 7.3); what
 * filters deliver: contract 6.2. */
static void deliveries(void **state)
{
    struct cloud_world *w = *state;

    guest_connects(w, 0, "app", "companion");
    guest_subscribes(w, "app", "dt/fleetsim/a/#");
    /* Retained messages follow a wildcard subscription at once, and are not AWS's way. */
    assert_int_equal(cloud_deliver(w->cloud, "app", "dt/fleetsim/a/x", true, CLOUD_NOW),
                     CLOUD_DENY);
    assert_int_equal(cloud_deliver(w->cloud, "app", "dt/fleetsim/a/x", false, CLOUD_NOW),
                     CLOUD_ALLOW);
    guest_publishes(w, 0, "app", "cmd/fleetsim/a/request", false);
    assert_int_equal(cloud_deliver(w->cloud, "app", "dt/fleetsim/a/x", true, CLOUD_NOW),
                     CLOUD_ALLOW);
    /* a/# does not match a, unless another filter does. */
    assert_int_equal(cloud_deliver(w->cloud, "app", "dt/fleetsim/a", false, CLOUD_NOW), CLOUD_DENY);
    guest_subscribes(w, "app", "dt/fleetsim/a");
    assert_int_equal(cloud_deliver(w->cloud, "app", "dt/fleetsim/a", true, CLOUD_NOW), CLOUD_ALLOW);
    /* Not in its policy. */
    assert_int_equal(
        cloud_deliver(w->cloud, "app", "cmd/fleetsim/a/response/other", false, CLOUD_NOW),
        CLOUD_DENY);
    assert_int_equal(cloud_deliver(w->cloud, "nobody", "dt/fleetsim/a", false, CLOUD_NOW),
                     CLOUD_DENY);
    /* An offline session is still judged by its owner's policy. */
    guest_leaves(w, 0, "app", PRESENCE_CONNECTION_LOST);
    assert_int_equal(cloud_deliver(w->cloud, "app", "dt/fleetsim/a", false, CLOUD_NOW),
                     CLOUD_ALLOW);
}

static void only_requests_reach_the_shadow(void **state)
{
    struct cloud_world *w = *state;
    struct cloud_message m = {.handle = &guest_handles[0],
                              .client_id = "tcu-1",
                              .topic = "$aws/things/tcu-1/shadow/get",
                              .payload = slice_str("")};

    guest_connects(w, 0, "tcu-1", "vehicle");
    cloud_actions_done(&w->out);
    assert_int_equal(cloud_message(w->cloud, &m, CLOUD_NOW, &w->out), CLOUD_ALLOW);
    cJSON_Delete(event_at(w, 0, "$aws/things/tcu-1/shadow/get/rejected"));
    m.topic = "dt/fleetsim/tcu-1/x";
    assert_int_equal(cloud_message(w->cloud, &m, CLOUD_NOW, &w->out), CLOUD_ALLOW);
    assert_int_equal(w->out.count, 1);
}

/* How many documents an update of tcu-1's shadow makes. */
static unsigned documents(struct cloud_world *w)
{
    struct cloud_message m = {.handle = &guest_handles[0],
                              .client_id = "tcu-1",
                              .topic = "$aws/things/tcu-1/shadow/update",
                              .payload = slice_str("{\"state\":{\"reported\":{\"a\":1}}}")};
    unsigned count = 0;

    cloud_actions_done(&w->out);
    assert_int_equal(cloud_message(w->cloud, &m, CLOUD_NOW, &w->out), CLOUD_ALLOW);
    for (size_t i = 0; i < w->out.count; i++)
        count += strstr(w->out.items[i].topic, "/documents") != NULL;
    return count;
}

static void documents_are_made_for_those_who_hear_them(void **state)
{
    static const char *const filters[] = {"$aws/things/tcu-1/shadow/update/documents",
                                          "$aws/things/+/shadow/update/+",
                                          "$aws/things/tcu-1/shadow/#"};
    struct cloud_world *w = *state;

    guest_connects(w, 0, "tcu-1", "vehicle");
    guest_connects(w, 1, "app", "companion");
    guest_subscribes(w, "app", "$aws/things/tcu-1/shadow/update/accepted");
    assert_int_equal(documents(w), 0);
    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++) {
        assert_int_equal(guest_subscribes(w, "app", filters[i]), CLOUD_ALLOW);
        guest_subscribes(w, "app", filters[i]);
        assert_int_equal(documents(w), 1);
        cJSON *doc = event_at(w, 1, "$aws/things/tcu-1/shadow/update/documents");
        const cJSON *previous = json_get(doc, "previous"), *current = json_get(doc, "current");
        assert_int_equal(json_num(previous, "version", 0) + 1, json_num(current, "version", 0));
        assert_true(json_num(json_get(json_get(previous, "state"), "reported"), "a", 0) > 0);
        assert_non_null(json_get(json_get(previous, "metadata"), "reported"));
        cJSON_Delete(doc);
        assert_int_equal(documents(w), 1);
        cloud_actions_done(&w->out);
        cloud_unsubscribe(w->cloud, "app", filters[i], CLOUD_NOW, &w->out);
        assert_int_equal(documents(w), 0);
    }
    guest_subscribes(w, "app", filters[0]);
    guest_leaves(w, 1, "app", PRESENCE_CONNECTION_LOST); /* its session stays */
    assert_int_equal(documents(w), 1);
    struct presence_peer anew = guest(1, "app", "companion");
    anew.clean_start = true;
    assert_int_equal(cloud_connect(w->cloud, &anew, CLOUD_NOW, &w->out), CLOUD_ALLOW);
    assert_int_equal(documents(w), 0);
}

static void quotas(void **state)
{
    static const char update[] = "{\"state\":{},\"clientToken\":\"t\"}";
    struct cloud_world *w = *state;
    struct cloud_message m = {.handle = &guest_handles[0],
                              .client_id = "tcu-1",
                              .topic = "$aws/things/tcu-1/shadow/update",
                              .payload = slice_str(update)};

    cloud_keep_quotas(w->cloud);
    assert_int_equal(guest_connects(w, 0, "tcu-1", "vehicle"), CLOUD_ALLOW);
    assert_int_equal(guest_connects(w, 1, "tcu-1", "vehicle"), CLOUD_CLOSE_QUOTA);
    assert_true(cloud_is_current(w->cloud, &guest_handles[0], "tcu-1"));
    for (int i = 0; i < 25; i++) {
        cloud_actions_done(&w->out);
        assert_int_equal(cloud_publish(w->cloud, &m, CLOUD_NOW), CLOUD_ALLOW);
        assert_int_equal(cloud_message(w->cloud, &m, CLOUD_NOW, &w->out), CLOUD_ALLOW);
        bool taken = strstr(w->out.items[0].topic, "/accepted") != NULL;
        /* Ten in flight; after the tick ten more, until twenty in that second. */
        assert_int_equal(taken, i < 10 || (i >= 12 && i < 22));
        if (!taken)
            assert_string_equal(w->out.items[0].payload,
                                "{\"code\":429,\"message\":\"Too many requests\",\"timestamp\":"
                                "1700000000,\"clientToken\":\"t\"}");
        if (i == 11)
            cloud_tick(w->cloud, CLOUD_NOW, &w->out);
    }
    for (int i = 25; i < 100; i++)
        assert_int_equal(cloud_publish(w->cloud, &m, CLOUD_NOW), CLOUD_ALLOW);
    assert_int_equal(cloud_publish(w->cloud, &m, CLOUD_NOW), CLOUD_DENY);
    assert_int_equal(
        cloud_deliver(w->cloud, "tcu-1", "cmd/fleetsim/tcu-1/request", false, CLOUD_NOW),
        CLOUD_DENY);
    assert_int_equal(
        cloud_deliver(w->cloud, "tcu-1", "cmd/fleetsim/tcu-1/request", false, CLOUD_NOW + 1000),
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
    struct cloud_world *w = *state;
    struct error err;

    assert_true(cloud_put_policy(w->cloud, "vehicle", slice_str(only_a), CLOUD_NOW, &err));
    assert_int_equal(guest_connects(w, 0, "tcu-1", "vehicle"), CLOUD_ALLOW);
    assert_int_equal(guest_publishes(w, 0, "tcu-1", "will/b", false),
                     CLOUD_ALLOW); /* no will yet */
    assert_true(cloud_disconnect(w->cloud, &guest_handles[0], "tcu-1", PRESENCE_CONNECTION_LOST,
                                 CLOUD_NOW, &w->out));
    assert_int_equal(guest_publishes(w, 0, "tcu-1", "will/a", false), CLOUD_ALLOW);
    assert_int_equal(guest_publishes(w, 0, "tcu-1", "will/b", false), CLOUD_DENY);
}

/* A rule makes of a will what the shadow service would not take itself. */
static void a_will_by_a_rule(void **state)
{
    static const char rules[] =
        "{\"rules\":[{\"name\":\"r\",\"topic\":\"dt/fleetsim/+/lost\",\"republish\":"
        "\"$aws/things/${topic(3)}/shadow/update\",\"payload\":{\"state\":{\"reported\":"
        "{\"lost\":true}}}},{\"name\":\"s\",\"topic\":\"$aws/things/+/shadow/update/accepted\","
        "\"file\":\"f\"}]}";
    struct cloud_world *w = *state;
    const struct cloud_message m = {.handle = &guest_handles[0],
                                    .client_id = "tcu-1",
                                    .topic = "dt/fleetsim/tcu-1/lost",
                                    .payload = slice_str("x")};
    struct cloud_actions more;
    struct error err;

    assert_true(cloud_add_rules(w->cloud, slice_str(rules), "/f", &err));
    assert_true(cloud_will(w->cloud, &m, CLOUD_NOW, &w->out));
    assert_int_equal(w->out.count, 2);
    assert_string_equal(w->out.items[0].topic, "$aws/things/tcu-1/shadow/update/accepted");
    assert_non_null(strstr(w->out.items[0].payload, "\"lost\":true"));
    /* What the cloud says itself is followed, too. */
    cloud_actions_init(&more);
    assert_true(cloud_follow(w->cloud, &w->out, CLOUD_NOW, &more));
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
    struct cloud_world *w = *state;
    const struct cloud_message m = {.handle = &guest_handles[0],
                                    .client_id = "tcu-1",
                                    .topic = "dt/fleetsim/tcu-1/x",
                                    .payload = slice_str("x")};
    struct cloud_actions more;
    struct error err;

    assert_true(cloud_add_rules(w->cloud, slice_str(rules), "/f", &err));
    assert_int_equal(cloud_message(w->cloud, &m, CLOUD_NOW, &w->out), CLOUD_ALLOW);
    assert_int_equal(w->out.count, 1);
    assert_string_equal(w->out.items[0].topic, "dt/again");
    cloud_actions_init(&more);
    assert_true(cloud_follow(w->cloud, &w->out, CLOUD_NOW, &more));
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
    struct cloud_world *w = *state;

    guest_connects(w, 0, "tcu-1", "vehicle");
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
    guest_leaves(w, 0, "tcu-1", PRESENCE_CONNECTION_LOST);
    cJSON *e = event_at(w, 0, "$aws/events/presence/disconnected/tcu-1");
    assert_string_equal(json_str(e, "disconnectReason", ""), "API_INITIATED_DISCONNECT");
    cJSON_Delete(e);
}

/* contract 7.1: iot:Publish is checked for a will's topic, and iot:RetainPublish for one that is to
   be retained. */
static void a_will_that_is_retained(void **state)
{
    static const char kept[] =
        "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":[\"iot:"
        "Connect\",\"iot:Publish\"],\"Resource\":\"*\"},{\"Effect\":\"Allow\",\"Action\":"
        "\"iot:RetainPublish\",\"Resource\":\"arn:aws:iot:*:*:topic/will/kept\"}]}";
    struct cloud_world *w = *state;
    struct error err;

    assert_true(cloud_put_policy(w->cloud, "vehicle", slice_str(kept), CLOUD_NOW, &err));
    assert_int_equal(guest_connects(w, 0, "tcu-1", "vehicle"), CLOUD_ALLOW);
    guest_leaves(w, 0, "tcu-1", PRESENCE_CONNECTION_LOST);
    assert_int_equal(guest_publishes(w, 0, "tcu-1", "will/other", false), CLOUD_ALLOW);
    assert_int_equal(guest_publishes(w, 0, "tcu-1", "will/other", true), CLOUD_DENY);
    assert_int_equal(guest_publishes(w, 0, "tcu-1", "will/kept", true), CLOUD_ALLOW);
}

/* A will of who had the client id before is not judged by the policies of who has it now. */
static void a_will_of_another_certificate(void **state)
{
    static const char low[] =
        "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":"
        "\"iot:Connect\",\"Resource\":\"*\"}]}";
    static const char high[] =
        "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":"
        "\"iot:*\",\"Resource\":\"*\"}]}";
    struct cloud_world *w = *state;
    struct error err;

    assert_true(cloud_put_policy(w->cloud, "low", slice_str(low), CLOUD_NOW, &err));
    assert_true(cloud_put_policy(w->cloud, "high", slice_str(high), CLOUD_NOW, &err));
    assert_int_equal(guest_connects(w, 0, "tcu-1", "low"), CLOUD_ALLOW);
    assert_int_equal(guest_connects(w, 1, "tcu-1", "high"), CLOUD_ALLOW);
    assert_int_equal(guest_publishes(w, 0, "tcu-1", "will/forged", false), CLOUD_DENY);
    assert_int_equal(guest_connects(w, 2, "tcu-1", "high"), CLOUD_ALLOW);
    assert_int_equal(guest_publishes(w, 1, "tcu-1", "will/own", false), CLOUD_ALLOW);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_GUESTS(breaches),
        WITH_GUESTS(subscriptions_refused),
        WITH_GUESTS(deliveries),
        WITH_GUESTS(only_requests_reach_the_shadow),
        WITH_GUESTS(documents_are_made_for_those_who_hear_them),
        WITH_GUESTS(quotas),
        WITH_GUESTS(what_a_will_is_about),
        WITH_GUESTS(a_will_by_a_rule),
        WITH_GUESTS(a_rule_starts_no_other),
        WITH_GUESTS(control),
        WITH_GUESTS(a_will_that_is_retained),
        WITH_GUESTS(a_will_of_another_certificate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
