#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fleet/wire.h"
#include "fleet/wire_client.h"
#include "support/fake_client.h"

struct app {
    struct wire_party party;
    unsigned fences;
    bool connected;
};

static bool fence(void *ctx)
{
    struct app *a = ctx;

    a->fences++;
    if (a->connected)
        wire_hold(&a->party);
    return a->connected;
}

static void a_stirred_party_is_fenced_once(void **state)
{
    struct wire w = {0};
    struct app a = {.connected = true}, b = {.connected = false};

    (void)state;
    wire_join(&w, &a.party, fence, &a, false);
    wire_join(&w, &b.party, fence, &b, false);
    assert_true(wire_quiet(&w));
    wire_stir(&a.party);
    wire_stir(&a.party);
    wire_stir(&b.party);
    assert_false(wire_quiet(&w));
    assert_false(wire_quiet(&w));
    assert_int_equal(a.fences, 1);
    assert_int_equal(b.fences, 1); /* nothing to wait for */
    wire_release(&a.party);
    assert_true(wire_quiet(&w));
    wire_release(&a.party);
    assert_true(wire_quiet(&w));
    wire_leave(&a.party);
    wire_leave(&b.party);
}

static void a_suspended_party_holds_nothing_but_its_fence(void **state)
{
    struct wire w = {0};
    struct app a = {.connected = true}, b = {.connected = true};

    (void)state;
    wire_join(&w, &a.party, fence, &a, false);
    wire_join(&w, &b.party, fence, &b, false);
    wire_hold(&a.party);
    assert_false(wire_quiet(&w));
    wire_suspend(&a.party);
    wire_suspend(&a.party);
    assert_true(wire_quiet(&w));
    /* What is held and released meanwhile is counted. */
    wire_hold(&a.party);
    wire_hold(&a.party);
    wire_release(&a.party);
    assert_true(wire_quiet(&w));
    wire_fence(&a.party);
    wire_fence(&a.party);
    assert_false(wire_quiet(&w));
    wire_unfence(&a.party);
    wire_unfence(&a.party);
    assert_true(wire_quiet(&w));
    wire_resume(&a.party);
    wire_resume(&a.party);
    wire_release(&a.party);
    assert_false(wire_quiet(&w));
    wire_release(&a.party);
    assert_true(wire_quiet(&w));
    /* Another one's holds count all the time. */
    wire_hold(&a.party);
    wire_suspend(&a.party);
    wire_hold(&b.party);
    assert_false(wire_quiet(&w));
    wire_leave(&b.party);
    assert_true(wire_quiet(&w));
    wire_fence(&a.party);
    wire_leave(&a.party);
    assert_true(wire_quiet(&w));
}

static void observers_are_fenced_after_the_fence_of_a_suspended_party(void **state)
{
    struct wire w = {0};
    struct app car = {.connected = true}, app = {.connected = true};

    (void)state;
    wire_join(&w, &car.party, fence, &car, false);
    wire_join(&w, &app.party, fence, &app, true);
    wire_suspend(&car.party);
    wire_fence(&car.party);
    assert_false(wire_quiet(&w));
    assert_int_equal(app.fences, 0);
    wire_unfence(&car.party);
    assert_false(wire_quiet(&w));
    assert_int_equal(app.fences, 1);
    wire_release(&app.party);
    assert_true(wire_quiet(&w));
    wire_leave(&app.party);
    wire_leave(&car.party);
}

static void a_cut_ends_the_suspension(void **state)
{
    struct wire w = {0};
    struct app a = {.connected = true};

    (void)state;
    wire_join(&w, &a.party, fence, &a, false);
    wire_hold(&a.party);
    wire_suspend(&a.party);
    wire_fence(&a.party);
    wire_cut(&a.party);
    assert_true(wire_quiet(&w));
    wire_hold(&a.party);
    assert_false(wire_quiet(&w));
    wire_leave(&a.party);
}

static void observers_are_fenced_after_whatever_others_do(void **state)
{
    struct wire w = {0};
    struct app car = {.connected = true}, app = {.connected = true};

    (void)state;
    wire_join(&w, &car.party, fence, &car, false);
    wire_join(&w, &app.party, fence, &app, true);
    wire_hold(&car.party);
    wire_cut(&car.party); /* hung up: the app hears of it, and nobody holds */
    assert_false(wire_quiet(&w));
    assert_int_equal(car.fences, 0);
    assert_int_equal(app.fences, 1);
    for (unsigned i = 2; i <= 3; i++) {
        wire_release(&app.party);
        assert_false(wire_quiet(&w)); /* again: brokers take their time to say so */
        assert_int_equal(app.fences, i);
    }
    wire_release(&app.party);
    assert_true(wire_quiet(&w));
    wire_stir(&car.party);
    assert_false(wire_quiet(&w));
    wire_leave(&app.party); /* with a fence under way */
    wire_release(&car.party);
    assert_true(wire_quiet(&w));
    wire_leave(&car.party);
    /* No longer parties. */
    wire_stir(&app.party);
    wire_hold(&car.party);
    wire_cut(&car.party);
    assert_true(wire_quiet(&w));
}

/* ---- the client around a client ---- */

static unsigned messages, packets;

static void on_message(void *ctx, const struct mqtt_message *m)
{
    (void)ctx;
    (void)m;
    messages++;
}

static void on_packet(void *ctx, bool outgoing, struct slice bytes, usec_t at)
{
    (void)ctx;
    (void)outgoing;
    (void)bytes;
    (void)at;
    packets++;
}

