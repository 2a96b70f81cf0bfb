/* One car on a fake client, in virtual time: what goes out, when, and what becomes of what cannot.
 */
#include <stdarg.h>
#include <stdio.h>

#include "unit/tcu/car.h"

#include "telemetry/collector.h"
#include "telemetry/ring.h"

#define TOPIC "/telemetry"

struct lab {
    struct car *car;
    struct plan *plan;
    struct collector *collector;
    uint64_t counts[COLLECTOR_COUNT_COUNT];
    size_t notes;
};

static bool quiet(void *ctx)
{
    (void)ctx;
    return true;
}

static void on_count(void *ctx, enum collector_count what, uint64_t n)
{
    struct lab *lab = ctx;

    lab->counts[what] += n;
}

static void on_note(void *ctx, const char *text)
{
    struct lab *lab = ctx;

    assert_true(text[0] != '\0');
    lab->notes++;
}

static const struct collector_ops ops = {.count = on_count, .note = on_note};

static struct lab *lab_of(struct tcu *t)
{
    return t->behaviour;
}

static void told_state(void *ctx, struct tcu *t, enum tcu_state from, enum tcu_state to)
{
    (void)ctx;
    (void)from;
    if (lab_of(t) != NULL)
        collector_state(lab_of(t)->collector, to);
}

static void told_signal(void *ctx, struct tcu *t, size_t index)
{
    (void)ctx;
    if (lab_of(t) != NULL)
        collector_signal(lab_of(t)->collector, index);
}

static void told_message(void *ctx, struct tcu *t, const struct mqtt_message *m)
{
    (void)ctx;
    collector_message(lab_of(t)->collector, m);
}

static void told_answered(void *ctx, struct tcu *t, uint16_t id, const uint8_t *codes, size_t count,
                          const char *remark)
{
    (void)ctx;
    (void)remark;
    if (lab_of(t) != NULL)
        collector_answered(lab_of(t)->collector, id, codes, count);
}

static struct lab *lab_new(const char *plan)
{
    struct lab *lab = xcalloc(1, sizeof *lab);
    struct error err;

    lab->car = car_draft();
    lab->car->observer = (struct tcu_observer){.state = told_state,
                                               .signal = told_signal,
                                               .message = told_message,
                                               .answered = told_answered};
    loop_make_virtual(lab->car->loop,
                      &(struct loop_virtual){.quiet = quiet, .epoch_ms = 1768203000000});
    car_build(lab->car);
    car_go_online(lab->car);
    lab->plan = plan_parse(slice_str(plan), lab->car->schema, NULL, &err);
    if (lab->plan == NULL)
        fail_msg("%s", err.text);
    struct collector_params params = {.loop = lab->car->loop,
                                      .tcu = lab->car->tcu,
                                      .plan = lab->plan,
                                      .vin = "VIN",
                                      .ops = &ops,
                                      .ctx = lab};
    lab->collector = collector_new(&params);
    lab->car->tcu->behaviour = lab;
    return lab;
}

static void lab_free(struct lab *lab)
{
    lab->car->tcu->behaviour = NULL;
    collector_free(lab->collector);
    plan_drop(lab->plan);
    car_free(lab->car);
    free(lab);
}

static void stop(void *arg)
{
    loop_stop(arg);
}

/* Lets virtual seconds pass. */
static void live(struct lab *lab, double seconds)
{
    struct loop_timer timer;

    loop_timer_init(&timer, lab->car->loop, stop, lab->car->loop);
    loop_timer_start_scaled(&timer, (usec_t)(seconds * 1e6));
    loop_run(lab->car->loop);
}

static size_t sent(const struct lab *lab)
{
    return fake_count(lab->car->client, TOPIC);
}

static const char *last(const struct lab *lab)
{
    const struct fake_publish *p = fake_last(lab->car->client, TOPIC);

    return p != NULL ? p->payload : "";
}

static size_t samples_in(const char *payload)
{
    size_t n = 0;

    for (const char *p = payload; (p = strstr(p, "\"time\"")) != NULL; p++)
        n++;
    return n;
}

static void acknowledge_all(struct lab *lab)
{
    for (size_t seen = 0; seen < lab->car->client->sent_count;) {
        for (; seen < lab->car->client->sent_count; seen++)
            if (strstr(lab->car->client->sent[seen].topic, TOPIC) != NULL)
                fake_puback(lab->car->client, lab->car->client->sent[seen].id, 0);
    }
}

#define EVERY(rest)                                                                                \
    "{\"campaigns\":false,\"rules\":[{\"signals\":[\"charge.limit\"],\"every\":1}]" rest "}"

