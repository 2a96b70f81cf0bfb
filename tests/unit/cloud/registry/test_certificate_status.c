/* Who may connect with which certificate (contract 4.4), and what becomes of connections when that
 * changes. */
#include <stdio.h>
#include <string.h>

#include "support/knock.h"

/* The fleet's own authority: nothing has to be done before a car connects. */
static void a_car_of_the_fleet_is_registered_by_connecting(void **state)
{
    struct cloud_world *w = *state;

    assert_int_equal(knock(w, OWN, NULL, "car-1"), CLOUD_ALLOW);
    cJSON *c = certificate_of(w, OWN);
    assert_string_equal(json_str(c, "status", ""), "ACTIVE");
    assert_string_equal(first_of(c, "policies"), "vehicle");
    assert_string_equal(first_of(c, "things"), "car-1");
    assert_null(json_get(c, "caCertificateId"));
    cJSON_Delete(c);
    cJSON *answer = operator_asks(w, "things/car-1/get", "", "accepted");
    const cJSON *thing = json_get(answer, "thing");
    assert_string_equal(first_of(thing, "principals"), OWN);
    assert_true(cJSON_IsTrue(json_get(thing, "connected")));
    cJSON_Delete(answer);
    leave(w, "car-1");
    assert_int_equal(knock(w, OWN, NULL, "car-1"), CLOUD_ALLOW);
}

/* Its policy lets it be no other thing. */
static void nor_may_it_connect_as_another(void **state)
{
    assert_int_equal(knock(*state, OWN, NULL, "car-2"), CLOUD_CLOSE_NOT_AUTHORIZED);
}

/* contract 4.4: who may connect. */
static void status_decides(void **state)
{
    static const struct {
        const char *status;
        enum cloud_verdict verdict;
    } cases[] = {
        {"INACTIVE",          CLOUD_CLOSE_SILENT},
        {"ACTIVE",            CLOUD_ALLOW       },
        {"REVOKED",           CLOUD_CLOSE_SILENT},
        {"REGISTER_INACTIVE", CLOUD_CLOSE_SILENT},
    };
    struct cloud_world *w = *state;

    assert_int_equal(knock(w, OWN, NULL, "car-1"), CLOUD_ALLOW);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char document[64];
        leave(w, "car-1");
        snprintf(document, sizeof document, "{\"status\":\"%s\"}", cases[i].status);
        operator_tells(w, "certificates/" OWN "/update", document);
        assert_int_equal(knock(w, OWN, NULL, "car-1"), cases[i].verdict);
    }
    operator_is_refused(w, "certificates/" OWN "/update", "{\"status\":\"PENDING_ACTIVATION\"}",
                        "InvalidRequest");
}

/* contract 4.4: "Leaving ACTIVE disconnects existing sessions within minutes, not instantly." */
static void leaving_active_ends_connections_later(void **state)
{
    struct cloud_world *w = *state;

    assert_int_equal(knock(w, OWN, NULL, "car-1"), CLOUD_ALLOW);
    operator_tells(w, "certificates/" OWN "/update", "{\"status\":\"INACTIVE\"}");
    cloud_world_wait(w, 0);
    assert_int_equal(w->out.count, 0);
    cloud_world_wait(w, 5000);
    assert_int_equal(w->out.count, 1);
    assert_int_equal(w->out.items[0].kind, CLOUD_ACTION_KICK);
    assert_string_equal(w->out.items[0].client_id, "car-1");
}

/* The clients whose connections a tick ends, in one text. */
static void expect_kicks(struct cloud_world *w, const char *expected)
{
    char kicked[128] = "";

    for (size_t i = 0; i < w->out.count; i++)
        if (w->out.items[i].kind == CLOUD_ACTION_KICK) {
            strncat(kicked, w->out.items[i].client_id, 32);
            strncat(kicked, " ", 2);
        }
    assert_string_equal(kicked, expected);
}

/* contract 4.4: neither does the way from INACTIVE to REVOKED keep a connection alive, … */
static void revoking_what_is_inactive_ends_connections(void **state)
{
    struct cloud_world *w = *state;

    assert_int_equal(knock(w, OWN, NULL, "car-1"), CLOUD_ALLOW);
    operator_tells(w, "certificates/" OWN "/update", "{\"status\":\"INACTIVE\"}");
    operator_tells(w, "certificates/" OWN "/update", "{\"status\":\"REVOKED\"}");
    cloud_world_wait(w, 5000);
    expect_kicks(w, "car-1 ");
    leave(w, "car-1");
    /* … but to be ACTIVE again does. */
    operator_tells(w, "certificates/" OWN "/update", "{\"status\":\"ACTIVE\"}");
    assert_int_equal(knock(w, OWN, NULL, "car-1"), CLOUD_ALLOW);
    operator_tells(w, "certificates/" OWN "/update", "{\"status\":\"INACTIVE\"}");
    operator_tells(w, "certificates/" OWN "/update", "{\"status\":\"ACTIVE\"}");
    cloud_world_wait(w, 5000);
    expect_kicks(w, "");
}

