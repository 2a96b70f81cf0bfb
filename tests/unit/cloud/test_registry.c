/* Things, certificates and authorities: contract 4.2 and 4.4, and what operators do to them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "cloud/cloud.h"
#include "cloud/operator/registry_operator.h"
#include "cloud/provisioning/first_contact.h"
#include "cloud/registry/issuer.h"

#define NOW       ((int64_t)1700000000000)
#define LEAF      "00000000000000000000000000000000000000000000000000000000000000aa"
#define AUTHORITY "00000000000000000000000000000000000000000000000000000000000000ca"
#define OWN       "00000000000000000000000000000000000000000000000000000000000000ff"

struct world {
    struct cloud *cloud;
    struct cloud_actions out;
    int64_t now_ms;
};

static const int handle, owner_handle;

/* Reads what a test calls a certificate: its text is its id. */
static enum issuer_result identify(void *ctx, struct slice pem, char ret_id[REGISTRY_ID_SIZE])
{
    (void)ctx;
    if (pem.len != REGISTRY_ID_SIZE - 1)
        return ISSUER_BAD_REQUEST;
    memcpy(ret_id, pem.data, pem.len);
    ret_id[pem.len] = '\0';
    return ISSUER_OK;
}

static const struct issuer issuer = {.identify = identify};

static const struct presence_peer owner = {
    .handle = &owner_handle, .client_id = "fleet-0", .address = "sock", .owner = true};

static int setup(void **state)
{
    static struct world w;

    w = (struct world){.cloud = cloud_new(1), .now_ms = NOW};
    cloud_actions_init(&w.out);
    cloud_set_issuer(w.cloud, &issuer);
    assert_int_equal(cloud_connect(w.cloud, &owner, NOW, &w.out), CLOUD_ALLOW);
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    cloud_actions_done(&w->out);
    cloud_free(w->cloud);
    return 0;
}

/* What the operator asks; the last message is the answer, as JSON to be freed. */
static cJSON *ask(struct world *w, const char *topic, const char *payload, const char *expected)
{
    char full[256], suffix[300];
    struct cloud_message m = {.handle = &owner_handle,
                              .client_id = "fleet-0",
                              .topic = full,
                              .payload = slice_str(payload)};

    snprintf(full, sizeof full, "fleetsim/%s", topic);
    snprintf(suffix, sizeof suffix, "%s/%s", full, expected);
    cloud_actions_cut(&w->out, 0);
    assert_int_equal(cloud_publish(w->cloud, &m, w->now_ms), CLOUD_ALLOW);
    assert_int_equal(cloud_message(w->cloud, &m, w->now_ms, &w->out), CLOUD_ALLOW);
    assert_int_equal(w->out.count, 1);
    const struct cloud_action *a = &w->out.items[0];
    assert_string_equal(a->topic, suffix);
    assert_string_equal(a->client_id, "fleet-0");
    cJSON *json = json_parse(slice_of(a->payload, a->payload_len), 20);
    assert_non_null(json);
    return json;
}

static void tell(struct world *w, const char *topic, const char *payload)
{
    cJSON_Delete(ask(w, topic, payload, "accepted"));
}

static void refused(struct world *w, const char *topic, const char *payload, const char *code)
{
    cJSON *answer = ask(w, topic, payload, "rejected");

    assert_string_equal(json_str(answer, "code", ""), code);
    assert_true(strlen(json_str(answer, "message", "")) > 0);
    cJSON_Delete(answer);
}

/* A car knocks. */
static enum cloud_verdict knock(struct world *w, const char *id,
                                const struct first_contact_certificate *certificate,
                                const char *client_id)
{
    struct presence_peer peer = {.handle = &handle,
                                 .client_id = client_id,
                                 .address = "192.0.2.7",
                                 .common_name = "car-1",
                                 .unit = "vehicle",
                                 .principal = id,
                                 .clean_start = true,
                                 .certificate = certificate};

    cloud_actions_cut(&w->out, 0);
    return cloud_connect(w->cloud, &peer, w->now_ms, &w->out);
}

static void leave(struct world *w, const char *client_id)
{
    assert_true(cloud_disconnect(w->cloud, &handle, client_id, PRESENCE_CONNECTION_LOST, w->now_ms,
                                 &w->out));
}

