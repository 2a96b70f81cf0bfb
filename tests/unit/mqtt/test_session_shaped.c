#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scene.h"

/* A modem that does as it is told. */
struct modem {
    bool dead, forgets;
    usec_t delay, retry;
    unsigned begun, resumed;
    size_t bytes[SHAPER_WAY_COUNT];
    char told[64]; /* a letter for each MQTT_SHAPED_… */
    unsigned pongs;
};

static bool passes(void *ctx)
{
    return !((struct modem *)ctx)->dead;
}

static usec_t resume(void *ctx, usec_t held)
{
    struct modem *m = ctx;

    (void)held;
    m->resumed++;
    return m->retry;
}

static usec_t delay(void *ctx, enum shaper_way way, size_t bytes)
{
    struct modem *m = ctx;

    m->bytes[way] += bytes;
    return m->delay;
}

static void begin(void *ctx)
{
    ((struct modem *)ctx)->begun++;
}

static bool forgotten(void *ctx)
{
    return ((struct modem *)ctx)->forgets;
}

static const struct mqtt_shaper_ops ops = {passes, resume, delay, begin, forgotten};

static struct modem modem;

static void on_shaped(void *ctx, enum mqtt_shaped what)
{
    size_t len = strlen(modem.told);

    (void)ctx;
    if (len + 1 < sizeof modem.told) {
        modem.told[len] = "AWSL"[what];
        modem.told[len + 1] = '\0';
    }
}

static void on_pong(void *ctx)
{
    (void)ctx;
    modem.pongs++;
}

static struct mqtt_client_events shaped_events;

static void reshape(struct scene *s)
{
    assert_true(mqtt_client_shape(s->client, &(struct mqtt_shaper){&ops, &modem}));
}

static void set_up(struct scene *s, size_t chunk)
{
    scene_init(s, MQTT_5, chunk);
    shaped_events = events;
    shaped_events.shaped = on_shaped;
    shaped_events.pong = on_pong;
    s->client->events = &shaped_events;
    modem = (struct modem){.delay = USEC_PER_MSEC};
    reshape(s);
    assert_true(s->client->shaped);
}

static void a_connection_takes_the_round_trips_and_then_all_goes_both_ways(void **state)
{
    struct scene s;

    (void)state;
    set_up(&s, 1);
    go_online(&s, false);
    assert_int_equal(modem.begun, 1);
    assert_int_equal(s.phases[MQTT_PHASE_TCP], 1);
    assert_int_equal(s.phases[MQTT_PHASE_CONNACK], 1);
    /* Waits for the link, its round trips, CONNACK; its answer is on the air again. */
    assert_string_equal(modem.told, "ASWA");
    assert_int_equal(publish(&s, "t", "hello", 1), 1);
    expect_packet(&s, MQTT_TYPE_PUBLISH);
    SAY(&s, 0x40, 2, 0, 1);
    assert_true(until(&s, &s.published, 1));
    SAY(&s, 0x30, 7, 0, 1, 'x', 0, 'a', 'b', 'c');
    assert_true(until(&s, &s.messages, 1));
    assert_string_equal(s.heard, "x=abc q0");
    assert_true(modem.bytes[SHAPER_UP] > 40 && modem.bytes[SHAPER_DOWN] > 40);
    scene_done(&s);
}

static void order_and_bytes_are_kept(void **state)
{
    static const size_t chunks[] = {0, 1, 700};
    static const size_t sizes[] = {1, 100, 70000, 3, 1500};

    (void)state;
    for (size_t c = 0; c < 3; c++) {
        struct scene s;
        struct mqtt_message m = {.topic = slice_str("t"), .qos = 0};
        static uint8_t payload[70000];
        set_up(&s, chunks[c]);
        go_online(&s, false);
        for (size_t i = 0; i < 5; i++) {
            memset(payload, (int)('a' + i), sizes[i]);
            m.payload = slice_of(payload, sizes[i]);
            modem.delay = (5 - i) * USEC_PER_MSEC; /* a modem keeps the order; so does the queue */
            assert_int_equal(mqtt_client_publish(s.client, &m), 0);
        }
        for (size_t i = 0; i < 5; i++) {
            size_t total = 0;
            usec_t limit = clock_now() + 10 * USEC_PER_SEC;
            while (clock_now() < limit &&
                   mqtt_decode_frame(buf_data(&s.server.in), buf_len(&s.server.in), MQTT_PACKET_MAX,
                                     &total) != MQTT_DECODE_OK)
                turns(&s, 1);
            assert_true(total > sizes[i]);
            for (size_t j = total - sizes[i]; j < total; j++)
                assert_int_equal(buf_data(&s.server.in)[j], 'a' + i);
            buf_consume(&s.server.in, total);
        }
        scene_done(&s);
    }
}

