#include "fleet/sms.h"
#include "metrics/recorder.h"
#include "support/lab.h"

static const struct sms_request plain_sms = {.text = "wake up"};

/* A car whose behaviour keeps the last order. */
struct drive {
    struct lab *lab;
    struct signal_schema *schema;
    struct vehicle *v;
    struct tcu_order *order;
    unsigned changed, states, orders, cancelled;
};

static void on_changed(void *ctx, struct vehicle *v)
{
    (void)v;
    ((struct drive *)ctx)->changed++;
}

static void on_state(void *ctx, struct vehicle *v, enum tcu_state from, enum tcu_state to)
{
    (void)v;
    assert_true(from != to);
    ((struct drive *)ctx)->states++;
}

static void on_order(void *ctx, struct vehicle *v, struct tcu_order *order)
{
    struct drive *d = ctx;

    (void)v;
    d->orders++;
    d->order = order;
}

static void on_order_cancelled(void *ctx, struct vehicle *v, struct tcu_order *order)
{
    struct drive *d = ctx;

    (void)v;
    d->cancelled++;
    if (d->order == order)
        d->order = NULL;
}

static const struct behaviour_ops behaviour = {.changed = on_changed,
                                               .state = on_state,
                                               .order = on_order,
                                               .order_cancelled = on_order_cancelled};

static struct signal_schema *make_schema(void)
{
    struct signal_schema *schema = signal_schema_new("test");
    char path[] = "horn";
    struct signal_def def = {
        .path = path, .type = SIGNAL_BOOL, .flags = SIGNAL_REPORTED | SIGNAL_DESIRED};
    struct error err;

    assert_true(signal_schema_add(schema, &def, &err));
    signal_schema_seal(schema);
    return schema;
}

static struct vehicle *make_car(struct drive *d, uint32_t index)
{
    struct error err;
    struct vehicle *v = vehicle_new(
        d->lab->sim, &(struct vehicle_birth){.index = index, .seed = index, .schema = d->schema},
        &behaviour, d, &err);

    if (v == NULL)
        fail_msg("%s", err.text);
    return v;
}

static int make(void **state)
{
    struct drive *d = xcalloc(1, sizeof *d);

    d->lab = lab_new();
    d->schema = make_schema();
    d->v = make_car(d, 0);
    *state = d;
    return 0;
}

static int unmake(void **state)
{
    struct drive *d = *state;

    vehicle_free(d->v);
    vehicle_free(NULL);
    for (int i = 0; i < TCU_STATE_COUNT; i++)
        assert_int_equal(d->lab->sim->by_state[i], 0);
    assert_int_equal(d->lab->sim->vehicle_count, 0);
    signal_schema_free(d->schema);
    lab_free(d->lab);
    free(d);
    return 0;
}

static void delta(struct drive *d, int version, const char *token)
{
    char topic[256], payload[512];

    snprintf(topic, sizeof topic, "$aws/things/%s/shadow/update/delta", d->v->identity.thing_name);
    snprintf(payload, sizeof payload,
             "{\"version\":%d,\"timestamp\":%d,\"state\":{\"horn\":true},"
             "\"metadata\":{\"horn\":{\"timestamp\":%d}},\"clientToken\":\"%s\"}",
             version, version, version, token);
    fake_message(d->lab->clients[0], topic, payload);
}

/* The clientToken of the car's last report. */
static void report_token(struct drive *d, char ret[80])
{
    const struct fake_publish *p = fake_last(d->lab->clients[0], "/shadow/update");
    cJSON *doc = json_parse(slice_str(p->payload), 16);

    snprintf(ret, 80, "%s", json_str(doc, "clientToken", ""));
    cJSON_Delete(doc);
}

