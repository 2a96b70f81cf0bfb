/* What operators ask of policies, groups and the fleet index, in a cloud with two cars and an app;
   and what policies do to those who are connected (contract 7). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/guests.h"

static const char car_1[] = "1111111111111111111111111111111111111111111111111111111111111111";
static const char car_2[] = "2222222222222222222222222222222222222222222222222222222222222222";
static const char app[] = "3333333333333333333333333333333333333333333333333333333333333333";

static enum cloud_verdict connect(struct cloud_world *w, const char *name, const char *unit,
                                  const char *principal)
{
    static const char attributes[] = "iot:Certificate.Subject.Country\0DE\0";
    const struct presence_peer peer = {.handle = name,
                                       .client_id = name,
                                       .address = "127.0.0.1",
                                       .common_name = name,
                                       .unit = unit,
                                       .principal = principal,
                                       .attributes = attributes,
                                       .clean_start = true};

    cloud_actions_cut(&w->out, 0);
    return cloud_connect(w->cloud, &peer, w->now_ms, &w->out);
}

static int setup(void **state)
{
    int failed = guests_setup(state);

    assert_int_equal(connect(*state, "car-1", "vehicle", car_1), CLOUD_ALLOW);
    assert_int_equal(connect(*state, "car-2", "vehicle", car_2), CLOUD_ALLOW);
    assert_int_equal(connect(*state, "app", "companion", app), CLOUD_ALLOW);
    return failed;
}

static void publish(struct cloud_world *w, const char *who, const char *topic, const char *payload)
{
    const struct cloud_message m = {
        .handle = who, .client_id = who, .topic = topic, .payload = slice_str(payload)};

    cloud_actions_cut(&w->out, 0);
    assert_int_equal(cloud_message(w->cloud, &m, w->now_ms, &w->out), CLOUD_ALLOW);
}

static enum cloud_verdict may_publish(struct cloud_world *w, const char *who, const char *topic)
{
    const struct cloud_message m = {
        .handle = who, .client_id = who, .topic = topic, .payload = slice_str("x")};

    return cloud_publish(w->cloud, &m, w->now_ms);
}

/* Asks as the app; the answer, valid until the next. */
static const char *ask(struct cloud_world *w, const char *call, const char *payload)
{
    char topic[256];

    snprintf(topic, sizeof topic, "fleetsim/%s", call);
    assert_int_equal(may_publish(w, "app", topic), CLOUD_ALLOW);
    publish(w, "app", topic, payload);
    for (size_t i = 0; i < w->out.count; i++)
        if (strncmp(w->out.items[i].topic, topic, strlen(topic)) == 0) {
            assert_string_equal(w->out.items[i].client_id, "app");
            return w->out.items[i].payload;
        }
    fail_msg("no answer to %s", call);
    return "";
}

static void asks(struct cloud_world *w, const char *call, const char *payload, const char *part)
{
    const char *answer = ask(w, call, payload);

    if (strstr(answer, part) == NULL)
        fail_msg("%s: no %s in %s", call, part, answer);
}

#define DOCUMENT(effect, action, resource)                                                         \
    "{\"policyDocument\":{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"s\",\"Effect\":"    \
    "\"" effect "\",\"Action\":\"iot:" action "\",\"Resource\":\"arn:aws:iot:x:1:" resource        \
    "\"}]}}"
#define THING "${iot:Connection.Thing.ThingName}"

