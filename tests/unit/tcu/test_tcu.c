#include "unit/tcu/car.h"

#include <malloc.h>

static void test_defaults(void **state)
{
    struct tcu_config c;

    (void)state;
    tcu_config_defaults(&c);
    assert_int_equal(c.version, MQTT_5);
    assert_int_equal(c.request_timeout, 10 * USEC_PER_SEC);
    assert_int_equal(c.backoff_base, USEC_PER_SEC);
    assert_int_equal(c.backoff_cap, 60 * USEC_PER_SEC);
    assert_int_equal(c.backoff_stable, 20 * USEC_PER_SEC);
    assert_string_equal(tcu_state_name(TCU_BACKING_OFF), "backing off");
    assert_string_equal(tcu_state_name(TCU_STATE_COUNT), "unknown");
    assert_string_equal(tcu_outcome_name(TCU_TIMED_OUT), "TIMED_OUT");
}

static void test_life(void **state)
{
    static const char *const filters[] = {SHADOW "/get/accepted",
                                          SHADOW "/get/rejected",
                                          SHADOW "/update/accepted",
                                          SHADOW "/update/rejected",
                                          SHADOW "/update/delta",
                                          SHADOW "/delete/accepted",
                                          "$aws/commands/things/" THING
                                          "/executions/+/request/json",
                                          CMD "/request"};
    struct car *car = car_new();

    (void)state;
    assert_int_equal(car->tcu->state, TCU_OFF);
    assert_false(tcu_wake(car->tcu));
    tcu_sleep(car->tcu);
    tcu_drop_connection(car->tcu);
    tcu_power_off(car->tcu);
    assert_int_equal(buf_len(&car->journal), 0);

    tcu_power_on(car->tcu);
    tcu_power_on(car->tcu);
    assert_int_equal(car->client->connects, 1);
    assert_string_equal(car->client->client_id, THING);
    assert_false(car->client->options.clean_start);
    assert_null(car->client->options.will);
    fake_connected(car->client, false);
    assert_int_equal(car->tcu->state, TCU_SYNCING);
    assert_int_equal(car->client->filter_count, 8);
    for (size_t i = 0; i < 8; i++)
        assert_string_equal(car->client->filters[i], filters[i]);
    assert_int_equal(car->client->sent_count, 0); /* not before SUBACK */
    fake_suback(car->client, 1);
    assert_int_equal(fake_count(car->client, "/shadow/get"), 1);
    assert_int_equal(car->tcu->state, TCU_SYNCING);
    car_reply(car, "/get", "/rejected", "\"code\":404");
    assert_int_equal(car->tcu->state, TCU_ONLINE);
    assert_false(tcu_in_step(car->tcu));
    assert_int_equal(fake_count(car->client, "/update"), 0); /* at the end of the turn */
    car_turn(car);
    assert_int_equal(fake_count(car->client, "/update"), 1);
    assert_string_equal(buf_cstr(&car->journal), "state off > connecting\n"
                                                 "stage tcp\n"
                                                 "stage tls\n"
                                                 "stage connack\n"
                                                 "state connecting > syncing\n"
                                                 "stage subscribe\n"
                                                 "stage first shadow\n"
                                                 "stage total\n"
                                                 "state syncing > online\n");
    car_blank(car);
    tcu_sleep(car->tcu);
    assert_int_equal(car->client->disconnects, 1);
    assert_int_equal(car->tcu->state, TCU_ASLEEP);
    tcu_sleep(car->tcu);
    tcu_power_on(car->tcu);
    assert_int_equal(car->tcu->state, TCU_ASLEEP);
    assert_true(tcu_wake(car->tcu));
    assert_false(tcu_wake(car->tcu));
    fake_connected(car->client, true);
    assert_int_equal(car->client->subscribes, 1); /* the session has them */
    car_reply(car, "/get", "/accepted", "\"state\":{},\"version\":1");
    assert_int_equal(car->tcu->state, TCU_ONLINE);
    tcu_power_off(car->tcu);
    assert_int_equal(car->tcu->state, TCU_OFF);
    assert_saw(car, "state online > off");
    car_free(car);
}

