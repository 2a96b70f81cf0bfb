/* The companion against a real broker. Waiting has a deadline; nothing else depends on time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <MQTTAsync.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actors/companion.h"
#include "base/json.h"
#include "base/xmem.h"
#include "support/throwaway_broker.h"

#define DEADLINE (20 * USEC_PER_SEC)

static struct throwaway_broker broker;

/* What one companion told. */
struct heard {
    struct loop *loop;
    struct companion *companion;
    unsigned connected, lost, watching, shadow, response, presence, acked;
    bool watching_ok;
    bool acked_ok;
    bool correlated;
    bool free_on_message;
    char text[512];
    char thing[130], token[130], payload[512], reason[64], session[64];
    int64_t version;
    int code;
    bool online;
    enum companion_outcome outcome;
    struct companion_publish last_acked;
    usec_t received_at, acked_at;
};

static void on_connected(void *ctx, const struct companion_connected *e)
{
    struct heard *h = ctx;

    assert_true(e->responses);
    assert_true(e->ready_at >= e->at && e->at > 0);
    h->connected++;
}

static void on_lost(void *ctx, const struct companion_lost *e)
{
    struct heard *h = ctx;

    h->lost++;
    snprintf(h->text, sizeof h->text, "%s", e->text);
}

static void on_watching(void *ctx, const struct companion_watching *e)
{
    struct heard *h = ctx;

    h->watching++;
    h->watching_ok = e->ok;
}

static void keep(char *to, size_t size, const char *text)
{
    snprintf(to, size, "%s", text != NULL ? text : "(none)");
}

static void on_shadow(void *ctx, const struct companion_shadow *e)
{
    struct heard *h = ctx;

    h->shadow++;
    keep(h->thing, sizeof h->thing, e->thing);
    keep(h->token, sizeof h->token, e->client_token);
    keep(h->payload, sizeof h->payload, (const char *)e->payload.data);
    h->version = e->version;
    h->code = e->code;
    h->outcome = e->outcome;
    h->received_at = e->received_at;
    if (h->free_on_message) {
        companion_free(h->companion);
        h->companion = NULL;
    }
}

static void on_response(void *ctx, const struct companion_response *e)
{
    struct heard *h = ctx;

    h->response++;
    keep(h->thing, sizeof h->thing, e->thing);
    keep(h->token, sizeof h->token, e->request_id);
    keep(h->payload, sizeof h->payload, (const char *)e->payload.data);
    h->correlated = e->correlated;
    h->received_at = e->received_at;
}

static void on_presence(void *ctx, const struct companion_presence *e)
{
    struct heard *h = ctx;

    h->presence++;
    keep(h->thing, sizeof h->thing, e->client_id);
    keep(h->reason, sizeof h->reason, e->reason);
    keep(h->session, sizeof h->session, e->session_id);
    h->online = e->connected;
    h->version = e->version;
}

static void on_acked(void *ctx, const struct companion_acked *e)
{
    struct heard *h = ctx;

    h->acked++;
    h->acked_ok = e->ok;
    h->last_acked = e->publish;
    h->acked_at = e->at;
}

static const struct companion_events events = {
    .connected = on_connected,
    .lost = on_lost,
    .watching = on_watching,
    .shadow = on_shadow,
    .response = on_response,
    .presence = on_presence,
    .acked = on_acked,
};

static void on_deadline(void *arg)
{
    *(bool *)arg = true;
}

/* Runs the loop until *counter reaches `target`. */
static void run_until(struct loop *loop, const unsigned *counter, unsigned target)
{
    bool late = false;
    struct loop_timer deadline;

    loop_timer_init(&deadline, loop, on_deadline, &late);
    loop_timer_start(&deadline, DEADLINE);
    while (*counter < target && !late)
        ev_run(loop->ev, EVRUN_ONCE);
    loop_timer_stop(&deadline);
    assert_true(*counter >= target);
}

static char *in_dir(const char *file)
{
    return xasprintf("%s/%s", broker.dir, file);
}