static cJSON *certificate(struct world *w, const char *id)
{
    char topic[128];

    snprintf(topic, sizeof topic, "certificates/%s/get", id);
    cJSON *answer = ask(w, topic, "", "accepted");
    cJSON *detached = cJSON_DetachItemFromObject(answer, "certificate");
    cJSON_Delete(answer);
    return detached;
}

static void expect_status(struct world *w, const char *id, const char *status)
{
    cJSON *c = certificate(w, id);

    assert_string_equal(json_str(c, "status", ""), status);
    cJSON_Delete(c);
}

static const char *first(const cJSON *of, const char *member)
{
    const cJSON *item = cJSON_GetArrayItem(json_get(of, member), 0);

    return cJSON_IsString(item) ? item->valuestring : "";
}

/* The fleet's own authority: nothing has to be done before a car connects. */
static void a_car_of_the_fleet_is_registered_by_connecting(void **state)
{
    struct world *w = *state;

    assert_int_equal(knock(w, OWN, NULL, "car-1"), CLOUD_ALLOW);
    cJSON *c = certificate(w, OWN);
    assert_string_equal(json_str(c, "status", ""), "ACTIVE");
    assert_string_equal(first(c, "policies"), "vehicle");
    assert_string_equal(first(c, "things"), "car-1");
    assert_null(json_get(c, "caCertificateId"));
    cJSON_Delete(c);
    cJSON *answer = ask(w, "things/car-1/get", "", "accepted");
    const cJSON *thing = json_get(answer, "thing");
    assert_string_equal(first(thing, "principals"), OWN);
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
    struct world *w = *state;

    assert_int_equal(knock(w, OWN, NULL, "car-1"), CLOUD_ALLOW);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char document[64];
        leave(w, "car-1");
        snprintf(document, sizeof document, "{\"status\":\"%s\"}", cases[i].status);
        tell(w, "certificates/" OWN "/update", document);
        assert_int_equal(knock(w, OWN, NULL, "car-1"), cases[i].verdict);
    }
    refused(w, "certificates/" OWN "/update", "{\"status\":\"PENDING_ACTIVATION\"}",
            "InvalidRequest");
}

/* contract 4.4: "Leaving ACTIVE disconnects existing sessions within minutes, not instantly." */
static void leaving_active_ends_connections_later(void **state)
{
    struct world *w = *state;

    assert_int_equal(knock(w, OWN, NULL, "car-1"), CLOUD_ALLOW);
    tell(w, "certificates/" OWN "/update", "{\"status\":\"INACTIVE\"}");
    cloud_actions_cut(&w->out, 0);
    assert_true(cloud_tick(w->cloud, w->now_ms, &w->out));
    assert_int_equal(w->out.count, 0);
    w->now_ms += 5000;
    assert_true(cloud_tick(w->cloud, w->now_ms, &w->out));
    assert_int_equal(w->out.count, 1);
    assert_int_equal(w->out.items[0].kind, CLOUD_ACTION_KICK);
    assert_string_equal(w->out.items[0].client_id, "car-1");
}

/* The clients whose connections a tick ends, in one text. */
static void expect_kicks(struct world *w, const char *expected)
{
    char kicked[128] = "";

    for (size_t i = 0; i < w->out.count; i++)
        if (w->out.items[i].kind == CLOUD_ACTION_KICK) {
            strncat(kicked, w->out.items[i].client_id, 32);
            strncat(kicked, " ", 2);
        }
    assert_string_equal(kicked, expected);
}

static void tick(struct world *w)
{
    cloud_actions_cut(&w->out, 0);
    assert_true(cloud_tick(w->cloud, w->now_ms, &w->out));
}

