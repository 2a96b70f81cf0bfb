/* The command service on a real connection: what a cloud and a car say comes from the test itself,
   so that events may be late, repeated or out of order. */
#include "actors/service.h"

#include "companion_rig.h"

struct place {
    struct heard h; /* a client that plays cloud, car and app */
    struct service *service;
    unsigned ready, status, taps, sent;
    enum dispatch_status last;
    char reason[64], answer[256];
    int connected; /* what the index says; -1: nothing */
};

static void on_ready(void *ctx)
{
    ((struct place *)ctx)->ready++;
}

static void on_status(void *ctx, const struct service_status *e)
{
    struct place *p = ctx;

    p->status++;
    p->last = e->status;
    assert_string_equal(e->thing, "car-1");
    assert_ptr_equal(e->tag, &p->last);
    keep(p->reason, sizeof p->reason, e->reason);
    keep_slice(p->answer, sizeof p->answer, e->answer);
}

static void on_tap(void *ctx, const char *thing, const char *id, bool again)
{
    struct place *p = ctx;

    assert_string_equal(thing, "car-1");
    assert_non_null(id);
    (void)again;
    p->taps++;
}

static void on_sent(void *ctx, const char *thing, const char *id, bool again, usec_t at)
{
    (void)thing;
    (void)id;
    (void)again;
    assert_true(at > 0);
    ((struct place *)ctx)->sent++;
}

static bool on_look_up(void *ctx, const char *thing, bool *ret_connected)
{
    const struct place *p = ctx;

    (void)thing;
    *ret_connected = p->connected == 1;
    return p->connected >= 0;
}

static const struct service_events service_events = {
    .ready = on_ready, .status = on_status, .tap = on_tap, .sent = on_sent, .look_up = on_look_up};

static void listen_to(struct place *p, const char *filter)
{
    struct mqtt_filter f = {.filter = slice_str(filter), .qos = 1};
    struct error err = {.text = ""};
    uint64_t id;

    assert_true(companion_subscribe(p->h.companion, &f, &id, &err));
    run_until(p->h.loop, &p->h.subscribed, p->h.subscribed + 1);
}

static void begin(struct place *p, int version, int connected)
{
    char *ca = in_dir("ca.pem"), *cert = in_dir("client.pem");
    struct service_options o = {
        .link = {.host = "127.0.0.1",
                 .port = broker.port,
                 .client_id = "service-1",
                 .mqtt_version = version,
                 .ca_file = ca,
                 .cert_file = cert,
                 .session_expiry_s = 60,
                 .backoff_base = 100 * USEC_PER_MSEC}
    };
    struct error err = {.text = ""};

    *p = (struct place){.h = {.loop = loop_new()}, .connected = connected};
    make_connected(&p->h, "world", version);
    listen_to(p, "cmd/fleetsim/car-1/request");
    service_rules_defaults(&o.rules);
    o.rules.presence.confirm_offline = 50 * USEC_PER_MSEC;
    p->service = service_new(p->h.loop, &o, &service_events, p, &err);
    assert_string_equal(err.text, "");
    assert_non_null(p->service);
    service_presence(p->service, "car-1"); /* deals with it from now on */
    run_until(p->h.loop, &p->ready, 1);
    assert_true(service_is_ready(p->service));
    free(ca);
    free(cert);
}

static void end(struct place *p)
{
    service_free(p->service);
    companion_free(p->h.companion);
    loop_free(p->h.loop);
}

static void order(struct place *p, const char *id, const char *user)
{
    struct service_order o = {.thing = "car-1",
                              .id = id,
                              .command_json = "{\"locks\":{\"all\":\"unlocked\"}}",
                              .user = user,
                              .channel = "app",
                              .expiry = 20 * USEC_PER_SEC,
                              .tag = &p->last};
    struct error err = {.text = ""};
    void *tag = NULL;

    assert_true(service_command(p->service, &o, &tag, &err));
    assert_ptr_equal(tag, &p->last);
}

static void run_until_status(struct place *p, enum dispatch_status status)
{
    for (unsigned tries = 0; p->last != status && tries < 20; tries++)
        run_until(p->h.loop, &p->status, p->status + 1);
    assert_int_equal(p->last, status);
}

static void connected(struct place *p, int version, const char *what, const char *session)
{
    char topic[128], payload[256];

    snprintf(topic, sizeof topic, "$aws/events/presence/%s/car-1", what);
    snprintf(payload, sizeof payload,
             "{\"clientId\":\"car-1\",\"timestamp\":5,\"sessionIdentifier\":\"%s\","
             "\"versionNumber\":%d}",
             session, version);
    say(p->h.companion, topic, payload);
}