/* Contract 7.1: "Policy edits take effect … also on live connections at the next check." */
static void policies(void **state)
{
    struct cloud_world *w = *state;

    assert_int_equal(may_publish(w, "car-1", "dt/fleetsim/car-1/a"), CLOUD_ALLOW);
    asks(w, "policies/no-data/put", DOCUMENT("Deny", "Publish", "topic/dt/*"), "\"version\":1");
    asks(w, "policies/no-data/attach", "{\"target\":\"thing/car-1\"}", "\"policyName\"");
    assert_int_equal(may_publish(w, "car-1", "dt/fleetsim/car-1/a"), CLOUD_CLOSE_NOT_AUTHORIZED);
    assert_string_equal(cloud_denial(w->cloud), "iot:Publish dt/fleetsim/car-1/a: denied by policy "
                                                "no-data, Statement[0] (s)");
    assert_int_equal(may_publish(w, "car-1", "a"), CLOUD_CLOSE_NOT_AUTHORIZED);
    assert_string_equal(cloud_denial(w->cloud), "iot:Publish a: no policy allows it");
    assert_int_equal(may_publish(w, "car-2", "dt/fleetsim/car-2/a"), CLOUD_ALLOW);
    asks(w, "policies/no-data/targets", "{}", "\"targets\":[\"cert/1111");
    asks(w, "policies/no-data/delete", "{}", "\"code\":\"DeleteConflict\"");
    asks(w, "policies/test",
         "{\"thingName\":\"car-1\",\"action\":\"publish\",\"resource\":\"dt/fleetsim/car-1/a\"}",
         "{\"authDecision\":\"EXPLICIT_DENY\",\"policyName\":\"no-data\",\"statement\":0,\"sid\":"
         "\"s\",\"action\":\"iot:Publish\",\"resource\":\"dt/fleetsim/car-1/a\",\"policies\":"
         "[\"vehicle\",\"no-data\"],\"seen\":true");
    asks(w, "policies/test", "{\"thingName\":\"car-1\",\"action\":\"iot:Connect\"}",
         "\"authDecision\":\"ALLOWED\",\"policyName\":\"vehicle\"");
    /* With a will: whether it may be published, too. */
    asks(w, "policies/test",
         "{\"thingName\":\"car-1\",\"action\":\"connect\",\"will\":{\"topic\":\"dt/fleetsim/car-1/"
         "a\"}}",
         "{\"authDecision\":\"EXPLICIT_DENY\",\"policyName\":\"no-data\",\"statement\":0,\"sid\":"
         "\"s\",\"action\":\"iot:Publish\",\"resource\":\"dt/fleetsim/car-1/a\"");
    asks(w, "policies/test",
         "{\"thingName\":\"car-2\",\"action\":\"connect\",\"will\":{\"topic\":\"dt/fleetsim/car-2/"
         "a\"}}",
         "\"authDecision\":\"ALLOWED\",\"policyName\":\"vehicle\"");
    asks(w, "policies/test",
         "{\"thingName\":\"car-2\",\"action\":\"publish\",\"resource\":\"a\",\"will\":{\"topic\":"
         "\"a\"}}",
         "the action is connect");
    asks(w, "policies/test", "{\"clientId\":\"app\",\"action\":\"subscribe\",\"resource\":\"#\"}",
         "\"authDecision\":\"IMPLICIT_DENY\"");
    asks(w, "policies/no-data/detach", "{\"target\":\"arn:aws:iot:x:1:thing/car-1\"}",
         "\"policyName\"");
    assert_int_equal(may_publish(w, "car-1", "dt/fleetsim/car-1/a"), CLOUD_ALLOW);
    asks(w, "policies/no-data/delete", "{}", "\"policyName\":\"no-data\"");

    /* One in a default's place; and out of it again. */
    asks(w, "policies/vehicle/put",
         DOCUMENT("Allow", "*", "*/" THING "/${iot:Certificate.Subject.Country}"),
         "\"policyName\":\"vehicle\",\"version\":1");
    assert_int_equal(may_publish(w, "car-1", "dt/fleetsim/car-1/a"), CLOUD_CLOSE_NOT_AUTHORIZED);
    assert_int_equal(may_publish(w, "car-1", "x/car-1/DE"), CLOUD_ALLOW);
    asks(w, "policies/vehicle/delete", "{}", "\"policyName\"");
    asks(w, "policies/vehicle/delete", "{}", "vehicle comes with the cloud");
    assert_int_equal(may_publish(w, "car-1", "dt/fleetsim/car-1/a"), CLOUD_ALLOW);
    asks(w, "policies/w/put", DOCUMENT("Deny", "Subscribe", "topicfilter/a/#"),
         "\"warning\":\"POLICY_CONTAINS_MQTT_WILDCARDS_IN_DENY_STATEMENT");
    asks(w, "policies/list", "{}", "{\"policyName\":\"w\",\"version\":1,\"statements\":1");
    asks(w, "policies/w/get", "{}", "\"policyDocument\":{\"Version\":\"2012-10-17\"");
}