/* All that are due end with one look at the clients. */
static void several_connections_end_at_once(void **state)
{
    static const int others[2];
    const struct presence_peer second = {.handle = &others[0],
                                         .client_id = "car-2",
                                         .address = "192.0.2.8",
                                         .common_name = "car-2",
                                         .unit = "vehicle",
                                         .principal = LEAF};
    struct presence_peer third = second;
    struct cloud_world *w = *state;

    third.handle = &others[1];
    third.client_id = third.common_name = "car-3";
    third.principal = AUTHORITY;
    assert_int_equal(knock(w, OWN, NULL, "car-1"), CLOUD_ALLOW);
    assert_int_equal(cloud_connect(w->cloud, &second, w->now_ms, &w->out), CLOUD_ALLOW);
    assert_int_equal(cloud_connect(w->cloud, &third, w->now_ms, &w->out), CLOUD_ALLOW);
    operator_tells(w, "certificates/" OWN "/update", "{\"status\":\"INACTIVE\"}");
    operator_tells(w, "certificates/" LEAF "/update", "{\"status\":\"INACTIVE\"}");
    cloud_world_wait(w, 5000);
    size_t kicks = 0;
    for (size_t i = 0; i < w->out.count; i++)
        if (w->out.items[i].kind == CLOUD_ACTION_KICK) {
            assert_string_not_equal(w->out.items[i].client_id, "car-3");
            kicks++;
        }
    assert_int_equal(kicks, 2);
}

/* A certificate that is deleted before its connections have ended takes them along. */
static void deleting_ends_connections(void **state)
{
    struct cloud_world *w = *state;

    assert_int_equal(knock(w, OWN, NULL, "car-1"), CLOUD_ALLOW);
    operator_tells(w, "certificates/" OWN "/update", "{\"status\":\"INACTIVE\"}");
    operator_sends(w, "certificates/" OWN "/delete", "{\"force\":true}");
    assert_int_equal(w->out.count, 2);
    assert_string_equal(w->out.items[0].topic, "fleetsim/certificates/" OWN "/delete/accepted");
    expect_kicks(w, "car-1 ");
}

/* The fleet's authority still vouches for it, but the operator's word counts for more: also after a
   restart, and until he registers it again. */
static void a_deleted_certificate_stays_away(void **state)
{
    struct cloud_world *w = *state;

    assert_int_equal(knock(w, OWN, NULL, "car-1"), CLOUD_ALLOW);
    leave(w, "car-1");
    operator_tells(w, "certificates/" OWN "/update", "{\"status\":\"REVOKED\"}");
    operator_tells(w, "certificates/" OWN "/delete", "{\"force\":true}");
    assert_int_equal(knock(w, OWN, NULL, "car-1"), CLOUD_CLOSE_SILENT);
    cloud_world_restart(w, NULL);
    assert_int_equal(knock(w, OWN, NULL, "car-1"), CLOUD_CLOSE_SILENT);
    operator_is_refused(w, "certificates/" OWN "/get", "", "ResourceNotFound");
    operator_tells(w, "certificates/register",
                   "{\"certificatePem\":\"" OWN "\",\"status\":\"ACTIVE\"}");
    operator_tells(w, "things/car-1/attach", "{\"certificateId\":\"" OWN "\"}");
    operator_tells(w, "certificates/" OWN "/attach-policy", "{\"policyName\":\"vehicle\"}");
    cloud_world_restart(w, NULL);
    assert_int_equal(knock(w, OWN, NULL, "car-1"), CLOUD_ALLOW);
}

static enum cloud_verdict publishes(struct cloud_world *w, const char *topic)
{
    const struct cloud_message m = {
        .handle = &knock_handle, .client_id = "car-1", .topic = topic, .payload = slice_str("{}")};

    return cloud_publish(w->cloud, &m, w->now_ms);
}

/* contract 7.2: a thing's variables, and its groups' policies, hold for what is attached now, not
   for what was at CONNECT. */