static void test_session_and_will_options(void **state)
{
    struct car *car = car_draft();

    (void)state;
    car->config.will = true;
    car->config.session_expiry_s = 0;
    car->config.version = MQTT_3_1_1;
    car_build(car);
    tcu_power_on(car->tcu);
    assert_true(car->client->options.clean_start);
    assert_int_equal(car->client->options.version, MQTT_3_1_1);
    assert_string_equal(car->client->will_topic, "dt/fleetsim/" THING "/connection");
    assert_string_equal(car->client->will_payload, "{\"status\":\"lost\"}");
    car_free(car);
}

static void test_a_broker_without_shadows(void **state)
{
    struct car *car = car_draft();

    (void)state;
    car->config.no_shadow = true;
    car_build(car);
    tcu_power_on(car->tcu);
    fake_connected(car->client, false);
    assert_int_equal(car->client->filter_count, 1);
    assert_string_equal(car->client->filters[0], CMD "/request");
    fake_suback(car->client, 1);
    assert_int_equal(car->tcu->state, TCU_ONLINE);
    car_free(car);
}

/* The connection broke between CONNACK and SUBACK: the session is there, the subscriptions are
   not. */
static void test_session_without_subscriptions(void **state)
{
    struct car *car = car_new();

    (void)state;
    tcu_power_on(car->tcu);
    fake_connected(car->client, false);
    fake_close(car->client, MQTT_CLOSE_TCP, "reset");
    assert_saw(car, "note connection lost: reset, before the SUBACK (does the policy allow it?)");
    tcu_wake(car->tcu);
    fake_connected(car->client, true);
    assert_int_equal(car->client->subscribes, 2);
    car_free(car);
}

static void test_refused_subscription(void **state)
{
    struct car *car = car_new();

    (void)state;
    tcu_power_on(car->tcu);
    fake_connected(car->client, false);
    fake_suback(car->client, 0x87);
    assert_saw(car, "note connect failed: subscribe refused: " SHADOW "/get/accepted: 0x87");
    assert_int_equal(car->tcu->state, TCU_BACKING_OFF);
    assert_int_equal(car->client->disconnects, 1);
    /* A SUBACK that comes too late, or answers too little. */
    fake_suback(car->client, 1);
    assert_int_equal(car->tcu->state, TCU_BACKING_OFF);
    tcu_wake(car->tcu);
    fake_connected(car->client, false);
    car->client->filter_count = 3;
    fake_suback(car->client, 1);
    assert_int_equal(car->tcu->state, TCU_BACKING_OFF);
    car_free(car);
}

static void test_failures_back_off(void **state)
{
    struct car *car = car_new();

    (void)state;
    car->client->fail_connect = true;
    tcu_power_on(car->tcu);
    assert_saw(car, "note connect failed: connect: no descriptors left");
    assert_int_equal(car->tcu->state, TCU_BACKING_OFF);
    car->client->fail_connect = false;
    car_await(car, TCU_CONNECTING);
    assert_int_equal(car->client->connects, 2);
    fake_close(car->client, MQTT_CLOSE_TLS, "certificate verify failed");
    assert_saw(car, "note connect failed: certificate verify failed");
    assert_int_equal(car->tcu->state, TCU_BACKING_OFF);
    car_await(car, TCU_CONNECTING);
    car->client->fail_subscribe = true;
    fake_connected(car->client, false);
    assert_int_equal(car->tcu->state, TCU_BACKING_OFF);
    car->client->fail_subscribe = false;
    assert_true(tcu_wake(car->tcu));
    assert_int_equal(car->tcu->state, TCU_CONNECTING);
    tcu_drop_connection(car->tcu);
    assert_int_equal(car->tcu->state, TCU_BACKING_OFF);
    tcu_drop_connection(car->tcu);
    car_blank(car);
    fake_close(car->client, MQTT_CLOSE_TCP, NULL); /* a stray event */
    assert_int_equal(buf_len(&car->journal), 0);
    tcu_sleep(car->tcu);
    assert_int_equal(car->tcu->state, TCU_ASLEEP);
    car_turn(car);
    assert_int_equal(car->tcu->state, TCU_ASLEEP);
    car_free(car);
}