/* contract 4.4: neither does the way from INACTIVE to REVOKED keep a connection alive, … */
static void revoking_what_is_inactive_ends_connections(void **state)
{
    struct world *w = *state;

    assert_int_equal(knock(w, OWN, NULL, "car-1"), CLOUD_ALLOW);
    tell(w, "certificates/" OWN "/update", "{\"status\":\"INACTIVE\"}");
    tell(w, "certificates/" OWN "/update", "{\"status\":\"REVOKED\"}");
    w->now_ms += 5000;
    tick(w);
    expect_kicks(w, "car-1 ");
    leave(w, "car-1");
    /* … but to be ACTIVE again does. */
    tell(w, "certificates/" OWN "/update", "{\"status\":\"ACTIVE\"}");
    assert_int_equal(knock(w, OWN, NULL, "car-1"), CLOUD_ALLOW);
    tell(w, "certificates/" OWN "/update", "{\"status\":\"INACTIVE\"}");
    tell(w, "certificates/" OWN "/update", "{\"status\":\"ACTIVE\"}");
    w->now_ms += 5000;
    tick(w);
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
    struct world *w = *state;

    third.handle = &others[1];
    third.client_id = third.common_name = "car-3";
    third.principal = AUTHORITY;
    assert_int_equal(knock(w, OWN, NULL, "car-1"), CLOUD_ALLOW);
    assert_int_equal(cloud_connect(w->cloud, &second, w->now_ms, &w->out), CLOUD_ALLOW);
    assert_int_equal(cloud_connect(w->cloud, &third, w->now_ms, &w->out), CLOUD_ALLOW);
    tell(w, "certificates/" OWN "/update", "{\"status\":\"INACTIVE\"}");
    tell(w, "certificates/" LEAF "/update", "{\"status\":\"INACTIVE\"}");
    w->now_ms += 5000;
    tick(w);
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
    struct world *w = *state;
    struct cloud_message m = {.handle = &owner_handle,
                              .client_id = "fleet-0",
                              .topic = "fleetsim/certificates/" OWN "/delete",
                              .payload = slice_str("{\"force\":true}")};

    assert_int_equal(knock(w, OWN, NULL, "car-1"), CLOUD_ALLOW);
    tell(w, "certificates/" OWN "/update", "{\"status\":\"INACTIVE\"}");
    cloud_actions_cut(&w->out, 0);
    assert_int_equal(cloud_message(w->cloud, &m, w->now_ms, &w->out), CLOUD_ALLOW);
    assert_int_equal(w->out.count, 2);
    assert_string_equal(w->out.items[0].topic, "fleetsim/certificates/" OWN "/delete/accepted");
    expect_kicks(w, "car-1 ");
}

static void restart(struct world *w)
{
    struct text saved;

    text_init(&saved);
    assert_true(cloud_save(w->cloud, w->now_ms, &saved));
    cloud_free(w->cloud);
    w->cloud = cloud_new(2);
    cloud_set_issuer(w->cloud, &issuer);
    assert_int_equal(cloud_load(w->cloud, slice_of(saved.data, saved.len), w->now_ms), 0);
    text_done(&saved);
    cloud_actions_cut(&w->out, 0);
    assert_int_equal(cloud_connect(w->cloud, &owner, w->now_ms, &w->out), CLOUD_ALLOW);
}

/* The fleet's authority still vouches for it, but the operator's word counts for more: also after a
   restart, and until he registers it again. */
static void a_deleted_certificate_stays_away(void **state)
{
    struct world *w = *state;

    assert_int_equal(knock(w, OWN, NULL, "car-1"), CLOUD_ALLOW);
    leave(w, "car-1");
    tell(w, "certificates/" OWN "/update", "{\"status\":\"REVOKED\"}");
    tell(w, "certificates/" OWN "/delete", "{\"force\":true}");
    assert_int_equal(knock(w, OWN, NULL, "car-1"), CLOUD_CLOSE_SILENT);
    restart(w);
    assert_int_equal(knock(w, OWN, NULL, "car-1"), CLOUD_CLOSE_SILENT);
    refused(w, "certificates/" OWN "/get", "", "ResourceNotFound");
    tell(w, "certificates/register", "{\"certificatePem\":\"" OWN "\",\"status\":\"ACTIVE\"}");
    tell(w, "things/car-1/attach", "{\"certificateId\":\"" OWN "\"}");
    tell(w, "certificates/" OWN "/attach-policy", "{\"policyName\":\"vehicle\"}");
    restart(w);
    assert_int_equal(knock(w, OWN, NULL, "car-1"), CLOUD_ALLOW);
}

static enum cloud_verdict publishes(struct world *w, const char *topic)
{
    const struct cloud_message m = {
        .handle = &handle, .client_id = "car-1", .topic = topic, .payload = slice_str("{}")};

    return cloud_publish(w->cloud, &m, w->now_ms);
}

/* contract 7.2: a thing's variables, and its groups' policies, hold for what is attached now, not
   for what was at CONNECT. */