static void states_are_counted_and_told(void **state)
{
    struct drive *d = *state;
    size_t by[TCU_STATE_COUNT];
    struct buf text;

    simulation_count_states(d->lab->sim, by);
    assert_int_equal(by[TCU_OFF], 1);
    assert_ptr_equal(simulation_find(d->lab->sim, slice_str(d->v->identity.thing_name)), d->v);
    tcu_power_on(d->v->tcu);
    simulation_count_states(d->lab->sim, by);
    assert_int_equal(by[TCU_CONNECTING], 1);
    assert_int_equal(by[TCU_OFF], 0);
    lab_bring_online(d->lab, d->v);
    simulation_count_states(d->lab->sim, by);
    assert_int_equal(by[TCU_ONLINE], 1);
    assert_int_equal(by[TCU_CONNECTING] + by[TCU_SYNCING] + by[TCU_OFF], 0);
    assert_int_equal(recorder_counter(d->lab->sim->recorder, "connect.attempts"), 1);
    assert_int_equal(recorder_counter(d->lab->sim->recorder, "connect.succeeded"), 1);
    assert_int_equal(d->states, 3);
    assert_true(d->changed > 0);
    buf_init(&text, 1 << 16);
    timeline_write(d->v->timeline, 100, &text);
    assert_non_null(strstr(buf_cstr(&text), "off → connecting"));
    assert_non_null(strstr(buf_cstr(&text), "syncing → online"));
    buf_done(&text);
}

static void a_command_travels_until_it_is_seen(void **state)
{
    struct drive *d = *state;
    struct recorder *rec = d->lab->sim->recorder;
    char token[80];

    tcu_power_on(d->v->tcu);
    lab_bring_online(d->lab, d->v);
    recorder_journey_begin(rec, "app-1", 0, "horn", clock_now(), clock_now());
    delta(d, 2, "app-1");
    assert_int_equal(d->orders, 1);
    tcu_order_started(d->v->tcu, d->order);
    tcu_set_signal(d->v->tcu, 0, (union signal_value){.b = true});
    vehicle_order_done(d->v, d->order, TCU_SUCCEEDED, NULL, NULL);
    lab_turn(d->lab);
    report_token(d, token);
    vehicle_report_seen(d->v, "somebody else's", clock_now());
    assert_int_equal(recorder_journey(rec, "app-1")->outcome, JOURNEY_OPEN);
    vehicle_report_seen(d->v, token, clock_now());
    const struct journey *journey = recorder_journey(rec, "app-1");
    assert_int_equal(journey->outcome, JOURNEY_SUCCEEDED);
    assert_true(journey_has(journey, JOURNEY_RECEIVED));
    assert_true(journey_has(journey, JOURNEY_STARTED));
    assert_true(journey_has(journey, JOURNEY_ACTED));
    assert_true(journey_has(journey, JOURNEY_REPORTED));
    assert_true(journey_has(journey, JOURNEY_SEEN));
    assert_null(d->v->results);
}

static void results_that_nobody_claims_do_not_pile_up(void **state)
{
    struct drive *d = *state;
    char token[80];

    tcu_power_on(d->v->tcu);
    lab_bring_online(d->lab, d->v);
    for (int i = 0; i < 200; i++) {
        snprintf(token, sizeof token, "app-%d", i);
        delta(d, 2 + i, token);
        if (d->order != NULL)
            vehicle_order_done(d->v, d->order, TCU_REJECTED, "NO", "said no");
        d->order = NULL;
    }
    assert_true(d->orders >= 1);
}

static void power_loss_cancels_orders(void **state)
{
    struct drive *d = *state;

    tcu_power_on(d->v->tcu);
    lab_bring_online(d->lab, d->v);
    delta(d, 2, "app-1");
    assert_non_null(d->order);
    tcu_power_off(d->v->tcu);
    assert_int_equal(d->cancelled, 1);
    assert_null(d->order);
}

static void freeing_a_car_cancels_orders(void **state)
{
    struct drive *d = *state;

    tcu_power_on(d->v->tcu);
    lab_bring_online(d->lab, d->v);
    delta(d, 2, "app-1");
    sms_send(d->v, &(struct sms_request){.token = "app-2"});
    vehicle_free(d->v);
    d->v = NULL;
    assert_int_equal(d->cancelled, 1);
}