/* Contract 7.1: "Up to 10 policies per principal"; AWS: two of a group. */
static void limits_and_errors(void **state)
{
    char call[128];
    struct cloud_world *w = *state;

    for (int i = 0; i < 10; i++) {
        snprintf(call, sizeof call, "policies/p%d/put", i);
        asks(w, call, DOCUMENT("Deny", "Publish", "topic/never"), "\"version\":1");
        snprintf(call, sizeof call, "policies/p%d/attach", i);
        asks(w, call, "{\"target\":\"thing/car-1\"}",
             i < 9 ? "\"policyName\"" : "\"code\":\"LimitExceeded\"");
    }
    assert_int_equal(may_publish(w, "car-1", "fleetsim/policies/x/put"),
                     CLOUD_CLOSE_NOT_AUTHORIZED);
    assert_int_equal(may_publish(w, "car-1", "fleetsim/groups/x/create"),
                     CLOUD_CLOSE_NOT_AUTHORIZED);
    assert_int_equal(may_publish(w, "car-1", "fleetsim/index/search"), CLOUD_CLOSE_NOT_AUTHORIZED);
    snprintf(call, sizeof call, "certificates/%s/attach-policy", car_1);
    asks(w, call, "{\"policyName\":\"p9\"}", "\"code\":\"LimitExceeded\"");
    asks(w, call, "{\"policyName\":\"nothing\"}", "\"code\":\"ResourceNotFound\"");
    asks(w, "policies/x/put", "{}", "policyDocument: missing");
    asks(w, "policies/x/put", "{\"policyDocument\":\"nonsense\"}", "not JSON (line 1)");
    asks(w, "policies/x/put", "{\"policyDocument\":{\"Version\":\"2012-10-17\"}}",
         "\"code\":\"InvalidRequest\",\"message\":\"Statement: missing");
    asks(w, "policies/x/get", "{}", "\"code\":\"ResourceNotFound\"");
    asks(w, "policies/owner/put", DOCUMENT("Deny", "*", "*"), "stays as it is");
    asks(w, "policies/p1/attach", "{\"target\":\"car-1\"}", "target: thing/NAME, group/NAME");
    asks(w, "policies/p1/attach", "{\"target\":\"thing/car-9\"}", "there is no thing car-9");
    asks(w, "policies/p1/attach", "{\"target\":\"group/g\"}", "there is no group g");
    asks(w, "policies/p1/attach", "{\"target\":\"cert/00\"}", "there is no certificate 00");
    asks(w, "policies/p1/detach", "{\"target\":\"thing/car-2\"}", "p1 is not attached");
    asks(w, "policies/p1/attach", "{}", "target: missing");
    asks(w, "policies/p1/shout", "{}", "\"code\":\"InvalidTopic\"");
    asks(w, "policies/test", "{\"thingName\":\"car-9\",\"action\":\"connect\"}",
         "car-9: no thing with a certificate, and no client");
    asks(w, "policies/test", "{\"thingName\":\"car-1\",\"action\":\"fly\"}", "action: connect");
    asks(w, "policies/test", "{\"thingName\":\"car-1\",\"action\":\"publish\"}",
         "resource: missing");
    asks(w, "groups/g/create", "[]", "\"code\":\"InvalidJson\"");
    asks(w, "groups/g/add", "{\"things\":[\"car-1\"]}", "there is no group g");
    asks(w, "groups/g/create", "{\"clientToken\":\"t-1\"}", "\"clientToken\":\"t-1\"");
    asks(w, "groups/g/create", "{}", "\"code\":\"ResourceAlreadyExists\"");
    asks(w, "groups/g/add", "{}", "things: missing");
    asks(w, "groups/g/add", "{\"things\":[\"car-9\"]}", "there is no thing car-9");
    asks(w, "groups/g/things", "{\"maxResults\":0}", "maxResults: 1 to 250");
    asks(w, "index/search", "{}", "queryString: missing");
    asks(w, "index/search", "{\"queryString\":\"nothing:1\"}", "nothing: no field of the index");
}

