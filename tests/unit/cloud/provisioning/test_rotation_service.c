/* Certificate rotation: both patterns of contract 4.5, and what nobody may do. */
#include <stdio.h>
#include <string.h>

#include "cloud/provisioning/rotation_service.h"
#include "support/cloud_world.h"

#define CAR    "WFSAAAAAAAA000001"
#define OLD    "00000000000000000000000000000000000000000000000000000000000000a0"
#define CREATE "awslabs/things/" CAR "/certificate/create"
#define COMMIT "awslabs/things/" CAR "/certificate/commit"
#define GET    "cdf/certificates/" CAR "/get"
#define ACK    "cdf/certificates/" CAR "/ack"

static const int handles[2];
static const void *car_handle; /* of the car's connection */
static unsigned signed_count;

static enum cloud_verdict connect_as(struct cloud_world *w, const char *client_id,
                                     const char *principal, bool issued)
{
    static const struct first_contact_certificate by_cloud = {.origin = FIRST_CONTACT_CLOUD};
    const struct presence_peer peer = {.handle =
                                           car_handle == &handles[0] ? &handles[1] : &handles[0],
                                       .client_id = client_id,
                                       .address = "192.0.2.7",
                                       .common_name = client_id,
                                       .unit = "vehicle",
                                       .principal = principal,
                                       .certificate = issued ? &by_cloud : NULL};

    cloud_actions_cut(&w->out, 0);
    enum cloud_verdict verdict = cloud_connect(w->cloud, &peer, w->now_ms, &w->out);
    if (verdict == CLOUD_ALLOW)
        car_handle = peer.handle;
    return verdict;
}

static int setup(void **state)
{
    static struct issuer issuer;
    int failed = cloud_world_setup(state);
    struct cloud_world *w = *state;

    signed_count = 0;
    issuer = cloud_world_issuer;
    issuer.ctx = &signed_count;
    cloud_set_issuer(w->cloud, &issuer);
    assert_int_equal(connect_as(w, CAR, OLD, false), CLOUD_ALLOW);
    return failed;
}

/* What the car asks; the one answer, which is on …/<expected>; to be freed. */
static cJSON *asked(struct cloud_world *w, const char *topic, const char *payload,
                    const char *expected)
{
    char full[300];

    snprintf(full, sizeof full, "%s/%s", topic, expected);
    cloud_world_send(w, car_handle, CAR, topic, slice_str(payload));
    assert_int_equal(w->out.count, 1);
    return cloud_world_said(w, 0, full, CAR);
}

/* It has that status, and is the car's. */
static void expect(struct cloud_world *w, const char *id, const char *status)
{
    cJSON *c = certificate_of(w, id);

    assert_string_equal(json_str(c, "status", ""), status);
    assert_string_equal(first_of(c, "things"), CAR);
    assert_string_equal(first_of(c, "policies"), "vehicle");
    cJSON_Delete(c);
}

/* contract 4.5: "new key + CSR to …/create (with jobId) → …/create/accepted (PEM) → reconnect with
   the new → …/commit → …/commit/accepted; cloud deactivates the old certificate". */
static void certificate_rotator(void **state)
{
    struct cloud_world *w = *state;
    cJSON *json = asked(w, CREATE, "{\"jobId\":\"j\",\"csr\":\"CSR\"}", "accepted");

    assert_string_equal(json_str(json, "certificatePem", ""), "PEM");
    assert_int_equal(cJSON_GetArraySize(json), 1);
    cJSON_Delete(json);
    /* "at no time may the TCU be without one working credential" */
    expect(w, OLD, "ACTIVE");
    expect(w, cloud_world_made(0), "ACTIVE");
    assert_int_equal(connect_as(w, CAR, cloud_world_made(0), true), CLOUD_ALLOW);
    for (int i = 0; i < 2; i++) { /* it may be said again */
        json = asked(w, COMMIT, "{\"jobId\":\"j\"}", "accepted");
        assert_int_equal(cJSON_GetArraySize(json), 0);
        cJSON_Delete(json);
        expect(w, OLD, "INACTIVE");
        expect(w, cloud_world_made(0), "ACTIVE");
    }
    assert_int_equal(connect_as(w, CAR, OLD, false), CLOUD_CLOSE_SILENT);
}