static void attachments_count_at_once(void **state)
{
    static const char own_topic[] = "dt/fleetsim/car-1/x";
    static const char group_topic[] = "group/x";
    struct world *w = *state;

    assert_int_equal(knock(w, OWN, NULL, "car-1"), CLOUD_ALLOW);
    tell(w, "policies/grouped/put",
         "{\"policyDocument\":{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
         "\"Action\":\"iot:Publish\",\"Resource\":\"arn:aws:iot:*:*:topic/group/*\"}]}}");
    tell(w, "groups/g/create", "{}");
    tell(w, "groups/g/add", "{\"things\":[\"car-1\"]}");
    tell(w, "policies/grouped/attach", "{\"target\":\"group/g\"}");
    assert_int_equal(publishes(w, own_topic), CLOUD_ALLOW);
    assert_int_equal(publishes(w, group_topic), CLOUD_ALLOW);
    tell(w, "things/car-1/detach", "{\"certificateId\":\"" OWN "\"}");
    assert_int_equal(publishes(w, own_topic), CLOUD_CLOSE_NOT_AUTHORIZED);
    assert_int_equal(publishes(w, group_topic), CLOUD_CLOSE_NOT_AUTHORIZED);
    tell(w, "things/car-1/attach", "{\"certificateId\":\"" OWN "\"}");
    assert_int_equal(publishes(w, own_topic), CLOUD_ALLOW);
    assert_int_equal(publishes(w, group_topic), CLOUD_ALLOW);
    tell(w, "things/car-1/delete", "{\"force\":true}");
    assert_int_equal(publishes(w, own_topic), CLOUD_CLOSE_NOT_AUTHORIZED);
    assert_int_equal(publishes(w, group_topic), CLOUD_CLOSE_NOT_AUTHORIZED);
}

static const struct first_contact_certificate unknown = {
    .origin = FIRST_CONTACT_AUTHORITY, .authority = AUTHORITY, .pem = "PEM"};

/* contract 4.2, steps 1 to 3 and the document. */
static void expect_registered_event(struct world *w)
{
    assert_int_equal(w->out.count, 1);
    const struct cloud_action *a = &w->out.items[0];
    assert_string_equal(a->topic, "$aws/events/certificates/registered/" AUTHORITY);
    assert_null(a->client_id);
    cJSON *e = json_parse(slice_of(a->payload, a->payload_len), 4);
    assert_string_equal(json_str(e, "certificateId", ""), LEAF);
    assert_string_equal(json_str(e, "caCertificateId", ""), AUTHORITY);
    assert_string_equal(json_str(e, "certificateStatus", ""), "PENDING_ACTIVATION");
    assert_string_equal(json_str(e, "awsAccountId", ""), "123456789012");
    assert_string_equal(json_str(e, "certificateRegistrationTimestamp", ""), "1700000000000");
    assert_string_equal(json_str(e, "sourceIp", ""), "192.0.2.7");
    assert_true(json_num(e, "timestamp", 0) == (double)w->now_ms);
    cJSON_Delete(e);
}

/* contract 4.2: refused and registered, told with every attempt, activated by somebody else. */
static void a_registered_authority_registers_what_knocks(void **state)
{
    struct world *w = *state;

    tell(w, "authorities/register", "{\"certificatePem\":\"" AUTHORITY "\"}");
    assert_int_equal(knock(w, LEAF, &unknown, "car-1"), CLOUD_CLOSE_SILENT);
    expect_registered_event(w);
    expect_status(w, LEAF, "PENDING_ACTIVATION");
    w->now_ms += 1000;
    assert_int_equal(knock(w, LEAF, &unknown, "car-1"), CLOUD_CLOSE_SILENT);
    expect_registered_event(w);
    tell(w, "things/car-1/create", "{\"attributes\":{\"plant\":\"north\"}}");
    tell(w, "things/car-1/attach", "{\"certificateId\":\"" LEAF "\"}");
    tell(w, "certificates/" LEAF "/attach-policy", "{\"policyName\":\"vehicle\"}");
    tell(w, "certificates/" LEAF "/update", "{\"status\":\"ACTIVE\"}");
    assert_int_equal(knock(w, LEAF, &unknown, "car-1"), CLOUD_ALLOW);
}

