/* What a companion asks of a car, against a real broker. */
#include <MQTTAsync.h>
#include <stdatomic.h>

#include "base/json.h"
#include "companion_rig.h"

/* ---- a car of few words: answers each request on Paho's thread ----------------------------------
 */

struct car {
    MQTTAsync handle;
    int version;
    atomic_uint ready;
    char request[1024]; /* as it came */
    char content_type[64], correlation[64], response_topic[128];
    uint32_t expiry;
};

static void car_subscribed(void *ctx, MQTTAsync_successData *data)
{
    (void)data;
    atomic_store(&((struct car *)ctx)->ready, 1);
}

static void car_subscribed5(void *ctx, MQTTAsync_successData5 *data)
{
    (void)data;
    car_subscribed(ctx, NULL);
}

static void car_connected(void *ctx, MQTTAsync_successData *data)
{
    struct car *car = ctx;
    MQTTAsync_responseOptions o = MQTTAsync_responseOptions_initializer;

    (void)data;
    o.context = car;
    if (car->version == 5)
        o.onSuccess5 = car_subscribed5;
    else
        o.onSuccess = car_subscribed;
    MQTTAsync_subscribe(car->handle, "cmd/fleetsim/car-1/request", 1, &o);
}

static void car_connected5(void *ctx, MQTTAsync_successData5 *data)
{
    (void)data;
    car_connected(ctx, NULL);
}

static void keep_property(MQTTAsync_message *m, enum MQTTPropertyCodes code, char *to, size_t size)
{
    MQTTProperty *p = MQTTProperties_getProperty(&m->properties, code);

    if (p != NULL)
        snprintf(to, size, "%.*s", p->value.data.len, p->value.data.data);
}

static int car_message(void *ctx, char *topic, int topic_len, MQTTAsync_message *m)
{
    struct car *car = ctx;
    MQTTAsync_responseOptions o = MQTTAsync_responseOptions_initializer;

    (void)topic_len;
    snprintf(car->request, sizeof car->request, "%.*s", m->payloadlen, (char *)m->payload);
    keep_property(m, MQTTPROPERTY_CODE_CONTENT_TYPE, car->content_type, sizeof car->content_type);
    keep_property(m, MQTTPROPERTY_CODE_RESPONSE_TOPIC, car->response_topic,
                  sizeof car->response_topic);
    keep_property(m, MQTTPROPERTY_CODE_CORRELATION_DATA, car->correlation, sizeof car->correlation);
    if (MQTTProperties_hasProperty(&m->properties, MQTTPROPERTY_CODE_MESSAGE_EXPIRY_INTERVAL))
        car->expiry = (uint32_t)MQTTProperties_getNumericValue(
            &m->properties, MQTTPROPERTY_CODE_MESSAGE_EXPIRY_INTERVAL);
    cJSON *request = json_parse(slice_of(m->payload, (size_t)m->payloadlen), 16);
    char *answer = xasprintf("{\"status\":\"SUCCEEDED\",\"requestId\":\"%s\"}",
                             json_str(request, "requestId", "?"));
    if (car->version == 5 && car->correlation[0] != '\0') {
        MQTTProperty p = {.identifier = MQTTPROPERTY_CODE_CORRELATION_DATA};
        p.value.data.data = car->correlation;
        p.value.data.len = (int)strlen(car->correlation);
        MQTTProperties_add(&o.properties, &p);
    }
    MQTTAsync_send(car->handle, json_str(request, "responseTopic", "nowhere"), (int)strlen(answer),
                   answer, 1, 0, &o);
    MQTTProperties_free(&o.properties);
    cJSON_Delete(request);
    free(answer);
    MQTTAsync_freeMessage(&m);
    MQTTAsync_free(topic);
    return 1;
}

static void car_start(struct car *car, int version)
{
    MQTTAsync_createOptions create = MQTTAsync_createOptions_initializer;
    MQTTAsync_connectOptions o = MQTTAsync_connectOptions_initializer;
    MQTTAsync_connectOptions o5 = MQTTAsync_connectOptions_initializer5;
    MQTTAsync_SSLOptions tls = MQTTAsync_SSLOptions_initializer;
    char *ca = in_dir("ca.pem");
    char *cert = in_dir("client.pem");
    char uri[64];

    car->version = version;
    create.MQTTVersion = version;
    snprintf(uri, sizeof uri, "ssl://127.0.0.1:%u", broker.port);
    assert_int_equal(0, MQTTAsync_createWithOptions(&car->handle, uri, "car-1", 1, NULL, &create));
    MQTTAsync_setCallbacks(car->handle, car, NULL, car_message, NULL);
    tls.trustStore = ca;
    tls.keyStore = tls.privateKey = cert;
    if (version == 5) {
        o = o5;
        o.onSuccess5 = car_connected5;
    } else {
        o.onSuccess = car_connected;
    }
    o.MQTTVersion = version;
    o.context = car;
    o.ssl = &tls;
    assert_int_equal(0, MQTTAsync_connect(car->handle, &o));
    free(ca);
    free(cert);
}