/* contract 4.5: "reply on …/get/accepted {"deviceId","action":"get","certificateId","certificate"};
   then cdf/certificates/<thing>/ack". */
static void connected_device_framework(void **state)
{
    struct cloud_world *w = *state;
    cJSON *json =
        asked(w, GET, "{\"csr\":\"CSR\",\"previousCertificateId\":\"" OLD "\"}", "accepted");

    assert_string_equal(json_str(json, "deviceId", ""), CAR);
    assert_string_equal(json_str(json, "action", ""), "get");
    assert_string_equal(json_str(json, "certificateId", ""), cloud_world_made(0));
    assert_string_equal(json_str(json, "certificate", ""), "PEM");
    cJSON_Delete(json);
    assert_int_equal(connect_as(w, CAR, cloud_world_made(0), true), CLOUD_ALLOW);
    json = asked(w, ACK, "{}", "accepted");
    assert_string_equal(json_str(json, "action", ""), "ack");
    cJSON_Delete(json);
    expect(w, OLD, "INACTIVE");
    expect(w, cloud_world_made(0), "ACTIVE");
}

static void rejected(struct cloud_world *w, const char *topic, const char *payload,
                     const char *field)
{
    cJSON *json = asked(w, topic, payload, "rejected");

    assert_true(strlen(json_str(json, field, "")) > 20);
    cJSON_Delete(json);
    assert_int_equal(signed_count, 0);
    expect(w, OLD, "ACTIVE");
}

/* contract 4.5: "errors …/rejected {"deviceId","message"}"; "commit only after a successful
   connection with the new one". */
static void refusals(void **state)
{
    struct cloud_world *w = *state;

    rejected(w, CREATE, "{}", "errorMsg");
    rejected(w, CREATE, "{\"csr\":\"damaged\"}", "errorMsg");
    rejected(w, CREATE, "[]", "errorMsg");
    rejected(w, CREATE, "\xff", "errorMsg");
    rejected(w, GET, "{\"csr\":1}", "message");
    rejected(w, COMMIT, "", "errorMsg");
    rejected(w, ACK, "{\"certificateId\":\"d0\"}", "message");
}

/* A client that is not the thing by its own certificate. */
static void only_the_thing_itself(void **state)
{
    struct cloud_world *w = *state;

    operator_publishes(w, CREATE, "{\"csr\":\"CSR\"}");
    cJSON_Delete(cloud_world_said(w, 0, CREATE "/rejected", CLOUD_WORLD_OPERATOR));
    operator_publishes(w, "awslabs/things/none/certificate/commit", "{}");
    cJSON_Delete(cloud_world_said(w, 0, "awslabs/things/none/certificate/commit/rejected",
                                  CLOUD_WORLD_OPERATOR));
    assert_int_equal(signed_count, 0);
}

/* Who asks and never commits keeps what it shows, and a few. */
static void the_oldest_goes(void **state)
{
    struct cloud_world *w = *state;

    for (int i = 0; i < 5; i++) {
        w->now_ms += 1000;
        cJSON_Delete(asked(w, CREATE, "{\"csr\":\"CSR\"}", "accepted"));
    }
    expect(w, OLD, "ACTIVE");
    expect(w, cloud_world_made(0), "INACTIVE");
    expect(w, cloud_world_made(1), "INACTIVE");
    expect(w, cloud_world_made(2), "ACTIVE");
    expect(w, cloud_world_made(4), "ACTIVE");
}

/* ---- downloads ---- */

struct shelf {
    char name[100], text[100];
    char removed[100];
    unsigned writes, removes;
    bool full;
};

static bool shelf_write(void *ctx, const char *name, struct slice bytes)
{
    struct shelf *shelf = ctx;

    if (shelf->full)
        return false;
    shelf->writes++;
    snprintf(shelf->name, sizeof shelf->name, "%s", name);
    snprintf(shelf->text, sizeof shelf->text, "%.*s", (int)bytes.len, (const char *)bytes.data);
    return true;
}

