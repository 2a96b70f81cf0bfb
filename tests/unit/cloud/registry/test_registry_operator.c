/* Things, certificates and authorities: what operators do to them, and what outlives the broker. */
#include <stdio.h>
#include <string.h>

#include "cloud/operator/registry_operator.h"
#include "support/knock.h"

static void what_operators_may_not(void **state)
{
    static const struct {
        const char *topic, *payload, *code;
    } cases[] = {
        {"things/none/get",              "",                                                              "ResourceNotFound"},
        {"things/none/attach",           "{}",                                                            "ResourceNotFound"},
        {"things/car-1/create",          "{\"attributes\":{\"a\":1}}",                                    "InvalidRequest"  },
        {"things/car-1/create",          "{\"thingTypeName\":\"a b\"}",                                   "InvalidRequest"  },
        {"things/car-1/create",          "no",                                                            "InvalidJson"     },
        {"certificates/" LEAF "/update", "{\"status\":\"ACTIVE\"}",                                       "ResourceNotFound"},
        {"certificates/register",        "{}",                                                            "InvalidRequest"  },
        {"certificates/register",        "{\"certificatePem\":\"short\"}",                                "InvalidRequest"  },
        {"certificates/register",        "{\"certificatePem\":\"" LEAF "\",\"status\":\"GOOD\"}",
         "InvalidRequest"                                                                                                   },
        {"authorities/register",         "{\"certificatePem\":\"" LEAF "\",\"status\":\"REVOKED\"}",
         "InvalidRequest"                                                                                                   },
        {"authorities/register",         "{\"certificatePem\":\"" LEAF "\",\"activateAfterSeconds\":-1}",
         "InvalidRequest"                                                                                                   },
        {"things/list",                  "{\"maxResults\":0}",                                            "InvalidRequest"  },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        operator_is_refused(*state, cases[i].topic, cases[i].payload, cases[i].code);
}

static void deleting_is_guarded(void **state)
{
    struct cloud_world *w = *state;

    assert_int_equal(knock(w, OWN, NULL, "car-1"), CLOUD_ALLOW);
    operator_is_refused(w, "things/car-1/delete", "", "InvalidRequest");
    operator_is_refused(w, "certificates/" OWN "/delete", "{\"force\":true}", "CertificateState");
    operator_tells(w, "certificates/" OWN "/update", "{\"status\":\"REVOKED\"}");
    operator_is_refused(w, "certificates/" OWN "/delete", "", "DeleteConflict");
    leave(w, "car-1");
    operator_tells(w, "certificates/" OWN "/delete", "{\"force\":true}");
    operator_tells(w, "things/car-1/delete", "");
    operator_is_refused(w, "things/car-1/get", "", "ResourceNotFound");
}

static void attributes_merge_or_replace(void **state)
{
    struct cloud_world *w = *state;

    operator_tells(w, "things/car-1/create",
                   "{\"thingTypeName\":\"suv\",\"attributes\":{\"a\":\"1\",\"b\":\"2\"}}");
    operator_tells(w, "things/car-1/update",
                   "{\"attributes\":{\"b\":\"\",\"c\":\"3\"},\"merge\":true}");
    cJSON *answer = operator_asks(w, "things/car-1/get", "{\"clientToken\":\"t\"}", "accepted");
    const cJSON *thing = json_get(answer, "thing");
    cJSON *expected = cJSON_Parse("{\"a\":\"1\",\"c\":\"3\"}");
    assert_true(json_equal(json_get(thing, "attributes"), expected));
    assert_string_equal(json_str(thing, "thingTypeName", ""), "suv");
    assert_true(json_num(thing, "version", 0) == 2);
    assert_string_equal(json_str(answer, "clientToken", ""), "t");
    cJSON_Delete(expected);
    cJSON_Delete(answer);
    operator_is_refused(w, "things/car-1/create", "{}", "ResourceAlreadyExists");
}

static void lists_come_in_pages_by_name(void **state)
{
    struct cloud_world *w = *state;
    char names[64] = "", token[80] = "{\"maxResults\":2}";

    for (int i = 4; i >= 0; i--) {
        char topic[40];
        snprintf(topic, sizeof topic, "things/car-%d/create", i);
        operator_tells(w, topic, "{}");
    }
    for (int page = 0; page < 3; page++) {
        const cJSON *thing;
        cJSON *answer = operator_asks(w, "things/list", token, "accepted");
        cJSON_ArrayForEach(thing, json_get(answer, "things"))
            strncat(names, json_str(thing, "thingName", "?") + 4, 2);
        assert_true((json_get(answer, "nextToken") == NULL) == (page == 2));
        snprintf(token, sizeof token, "{\"maxResults\":2,\"nextToken\":\"%s\"}",
                 json_str(answer, "nextToken", ""));
        cJSON_Delete(answer);
    }
    assert_string_equal(names, "01234");
}

static bool changes(struct registry *r, const char *topic, const char *payload)
{
    struct registry_address address;
    struct cloud_actions out;
    struct registry_exchange x = {
        .registry = r, .address = &address, .client_id = "c", .now_ms = CLOUD_NOW, .out = &out};

    cloud_actions_init(&out);
    assert_true(registry_address_parse(topic, &address));
    assert_true(registry_operator_request(&x, slice_str(payload)));
    assert_int_equal(out.count, 1);
    cloud_actions_done(&out);
    return x.changed;
}

/* Clients' policies are looked up anew after what changes something, and not after the rest. */
static void reading_changes_nothing(void **state)
{
    struct registry r;

    (void)state;
    registry_init(&r);
    assert_false(changes(&r, "fleetsim/things/list", ""));
    assert_true(changes(&r, "fleetsim/things/car-1/create", "{}"));
    assert_false(changes(&r, "fleetsim/things/car-1/create", "{}"));
    assert_false(changes(&r, "fleetsim/things/car-1/delete", "no JSON"));
    assert_false(changes(&r, "fleetsim/certificates/list", "{}"));
    assert_true(changes(&r, "fleetsim/things/car-1/delete", "{}"));
    assert_false(changes(&r, "fleetsim/things/car-1/get", ""));
    registry_done(&r);
}

/* contract 6.5: what waits for a parked car is judged by its certificate's attributes and by its
   session, also when the broker has been restarted meanwhile. */
static void a_restart_keeps_what_policies_ask_of_sessions(void **state)
{
    static const char attributes[] = "iot:Certificate.Subject.Organization\0maker\0"
                                     "iot:Certificate.Subject.Country\0\0";
    const struct presence_peer parked = {.handle = &knock_handle,
                                         .client_id = "car-1",
                                         .address = "192.0.2.7",
                                         .common_name = "car-1",
                                         .unit = "vehicle",
                                         .attributes = attributes,
                                         .principal = OWN};
    struct cloud_world *w = *state;

    operator_tells(
        w, "policies/vehicle/put",
        "{\"policyDocument\":{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
        "\"Action\":[\"iot:Connect\",\"iot:Subscribe\",\"iot:Receive\"],\"Resource\":\"*\","
        "\"Condition\":{\"StringEquals\":{\"iot:Certificate.Subject.Organization\":\"maker\"},"
        "\"ForAnyValue:StringEquals\":{\"iot:ConnectAttributes\":[\"PersistentConnect\"]}}}]}}");
    cloud_actions_cut(&w->out, 0);
    assert_int_equal(cloud_connect(w->cloud, &parked, w->now_ms, &w->out), CLOUD_ALLOW);
    assert_int_equal(cloud_deliver(w->cloud, "car-1", "cmd/x", false, w->now_ms), CLOUD_ALLOW);
    leave(w, "car-1");
    cloud_world_restart(w, NULL);
    assert_int_equal(cloud_deliver(w->cloud, "car-1", "cmd/x", false, w->now_ms), CLOUD_ALLOW);
}

/* All of it outlives a restart of the broker. */
static void a_restart_loses_nothing(void **state)
{
    struct cloud_world *w = *state;

    operator_tells(w, "authorities/register",
                   "{\"certificatePem\":\"" AUTHORITY "\",\"activateAfterSeconds\":0,"
                   "\"templateName\":\"t\"}");
    assert_int_equal(knock(w, LEAF, &unknown_certificate, "car-1"), CLOUD_CLOSE_SILENT);
    assert_int_equal(knock(w, OWN, NULL, "car-1"), CLOUD_ALLOW);
    operator_tells(w, "things/car-1/update", "{\"attributes\":{\"a\":\"1\"}}");
    operator_tells(w, "certificates/" OWN "/update", "{\"status\":\"INACTIVE\"}");
    cloud_world_restart(w, NULL);
    cJSON *c = certificate_of(w, OWN);
    assert_string_equal(json_str(c, "status", ""), "INACTIVE");
    assert_string_equal(first_of(c, "things"), "car-1");
    assert_string_equal(first_of(c, "policies"), "vehicle");
    cJSON_Delete(c);
    expect_status(w, LEAF, "PENDING_ACTIVATION");
    cJSON *answer = operator_asks(w, "authorities/list", "", "accepted");
    const cJSON *a = cJSON_GetArrayItem(json_get(answer, "authorities"), 0);
    assert_string_equal(json_str(a, "caCertificateId", ""), AUTHORITY);
    assert_string_equal(json_str(a, "templateName", ""), "t");
    assert_true(json_num(a, "activateAfterSeconds", -1) == 0);
    cJSON_Delete(answer);
    cloud_world_wait(w, 0);
    expect_status(w, LEAF, "ACTIVE");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_CLOUD_WORLD(what_operators_may_not),
        IN_CLOUD_WORLD(deleting_is_guarded),
        IN_CLOUD_WORLD(attributes_merge_or_replace),
        IN_CLOUD_WORLD(lists_come_in_pages_by_name),
        cmocka_unit_test(reading_changes_nothing),
        IN_CLOUD_WORLD(a_restart_keeps_what_policies_ask_of_sessions),
        IN_CLOUD_WORLD(a_restart_loses_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