/* Policies of a group, and of its parent, hold for its things. */
static void groups(void **state)
{
    struct cloud_world *w = *state;

    asks(w, "groups/all/create", "{}", "\"thingGroupName\":\"all\"");
    asks(w, "groups/north/create", "{\"parentGroupName\":\"all\"}", "\"parentGroupName\":\"all\"");
    asks(w, "policies/quiet/put", DOCUMENT("Deny", "Publish", "topic/dt/*"), "\"version\":1");
    asks(w, "policies/quiet/attach", "{\"target\":\"thinggroup/all\"}", "\"policyName\"");
    assert_int_equal(may_publish(w, "car-1", "dt/fleetsim/car-1/a"), CLOUD_ALLOW);
    asks(w, "groups/north/add", "{\"queryString\":\"thingName:*-1\"}", "\"things\":1");
    assert_int_equal(may_publish(w, "car-1", "dt/fleetsim/car-1/a"), CLOUD_CLOSE_NOT_AUTHORIZED);
    assert_int_equal(may_publish(w, "car-2", "dt/fleetsim/car-2/a"), CLOUD_ALLOW);
    asks(w, "groups/all/things", "{}", "\"things\":[]");
    asks(w, "groups/all/things", "{\"recursive\":true}", "\"things\":[\"car-1\"]");
    asks(w, "groups/list", "{\"namePrefixFilter\":\"nor\"}",
         "\"thingGroups\":[{\"thingGroupName\":\"north\"");
    asks(w, "groups/all/delete", "{}", "Cannot delete thing group : all when there are still");
    asks(w, "groups/north/remove", "{\"things\":[\"car-1\"]}", "\"things\":0");
    assert_int_equal(may_publish(w, "car-1", "dt/fleetsim/car-1/a"), CLOUD_ALLOW);
    /* A thing that the registry forgets is in no group any more. */
    asks(w, "groups/north/add", "{\"things\":[\"car-2\"]}", "\"things\":1");
    publish(w, "app", "fleetsim/things/car-2/detach",
            "{\"certificateId\":"
            "\"2222222222222222222222222222222222222222222222222222222222222222\"}");
    publish(w, "app", "fleetsim/things/car-2/delete", "{}");
    asks(w, "groups/north/get", "{}", "\"things\":0");
}

static void shadows(struct cloud_world *w)
{
    publish(w, "car-1", "$aws/things/car-1/shadow/update",
            "{\"state\":{\"reported\":{\"soc\":80,\"doors\":{\"left\":\"open\"}},"
            "\"desired\":{\"soc\":90}}}");
    publish(w, "car-2", "$aws/things/car-2/shadow/update",
            "{\"state\":{\"reported\":{\"soc\":15,\"note\":\"old car\"}}}");
    publish(w, "car-2", "$aws/things/car-2/shadow/name/doors/update",
            "{\"state\":{\"reported\":{\"left\":\"shut\"}}}");
    publish(w, "app", "fleetsim/things/car-1/update",
            "{\"thingTypeName\":\"car\",\"attributes\":{\"model\":\"mini\",\"year\":\"2024\"}}");
}