static const struct mqtt_client_events events = {.message = on_message, .packet = on_packet};

struct scene {
    struct wire wire;
    struct fake_client *fake;
    struct mqtt_client *client;
};

static void begin(struct scene *s)
{
    *s = (struct scene){0};
    messages = packets = 0;
    struct wire_client *c = wire_client_new(&s->wire, &events, NULL);
    s->fake = fake_client_new(&wire_client_events, c);
    s->client = wire_client_wrap(c, &s->fake->base);
}

static void connect(struct scene *s)
{
    struct mqtt_connect options = {.version = MQTT_5, .client_id = slice_str("car")};
    struct error err;

    assert_true(mqtt_client_connect(s->client, &options, &err));
    assert_false(wire_quiet(&s->wire));
    fake_connected(s->fake, false);
}

static void what_is_not_acknowledged_holds(void **state)
{
    struct scene s;
    struct mqtt_message m = {.topic = slice_str("dt/x"), .payload = slice_str("1"), .qos = 1};
    struct mqtt_filter filter = {.filter = slice_str("x/#"), .qos = 1};

    (void)state;
    begin(&s);
    connect(&s);
    assert_true(wire_quiet(&s.wire)); /* the fake can neither ping nor unsubscribe: no fence */
    int32_t id = mqtt_client_publish(s.client, &m);
    assert_true(id > 0);
    assert_false(wire_quiet(&s.wire));
    fake_puback(s.fake, id, 0);
    assert_true(wire_quiet(&s.wire));
    assert_true(mqtt_client_subscribe(s.client, &filter, 1) > 0);
    assert_false(wire_quiet(&s.wire));
    fake_suback(s.fake, 1);
    assert_true(wire_quiet(&s.wire));
    fake_message(s.fake, "x/y", "hello");
    assert_int_equal(messages, 1);
    assert_true(mqtt_client_publish(s.client, &m) > 0);
    fake_close(s.fake, MQTT_CLOSE_TCP, "reset");
    assert_true(wire_quiet(&s.wire));
    mqtt_client_free(s.client);
}

/* The answer to a ping comes behind all that was under way. */
static void what_comes_inside_a_fence_asks_for_no_other(void **state)
{
    struct scene s;
    struct mqtt_message m = {.topic = slice_str("dt/x"), .payload = slice_str("1"), .qos = 1};

    (void)state;
    begin(&s);
    connect(&s);
    s.fake->answers_pings = true;
    assert_false(wire_quiet(&s.wire));
    fake_pong(s.fake);
    int32_t id = mqtt_client_publish(s.client, &m);
    fake_puback(s.fake, id, 0);
    assert_false(wire_quiet(&s.wire));
    fake_message(s.fake, "x/accepted", "1");
    fake_message(s.fake, "x/delta", "1");
    fake_pong(s.fake);
    assert_true(wire_quiet(&s.wire));
    assert_int_equal(s.fake->pings, 2);
    /* Outside of one it may be the first of several. */
    fake_message(s.fake, "x/y", "hello");
    assert_false(wire_quiet(&s.wire));
    assert_int_equal(s.fake->pings, 3);
    /* Many, and brokers wait for acknowledgements before they send more. */
    for (int i = 0; i < 100; i++)
        fake_message(s.fake, "x/y", "hello");
    fake_pong(s.fake);
    assert_false(wire_quiet(&s.wire));
    assert_int_equal(s.fake->pings, 4);
    fake_pong(s.fake);
    assert_true(wire_quiet(&s.wire));
    mqtt_client_free(s.client);
}

static void what_is_refused_says_why(void **state)
{
    struct scene s;
    struct mqtt_message m = {.topic = slice_str("dt/x"), .payload = slice_str("1"), .qos = 1};

    (void)state;
    begin(&s);
    connect(&s);
    s.fake->fail_publish = true;
    mqtt_client_refuse(&s.fake->base, "%s", "100 are in flight");
    assert_true(mqtt_client_publish(s.client, &m) < 0);
    assert_string_equal(mqtt_client_refusal(s.client), "100 are in flight");
    assert_true(wire_quiet(&s.wire));
    mqtt_client_free(s.client);
}

static void keep_alive_is_not_shown(void **state)
{
    struct scene s;

    (void)state;
    begin(&s);
    connect(&s);
    wire_client_events.packet(s.fake->base.ctx, true, slice_of("\xc0\0", 2), 0);
    wire_client_events.packet(s.fake->base.ctx, false, slice_of("\xd0\0", 2), 0);
    assert_int_equal(packets, 0);
    wire_client_events.packet(s.fake->base.ctx, false, slice_of("\x40\2\0\1", 4), 0);
    assert_int_equal(packets, 1);
    mqtt_client_free(s.client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stirred_party_is_fenced_once),
        cmocka_unit_test(a_suspended_party_holds_nothing_but_its_fence),
        cmocka_unit_test(observers_are_fenced_after_the_fence_of_a_suspended_party),
        cmocka_unit_test(a_cut_ends_the_suspension),
        cmocka_unit_test(observers_are_fenced_after_whatever_others_do),
        cmocka_unit_test(what_is_not_acknowledged_holds),
        cmocka_unit_test(what_comes_inside_a_fence_asks_for_no_other),
        cmocka_unit_test(what_is_refused_says_why),
        cmocka_unit_test(keep_alive_is_not_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