static struct companion *make(struct heard *h, const char *id, int version, const char *ca,
                              const char *cert)
{
    char *ca_file = in_dir(ca);
    char *cert_file = in_dir(cert);
    struct companion_options o = {.host = "127.0.0.1",
                                  .port = broker.port,
                                  .client_id = id,
                                  .mqtt_version = version,
                                  .ca_file = ca_file,
                                  .cert_file = cert_file,
                                  .backoff_base = 100 * USEC_PER_MSEC,
                                  .backoff_cap = 400 * USEC_PER_MSEC};
    struct error err = {.text = ""};

    h->companion = companion_new(h->loop, &o, &events, h, &err);
    assert_string_equal(err.text, "");
    assert_non_null(h->companion);
    free(ca_file);
    free(cert_file);
    return h->companion;
}

static struct companion *make_connected(struct heard *h, const char *id, int version)
{
    struct companion *c = make(h, id, version, "ca.pem", "client.pem");

    run_until(h->loop, &h->connected, h->connected + 1);
    assert_true(companion_is_connected(c));
    return c;
}

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

/* ---- tests --------------------------------------------------------------------------------------
 */

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

/* No cloud behind this broker: the test itself says what the cloud would. */
static void say(struct companion *c, const char *topic, const char *payload)
{
    struct error err = {.text = ""};
    bool ok = companion_publish_raw(c, topic, slice_str(payload), NULL, &err);

    assert_string_equal(err.text, "");
    assert_true(ok);
}

static void test_shadow_and_presence(void **state)
{
    struct heard h = {.loop = loop_new()};
    struct error err;

    (void)state;
    struct companion *c = make_connected(&h, "app-1", 5);
    assert_true(companion_watch(c, "car-1", 0, &err));
    companion_watch_all(c,
                        COMPANION_WATCH_DOCUMENTS | COMPANION_WATCH_DELTA | COMPANION_WATCH_NAMED);
    run_until(h.loop, &h.watching, 2);
    assert_true(h.watching_ok);

    say(c, "$aws/things/car-2/shadow/update/accepted",
        "{\"state\":{\"version\":1},\"version\":7,\"timestamp\":1,\"clientToken\":\"t-\\u0041\"}");
    run_until(h.loop, &h.shadow, 1);
    assert_string_equal(h.thing, "car-2");
    assert_string_equal(h.token, "t-A");
    assert_int_equal(h.version, 7);
    assert_int_equal(h.outcome, COMPANION_OUTCOME_ACCEPTED);

    say(c, "$aws/things/car-2/shadow/get/rejected", "{\"code\":404,\"message\":\"No shadow\"}");
    run_until(h.loop, &h.shadow, 2);
    assert_int_equal(h.code, 404);
    assert_string_equal(h.token, "(none)");
    assert_int_equal(h.version, -1);

    say(c, "$aws/things/car-3/shadow/update/documents", "\xff not JSON");
    run_until(h.loop, &h.shadow, 3);
    assert_string_equal(h.payload, "\xff not JSON");

    say(c, "$aws/things/car-3/shadow/name/doors/update/delta", "{}");
    run_until(h.loop, &h.shadow, 4);
    assert_int_equal(h.outcome, COMPANION_OUTCOME_DELTA);

    say(c, "$aws/events/presence/disconnected/car-9",
        "{\"clientId\":\"car-9\",\"timestamp\":5,\"sessionIdentifier\":\"s-1\","
        "\"clientInitiatedDisconnect\":false,\"disconnectReason\":\"CONNECTION_LOST\","
        "\"versionNumber\":3}");
    run_until(h.loop, &h.presence, 1);
    assert_string_equal(h.thing, "car-9");
    assert_string_equal(h.reason, "CONNECTION_LOST");
    assert_string_equal(h.session, "s-1");
    assert_int_equal(h.version, 3);
    assert_false(h.online);
    companion_free(c);
    loop_free(h.loop);
}