static void index_of_the_fleet(void **state)
{
    static const struct {
        const char *query, *things;
    } cases[] = {
        {"thingName:car*",                                 "car-1 car-2 "},
        {"thingTypeName:car",                              "car-1 "      },
        {"attributes.model:mini AND attributes.year>2020", "car-1 "      },
        {"shadow.reported.soc<20",                         "car-2 "      },
        {"shadow.reported.doors.left:open",                "car-1 "      },
        {"shadow.reported.doors:*",                        "car-1 "      },
        {"shadow.desired.soc:90",                          "car-1 "      },
        {"shadow.delta.soc:90",                            "car-1 "      },
        {"shadow.hasDelta:true",                           "car-1 "      },
        {"shadow.hasDelta:false",                          "car-2 "      },
        {"shadow.name.doors.reported.left:shut",           "car-2 "      },
        {"shadow.metadata.reported.soc.timestamp:*",       "car-1 car-2 "},
        {"\"old car\"",                                    "car-2 "      },
        {"connectivity.connected:true",                    "car-2 "      },
        {"connectivity.disconnectReason:CONNECTION_LOST",  "car-1 "      },
        {"connectivity.timestamp:1700000005000",           "car-1 "      },
        {"thingGroupNames:all",                            "car-1 "      },
        {"NOT thingGroupNames:*",                          "car-2 "      },
        {"nowhere",                                        ""            },
    };
    struct cloud_world *w = *state;
    char payload[256];

    shadows(w);
    ask(w, "groups/all/create", "{}");
    ask(w, "groups/north/create", "{\"parentGroupName\":\"all\"}");
    ask(w, "groups/north/add", "{\"things\":[\"car-1\"]}");
    cloud_actions_cut(&w->out, 0);
    assert_true(cloud_disconnect(w->cloud, "car-1", "car-1", PRESENCE_CONNECTION_LOST,
                                 CLOUD_NOW + 5000, &w->out));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cJSON *request = cJSON_CreateObject();
        char found[64] = "";
        cJSON_AddStringToObject(request, "queryString", cases[i].query);
        assert_true(cJSON_PrintPreallocated(request, payload, sizeof payload, false));
        cJSON *answer = cJSON_Parse(ask(w, "index/search", payload));
        const cJSON *thing;
        cJSON_ArrayForEach(thing, json_get(answer, "things"))
        {
            strcat(found, json_str(thing, "thingName", "?"));
            strcat(found, " ");
        }
        if (strcmp(found, cases[i].things) != 0)
            fail_msg("%s: \"%s\", not \"%s\"", cases[i].query, found, cases[i].things);
        cJSON_Delete(answer);
        cJSON_Delete(request);
    }
    asks(w, "index/count", "{\"queryString\":\"thingName:car*\"}", "{\"count\":2,");
    asks(w, "index/search", "{\"queryString\":\"*\",\"maxResults\":1,\"shadow\":true}",
         "{\"things\":[{\"thingName\":\"car-1\",\"thingTypeName\":\"car\",\"thingGroupNames\":["
         "\"north\",\"all\"],\"attributes\":{\"model\":\"mini\",\"year\":\"2024\"},\"shadow\":\"{"
         "\\\"desired\\\":{\\\"soc\\\":90},\\\"reported\\\":{\\\"soc\\\":80,");
    asks(w, "index/search", "{\"queryString\":\"*\",\"maxResults\":1}", "\"nextToken\":\"car-1\"");
    asks(w, "index/search", "{\"queryString\":\"*\",\"nextToken\":\"car-1\"}",
         "{\"things\":[{\"thingName\":\"car-2\"");
}

/* A dynamic group's things change with what the index says, and continuous jobs follow. */
static void dynamic_group(void **state)
{
    struct cloud_world *w = *state;

    shadows(w);
    asks(w, "groups/low/create", "{\"queryString\":\"shadow.reported.soc<20\"}", "\"things\":1");
    asks(w, "groups/low/add", "{\"things\":[\"car-1\"]}", "its query says who is in");
    asks(w, "jobs/j/create",
         "{\"targets\":[\"group/low\"],\"targetSelection\":\"CONTINUOUS\",\"document\":{}}",
         "\"jobId\":\"j\"");
    publish(w, "car-1", "$aws/things/car-1/shadow/update",
            "{\"state\":{\"reported\":{\"soc\":10}}}");
    w->now_ms += 1001;
    cloud_actions_cut(&w->out, 0);
    assert_true(cloud_tick(w->cloud, w->now_ms, &w->out));
    asks(w, "groups/low/things", "{}", "\"things\":[\"car-1\",\"car-2\"]");
    asks(w, "jobs/j/executions", "{}", "\"thingName\":\"car-1\"");
}