static void shelf_remove(void *ctx, const char *name)
{
    struct shelf *shelf = ctx;

    snprintf(shelf->removed, sizeof shelf->removed, "%s", name);
    shelf->removes++;
}

static const char *certificate_call(const char *id)
{
    static char call[100];

    snprintf(call, sizeof call, "certificates/%s/get", id);
    return call;
}

static void put_up(struct cloud_world *w, struct shelf *shelf)
{
    const struct cloud_shelf to = {.write = shelf_write, .remove = shelf_remove, .ctx = shelf};

    cloud_set_shelf(w->cloud, &to);
    assert_true(cloud_presign(w->cloud, "https://files.example:8443,"
                                        "000102030405060708090a0b0c0d0e0f"
                                        "101112131415161718191a1b1c1d1e1f"));
}

/* contract 4.5: "reply on …/get/accepted … or {"location":url}": to who has sent no "csr". */
static void by_location(void **state)
{
    struct cloud_world *w = *state;
    struct shelf shelf = {0};
    char expected[160];

    put_up(w, &shelf);
    cJSON *json = asked(w, GET, "{\"previousCertificateId\":\"" OLD "\"}", "accepted");
    snprintf(expected, sizeof expected,
             "https://files.example:8443/certificates/%s.pem?X-Amz-Date=", cloud_world_made(0));
    assert_memory_equal(json_str(json, "location", ""), expected, strlen(expected));
    assert_string_equal(json_str(json, "deviceId", ""), CAR);
    assert_string_equal(json_str(json, "action", ""), "get");
    assert_null(json_get(json, "certificate"));
    cJSON_Delete(json);
    /* Key and certificate are nowhere else, and there no longer than they are needed. */
    assert_string_equal(shelf.text, "KEYPEM");
    expect(w, cloud_world_made(0), "ACTIVE");
    assert_int_equal(connect_as(w, CAR, cloud_world_made(0), true), CLOUD_ALLOW);
    assert_int_equal(shelf.removes, 0);
    cJSON_Delete(asked(w, ACK, "{}", "accepted"));
    assert_int_equal(shelf.removes, 1);
    assert_string_equal(shelf.removed, shelf.name);
    expect(w, OLD, "INACTIVE");
    /* With a request it is in the answer, as ever; the first pair has no other way. */
    cJSON_Delete(asked(w, GET, "{\"csr\":\"CSR\"}", "accepted"));
    cJSON_Delete(asked(w, GET, "{\"csr\":7}", "rejected"));
    cJSON_Delete(asked(w, CREATE, "{}", "rejected"));
    assert_int_equal(shelf.writes, 1);
}

/* Without a job nothing ends it: a key is no longer there than its certificate is of use. */
static void the_oldest_key_goes(void **state)
{
    struct cloud_world *w = *state;
    struct shelf shelf = {0};

    put_up(w, &shelf);
    for (int i = 0; i < 4; i++) {
        w->now_ms += 1000;
        cJSON_Delete(asked(w, GET, "{}", "accepted"));
    }
    assert_int_equal(shelf.writes, 4);
    assert_int_equal(shelf.removes, 1);
    assert_non_null(strstr(shelf.removed, cloud_world_made(0)));
    expect(w, cloud_world_made(0), "INACTIVE");
    expect(w, cloud_world_made(1), "ACTIVE");
}

/* "errors …/rejected {"deviceId","message"}": nothing is left of what nobody can get. */
static void full_shelf(void **state)
{
    struct cloud_world *w = *state;
    struct shelf shelf = {.full = true};

    put_up(w, &shelf);
    cJSON *json = asked(w, GET, "{}", "rejected");
    assert_non_null(strstr(json_str(json, "message", ""), "downloaded"));
    cJSON_Delete(json);
    operator_is_refused(w, certificate_call(cloud_world_made(0)), "", "ResourceNotFound");
    shelf.full = false;
    cJSON_Delete(asked(w, GET, "{}", "accepted"));
    expect(w, cloud_world_made(1), "ACTIVE");
}