/* Active, but nothing is attached to it: known, not authorized. */
static void activation_alone_does_not_authorize(void **state)
{
    struct world *w = *state;

    tell(w, "authorities/register",
         "{\"certificatePem\":\"" AUTHORITY "\",\"activateAfterSeconds\":2}");
    assert_int_equal(knock(w, LEAF, &unknown, "car-1"), CLOUD_CLOSE_SILENT);
    w->now_ms += 1999;
    assert_int_equal(knock(w, LEAF, &unknown, "car-1"), CLOUD_CLOSE_SILENT);
    w->now_ms += 1;
    assert_int_equal(knock(w, LEAF, &unknown, "car-1"), CLOUD_CLOSE_NOT_AUTHORIZED);
    expect_status(w, LEAF, "ACTIVE");
}

static void an_authority_that_does_not_register(void **state)
{
    static const char *const ways[] = {"{\"autoRegistrationStatus\":\"DISABLE\"}",
                                       "{\"autoRegistrationStatus\":\"ENABLE\","
                                       "\"status\":\"INACTIVE\"}"};
    struct world *w = *state;

    assert_int_equal(knock(w, LEAF, &unknown, "car-1"), CLOUD_CLOSE_SILENT);
    tell(w, "authorities/register", "{\"certificatePem\":\"" AUTHORITY "\"}");
    for (size_t i = 0; i < 2; i++) {
        tell(w, "authorities/" AUTHORITY "/update", ways[i]);
        assert_int_equal(knock(w, LEAF, &unknown, "car-1"), CLOUD_CLOSE_SILENT);
        assert_int_equal(w->out.count, 0);
    }
    refused(w, "certificates/" LEAF "/get", "", "ResourceNotFound");
    tell(w, "authorities/" AUTHORITY "/delete", "");
    refused(w, "authorities/" AUTHORITY "/get", "", "ResourceNotFound");
}

/* What this cloud has issued and forgotten, and what nobody has registered, is nobody's. */
static void strangers_are_refused(void **state)
{
    static const struct first_contact_certificate strangers[] = {
        {.origin = FIRST_CONTACT_CLOUD},
        {.origin = FIRST_CONTACT_STRANGER},
    };

    for (size_t i = 0; i < 2; i++)
        assert_int_equal(knock(*state, LEAF, &strangers[i], "car-1"), CLOUD_CLOSE_SILENT);
}

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
        refused(*state, cases[i].topic, cases[i].payload, cases[i].code);
}

static void deleting_is_guarded(void **state)
{
    struct world *w = *state;

    assert_int_equal(knock(w, OWN, NULL, "car-1"), CLOUD_ALLOW);
    refused(w, "things/car-1/delete", "", "InvalidRequest");
    refused(w, "certificates/" OWN "/delete", "{\"force\":true}", "CertificateState");
    tell(w, "certificates/" OWN "/update", "{\"status\":\"REVOKED\"}");
    refused(w, "certificates/" OWN "/delete", "", "DeleteConflict");
    leave(w, "car-1");
    tell(w, "certificates/" OWN "/delete", "{\"force\":true}");
    tell(w, "things/car-1/delete", "");
    refused(w, "things/car-1/get", "", "ResourceNotFound");
}

static void attributes_merge_or_replace(void **state)
{
    struct world *w = *state;

    tell(w, "things/car-1/create",
         "{\"thingTypeName\":\"suv\",\"attributes\":{\"a\":\"1\",\"b\":\"2\"}}");
    tell(w, "things/car-1/update", "{\"attributes\":{\"b\":\"\",\"c\":\"3\"},\"merge\":true}");
    cJSON *answer = ask(w, "things/car-1/get", "{\"clientToken\":\"t\"}", "accepted");
    const cJSON *thing = json_get(answer, "thing");
    cJSON *expected = cJSON_Parse("{\"a\":\"1\",\"c\":\"3\"}");
    assert_true(json_equal(json_get(thing, "attributes"), expected));
    assert_string_equal(json_str(thing, "thingTypeName", ""), "suv");
    assert_true(json_num(thing, "version", 0) == 2);
    assert_string_equal(json_str(answer, "clientToken", ""), "t");
    cJSON_Delete(expected);
    cJSON_Delete(answer);
    refused(w, "things/car-1/create", "{}", "ResourceAlreadyExists");
}