static void what_is_said_in_a_dead_zone_waits_for_its_end(void **state)
{
    struct scene s;

    (void)state;
    set_up(&s, 0);
    go_online(&s, false);
    modem.dead = true;
    reshape(&s);
    assert_int_equal(publish(&s, "t", "one", 1), 1);
    SAY(&s, 0x30, 7, 0, 1, 'x', 0, 'a', 'b', 'c');
    expect_nothing(&s);
    assert_int_equal(s.messages, 0);
    assert_int_equal(s.closed, 0);
    assert_false(s.server.gone);
    modem.dead = false;
    modem.retry = 2 * USEC_PER_MSEC;
    reshape(&s);
    assert_int_equal(modem.resumed, 1);
    expect_packet(&s, MQTT_TYPE_PUBLISH);
    assert_true(until(&s, &s.messages, 1));
    scene_done(&s);
}

static void what_was_under_way_when_coverage_went_waits_too(void **state)
{
    struct scene s;

    (void)state;
    set_up(&s, 0);
    go_online(&s, false);
    modem.delay = 0;
    publish(&s, "t", "one", 0);
    modem.dead = true;
    expect_nothing(&s);
    modem.dead = false;
    reshape(&s);
    expect_packet(&s, MQTT_TYPE_PUBLISH);
    scene_done(&s);
}

static void the_end_of_a_connection_is_not_heard_in_a_dead_zone(void **state)
{
    struct scene s;

    (void)state;
    set_up(&s, 0);
    go_online(&s, false);
    modem.dead = true;
    reshape(&s);
    fake_server_drop(&s.server);
    turns(&s, 20);
    assert_int_equal(s.closed, 0);
    /* To be sent into the void, without a word. */
    assert_true(publish(&s, "t", "one", 1) > 0);
    modem.dead = false;
    reshape(&s);
    expect_closed(&s, MQTT_CLOSE_TCP, 0, "closed by the peer");
    scene_done(&s);
}

static void keep_alive_notices_and_the_broker_is_not_told(void **state)
{
    struct scene s;

    (void)state;
    set_up(&s, 0);
    s.connect.keep_alive_s = 1;
    go_online(&s, false);
    modem.dead = true;
    reshape(&s);
    expect_closed(&s, MQTT_CLOSE_KEEP_ALIVE, 0, "PINGRESP");
    turns(&s, 20);
    assert_false(s.server.gone);
    assert_int_equal(buf_len(&s.server.in), 0);
    /* The next connection does not know of it either; this server has one client at a time. */
    modem.dead = false;
    reshape(&s);
    go_online(&s, true);
    assert_int_equal(s.server.accepted, 2);
    scene_done(&s);
}

static void a_keep_alive_that_is_answered_keeps_it_alive(void **state)
{
    struct scene s;

    (void)state;
    set_up(&s, 0);
    s.connect.keep_alive_s = 1;
    go_online(&s, false);
    for (int i = 0; i < 2; i++) {
        expect_packet(&s, MQTT_TYPE_PINGREQ);
        SAY(&s, 0xd0, 0);
    }
    turns(&s, 20);
    assert_int_equal(s.closed, 0);
    assert_int_equal(modem.pongs, 0); /* nobody asked */
    scene_done(&s);
}

static void a_forgotten_connection_is_silent_until_the_client_speaks(void **state)
{
    struct scene s;

    (void)state;
    set_up(&s, 0);
    go_online(&s, false);
    modem.forgets = true;
    SAY(&s, 0x30, 7, 0, 1, 'x', 0, 'a', 'b', 'c');
    turns(&s, 50);
    assert_int_equal(s.messages, 0);
    assert_int_equal(s.closed, 0);
    publish(&s, "t", "one", 1);
    expect_closed(&s, MQTT_CLOSE_TCP, 0, "forgotten");
    turns(&s, 20);
    assert_false(s.server.gone); /* the broker has not heard of it */
    assert_int_equal(buf_len(&s.server.in), 0);
    modem.forgets = false;
    go_online(&s, true);
    expect_packet(&s, MQTT_TYPE_PUBLISH);
    scene_done(&s);
}

static void a_fence_goes_past_the_shaper(void **state)
{
    struct scene s;

    (void)state;
    set_up(&s, 0);
    assert_false(mqtt_client_ping(s.client));
    go_online(&s, false);
    modem.dead = true;
    reshape(&s);
    publish(&s, "t", "one", 1);
    assert_true(mqtt_client_ping(s.client));
    expect_packet(&s, MQTT_TYPE_PINGREQ);
    SAY(&s, 0x30, 7, 0, 1, 'x', 0, 'a', 'b', 'c', 0xd0, 0);
    assert_true(until(&s, &modem.pongs, 1));
    assert_int_equal(s.messages, 0);
    /* The end of the connection answers it too. */
    assert_true(mqtt_client_ping(s.client));
    expect_packet(&s, MQTT_TYPE_PINGREQ);
    fake_server_drop(&s.server);
    assert_true(until(&s, &modem.pongs, 2));
    assert_int_equal(s.closed, 0);
    assert_false(mqtt_client_ping(s.client));
    scene_done(&s);
}