static void test_shadow_requests(void **state)
{
    struct heard h = {.loop = loop_new()};
    struct companion_publish sent;
    struct error err;

    (void)state;
    struct companion *c = make_connected(&h, "app-1", 4);
    assert_true(companion_desire(c, "car-1", "{\"locked\":true}", "t-1", &sent, &err));
    assert_int_equal(sent.id, 1);
    assert_true(companion_get_shadow(c, "car-1", "t-2", &sent, &err));
    assert_true(companion_delete_shadow(c, "car-1", NULL, &sent, &err));
    assert_true(companion_update_raw(c, "car-1", slice_str("{"), &sent, &err));
    assert_int_equal(sent.id, 4);
    run_until(h.loop, &h.acked, 4);
    assert_int_equal(h.last_acked.id, 4);
    assert_false(companion_desire(c, "car-1", "{locked:", "t", NULL, &err));
    assert_non_null(strstr(err.text, "not JSON"));
    assert_false(companion_desire(c, "car/1", "{}", "t", NULL, &err));
    assert_non_null(strstr(err.text, "thing name"));
    assert_false(companion_publish_raw(c, "a/#", slice_str("x"), NULL, &err));
    companion_close(c);
    assert_false(companion_desire(c, "car-1", "{}", "t", NULL, &err));
    assert_non_null(strstr(err.text, "not connected"));
    companion_open(c);
    run_until(h.loop, &h.connected, 2);
    assert_int_equal(h.lost, 0);
    companion_free(c);
    loop_free(h.loop);
}

static void reconnects(int version)
{
    struct heard h = {.loop = loop_new()};
    struct error err;
    struct companion *c = make_connected(&h, "app-1", version);

    assert_true(companion_watch(c, "car-1", 0, &err));
    run_until(h.loop, &h.watching, 1);
    throwaway_broker_stop(&broker);
    run_until(h.loop, &h.lost, 1);
    assert_non_null(strstr(h.text, "connection lost"));
    assert_false(companion_is_connected(c));
    run_until(h.loop, &h.lost, 2);
    assert_non_null(strstr(h.text, "is the broker running there"));
    assert_true(throwaway_broker_start(&broker));
    run_until(h.loop, &h.connected, 2);
    run_until(h.loop, &h.watching, 2);
    say(c, "$aws/things/car-1/shadow/update/accepted", "{\"version\":1}");
    run_until(h.loop, &h.shadow, 1);
    companion_free(c);
    loop_free(h.loop);
}

static void test_reconnect_mqtt311(void **state)
{
    (void)state;
    reconnects(4);
}

static void test_reconnect_mqtt5(void **state)
{
    (void)state;
    reconnects(5);
}

static void test_taken_over(void **state)
{
    struct heard first = {.loop = loop_new()};
    struct heard second = {.loop = first.loop};

    (void)state;
    make_connected(&first, "app-1", 5);
    make_connected(&second, "app-1", 5);
    run_until(first.loop, &first.lost, 1);
    assert_non_null(strstr(first.text, "connection lost"));
    companion_free(first.companion);
    companion_free(second.companion);
    loop_free(first.loop);
}

static void test_refusals_are_explained(void **state)
{
    static const struct {
        const char *ca, *cert, *expected;
    } cases[] = {
        {"other-ca.pem", "client.pem",   "other-ca.pem the CA that signed the server's"},
        {"ca.pem",       "stranger.pem", "stranger.pem"                                },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct heard h = {.loop = loop_new()};
        make(&h, "app-1", 5, cases[i].ca, cases[i].cert);
        run_until(h.loop, &h.lost, 2);
        assert_non_null(strstr(h.text, cases[i].expected));
        assert_int_equal(h.connected, 0);
        companion_free(h.companion);
        loop_free(h.loop);
    }
}

static void test_wrong_host_is_refused(void **state)
{
    struct heard h = {.loop = loop_new()};
    char *ca = in_dir("ca.pem");
    char *cert = in_dir("client.pem");
    char *uri = xasprintf("mqtts://127.0.0.2:%u", broker.port);
    struct companion_options o = {
        .uri = uri, .client_id = "app-1", .ca_file = ca, .cert_file = cert};
    struct error err;

    (void)state;
    h.companion = companion_new(h.loop, &o, &events, &h, &err);
    assert_non_null(h.companion);
    run_until(h.loop, &h.lost, 1);
    assert_non_null(strstr(h.text, "certificate for that host name"));
    companion_free(h.companion);
    loop_free(h.loop);
    free(ca);
    free(cert);
    free(uri);
}