static void lists_come_in_pages_by_name(void **state)
{
    struct world *w = *state;
    char names[64] = "", token[80] = "{\"maxResults\":2}";

    for (int i = 4; i >= 0; i--) {
        char topic[40];
        snprintf(topic, sizeof topic, "things/car-%d/create", i);
        tell(w, topic, "{}");
    }
    for (int page = 0; page < 3; page++) {
        const cJSON *thing;
        cJSON *answer = ask(w, "things/list", token, "accepted");
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
        .registry = r, .address = &address, .client_id = "c", .now_ms = NOW, .out = &out};

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
    const struct presence_peer parked = {.handle = &handle,
                                         .client_id = "car-1",
                                         .address = "192.0.2.7",
                                         .common_name = "car-1",
                                         .unit = "vehicle",
                                         .attributes = attributes,
                                         .principal = OWN};
    struct world *w = *state;

    tell(w, "policies/vehicle/put",
         "{\"policyDocument\":{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
         "\"Action\":[\"iot:Connect\",\"iot:Subscribe\",\"iot:Receive\"],\"Resource\":\"*\","
         "\"Condition\":{\"StringEquals\":{\"iot:Certificate.Subject.Organization\":\"maker\"},"
         "\"ForAnyValue:StringEquals\":{\"iot:ConnectAttributes\":[\"PersistentConnect\"]}}}]}}");
    cloud_actions_cut(&w->out, 0);
    assert_int_equal(cloud_connect(w->cloud, &parked, w->now_ms, &w->out), CLOUD_ALLOW);
    assert_int_equal(cloud_deliver(w->cloud, "car-1", "cmd/x", false, w->now_ms), CLOUD_ALLOW);
    leave(w, "car-1");
    restart(w);
    assert_int_equal(cloud_deliver(w->cloud, "car-1", "cmd/x", false, w->now_ms), CLOUD_ALLOW);
}

/* All of it outlives a restart of the broker. */
static void a_restart_loses_nothing(void **state)
{
    struct world *w = *state;

    tell(w, "authorities/register",
         "{\"certificatePem\":\"" AUTHORITY "\",\"activateAfterSeconds\":0,"
         "\"templateName\":\"t\"}");
    assert_int_equal(knock(w, LEAF, &unknown, "car-1"), CLOUD_CLOSE_SILENT);
    assert_int_equal(knock(w, OWN, NULL, "car-1"), CLOUD_ALLOW);
    tell(w, "things/car-1/update", "{\"attributes\":{\"a\":\"1\"}}");
    tell(w, "certificates/" OWN "/update", "{\"status\":\"INACTIVE\"}");
    restart(w);
    cJSON *c = certificate(w, OWN);
    assert_string_equal(json_str(c, "status", ""), "INACTIVE");
    assert_string_equal(first(c, "things"), "car-1");
    assert_string_equal(first(c, "policies"), "vehicle");
    cJSON_Delete(c);
    expect_status(w, LEAF, "PENDING_ACTIVATION");
    cJSON *answer = ask(w, "authorities/list", "", "accepted");
    const cJSON *a = cJSON_GetArrayItem(json_get(answer, "authorities"), 0);
    assert_string_equal(json_str(a, "caCertificateId", ""), AUTHORITY);
    assert_string_equal(json_str(a, "templateName", ""), "t");
    assert_true(json_num(a, "activateAfterSeconds", -1) == 0);
    cJSON_Delete(answer);
    cloud_actions_cut(&w->out, 0);
    assert_true(cloud_tick(w->cloud, w->now_ms, &w->out));
    expect_status(w, LEAF, "ACTIVE");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(a_car_of_the_fleet_is_registered_by_connecting),
        TEST(nor_may_it_connect_as_another),
        TEST(status_decides),
        TEST(leaving_active_ends_connections_later),
        TEST(revoking_what_is_inactive_ends_connections),
        TEST(several_connections_end_at_once),
        TEST(deleting_ends_connections),
        TEST(a_deleted_certificate_stays_away),
        TEST(attachments_count_at_once),
        TEST(a_registered_authority_registers_what_knocks),
        TEST(activation_alone_does_not_authorize),
        TEST(an_authority_that_does_not_register),
        TEST(strangers_are_refused),
        TEST(what_operators_may_not),
        TEST(deleting_is_guarded),
        TEST(attributes_merge_or_replace),
        TEST(lists_come_in_pages_by_name),
        TEST(a_restart_loses_nothing),
        TEST(reading_changes_nothing),
        TEST(a_restart_keeps_what_policies_ask_of_sessions),
#undef TEST
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