static void test_lost_while_online(void **state)
{
    struct car *car = car_online();

    (void)state;
    fake_close(car->client, MQTT_CLOSE_SERVER, "session taken over");
    assert_saw(car, "note connection lost: session taken over");
    assert_saw(car, "state online > backing off");
    car_await(car, TCU_CONNECTING);
    fake_connected(car->client, true);
    car_reply(car, "/get", "/accepted", "\"state\":{\"reported\":{}},\"version\":1");
    assert_int_equal(car->tcu->state, TCU_ONLINE);
    car_turn(car);
    assert_true(tcu_in_step(car->tcu)); /* nothing has changed, nothing is reported */
    tcu_drop_connection(car->tcu);
    assert_saw(car, "note connection lost: the network was lost");
    car_free(car);
}

static void test_no_answers(void **state)
{
    struct car *car = car_draft();

    (void)state;
    car->config.request_timeout = 2 * USEC_PER_MSEC;
    car_build(car);
    tcu_power_on(car->tcu);
    fake_connected(car->client, false);
    car_await(car, TCU_BACKING_OFF);
    assert_saw(car, "note connect failed: subscribe: no answer in time");
    tcu_wake(car->tcu);
    fake_connected(car->client, false);
    fake_suback(car->client, 0);
    car_await(car, TCU_BACKING_OFF);
    assert_saw(car, "note connect failed: shadow get: no answer in time");
    assert_int_equal(car->client->aborts, 2);
    car_free(car);
}

static void test_get_refused_for_now(void **state)
{
    struct car *car = car_new();

    (void)state;
    tcu_power_on(car->tcu);
    fake_connected(car->client, false);
    fake_suback(car->client, 1);
    car_reply(car, "/get", "/rejected", "\"code\":429,\"message\":\"Too many requests\"");
    assert_saw(car, "note connect failed: shadow get refused: 429 Too many requests");
    assert_int_equal(car->tcu->state, TCU_SYNCING);
    while (fake_count(car->client, "/get") < 2)
        ev_run(car->loop->ev, EVRUN_ONCE);
    car_reply(car, "/get", "/accepted", "\"state\":{},\"version\":3");
    assert_int_equal(car->tcu->state, TCU_ONLINE);
    assert_int_equal(tcu_shadow_version(car->tcu, 0), 3);
    car_free(car);
}

/* 100 publishes may be in flight on a resumed session: the get waits for room. */
static void test_get_waits_for_room(void **state)
{
    struct car *car = car_new();

    (void)state;
    tcu_power_on(car->tcu);
    fake_connected(car->client, false);
    car->client->fail_publish = true;
    fake_suback(car->client, 1);
    assert_int_equal(car->tcu->state, TCU_SYNCING);
    car->client->fail_publish = false;
    fake_puback(car->client, 77, 0);
    assert_int_equal(fake_count(car->client, "/get"), 1);
    fake_puback(car->client, 78, 0);
    assert_int_equal(fake_count(car->client, "/get"), 1);
    car_reply(car, "/get", "/rejected", "\"code\":404");
    assert_int_equal(car->tcu->state, TCU_ONLINE);
    car_free(car);
}