/* ---- jobs that end without it ---- */

#define JOBS "$aws/things/" CAR "/jobs/"

static void says(struct cloud_world *w, const char *topic, const char *payload)
{
    cloud_world_send(w, car_handle, CAR, topic, slice_str(payload));
}

/* The car is in a job, and has a new certificate for it. */
static void in_a_job(struct cloud_world *w, const char *operation, const char *topic,
                     const char *question)
{
    char create[200];

    snprintf(create, sizeof create,
             "{\"targets\":[\"" CAR "\"],\"document\":{\"operation\":\"%s\"}}", operation);
    operator_sends(w, "jobs/j/create", create);
    says(w, JOBS "start-next", "{}");
    cJSON_Delete(asked(w, topic, question, "accepted"));
    expect(w, cloud_world_made(0), "ACTIVE");
}

static void in_the_rotators_job(struct cloud_world *w)
{
    in_a_job(w, "rotate_certificate", CREATE, "{\"jobId\":\"j\",\"csr\":\"CSR\"}");
}

static void lose(struct cloud_world *w)
{
    cloud_disconnect(w->cloud, car_handle, CAR, PRESENCE_CONNECTION_LOST, w->now_ms, &w->out);
    car_handle = NULL;
}

static void cancel(struct cloud_world *w)
{
    operator_sends(w, "jobs/j/cancel", "{\"force\":true}");
}

/* contract 4.5: "Any failure: fall back to old certificate, update FAILED". The car shows what it
   has fallen back to; what was made for the job is of no use to anybody. */
static void failed_job(void **state)
{
    struct cloud_world *w = *state;

    in_the_rotators_job(w);
    says(w, JOBS "j/update", "{\"status\":\"IN_PROGRESS\"}");
    expect(w, cloud_world_made(0), "ACTIVE");
    says(w, JOBS "j/update", "{\"status\":\"FAILED\"}");
    expect(w, cloud_world_made(0), "INACTIVE");
    expect(w, OLD, "ACTIVE");
    assert_int_equal(connect_as(w, CAR, cloud_world_made(0), true), CLOUD_CLOSE_SILENT);
}

/* The second pair's messages do not say for which job they are. */
static void failed_job_of_the_framework(void **state)
{
    struct cloud_world *w = *state;

    operator_sends(w, "jobs/other/create",
                   "{\"targets\":[\"" CAR "\"],\"document\":{\"operation\":\"update\"}}");
    says(w, JOBS "start-next", "{}");
    in_a_job(w, "RotateCertificates", GET, "{\"csr\":\"CSR\"}");
    says(w, JOBS "other/update", "{\"status\":\"FAILED\"}");
    expect(w, cloud_world_made(0), "ACTIVE");
    says(w, JOBS "j/update", "{\"status\":\"IN_PROGRESS\"}");
    cJSON_Delete(asked(w, GET, "{\"csr\":\"CSR\"}", "accepted"));
    says(w, JOBS "j/update", "{\"status\":\"FAILED\"}");
    expect(w, cloud_world_made(1), "INACTIVE");
    expect(w, OLD, "ACTIVE");
}

/* contract 4.5: "at no time may the TCU be without one working credential": a car that has shown
   the new one may have committed it in itself, and nobody knows until it comes back. */
static void job_that_ends_without_the_car(void **state)
{
    struct cloud_world *w = *state;

    in_the_rotators_job(w);
    assert_int_equal(connect_as(w, CAR, cloud_world_made(0), true), CLOUD_ALLOW);
    cancel(w);
    expect(w, cloud_world_made(0), "ACTIVE");
    lose(w);
    cloud_world_restart(w, NULL);
    expect(w, cloud_world_made(0), "ACTIVE");
    assert_int_equal(connect_as(w, CAR, cloud_world_made(0), true), CLOUD_ALLOW);
    expect(w, cloud_world_made(0), "ACTIVE");
    expect(w, OLD, "ACTIVE");
    /* It had not: it shows the old one. */
    assert_int_equal(connect_as(w, CAR, OLD, false), CLOUD_ALLOW);
    expect(w, cloud_world_made(0), "INACTIVE");
    expect(w, OLD, "ACTIVE");
}