static char told[64];
static int times_told;

static void on_unreachable(void *ctx, const char *why)
{
    (void)ctx;
    times_told++;
    snprintf(told, sizeof told, "%s", why);
}

static void the_first_failure_is_told_once(void **state)
{
    struct drive *d = *state;

    times_told = 0;
    d->lab->sim->unreachable = on_unreachable;
    tcu_power_on(d->v->tcu);
    fake_close(d->lab->clients[0], MQTT_CLOSE_TCP, "connection refused");
    assert_int_equal(times_told, 1);
    assert_non_null(strstr(told, "connection refused"));
    tcu_wake(d->v->tcu);
    fake_close(d->lab->clients[0], MQTT_CLOSE_TCP, "connection refused");
    assert_int_equal(times_told, 1);
    assert_int_equal(recorder_counter(d->lab->sim->recorder, "connect.failed"), 2);
}

static void timelines_are_optional(void **state)
{
    struct drive *d = *state;

    d->lab->sim->timeline_places = 0;
    struct vehicle *plain = make_car(d, 1);
    assert_null(plain->timeline);
    tcu_power_on(plain->tcu);
    sms_send(plain, &plain_sms);
    fake_connected(d->lab->clients[1], false);
    vehicle_free(plain);
}

/* ---- SMS ---- */

static void put_to_sleep(struct drive *d)
{
    tcu_power_on(d->v->tcu);
    lab_bring_online(d->lab, d->v);
    tcu_sleep(d->v->tcu);
    assert_int_equal(d->v->tcu->state, TCU_ASLEEP);
    d->lab->sim->sms_options.low = 0;
    d->lab->sim->sms_options.high = 0.002;
}

static void await_delivery(struct drive *d)
{
    for (int i = 0; i < 1000 && d->v->sms != NULL; i++)
        ev_run(d->lab->sim->loop->ev, EVRUN_ONCE);
    assert_null(d->v->sms);
}

static void a_text_message_wakes(void **state)
{
    struct drive *d = *state;
    struct recorder *rec = d->lab->sim->recorder;

    put_to_sleep(d);
    recorder_journey_begin(rec, "app-1", 0, NULL, clock_now(), clock_now());
    sms_send(d->v, &(struct sms_request){.token = "app-1"});
    sms_send(d->v, &plain_sms);
    assert_int_equal(d->v->tcu->state, TCU_ASLEEP);
    await_delivery(d);
    assert_int_equal(d->v->tcu->state, TCU_CONNECTING);
    assert_int_equal(recorder_counter(rec, "sms.sent"), 2);
    assert_int_equal(recorder_counter(rec, "sms.woken"), 1);
    assert_true(journey_has(recorder_journey(rec, "app-1"), JOURNEY_SMS_SENT));
    assert_true(journey_has(recorder_journey(rec, "app-1"), JOURNEY_WOKEN));
}

static void without_power_it_waits_and_expires(void **state)
{
    struct drive *d = *state;
    struct recorder *rec = d->lab->sim->recorder;

    put_to_sleep(d);
    tcu_power_off(d->v->tcu);
    d->lab->sim->sms_options.validity = 0.02;
    sms_send(d->v, &plain_sms);
    await_delivery(d);
    assert_int_equal(d->v->tcu->state, TCU_OFF);
    assert_int_equal(recorder_counter(rec, "sms.expired"), 1);
    assert_int_equal(recorder_counter(rec, "sms.woken"), 0);
}