static void subscribed(struct place *p, const char *session, const char *filter)
{
    char payload[256];

    snprintf(payload, sizeof payload,
             "{\"clientId\":\"car-1\",\"timestamp\":5,\"sessionIdentifier\":\"%s\","
             "\"topics\":[\"x/y\",\"%s\"]}",
             session, filter);
    say(p->h.companion, "$aws/events/subscriptions/subscribed/car-1", payload);
}

static void answer(struct place *p, const char *id, const char *status)
{
    char payload[256];

    snprintf(payload, sizeof payload,
             "{\"requestId\":\"%s\",\"status\":\"%s\",\"statusReason\":{\"reasonCode\":\"WHY\"}}",
             id, status);
    say(p->h.companion, "cmd/fleetsim/car-1/response/service-1", payload);
}

static void wait_for(struct place *p, enum car_link link)
{
    usec_t began = clock_now();

    while (service_presence(p->service, "car-1") != link && clock_now() - began < DEADLINE)
        ev_run(p->h.loop->ev, EVRUN_NOWAIT);
    assert_int_equal(service_presence(p->service, "car-1"), link);
}

static void test_online(void **state)
{
    struct place p;
    struct error err;

    (void)state;
    begin(&p, 5, 1);
    assert_true(service_own(p.service, "anna", "car-1", &err));
    assert_true(service_own(p.service, "anna", "car-1", &err));
    assert_false(service_own(p.service, "a/b", "car-1", &err));
    order(&p, "r-1", NULL);
    run_until(p.h.loop, &p.h.message, 1);
    assert_string_equal(p.h.topic, "cmd/fleetsim/car-1/request");
    assert_non_null(strstr(p.h.payload, "\"requestId\":\"r-1\""));
    assert_non_null(
        strstr(p.h.payload, "\"responseTopic\":\"cmd/fleetsim/car-1/response/service-1\""));
    assert_non_null(strstr(p.h.payload, "\"expiresAt\":"));

    listen_to(&p, "app/fleetsim/anna/commands/+");
    answer(&p, "r-0", "SUCCEEDED"); /* to nothing that was asked */
    answer(&p, "r-1", "IN_PROGRESS");
    answer(&p, "r-1", "REJECTED");
    answer(&p, "r-1", "SUCCEEDED"); /* comes too late */
    run_until(p.h.loop, &p.h.message, 2);
    assert_string_equal(p.h.topic, "app/fleetsim/anna/commands/car-1");
    assert_non_null(strstr(p.h.payload, "\"status\":\"REJECTED\",\"reason\":\"WHY\""));
    assert_int_equal(p.last, DISPATCH_REJECTED);
    assert_string_equal(p.reason, "WHY");
    assert_non_null(strstr(p.answer, "REJECTED"));
    assert_int_equal(p.sent, 1);

    /* A stranger's. */
    unsigned before = p.status;
    order(&p, "r-2", "mallory");
    run_until(p.h.loop, &p.status, before + 1);
    assert_int_equal(p.last, DISPATCH_REJECTED);
    assert_string_equal(p.reason, "NOT_OWNER");
    /* The same id is the same command, and is answered again. */
    before = p.status;
    order(&p, "r-1", "anna");
    run_until(p.h.loop, &p.status, before + 1);
    assert_int_equal(p.sent, 1);
    end(&p);
}

static void test_offline_and_back(void **state)
{
    struct place p;

    (void)state;
    begin(&p, 4, 0);
    order(&p, "r-1", NULL);
    run_until(p.h.loop, &p.taps, 1);
    assert_int_equal(p.last, DISPATCH_WAKING);
    connected(&p, 7, "connected", "s-7");
    wait_for(&p, CAR_LINK_ONLINE);
    /* What it listens to is something else. */
    subscribed(&p, "s-7", "$aws/things/car-1/shadow/#");
    connected(&p, 6, "disconnected", "s-6"); /* of the connection before */
    connected(&p, 7, "connected", "s-7");
    assert_int_equal(p.sent, 0);
    subscribed(&p, "s-7", "cmd/fleetsim/+/request");
    run_until(p.h.loop, &p.h.message, 1);
    assert_int_equal(p.last, DISPATCH_SENT);
    /* It loses its session and subscribes anew: the request may be lost, and goes again. */
    connected(&p, 7, "disconnected", "s-7");
    wait_for(&p, CAR_LINK_OFFLINE);
    connected(&p, 8, "connected", "s-8");
    subscribed(&p, "s-8", "cmd/fleetsim/car-1/request");
    run_until(p.h.loop, &p.h.message, 2);
    answer(&p, "r-1", "nonsense");
    run_until_status(&p, DISPATCH_FAILED);
    assert_string_equal(p.reason, "MALFORMED_ANSWER");
    end(&p);
}

