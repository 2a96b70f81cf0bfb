/* A car that has but a claim: contract 4.1, device side. */
#include "tcu/provision.h"

#include "base/cbor.h"
#include "unit/tcu/car.h"

#define CSR       "$aws/certificates/create-from-csr/json"
#define CREATE    "$aws/certificates/create/json"
#define PROVISION "$aws/provisioning-templates/t/provision/json"
#define CREATED                                                                                    \
    "{\"certificateOwnershipToken\":\"TOKEN\",\"certificateId\":\"ID\",\"certificatePem\":"        \
    "\"PEM\"}"
#define DONE "{\"deviceConfiguration\":{\"region\":\"eu\"},\"thingName\":\"" THING "\"}"

/* What the maker of the car sees. */
static struct maker {
    unsigned requests, forgotten;
    char kept[64], key[64], thing[64], configuration[64];
    bool refuses;
} maker;

static void make_request(void *ctx, struct tcu *tcu)
{
    (void)ctx;
    (void)tcu;
    maker.requests++;
}

static bool keep(void *ctx, struct tcu *tcu, const char *certificate, const char *key,
                 struct error *err)
{
    (void)ctx;
    (void)tcu;
    snprintf(maker.kept, sizeof maker.kept, "%s", certificate);
    snprintf(maker.key, sizeof maker.key, "%s", key != NULL ? key : "own");
    return !maker.refuses || error_set(err, ERROR_FAILED, "of another key");
}

static void forget(void *ctx, struct tcu *tcu)
{
    (void)ctx;
    (void)tcu;
    maker.forgotten++;
}

static bool adopt(void *ctx, struct tcu *tcu, const char *thing_name,
                  const char *device_configuration, struct error *err)
{
    (void)ctx;
    (void)tcu;
    snprintf(maker.thing, sizeof maker.thing, "%s", thing_name);
    snprintf(maker.configuration, sizeof maker.configuration, "%s", device_configuration);
    return !maker.refuses || error_set(err, ERROR_FAILED, "not the name of this car");
}

static const struct tcu_provision_ops ops = {
    .make_request = make_request, .keep = keep, .forget = forget, .adopt = adopt};

static const struct tcu_claim by_csr = {
    .template_name = "t", .parameters = "{\"VIN\":\"1\"}", .client_id = "claim-1"};
static const struct tcu_claim by_keys = {.template_name = "t",
                                         .parameters = "{\"VIN\":\"1\"}",
                                         .client_id = "claim-1",
                                         .keys_from_cloud = true};

static struct car *begin(const struct tcu_claim *claim)
{
    struct car *car = car_new();

    maker = (struct maker){0};
    tcu_set_claim(car->tcu, claim, &ops, NULL);
    tcu_power_on(car->tcu);
    return car;
}

/* Connected with its claim, and subscribed. */
static void subscribed(struct car *car)
{
    fake_connected(car->client, false);
    assert_int_equal(car->tcu->state, TCU_PROVISIONING);
    fake_suback(car->client, 1);
}

static const char *last(const struct car *car, const char *topic)
{
    const struct fake_publish *p = fake_last(car->client, topic);

    if (p == NULL)
        fail_msg("nothing was published on %s", topic);
    return p != NULL ? p->payload : "";
}

static void expect_json(const char *seen, const char *expected)
{
    cJSON *a = cJSON_Parse(seen), *b = cJSON_Parse(expected);

    if (!json_equal(a, b))
        fail_msg("%s is not %s", seen, expected);
    cJSON_Delete(a);
    cJSON_Delete(b);
}

/* contract 4.1, device sequence: claim, create-from-csr, provision, disconnect, connect as itself.
 */
static void the_whole_way(void **state)
{
    struct car *car = begin(&by_csr);

    (void)state;
    assert_string_equal(car->client->client_id, "claim-1");
    assert_true(car->client->options.clean_start);
    assert_false(tcu_is_provisioned(car->tcu));
    fake_connected(car->client, false);
    /* "Subscribe before publishing." */
    assert_int_equal(car->client->filter_count, 4);
    assert_int_equal(car->client->sent_count, 0);
    assert_string_equal(car->client->filters[0], CSR "/accepted");
    assert_string_equal(car->client->filters[3], PROVISION "/rejected");
    fake_suback(car->client, 1);
    assert_int_equal(maker.requests, 1);
    tcu_provision_request(car->tcu, "REQUEST", NULL);
    expect_json(last(car, CSR), "{\"certificateSigningRequest\":\"REQUEST\"}");
    fake_message(car->client, CSR "/accepted", CREATED);
    assert_string_equal(maker.kept, "PEM");
    assert_string_equal(maker.key, "own");
    expect_json(last(car, PROVISION),
                "{\"certificateOwnershipToken\":\"TOKEN\",\"parameters\":{\"VIN\":\"1\"}}");
    fake_message(car->client, PROVISION "/accepted", DONE);
    assert_string_equal(maker.thing, THING);
    assert_string_equal(maker.configuration, "{\"region\":\"eu\"}");
    assert_int_equal(car->client->disconnects, 1);
    assert_int_equal(car->tcu->state, TCU_CONNECTING);
    assert_string_equal(car->client->client_id, THING);
    assert_true(car->client->options.clean_start);
    assert_true(tcu_is_provisioned(car->tcu));
    fake_connected(car->client, false);
    assert_int_equal(car->tcu->state, TCU_SYNCING);
    car_free(car);
}