/* Contract 3.4: "thing deleted": REMOVED. What is only asked about removes nothing. */
static void deleted_thing(void **state)
{
    struct cloud_world *w = *state;

    asks(w, "jobs/j/create", "{\"targets\":[\"car-1\",\"unknown\"],\"document\":{}}", "\"jobId\"");
    asks(w, "things/unknown/get", "{}", "ResourceNotFound");
    asks(w, "things/car-1/get", "{}", "\"thingName\":\"car-1\"");
    asks(w, "things/car-1/delete", "{}", "are attached to it");
    asks(w, "jobs/j/get", "{}", "\"numberOfQueuedThings\":2");
    asks(w, "things/car-1/delete", "{\"force\":true}", "\"thingName\":\"car-1\"");
    asks(w, "jobs/j/get", "{}", "\"numberOfRemovedThings\":1");
    asks(w, "jobs/j/get", "{}", "\"numberOfQueuedThings\":1");
}

/* What a group does not allow is left undone, and ends nobody's connection. */
static void mitigation_that_cannot_be_done(void **state)
{
    struct cloud_world *w = *state;

    asks(w, "groups/dynamic/create", "{\"queryString\":\"thingName:car-2\"}", "\"things\":1");
    asks(w, "defender/profiles/p/put",
         "{\"behaviors\":[{\"name\":\"b\",\"metric\":\"m\",\"criteria\":{"
         "\"comparisonOperator\":\"less-than\",\"value\":{\"number\":1}}}],\"mitigations\":["
         "\"ADD_THINGS_TO_THING_GROUP\"],\"thingGroupName\":\"dynamic\"}",
         "\"p\"");
    publish(w, "car-1", "$aws/things/car-1/defender/metrics/json",
            "{\"header\":{\"report_id\":1,\"version\":\"1.0\"},\"custom_metrics\":{\"m\":["
            "{\"number\":5}]}}");
    asks(w, "defender/violations/list", "{}", "\"in-alarm\"");
    asks(w, "groups/dynamic/things", "{}", "\"things\":[\"car-2\"]");
}

/* A denial is cut between two characters: what is no UTF-8 would close the connection of who is
   told. */
static void denial_is_cut_between_characters(void **state)
{
    struct cloud_world *w = *state;

    ask(w, "policies/long/put",
        "{\"policyDocument\":{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":"
        "\"A2345678901234567890123456789\u00fc and more\",\"Effect\":\"Deny\",\"Action\":"
        "\"iot:Publish\",\"Resource\":\"arn:aws:iot:x:1:topic/dt/*\"}]}}");
    ask(w, "groups/g/create", "{}");
    ask(w, "groups/g/add", "{\"things\":[\"car-1\"]}");
    ask(w, "policies/long/attach", "{\"target\":\"group/g\"}");
    assert_int_equal(may_publish(w, "car-1", "dt/x"), CLOUD_CLOSE_NOT_AUTHORIZED);
    assert_non_null(strstr(cloud_denial(w->cloud), "(A2345678901234567890123456789)"));
}

/* What operators have made is there again after a restart. */
static void outlives(void **state)
{
    struct cloud_world *w = *state;

    ask(w, "groups/g/create", "{}");
    ask(w, "groups/g/add", "{\"things\":[\"car-1\"]}");
    ask(w, "policies/quiet/put", DOCUMENT("Deny", "Publish", "topic/dt/*"));
    ask(w, "policies/quiet/attach", "{\"target\":\"group/g\"}");
    cloud_world_restart(w, NULL);
    assert_int_equal(connect(w, "car-1", "vehicle", car_1), CLOUD_ALLOW);
    assert_int_equal(connect(w, "car-2", "vehicle", car_2), CLOUD_ALLOW);
    assert_int_equal(may_publish(w, "car-1", "dt/fleetsim/car-1/a"), CLOUD_CLOSE_NOT_AUTHORIZED);
    assert_int_equal(may_publish(w, "car-2", "dt/fleetsim/car-2/a"), CLOUD_ALLOW);
}