static void test_an_index_that_cannot_say_yet(void **state)
{
    struct place p;

    (void)state;
    begin(&p, 5, -1);
    order(&p, "r-1", NULL);
    run_until(p.h.loop, &p.status, 1);
    assert_int_equal(p.last, DISPATCH_CREATED);
    p.connected = 1;
    run_until(p.h.loop, &p.sent, 1);
    assert_int_equal(p.taps, 0);
    end(&p);
}

static void test_its_session_is_kept(void **state, int version)
{
    struct place p;

    (void)state;
    begin(&p, version, 1);
    order(&p, "r-1", NULL);
    run_until(p.h.loop, &p.h.message, 1);
    service_close(p.service);
    assert_false(service_is_ready(p.service));
    answer(&p, "r-1", "SUCCEEDED");
    connected(&p, 3, "disconnected", "s-3");
    run_until(p.h.loop, &p.h.acked, p.h.acked + 2);
    order(&p, "r-2", NULL);
    unsigned ready = p.ready;
    service_open(p.service);
    run_until(p.h.loop, &p.ready, ready + 1);
    run_until_status(&p, DISPATCH_SUCCEEDED);
    wait_for(&p, CAR_LINK_OFFLINE);
    run_until(p.h.loop, &p.taps, 1);
    assert_int_equal(p.sent, 1);
    end(&p);
}

static void test_its_session_is_kept_mqtt5(void **state)
{
    test_its_session_is_kept(state, 5);
}

static void test_its_session_is_kept_mqtt311(void **state)
{
    test_its_session_is_kept(state, 4);
}

/* Without persistence a broker that restarts has forgotten everything. */
static void test_the_broker_forgets(void **state)
{
    struct place p;

    (void)state;
    begin(&p, 5, 1);
    order(&p, "r-1", NULL);
    run_until(p.h.loop, &p.h.message, 1);
    unsigned ready = p.ready;
    throwaway_broker_stop(&broker);
    order(&p, "r-2", NULL);
    assert_true(throwaway_broker_start(&broker));
    run_until(p.h.loop, &p.ready, ready + 1);
    run_until(p.h.loop, &p.h.connected, 2);
    run_until(p.h.loop, &p.sent, 2); /* r-1 once more, under its id */
    answer(&p, "r-1", "SUCCEEDED");
    run_until(p.h.loop, &p.sent, 3);
    answer(&p, "r-2", "SUCCEEDED");
    run_until_status(&p, DISPATCH_SUCCEEDED);
    end(&p);
}

static void test_many_cars_are_watched_together(void **state)
{
    struct place p;
    char name[16];

    (void)state;
    begin(&p, 5, 0);
    for (unsigned i = 2; i < 40; i++) {
        snprintf(name, sizeof name, "car-%u", i);
        service_presence(p.service, name);
    }
    usec_t began = clock_now();
    while (!service_is_ready(p.service) && clock_now() - began < DEADLINE)
        ev_run(p.h.loop->ev, EVRUN_ONCE);
    connected(&p, 1, "connected", "s-1");
    wait_for(&p, CAR_LINK_ONLINE);
    assert_int_equal(service_presence(p.service, "car-39"), CAR_LINK_OFFLINE);
    end(&p);
}

static void test_bad_orders(void **state)
{
    struct place p;
    struct error err;
    void *tag;
    const struct service_order good = {.thing = "car-1",
                                       .id = "r",
                                       .command_json = "{}",
                                       .channel = "app",
                                       .expiry = USEC_PER_SEC,
                                       .tag = &p.last};
    struct service_order bad[5] = {good, good, good, good, good};
    static const char *const why[] = {"thing name", "id", "id", "channel", "JSON object"};

    (void)state;
    begin(&p, 5, 1);
    bad[0].thing = "a/b";
    bad[1].id = "";
    bad[2].id = "\xff";
    bad[3].channel = "Voice!";
    bad[4].command_json = "[1]";
    for (size_t i = 0; i < 5; i++) {
        assert_false(service_command(p.service, &bad[i], &tag, &err));
        assert_non_null(strstr(err.text, why[i]));
    }
    end(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_online),
        cmocka_unit_test(test_offline_and_back),
        cmocka_unit_test(test_an_index_that_cannot_say_yet),
        cmocka_unit_test(test_its_session_is_kept_mqtt5),
        cmocka_unit_test(test_its_session_is_kept_mqtt311),
        cmocka_unit_test(test_the_broker_forgets),
        cmocka_unit_test(test_many_cars_are_watched_together),
        cmocka_unit_test(test_bad_orders),
    };

    return RIG_RUN("service", tests);
}