static void on_tick(void *arg)
{
    (void)arg;
}

static void car_wait_ready(struct car *car, struct loop *loop)
{
    struct loop_timer tick;

    loop_timer_init(&tick, loop, on_tick, NULL);
    for (int i = 0; i < 2000 && atomic_load(&car->ready) == 0; i++) {
        loop_timer_start(&tick, 10 * USEC_PER_MSEC);
        ev_run(loop->ev, EVRUN_ONCE);
    }
    loop_timer_stop(&tick);
    assert_int_equal(atomic_load(&car->ready), 1);
}

static void request_and_response(int version)
{
    struct heard h = {.loop = loop_new()};
    struct car car = {0};
    struct companion_publish sent;
    struct error err;
    struct companion *c = make_connected(&h, "app-1", version);

    car_start(&car, version);
    car_wait_ready(&car, h.loop);
    assert_true(companion_request(c,
                                  &(struct companion_request){.thing = "car-1",
                                                              .command_json = "{\"lock\":1.50}",
                                                              .request_id = "r-1",
                                                              .expiry = 30 * USEC_PER_SEC},
                                  &sent, &err));
    run_until(h.loop, &h.response, 1);
    run_until(h.loop, &h.acked, 1);
    assert_string_equal(h.thing, "car-1");
    assert_string_equal(h.token, "r-1");
    assert_non_null(strstr(h.payload, "SUCCEEDED"));
    assert_int_equal(h.correlated, version == 5);
    assert_true(h.acked_ok);
    assert_int_equal(h.last_acked.id, sent.id);
    assert_true(h.acked_at >= sent.sent_at && h.received_at >= sent.sent_at);
    MQTTAsync_destroy(&car.handle); /* its buffers are ours from here on */

    cJSON *request = json_parse(slice_str(car.request), 16);
    assert_string_equal(json_str(request, "responseTopic", ""),
                        "cmd/fleetsim/car-1/response/app-1");
    assert_true(json_num(request, "expiresAt", 0) - json_num(request, "issuedAt", 0) == 30000);
    assert_non_null(strstr(car.request, "\"command\":{\"lock\":1.50}"));
    cJSON_Delete(request);
    if (version == 5) {
        assert_string_equal(car.content_type, "application/json");
        assert_string_equal(car.correlation, "r-1");
        assert_string_equal(car.response_topic, "cmd/fleetsim/car-1/response/app-1");
        assert_true(car.expiry >= 29 && car.expiry <= 30);
    }
    companion_free(c);
    loop_free(h.loop);
}

static void test_request_mqtt311(void **state)
{
    (void)state;
    request_and_response(4);
}

static void test_request_mqtt5(void **state)
{
    (void)state;
    request_and_response(5);
}

static void test_duplicate_and_expired(void **state)
{
    struct heard h = {.loop = loop_new()};
    struct car car = {0};
    struct error err;
    struct companion_request r = {.thing = "car-1",
                                  .command_json = "1",
                                  .request_id = "r-2",
                                  .issued_at_ms = 1000,
                                  .expires_at_ms = 2000};

    (void)state;
    struct companion *c = make_connected(&h, "app-1", 5);
    car_start(&car, 5);
    car_wait_ready(&car, h.loop);
    assert_true(companion_request(c, &r, NULL, &err));
    assert_true(companion_request(c, &r, NULL, &err));
    run_until(h.loop, &h.response, 2);
    MQTTAsync_destroy(&car.handle);
    assert_non_null(strstr(car.request, "\"issuedAt\":1000,\"expiresAt\":2000,"));
    assert_int_equal(car.expiry, 0);
    companion_free(c);
    loop_free(h.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request_mqtt311),
        cmocka_unit_test(test_request_mqtt5),
        cmocka_unit_test(test_duplicate_and_expired),
    };

    return RIG_RUN("companion_request", tests);
}