/* contract 4.1: CreateKeysAndCertificate brings the key, too. */
static void keys_from_the_cloud(void **state)
{
    struct car *car = begin(&by_keys);

    (void)state;
    subscribed(car);
    expect_json(last(car, CREATE), "{}");
    assert_int_equal(maker.requests, 0);
    fake_message(car->client, CREATE "/accepted",
                 "{\"certificateOwnershipToken\":\"TOKEN\",\"certificateId\":\"ID\","
                 "\"certificatePem\":\"PEM\",\"privateKey\":\"KEY\"}");
    assert_string_equal(maker.key, "KEY");
    car_free(car);
}

/* contract 4.1: "<fmt> is json or cbor". */
static void in_cbor(void **state)
{
    static const char topic[] = "$aws/certificates/create-from-csr/cbor";
    struct tcu_claim claim = by_csr;
    size_t len = 0;

    (void)state;
    claim.cbor = true;
    struct car *car = begin(&claim);
    subscribed(car);
    tcu_provision_request(car->tcu, "REQUEST", NULL);
    assert_non_null(fake_last(car->client, topic));
    cJSON *answer = cJSON_Parse(CREATED);
    uint8_t *bytes = cbor_write(answer, &len);
    bytes = xrealloc(bytes, len + 1);
    bytes[len] = '\0'; /* the fake takes texts: there is no NUL in these */
    fake_message(car->client, "$aws/certificates/create-from-csr/cbor/accepted", (char *)bytes);
    assert_string_equal(maker.kept, "PEM");
    free(bytes);
    cJSON_Delete(answer);
    car_free(car);
}

/* Lets it connect again, and be where it was. */
static void again(struct car *car)
{
    assert_int_equal(car->tcu->state, TCU_BACKING_OFF);
    assert_true(tcu_wake(car->tcu));
    subscribed(car);
}

/* "Retry each step with back-off; on token expiry restart from the CSR." */
static void what_is_refused_is_tried_again(void **state)
{
    struct car *car = begin(&by_csr);

    (void)state;
    subscribed(car);
    tcu_provision_request(car->tcu, "REQUEST", NULL);
    fake_message(car->client, CSR "/rejected",
                 "{\"statusCode\":429,\"errorCode\":\"TooManyRequests\",\"errorMessage\":\"m\"}");
    assert_non_null(strstr(buf_cstr(&car->journal), "create rejected: 429 TooManyRequests: m"));
    again(car);
    /* The same key. */
    assert_int_equal(maker.requests, 1);
    fake_message(car->client, CSR "/accepted", CREATED);
    fake_message(car->client, PROVISION "/rejected",
                 "{\"statusCode\":403,\"errorCode\":\"AccessDenied\",\"errorMessage\":\"no\"}");
    again(car);
    /* The same certificate. */
    assert_int_equal(fake_count(car->client, CSR), 2);
    assert_int_equal(fake_count(car->client, PROVISION), 2);
    fake_message(car->client, PROVISION "/rejected",
                 "{\"statusCode\":400,\"errorCode\":\"InvalidCertificateOwnershipToken\","
                 "\"errorMessage\":\"Certificate ownership token cannot be empty.\"}");
    assert_int_equal(maker.forgotten, 1);
    again(car);
    assert_int_equal(maker.requests, 2);
    tcu_provision_request(car->tcu, "SECOND", NULL);
    expect_json(last(car, CSR), "{\"certificateSigningRequest\":\"SECOND\"}");
    car_free(car);
}

/* Flash memory: what it has got outlives a loss of power. */
static void power_is_lost_at_every_step(void **state)
{
    (void)state;
    for (int step = 0; step < 4; step++) {
        struct car *car = begin(&by_csr);
        fake_connected(car->client, false);
        if (step > 0)
            fake_suback(car->client, 1);
        if (step > 1)
            tcu_provision_request(car->tcu, "REQUEST", NULL);
        if (step > 2)
            fake_message(car->client, CSR "/accepted", CREATED);
        tcu_power_off(car->tcu);
        tcu_power_on(car->tcu);
        assert_string_equal(car->client->client_id, "claim-1");
        subscribed(car);
        if (step < 2)
            tcu_provision_request(car->tcu, "REQUEST", NULL);
        assert_int_equal(maker.requests, 1);
        if (step < 3)
            fake_message(car->client, CSR "/accepted", CREATED);
        fake_message(car->client, PROVISION "/accepted", DONE);
        assert_string_equal(car->client->client_id, THING);
        car_free(car);
    }
}