static void by_count_and_by_age(void **state)
{
    struct lab *lab = lab_new(EVERY(",\"batch\":{\"count\":4,\"seconds\":60}"));

    (void)state;
    live(lab, 3.5);
    assert_int_equal(sent(lab), 0);
    live(lab, 1);
    assert_int_equal(sent(lab), 1);
    assert_int_equal(samples_in(last(lab)), 4);
    assert_non_null(
        strstr(last(lab), "{\"time\":1768203001000,\"signals\":{\"charge.limit\":80}}"));
    lab_free(lab);

    lab = lab_new(EVERY(",\"batch\":{\"count\":1000,\"seconds\":10}"));
    live(lab, 10.5);
    assert_int_equal(sent(lab), 0);
    live(lab, 1);
    assert_int_equal(sent(lab), 1);
    assert_int_equal(samples_in(last(lab)), 11);
    assert_int_equal(lab->counts[COLLECTOR_SAMPLES], 11);
    assert_int_equal(lab->counts[COLLECTOR_BATCHES], 1);
    assert_int_equal(lab->counts[COLLECTOR_BYTES], strlen(last(lab)));
    lab_free(lab);
}

static void few_are_under_way(void **state)
{
    struct lab *lab = lab_new(EVERY(",\"batch\":{\"count\":1}"));

    (void)state;
    live(lab, 20.5);
    assert_int_equal(sent(lab), 4);
    assert_int_equal(collector_waiting(lab->collector), 16);
    acknowledge_all(lab);
    assert_int_equal(sent(lab), 20);
    assert_int_equal(collector_waiting(lab->collector), 0);
    lab_free(lab);
}

static void the_oldest_go(void **state)
{
    struct lab *lab = lab_new(EVERY(",\"batch\":{\"count\":5},\"offline\":{\"samples\":10}"));

    (void)state;
    fake_close(lab->car->client, MQTT_CLOSE_TCP, "gone");
    live(lab, 30.5);
    assert_int_equal(collector_waiting(lab->collector), 10);
    assert_int_equal(lab->counts[COLLECTOR_DROPPED], 20);
    fake_connected(lab->car->client, true);
    car_reply(lab->car, "/get", "/accepted", "\"state\":{},\"version\":2");
    acknowledge_all(lab);
    assert_int_equal(sent(lab), 2);
    assert_non_null(strstr(last(lab), "\"seq\":1,\"dropped\":20"));
    assert_non_null(strstr(last(lab), "1768203030000"));
    lab_free(lab);
}

static void the_client_refuses(void **state)
{
    struct lab *lab = lab_new(EVERY(",\"batch\":{\"count\":1},\"qos\":0"));

    (void)state;
    lab->car->client->fail_publish = true;
    live(lab, 5.5);
    assert_int_equal(sent(lab), 0);
    assert_int_equal(collector_waiting(lab->collector), 5);
    lab->car->client->fail_publish = false;
    live(lab, 2);
    assert_int_equal(sent(lab), 7);
    assert_int_equal(lab->counts[COLLECTOR_DROPPED], 0);
    lab_free(lab);
}

static void the_broker_refuses(void **state)
{
    struct lab *lab = lab_new(EVERY(",\"batch\":{\"count\":1}"));

    (void)state;
    live(lab, 1.5);
    fake_puback(lab->car->client, fake_last(lab->car->client, TOPIC)->id, 0x87);
    assert_int_equal(lab->counts[COLLECTOR_DROPPED], 1);
    assert_int_equal(lab->notes, 1);
    live(lab, 1);
    assert_non_null(strstr(last(lab), "\"seq\":1,\"dropped\":1"));
    lab_free(lab);
}

static void asleep_and_off(void **state)
{
    static const struct {
        const char *plan;
        size_t left;
    } cases[] = {
        {EVERY(",\"batch\":{\"count\":100,\"seconds\":1000}"),                                0},
        {EVERY(",\"batch\":{\"count\":100,\"seconds\":1000},\"offline\":{\"persist\":true}"), 3},
    };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct lab *lab = lab_new(cases[i].plan);
        live(lab, 3.5);
        tcu_sleep(lab->car->tcu);
        live(lab, 100);
        assert_int_equal(collector_waiting(lab->collector), 3);
        tcu_power_off(lab->car->tcu);
        live(lab, 100);
        assert_int_equal(collector_waiting(lab->collector), cases[i].left);
        assert_int_equal(lab->counts[COLLECTOR_DROPPED], 3 - cases[i].left);
        tcu_power_on(lab->car->tcu);
        live(lab, 2.5);
        assert_int_equal(collector_waiting(lab->collector), cases[i].left + 2);
        lab_free(lab);
    }
}