/* Time passes, and the broker's loop goes round; then group g has so many things. */
static void members(struct cloud_world *w, const char *group, int count, int64_t after_ms)
{
    char topic[64], part[64];

    w->now_ms += after_ms;
    cloud_actions_cut(&w->out, 0);
    assert_true(cloud_tick(w->cloud, w->now_ms, &w->out));
    snprintf(topic, sizeof topic, "groups/%s/get", group);
    snprintf(part, sizeof part, "\"things\":%d", count);
    asks(w, topic, "{}", part);
}

/* Whatever a query may ask for brings a thing into a dynamic group, or takes it out, as it changes:
   nothing else looks at it again. */
static void what_moves_things(void **state)
{
    struct cloud_world *w = *state;

    asks(w, "groups/on/create",
         "{\"queryString\":\"connectivity.connected:true AND thingName:car*\"}", "\"things\":2");
    asks(w, "groups/lost/create",
         "{\"queryString\":\"connectivity.disconnectReason:CONNECTION_LOST\"}", "\"things\":0");
    asks(w, "groups/mini/create", "{\"queryString\":\"attributes.model:mini\"}", "\"things\":0");
    asks(w, "groups/suv/create", "{\"queryString\":\"thingTypeName:suv\"}", "\"things\":0");
    asks(w, "groups/open/create", "{\"queryString\":\"shadow.name.doors.reported.open:true\"}",
         "\"things\":0");
    asks(w, "groups/in/create", "{\"queryString\":\"thingGroupNames:static\"}", "\"things\":0");
    asks(w, "groups/static/create", "{}", "\"thingGroupName\"");

    assert_true(
        cloud_disconnect(w->cloud, "car-2", "car-2", PRESENCE_CONNECTION_LOST, w->now_ms, &w->out));
    members(w, "on", 1, 100);
    members(w, "lost", 1, 100);
    assert_int_equal(connect(w, "car-2", "vehicle", car_2), CLOUD_ALLOW);
    members(w, "on", 2, 100);
    members(w, "lost", 0, 100);
    /* An hour after its end a connection is forgotten. */
    assert_true(
        cloud_disconnect(w->cloud, "car-2", "car-2", PRESENCE_CONNECTION_LOST, w->now_ms, &w->out));
    members(w, "lost", 1, 100);
    members(w, "lost", 1, 3600 * 1000);
    members(w, "lost", 0, 100);

    asks(w, "things/car-1/update",
         "{\"attributes\":{\"model\":\"mini\"},\"thingTypeName\":\"suv\"}", "\"thingName\"");
    members(w, "mini", 1, 100);
    members(w, "suv", 1, 100);
    asks(w, "things/new/create", "{\"attributes\":{\"model\":\"mini\"}}", "\"thingName\"");
    members(w, "mini", 2, 100);
    asks(w, "things/new/delete", "{}", "\"thingName\"");
    members(w, "mini", 1, 100);

    publish(w, "car-1", "$aws/things/car-1/shadow/name/doors/update",
            "{\"state\":{\"reported\":{\"open\":true}}}");
    members(w, "open", 1, 100);
    publish(w, "car-1", "$aws/things/car-1/shadow/name/doors/delete", "");
    members(w, "open", 0, 100);

    asks(w, "groups/static/add", "{\"things\":[\"car-1\",\"car-2\"]}", "\"things\":2");
    members(w, "in", 2, 100);
    asks(w, "groups/static/delete", "{}", "\"thingGroupName\"");
    members(w, "in", 0, 100);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, cloud_world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(policies),
        TEST(limits_and_errors),
        TEST(groups),
        TEST(index_of_the_fleet),
        TEST(dynamic_group),
        TEST(what_moves_things),
        TEST(outlives),
        TEST(deleted_thing),
        TEST(mitigation_that_cannot_be_done),
        TEST(denial_is_cut_between_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