/* Never shown: nothing can have committed it. */
static void job_that_ends_before_the_trial(void **state)
{
    struct cloud_world *w = *state;

    in_the_rotators_job(w);
    lose(w);
    cloud_world_restart(w, NULL);
    expect(w, cloud_world_made(0), "ACTIVE");
    cancel(w);
    expect(w, cloud_world_made(0), "INACTIVE");
    assert_int_equal(connect_as(w, CAR, OLD, false), CLOUD_ALLOW);
}

static void committed_before_the_job_ends(void **state)
{
    struct cloud_world *w = *state;

    in_the_rotators_job(w);
    assert_int_equal(connect_as(w, CAR, cloud_world_made(0), true), CLOUD_ALLOW);
    cJSON_Delete(asked(w, COMMIT, "{\"jobId\":\"j\"}", "accepted"));
    cancel(w);
    expect(w, cloud_world_made(0), "ACTIVE");
    expect(w, OLD, "INACTIVE");
}

/* A job that there is not, or that is not the car's, says nothing. */
static void without_a_job(void **state)
{
    struct cloud_world *w = *state;

    cJSON_Delete(asked(w, CREATE, "{\"jobId\":\"none\",\"csr\":\"CSR\"}", "accepted"));
    cJSON_Delete(asked(w, CREATE, "{\"csr\":\"CSR\"}", "accepted"));
    assert_int_equal(connect_as(w, CAR, OLD, false), CLOUD_ALLOW);
    expect(w, cloud_world_made(0), "ACTIVE");
    expect(w, cloud_world_made(1), "ACTIVE");
}

static void topics(void **state)
{
    static const char *const none[] = {"awslabs/things//certificate/create",
                                       "awslabs/things/a/certificate/create/accepted",
                                       "awslabs/things/a b/certificate/create",
                                       "awslabs/things/a/b/certificate/create",
                                       "cdf/certificates/a/put",
                                       "cdf/certificates/a",
                                       ""};
    struct rotation_address a;

    (void)state;
    assert_true(rotation_address_parse(CREATE, &a) && a.op == ROTATION_CREATE);
    assert_string_equal(a.thing, CAR);
    assert_true(rotation_address_parse(COMMIT, &a) && a.op == ROTATION_COMMIT);
    assert_true(rotation_address_parse(GET, &a) && a.op == ROTATION_GET);
    assert_true(rotation_address_parse(ACK, &a) && a.op == ROTATION_ACK);
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_false(rotation_address_parse(none[i], &a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(certificate_rotator, setup, cloud_world_teardown),
        cmocka_unit_test_setup_teardown(connected_device_framework, setup, cloud_world_teardown),
        cmocka_unit_test_setup_teardown(refusals, setup, cloud_world_teardown),
        cmocka_unit_test_setup_teardown(only_the_thing_itself, setup, cloud_world_teardown),
        cmocka_unit_test_setup_teardown(the_oldest_goes, setup, cloud_world_teardown),
        cmocka_unit_test_setup_teardown(the_oldest_key_goes, setup, cloud_world_teardown),
        cmocka_unit_test_setup_teardown(by_location, setup, cloud_world_teardown),
        cmocka_unit_test_setup_teardown(full_shelf, setup, cloud_world_teardown),
        cmocka_unit_test_setup_teardown(failed_job, setup, cloud_world_teardown),
        cmocka_unit_test_setup_teardown(failed_job_of_the_framework, setup, cloud_world_teardown),
        cmocka_unit_test_setup_teardown(job_that_ends_without_the_car, setup, cloud_world_teardown),
        cmocka_unit_test_setup_teardown(job_that_ends_before_the_trial, setup,
                                        cloud_world_teardown),
        cmocka_unit_test_setup_teardown(committed_before_the_job_ends, setup, cloud_world_teardown),
        cmocka_unit_test_setup_teardown(without_a_job, setup, cloud_world_teardown),
        cmocka_unit_test(topics),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