static void answers_that_cannot_be_used(void **state)
{
    static const char *const bad[] = {"",
                                      "no",
                                      "[]",
                                      "{}",
                                      "{\"certificateOwnershipToken\":\"TOKEN\"}",
                                      "{\"certificatePem\":\"PEM\"}"};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct car *car = begin(&by_csr);
        subscribed(car);
        tcu_provision_request(car->tcu, "REQUEST", NULL);
        fake_message(car->client, CSR "/accepted", bad[i]);
        assert_int_equal(car->tcu->state, TCU_BACKING_OFF);
        assert_null(fake_last(car->client, PROVISION));
        car_free(car);
    }
}

static void what_the_maker_does_not_take(void **state)
{
    struct car *car = begin(&by_csr);

    (void)state;
    subscribed(car);
    tcu_provision_request(car->tcu, "REQUEST", NULL);
    maker.refuses = true;
    fake_message(car->client, CSR "/accepted", CREATED);
    assert_int_equal(car->tcu->state, TCU_BACKING_OFF);
    assert_int_equal(maker.forgotten, 1);
    maker.refuses = false;
    again(car);
    tcu_provision_request(car->tcu, "REQUEST", NULL);
    fake_message(car->client, CSR "/accepted", CREATED);
    maker.refuses = true;
    fake_message(car->client, PROVISION "/accepted", DONE);
    assert_int_equal(car->tcu->state, TCU_BACKING_OFF);
    assert_false(tcu_is_provisioned(car->tcu));
    car_free(car);
}

/* Answers to what it has not asked, or not any more. */
static void strange_messages(void **state)
{
    struct car *car = begin(&by_csr);

    (void)state;
    subscribed(car);
    fake_message(car->client, CSR "/accepted", CREATED);
    fake_message(car->client, PROVISION "/accepted", DONE);
    fake_message(car->client, "other", "{}");
    assert_int_equal(car->tcu->state, TCU_PROVISIONING);
    assert_string_equal(maker.kept, "");
    tcu_provision_request(car->tcu, "REQUEST", NULL);
    fake_message(car->client, CSR "/other", CREATED);
    fake_message(car->client, PROVISION "/accepted", DONE);
    assert_string_equal(maker.thing, "");
    car_free(car);
}

static void a_claim_that_may_not_subscribe(void **state)
{
    struct car *car = begin(&by_csr);

    (void)state;
    fake_connected(car->client, false);
    fake_suback(car->client, 0x87);
    assert_int_equal(car->tcu->state, TCU_BACKING_OFF);
    assert_non_null(strstr(buf_cstr(&car->journal), "does the claim's policy allow it?"));
    car_free(car);
}

static void a_key_that_cannot_be_made(void **state)
{
    struct car *car = begin(&by_csr);

    (void)state;
    subscribed(car);
    tcu_provision_request(car->tcu, NULL, "no randomness");
    assert_int_equal(car->tcu->state, TCU_BACKING_OFF);
    assert_non_null(strstr(buf_cstr(&car->journal), "no randomness"));
    again(car);
    assert_int_equal(maker.requests, 2);
    car_free(car);
}

/* contract 4.2, step 5: "The device retries with exponential back-off." */
static void a_first_contact_that_is_refused(void **state)
{
    struct car *car = car_new();

    (void)state;
    tcu_expect_registration(car->tcu);
    tcu_power_on(car->tcu);
    assert_string_equal(car->client->client_id, THING);
    for (int i = 0; i < 3; i++) {
        fake_close(car->client, MQTT_CLOSE_TCP, "closed by the peer");
        assert_int_equal(car->tcu->state, TCU_BACKING_OFF);
        assert_true(tcu_wake(car->tcu));
    }
    fake_connected(car->client, false);
    assert_int_equal(car->tcu->state, TCU_SYNCING);
    car_free(car);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_whole_way),
        cmocka_unit_test(keys_from_the_cloud),
        cmocka_unit_test(in_cbor),
        cmocka_unit_test(what_is_refused_is_tried_again),
        cmocka_unit_test(power_is_lost_at_every_step),
        cmocka_unit_test(answers_that_cannot_be_used),
        cmocka_unit_test(what_the_maker_does_not_take),
        cmocka_unit_test(strange_messages),
        cmocka_unit_test(a_claim_that_may_not_subscribe),
        cmocka_unit_test(a_key_that_cannot_be_made),
        cmocka_unit_test(a_first_contact_that_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