static void without_coverage_a_connect_waits_and_runs_out_of_time(void **state)
{
    struct scene s;
    struct error err;

    (void)state;
    set_up(&s, 0);
    modem.dead = true;
    s.connect.tcp_timeout = 20 * USEC_PER_MSEC;
    assert_true(mqtt_client_connect(s.client, &s.connect, &err));
    assert_string_equal(modem.told, "A");
    expect_closed(&s, MQTT_CLOSE_TIMEOUT, 0, "radio");
    assert_int_equal(s.server.accepted, 0);
    s.connect.tcp_timeout = 10 * USEC_PER_SEC;
    assert_true(mqtt_client_connect(s.client, &s.connect, &err));
    modem.dead = false;
    reshape(&s);
    expect_packet(&s, MQTT_TYPE_CONNECT);
    scene_done(&s);
}

static void a_goodbye_takes_along_what_waits(void **state)
{
    struct scene s;

    (void)state;
    set_up(&s, 0);
    go_online(&s, false);
    modem.delay = 100 * USEC_PER_SEC;
    publish(&s, "t", "one", 0);
    mqtt_client_disconnect(s.client, 0);
    expect_packet(&s, MQTT_TYPE_PUBLISH);
    expect_packet(&s, MQTT_TYPE_DISCONNECT);
    while (!s.server.gone)
        turns(&s, 1);
    scene_done(&s);
}

static void a_shaper_may_come_at_any_time(void **state)
{
    struct scene s;

    (void)state;
    for (int when = 0; when < 3; when++) {
        struct error err;
        scene_init(&s, MQTT_5, 0);
        modem = (struct modem){.delay = USEC_PER_MSEC};
        s.connect.keep_alive_s = 60;
        assert_true(mqtt_client_connect(s.client, &s.connect, &err));
        if (when == 0)
            reshape(&s);
        expect_packet(&s, MQTT_TYPE_CONNECT);
        if (when == 1)
            reshape(&s);
        say_connack(&s, false);
        assert_true(until(&s, &s.connected, 1));
        if (when == 2)
            reshape(&s);
        publish(&s, "t", "one", 0);
        expect_packet(&s, MQTT_TYPE_PUBLISH);
        assert_true(modem.bytes[SHAPER_UP] > 0);
        scene_done(&s);
    }
}

static void shape_away(struct scene *s)
{
    mqtt_client_abort(s->client);
}

static void the_owner_may_end_it_in_any_event(void **state)
{
    static const char letters[] = "tkcm";

    (void)state;
    for (size_t i = 0; letters[i] != '\0'; i++) {
        struct scene s;
        struct error err;
        set_up(&s, 0);
        s.act = shape_away;
        s.act_in = letters[i];
        assert_true(mqtt_client_connect(s.client, &s.connect, &err));
        for (int turn = 0; turn < 200000 && s.act_in != 0; turn++) {
            turns(&s, 1);
            if (buf_len(&s.server.in) > 0) {
                buf_clear(&s.server.in);
                SAY(&s, 0x20, 3, 0, 0, 0, 0x30, 7, 0, 1, 'x', 0, 'a', 'b', 'c');
            }
        }
        assert_int_equal(s.act_in, 0);
        turns(&s, 20);
        assert_int_equal(s.closed, 0);
        scene_done(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_takes_the_round_trips_and_then_all_goes_both_ways),
        cmocka_unit_test(order_and_bytes_are_kept),
        cmocka_unit_test(what_is_said_in_a_dead_zone_waits_for_its_end),
        cmocka_unit_test(what_was_under_way_when_coverage_went_waits_too),
        cmocka_unit_test(the_end_of_a_connection_is_not_heard_in_a_dead_zone),
        cmocka_unit_test(keep_alive_notices_and_the_broker_is_not_told),
        cmocka_unit_test(a_keep_alive_that_is_answered_keeps_it_alive),
        cmocka_unit_test(a_forgotten_connection_is_silent_until_the_client_speaks),
        cmocka_unit_test(a_fence_goes_past_the_shaper),
        cmocka_unit_test(without_coverage_a_connect_waits_and_runs_out_of_time),
        cmocka_unit_test(a_goodbye_takes_along_what_waits),
        cmocka_unit_test(a_shaper_may_come_at_any_time),
        cmocka_unit_test(the_owner_may_end_it_in_any_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