static void when_power_is_back_it_is_delivered(void **state)
{
    struct drive *d = *state;
    struct recorder *rec = d->lab->sim->recorder;
    struct buf text;

    put_to_sleep(d);
    tcu_power_off(d->v->tcu);
    sms_send(d->v, &plain_sms);
    buf_init(&text, 1 << 16);
    while (strstr(buf_cstr(&text), "waits, the car cannot be reached") == NULL) {
        ev_run(d->lab->sim->loop->ev, EVRUN_ONCE);
        buf_clear(&text);
        timeline_write(d->v->timeline, 1, &text);
    }
    buf_done(&text);
    assert_non_null(d->v->sms);
    tcu_power_on(d->v->tcu);
    await_delivery(d);
    assert_int_equal(recorder_counter(rec, "sms.delivered"), 1);
    assert_int_equal(recorder_counter(rec, "sms.woken"), 0); /* its power did */
}

static void one_car_s_messages_are_forgotten_alone(void **state)
{
    struct drive *d = *state;
    struct vehicle *other = make_car(d, 1);

    put_to_sleep(d);
    for (int i = 0; i < 5; i++) {
        sms_send(d->v, &plain_sms);
        sms_send(other, &plain_sms);
    }
    sms_forget(other);
    vehicle_free(other);
    await_delivery(d);
    assert_int_equal(d->v->tcu->state, TCU_CONNECTING);
}

static void cars_wait_for_their_turn_to_connect(void **state)
{
    struct drive *d = *state;
    const struct recorder *rec = d->lab->sim->recorder;
    struct connect_gate *gate = &d->lab->sim->gate;
    struct vehicle *others[3];

    gate->concurrency = 1;
    tcu_power_on(d->v->tcu);
    for (uint32_t i = 0; i < 3; i++) {
        others[i] = make_car(d, i + 1);
        tcu_power_on(others[i]->tcu);
        assert_int_equal(others[i]->tcu->state, TCU_CONNECTING);
        assert_int_equal(d->lab->clients[i + 1]->connects, 0);
    }
    assert_int_equal(gate->queued, 3);
    assert_int_equal(recorder_counter(rec, "connect.attempts"), 1);
    /* Those who fall asleep, lose power or go for good wait no longer. */
    tcu_sleep(others[0]->tcu);
    assert_int_equal(gate->queued, 2);
    tcu_power_off(others[1]->tcu);
    assert_int_equal(gate->queued, 1);
    lab_bring_online(d->lab, d->v);
    lab_turn(d->lab);
    assert_int_equal(d->lab->clients[1]->connects, 0);
    assert_int_equal(d->lab->clients[2]->connects, 0);
    assert_int_equal(d->lab->clients[3]->connects, 1);
    assert_int_equal(recorder_counter(rec, "connect.attempts"), 2);
    assert_int_equal(recorder_stage(rec, "connect.queue")->total.total, 2);
    assert_true(recorder_stage(rec, "connect.queue")->total.max > 0);
    tcu_power_on(others[1]->tcu);
    assert_int_equal(gate->queued, 1);
    vehicle_free(others[1]);
    assert_int_equal(gate->queued, 0);
    vehicle_free(others[2]);
    assert_int_equal(gate->inside, 0);
    vehicle_free(others[0]);
}

int main(void)
{
#define WITH_CAR(test) cmocka_unit_test_setup_teardown(test, make, unmake)
    const struct CMUnitTest tests[] = {
        WITH_CAR(states_are_counted_and_told),
        WITH_CAR(a_command_travels_until_it_is_seen),
        WITH_CAR(results_that_nobody_claims_do_not_pile_up),
        WITH_CAR(power_loss_cancels_orders),
        WITH_CAR(freeing_a_car_cancels_orders),
        WITH_CAR(the_first_failure_is_told_once),
        WITH_CAR(timelines_are_optional),
        WITH_CAR(a_text_message_wakes),
        WITH_CAR(without_power_it_waits_and_expires),
        WITH_CAR(when_power_is_back_it_is_delivered),
        WITH_CAR(one_car_s_messages_are_forgotten_alone),
        WITH_CAR(cars_wait_for_their_turn_to_connect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