static void a_session_is_lost(void **state)
{
    struct lab *lab = lab_new(EVERY(",\"batch\":{\"count\":1}"));

    (void)state;
    live(lab, 5.5);
    assert_int_equal(sent(lab), 4);
    fake_close(lab->car->client, MQTT_CLOSE_TCP, "gone");
    live(lab, 1);
    fake_connected(lab->car->client, false);
    fake_suback(lab->car->client, 1);
    car_reply(lab->car, "/get", "/accepted", "\"state\":{},\"version\":2");
    /* This client has forgotten them: they are never acknowledged. */
    live(lab, 80);
    assert_int_equal(lab->counts[COLLECTOR_DROPPED], 4);
    assert_true(sent(lab) > 4);
    lab_free(lab);
}

static void order(struct lab *lab, const char *document)
{
    fake_message(lab->car->client, CMD "/config", document);
}

static void campaigns(void **state)
{
    struct lab *lab = lab_new("{\"batch\":{\"count\":100,\"seconds\":1000}}");
    size_t open = 4; /* doors.open: see car_schema(), sorted */

    (void)state;
    assert_string_equal(signal_schema_def(lab->car->schema, open)->path, "doors.open");
    assert_string_equal(lab->car->client->filters[lab->car->client->filter_count - 1],
                        CMD "/config");
    fake_suback(lab->car->client, 1);
    order(lab, "{\"campaigns\":[{\"id\":\"e\",\"signals\":[\"doors.open\"],\"when\":"
               "\"doors.open == true\",\"every\":1,\"before\":3,\"after\":2,"
               "\"until\":1768203060}]}");
    const struct fake_publish *said = fake_last(lab->car->client, "/campaigns");
    assert_non_null(strstr(said->payload, "{\"id\":\"e\",\"status\":\"ACTIVE\"}"));
    live(lab, 10.5);
    assert_int_equal(collector_waiting(lab->collector), 0);
    tcu_set_signal(lab->car->tcu, open, (union signal_value){.b = true});
    assert_int_equal(collector_waiting(lab->collector), 4); /* 3 of before, and now */
    live(lab, 2.2);
    tcu_set_signal(lab->car->tcu, open, (union signal_value){.b = false});
    assert_int_equal(sent(lab), 0);
    live(lab, 2.5);
    assert_int_equal(sent(lab), 1);
    assert_int_equal(samples_in(last(lab)), 4 + 2 + 1 + 2);
    assert_non_null(strstr(last(lab), "\"campaign\":\"e\""));

    live(lab, 60);
    said = fake_last(lab->car->client, "/campaigns");
    assert_non_null(strstr(said->payload, "{\"id\":\"e\",\"status\":\"ENDED\"}"));
    tcu_set_signal(lab->car->tcu, open, (union signal_value){.b = true});
    assert_int_equal(collector_waiting(lab->collector), 0);

    order(lab, "no JSON");
    said = fake_last(lab->car->client, "/campaigns");
    assert_non_null(strstr(said->payload, "\"status\":\"REJECTED\""));
    lab_free(lab);
}

static void a_ring(void **state)
{
    struct signal_schema *schema = car_schema();
    struct campaign campaign = {.references = 1};
    struct ring ring;
    struct ring other;
    int label = signal_schema_find(schema, slice_str("label"));

    (void)state;
    ring_init(&ring, schema, 5);
    ring_init(&other, schema, 3);
    for (int i = 0; i < 8; i++) {
        char text[2] = {(char)('a' + i), '\0'};
        struct waiting w = {.value = {.s = text}, .campaign = &campaign, .signal = (uint32_t)label};
        assert_int_equal(ring_push(&ring, &w), i >= 5);
    }
    assert_string_equal(ring_at(&ring, 0)->value.s, "d");
    assert_int_equal(campaign.references, 6);
    ring_drop(&ring, &campaign, 1);
    assert_string_equal(ring_at(&ring, 0)->value.s, "e");
    assert_int_equal(ring_move(&ring, &other), 1);
    assert_int_equal(other.count, 3);
    assert_string_equal(ring_at(&other, 2)->value.s, "h");
    ring_done(&other);
    ring_done(&ring);
    assert_int_equal(campaign.references, 1);
    signal_schema_free(schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_count_and_by_age),
        cmocka_unit_test(few_are_under_way),
        cmocka_unit_test(the_oldest_go),
        cmocka_unit_test(the_client_refuses),
        cmocka_unit_test(the_broker_refuses),
        cmocka_unit_test(asleep_and_off),
        cmocka_unit_test(a_session_is_lost),
        cmocka_unit_test(campaigns),
        cmocka_unit_test(a_ring),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