static void test_bad_options(void **state)
{
    static const struct {
        struct companion_options o;
        const char *expected;
    } cases[] = {
        {{.host = "h", .port = 1},                                            "client id"     },
        {{.host = "h", .port = 1, .client_id = "a/b"},                        "client id"     },
        {{.client_id = "a"},                                                  "no endpoint"   },
        {{.host = "h", .port = 1, .client_id = "a", .mqtt_version = 3},       "MQTT version"  },
        {{.host = "h", .port = 1, .client_id = "a", .ca_file = "/no/ca.pem"}, "/no/ca.pem"    },
        {{.uri = "gopher://h", .client_id = "a"},                             "unknown scheme"},
    };
    struct loop *loop = loop_new();
    struct error err;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_null(companion_new(loop, &cases[i].o, &events, NULL, &err));
        assert_non_null(strstr(err.text, cases[i].expected));
    }
    loop_free(loop);
}

static void flood(struct companion *c, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        say(c, "$aws/things/car-1/shadow/update/accepted", "{\"version\":1,\"clientToken\":\"t\"}");
}

static void test_free_during_traffic(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 10; i++) {
        struct heard h = {.loop = loop_new(), .free_on_message = i % 2 == 0};
        struct heard other = {.loop = h.loop};
        make_connected(&h, "app-1", i % 4 < 2 ? 4 : 5);
        make_connected(&other, "app-2", 5);
        companion_watch_all(h.companion, 0);
        companion_watch_all(other.companion, 0);
        run_until(h.loop, &h.watching, 1);
        run_until(h.loop, &other.watching, 1);
        flood(other.companion, 200);
        flood(h.companion, 100);
        run_until(h.loop, &h.shadow, h.free_on_message ? 1 : 20);
        companion_free(h.companion);
        unsigned shadows = h.shadow;
        unsigned acks = h.acked;
        run_until(h.loop, &other.shadow, 200);
        assert_int_equal(h.shadow, shadows);
        assert_int_equal(h.acked, acks);
        companion_free(other.companion);
        loop_free(h.loop);
    }
}

static void test_free_while_connecting(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        struct heard h = {.loop = loop_new()};
        make(&h, "app-1", i % 2 ? 4 : 5, "ca.pem", "client.pem");
        if (i % 4 > 1)
            ev_run(h.loop->ev, EVRUN_NOWAIT);
        companion_free(h.companion);
        loop_free(h.loop);
        assert_int_equal(h.connected + h.lost, 0);
    }
}

/* Every publish is answered, the ones that the connection took with it too. */
static void test_each_publish_is_acked(void **state)
{
    struct heard h = {.loop = loop_new()};

    (void)state;
    make_connected(&h, "app-1", 5);
    flood(h.companion, 300);
    throwaway_broker_stop(&broker);
    run_until(h.loop, &h.lost, 1);
    run_until(h.loop, &h.acked, 300);
    assert_int_equal(h.acked, 300);
    companion_free(h.companion);
    loop_free(h.loop);
    assert_true(throwaway_broker_start(&broker));
}

static int setup(void **state)
{
    (void)state;
    return throwaway_broker_make(&broker) && throwaway_broker_start(&broker) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    throwaway_broker_done(&broker);
    return 0;
}

static void test_no_broker(void **state)
{
    (void)state;
    skip();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_options),
        cmocka_unit_test(test_request_mqtt311),
        cmocka_unit_test(test_request_mqtt5),
        cmocka_unit_test(test_duplicate_and_expired),
        cmocka_unit_test(test_shadow_and_presence),
        cmocka_unit_test(test_shadow_requests),
        cmocka_unit_test(test_reconnect_mqtt311),
        cmocka_unit_test(test_reconnect_mqtt5),
        cmocka_unit_test(test_taken_over),
        cmocka_unit_test(test_refusals_are_explained),
        cmocka_unit_test(test_wrong_host_is_refused),
        cmocka_unit_test(test_free_during_traffic),
        cmocka_unit_test(test_free_while_connecting),
        cmocka_unit_test(test_each_publish_is_acked),
    };
    const struct CMUnitTest none[] = {cmocka_unit_test(test_no_broker)};

    if (!throwaway_broker_available())
        return cmocka_run_group_tests_name("companion", none, NULL, NULL);
    return cmocka_run_group_tests_name("companion", tests, setup, teardown);
}