static void attachments_count_at_once(void **state)
{
    static const char own_topic[] = "dt/fleetsim/car-1/x";
    static const char group_topic[] = "group/x";
    struct cloud_world *w = *state;

    assert_int_equal(knock(w, OWN, NULL, "car-1"), CLOUD_ALLOW);
    operator_tells(
        w, "policies/grouped/put",
        "{\"policyDocument\":{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
        "\"Action\":\"iot:Publish\",\"Resource\":\"arn:aws:iot:*:*:topic/group/*\"}]}}");
    operator_tells(w, "groups/g/create", "{}");
    operator_tells(w, "groups/g/add", "{\"things\":[\"car-1\"]}");
    operator_tells(w, "policies/grouped/attach", "{\"target\":\"group/g\"}");
    assert_int_equal(publishes(w, own_topic), CLOUD_ALLOW);
    assert_int_equal(publishes(w, group_topic), CLOUD_ALLOW);
    operator_tells(w, "things/car-1/detach", "{\"certificateId\":\"" OWN "\"}");
    assert_int_equal(publishes(w, own_topic), CLOUD_CLOSE_NOT_AUTHORIZED);
    assert_int_equal(publishes(w, group_topic), CLOUD_CLOSE_NOT_AUTHORIZED);
    operator_tells(w, "things/car-1/attach", "{\"certificateId\":\"" OWN "\"}");
    assert_int_equal(publishes(w, own_topic), CLOUD_ALLOW);
    assert_int_equal(publishes(w, group_topic), CLOUD_ALLOW);
    operator_tells(w, "things/car-1/delete", "{\"force\":true}");
    assert_int_equal(publishes(w, own_topic), CLOUD_CLOSE_NOT_AUTHORIZED);
    assert_int_equal(publishes(w, group_topic), CLOUD_CLOSE_NOT_AUTHORIZED);
}

/* contract 4.4: PENDING_TRANSFER may not connect. Only AWS sets it, when accounts hand a
   certificate over: here it comes with what was saved. */
static void a_certificate_in_transfer(void **state)
{
    struct cloud_world *w = *state;
    struct text saved;

    assert_int_equal(knock(w, OWN, NULL, "car-1"), CLOUD_ALLOW);
    operator_is_refused(w, "certificates/" OWN "/update", "{\"status\":\"PENDING_TRANSFER\"}",
                        "InvalidRequest");
    operator_tells(w, "certificates/" OWN "/update", "{\"status\":\"REGISTER_INACTIVE\"}");
    text_init(&saved);
    assert_true(cloud_save(w->cloud, w->now_ms, &saved));
    char *status = strstr(saved.data, "\"REGISTER_INACTIVE\"");
    assert_non_null(status);
    memcpy(status, "\"PENDING_TRANSFER\" ", strlen("\"REGISTER_INACTIVE\""));
    cloud_world_load(w, slice_of(saved.data, saved.len));
    text_done(&saved);
    expect_status(w, OWN, "PENDING_TRANSFER");
    assert_int_equal(knock(w, OWN, NULL, "car-1"), CLOUD_CLOSE_SILENT);
}

/* contract 7.2: "Thing variables resolve only if client id = thing name and the certificate is
   attached to that thing." */
static void thing_variables_are_of_the_client_by_its_name(void **state)
{
    static const char document[] =
        "{\"policyDocument\":{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
        "\"Action\":\"iot:Connect\",\"Resource\":\"*\"},{\"Effect\":\"Allow\",\"Action\":"
        "\"iot:Publish\",\"Resource\":[\"arn:aws:iot:*:*:topic/any\",\"arn:aws:iot:*:*:topic/own/"
        "${iot:Connection.Thing.ThingName}\"]}]}}";
    static const char *const denied[] = {"own/car-1", "own/other"};
    struct cloud_world *w = *state;
    struct cloud_message m = {
        .handle = &knock_handle, .client_id = "other", .topic = "any", .payload = slice_str("{}")};

    operator_tells(w, "policies/vehicle/put", document);
    assert_int_equal(knock(w, OWN, NULL, "car-1"), CLOUD_ALLOW);
    assert_int_equal(publishes(w, "own/car-1"), CLOUD_ALLOW);
    leave(w, "car-1");
    assert_int_equal(knock(w, OWN, NULL, "other"), CLOUD_ALLOW);
    assert_int_equal(cloud_publish(w->cloud, &m, w->now_ms), CLOUD_ALLOW);
    for (size_t i = 0; i < 2; i++) {
        m.topic = denied[i];
        assert_int_equal(cloud_publish(w->cloud, &m, w->now_ms), CLOUD_CLOSE_NOT_AUTHORIZED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_CLOUD_WORLD(a_car_of_the_fleet_is_registered_by_connecting),
        IN_CLOUD_WORLD(nor_may_it_connect_as_another),
        IN_CLOUD_WORLD(status_decides),
        IN_CLOUD_WORLD(leaving_active_ends_connections_later),
        IN_CLOUD_WORLD(revoking_what_is_inactive_ends_connections),
        IN_CLOUD_WORLD(several_connections_end_at_once),
        IN_CLOUD_WORLD(deleting_ends_connections),
        IN_CLOUD_WORLD(a_deleted_certificate_stays_away),
        IN_CLOUD_WORLD(attachments_count_at_once),
        IN_CLOUD_WORLD(a_certificate_in_transfer),
        IN_CLOUD_WORLD(thing_variables_are_of_the_client_by_its_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