static void test_telemetry(void **state)
{
    static const char body[] = "{\"speed\":1}";
    char *long_kind = xcalloc(1, 300);
    struct car *car = car_new();

    (void)state;
    memset(long_kind, 'k', 299);
    assert_false(tcu_telemetry(car->tcu, "position", slice_str(body), 0));
    car_go_online(car);
    assert_true(tcu_telemetry(car->tcu, "position", slice_str(body), 0));
    const struct fake_publish *p = fake_last(car->client, "dt/fleetsim/" THING "/position");
    assert_non_null(p);
    assert_string_equal(p->payload, body);
    assert_int_equal(p->qos, 0);
    assert_true(tcu_telemetry(car->tcu, "trip/1", slice_str(body), 1));
    assert_false(tcu_telemetry(car->tcu, "", slice_str(body), 1));
    assert_false(tcu_telemetry(car->tcu, "#", slice_str(body), 1));
    assert_false(tcu_telemetry(car->tcu, long_kind, slice_str(body), 1));
    car->client->fail_publish = true;
    assert_false(tcu_telemetry(car->tcu, "position", slice_str(body), 0));
    free(long_kind);
    car_free(car);
}

static void test_puback_is_timed(void **state)
{
    struct car *car = car_online();

    (void)state;
    tcu_drop_connection(car->tcu);
    tcu_wake(car->tcu);
    fake_connected(car->client, true);
    int32_t get = fake_last(car->client, "/get")->id;
    car_reply(car, "/get", "/accepted", "\"state\":{\"reported\":{}},\"version\":1");
    car_blank(car);
    fake_puback(car->client, get, 0);
    assert_int_equal(car_times(car, "stage puback"), 1);
    fake_puback(car->client, get, 0);
    assert_int_equal(car_times(car, "stage puback"), 1);
    assert_true(tcu_telemetry(car->tcu, "a", slice_str("1"), 1));
    int32_t first = car->client->last_id;
    assert_true(tcu_telemetry(car->tcu, "a", slice_str("2"), 1));
    fake_puback(car->client, first + 1, 0); /* not the sampled one */
    assert_int_equal(car_times(car, "stage puback"), 1);
    fake_puback(car->client, first, 0);
    assert_int_equal(car_times(car, "stage puback"), 2);
    car_free(car);
}

static void test_signals_are_observed(void **state)
{
    struct car *car = car_online();
    size_t label = (size_t)signal_schema_find(car->schema, slice_str("label"));

    (void)state;
    tcu_set_signal(car->tcu, label, (union signal_value){.s = "x"});
    tcu_set_signal(car->tcu, label, (union signal_value){.s = "x"});
    assert_int_equal(car_times(car, "signal label"), 1);
    assert_false(tcu_in_step(car->tcu));
    car_free(car);
}

static void test_packets_are_passed_on(void **state)
{
    struct car *car = car_new();

    (void)state;
    car->client->base.events->packet(car->client->base.ctx, true, slice_str("abc"), 1);
    assert_saw(car, "packet out 3");
    car_free(car);
    car = car_draft();
    car->observer = (struct tcu_observer){.packet = NULL};
    car_build(car);
    assert_null(car->client->base.events->packet); /* so that the client need not make them */
    car_free(car);
}

/* Without any observer, orders do not stay open for ever. */
static void test_nobody_watches(void **state)
{
    struct car *car = car_draft();

    (void)state;
    car->observer = (struct tcu_observer){.packet = NULL};
    car_build(car);
    car_go_online(car);
    fake_message(car->client, SHADOW "/update/delta",
                 "{\"version\":2,\"timestamp\":5,\"state\":{\"climate\":{\"on\":true}}}");
    assert_int_equal(tcu_orders_open(car->tcu), 0);
    fake_message(car->client, "nonsense", "");
    tcu_power_off(car->tcu);
    car_free(car);
}

static void meddle_power_off(struct car *car)
{
    tcu_power_off(car->tcu);
}

static void meddle_power_cycle(struct car *car)
{
    tcu_power_off(car->tcu);
    tcu_power_on(car->tcu);
}

static void meddle_sleep(struct car *car)
{
    tcu_sleep(car->tcu);
}

static void meddle_sleep_and_wake(struct car *car)
{
    tcu_sleep(car->tcu);
    tcu_wake(car->tcu);
}

static void meddle_drop(struct car *car)
{
    tcu_drop_connection(car->tcu);
}

static void meddle_finish_orders(struct car *car)
{
    while (car->order_count > 0)
        car_done(car, car->orders[0], TCU_FAILED);
}

static void play(struct car *car)
{
    static const char request[] = "{\"requestId\":\"r1\",\"responseTopic\":\"" CMD "/response/a\","
                                  "\"command\":{\"climate\":{\"on\":true}}}";
    struct fake_client *f = car->client;

    tcu_power_on(car->tcu);
    fake_connected(f, false);
    if (f->up)
        fake_suback(f, 1);
    if (f->up && fake_last(f, "/get") != NULL)
        fake_puback(f, fake_last(f, "/get")->id, 0);
    if (f->up && fake_last(f, "/get") != NULL)
        car_reply(car, "/get", "/accepted",
                  "\"version\":4,\"state\":{\"desired\":{\"climate\":{\"on\":true}},\"delta\":{"
                  "\"climate\":{\"on\":true},\"bad\":1}},\"metadata\":{\"desired\":{\"climate\":"
                  "{\"on\":{\"timestamp\":9}}}}");
    car_turn(car);
    if (f->up && fake_last(f, "/update") != NULL) {
        fake_puback(f, fake_last(f, "/update")->id, 0);
        car_reply(car, "/update", "/accepted", "\"version\":5");
    }
    if (f->up) {
        fake_message(f, SHADOW "/update/delta",
                     "{\"version\":6,\"timestamp\":10,\"clientToken\":\"app\",\"state\":{\"locks\":"
                     "{\"all\":\"unlocked\"}},\"metadata\":{\"locks\":{\"all\":{\"timestamp\":10}"
                     "}}}");
        fake_message(f, CMD "/request", request);
        fake_message(f, CMD "/request", request);
        fake_message(f, CMD "/request", "no");
    }
    car_turn(car);
    for (size_t i = 0; i < f->sent_count && f->up; i++)
        if (strstr(f->sent[i].topic, "/response/") != NULL)
            fake_puback(f, f->sent[i].id, 0);
    if (f->up && fake_last(f, "/update") != NULL)
        car_reply(car, "/update", "/rejected", "\"code\":413");
    if (f->up)
        fake_close(f, MQTT_CLOSE_TCP, "gone");
    car_turn(car);
}

/* Was there an occasion for it? */
static bool play_with(const char *place, void (*mischief)(struct car *), bool obey)
{
    struct car *car = car_new();

    car->obey = obey;
    car->meddle = mischief;
    car->meddle_at = place;
    play(car);
    play(car);
    tcu_power_off(car->tcu);
    bool happened = car->meddle == NULL;

    assert_int_equal(car->tcu->state, TCU_OFF);
    assert_int_equal(tcu_orders_open(car->tcu), 0);
    assert_int_equal(car->order_count, 0);
    car_free(car);
    return happened;
}

/* Every kind of callback, every kind of mischief inside it. */
static void test_observers_may_meddle(void **state)
{
    static const char *const places[] = {
        "state off > conn", "state connecting >",
        "state syncing >",  "state online >",
        "stage tcp",        "stage connack",
        "stage subscribe",  "stage first",
        "stage total",      "stage puback",
        "order desired",    "order request",
        "mark [app] rec",   "mark [app] started",
        "mark [app] acted", "mark [app] rep",
        "mark [r1] rec",    "mark [r1] acted",
        "mark [r1] rep",    "mark [r1] acc",
        "note unknown",     "note dup",
        "note bad",         "note report",
        "note connection",  "signal",
        "cancelled",
    };
    static void (*const mischief[])(struct car *) = {meddle_power_off, meddle_power_cycle,
                                                     meddle_sleep,     meddle_sleep_and_wake,
                                                     meddle_drop,      meddle_finish_orders};

    (void)state;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        for (size_t k = 0; k < sizeof mischief / sizeof mischief[0]; k++) {
            bool obeying = play_with(places[i], mischief[k], true);
            bool idle = play_with(places[i], mischief[k], false);
            if (!obeying && !idle)
                fail_msg("\"%s\" never happens", places[i]);
        }
    }
}

static bool not_yet(void *ctx, struct tcu *t)
{
    assert_int_equal(t->state, TCU_CONNECTING);
    car_log(ctx, "admit", "later");
    return false;
}

static void test_admission(void **state)
{
    struct car *car = car_draft();

    (void)state;
    car->observer.admit = not_yet;
    car_build(car);
    tcu_admit(car->tcu); /* it does not want to */
    tcu_power_on(car->tcu);
    assert_int_equal(car->tcu->state, TCU_CONNECTING);
    assert_int_equal(car->client->connects, 0);
    tcu_sleep(car->tcu);
    tcu_admit(car->tcu);
    assert_int_equal(car->tcu->state, TCU_ASLEEP);
    assert_true(tcu_wake(car->tcu));
    tcu_drop_connection(car->tcu);
    assert_int_equal(car->tcu->state, TCU_BACKING_OFF);
    tcu_admit(car->tcu);
    assert_int_equal(car->client->connects, 0);
    assert_true(tcu_wake(car->tcu));
    tcu_admit(car->tcu);
    tcu_admit(car->tcu); /* the second is one too many */
    assert_int_equal(car->client->connects, 1);
    assert_saw(car, "admit later");
    fake_connected(car->client, false);
    assert_int_equal(car->tcu->state, TCU_SYNCING);
    car_free(car);
}

/* 50 signals, half of them desired: what ten thousand idle cars cost. */
static void test_memory_of_an_idle_car(void **state)
{
    struct signal_schema *schema = signal_schema_new("fifty");
    struct car *car = car_draft();
    char path[32];

    (void)state;
    signal_schema_free(car->schema);
    for (int i = 0; i < 50; i++) {
        snprintf(path, sizeof path, "g%d.s%d", i % 7, i);
        car_declare(schema, path, SIGNAL_BOOL, i % 2 == 0 ? 3 : SIGNAL_REPORTED, 0, 0);
    }
    signal_schema_seal(schema);
    car->schema = schema;
    size_t before = mallinfo2().uordblks;
    car_build(car);
    size_t used = mallinfo2().uordblks - before - malloc_usable_size(car->client);
    bool counted = mallinfo2().uordblks != before; /* not by a sanitizer's allocator */
    car_free(car);
    if (!counted)
        skip();
    print_message("an idle car of 50 signals: %zu bytes\n", used);
    assert_true(used < 2048);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_life),
        cmocka_unit_test(test_session_and_will_options),
        cmocka_unit_test(test_a_broker_without_shadows),
        cmocka_unit_test(test_session_without_subscriptions),
        cmocka_unit_test(test_refused_subscription),
        cmocka_unit_test(test_failures_back_off),
        cmocka_unit_test(test_lost_while_online),
        cmocka_unit_test(test_no_answers),
        cmocka_unit_test(test_get_refused_for_now),
        cmocka_unit_test(test_get_waits_for_room),
        cmocka_unit_test(test_telemetry),
        cmocka_unit_test(test_puback_is_timed),
        cmocka_unit_test(test_signals_are_observed),
        cmocka_unit_test(test_packets_are_passed_on),
        cmocka_unit_test(test_nobody_watches),
        cmocka_unit_test(test_observers_may_meddle),
        cmocka_unit_test(test_admission),
        cmocka_unit_test(test_memory_of_an_idle_car),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
