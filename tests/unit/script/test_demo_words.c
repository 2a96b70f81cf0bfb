#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "script/demo_core.h"

static const struct loop at_zero = {.time_scale = 1};

static void expect_time(usec_t at, const char *expected)
{
    struct timeline *t = timeline_new("car", 3, &at_zero, NULL);
    struct scene_messages said = {0};
    size_t told = 0;

    timeline_addf(t, at, TIMELINE_NOTE, "dropped");
    demo_words(t, &told, &said);
    assert_int_equal(said.count, 1);
    assert_string_equal(said.message[0].time, expected);
    assert_string_equal(said.message[0].text, "dropped");
    timeline_free(t);
}

static void times_are_seconds_then_minutes(void **state)
{
    (void)state;
    expect_time(1500000, "1.50 s");
    expect_time(600 * USEC_PER_SEC, "10:00");
    expect_time(639 * USEC_PER_SEC, "10:39");
    expect_time(659 * USEC_PER_SEC + 900000, "10:59");
}

/* A timeline keeps three lines here; what was said of the others stays. */
static void what_was_said_stays(void **state)
{
    struct timeline *t = timeline_new("car", 3, &at_zero, NULL);
    struct scene_messages said = {0};
    char text[24];
    size_t told = 0;

    (void)state;
    for (unsigned i = 1; i <= SCENE_MESSAGES + 2; i++) {
        timeline_addf(t, i, TIMELINE_NOTE, "note %u", i);
        if (i % 2 == 0)
            demo_words(t, &told, &said);
    }
    demo_words(t, &told, &said);
    demo_words(NULL, &(size_t){0}, &said);
    assert_int_equal(told, SCENE_MESSAGES + 2);
    assert_int_equal(said.count, SCENE_MESSAGES);
    for (unsigned i = 0; i < SCENE_MESSAGES; i++) {
        snprintf(text, sizeof text, "note %u", SCENE_MESSAGES + 2 - i);
        assert_string_equal(said.message[i].text, text);
    }
    timeline_free(t);
}

static void report(struct timeline *t, struct mqtt_describer *d, const char *reported)
{
    struct buf packet, payload;

    buf_init(&packet, 1000);
    buf_init(&payload, 1000);
    buf_printf(&payload, "{\"state\":{\"reported\":%s}}", reported);
    assert_true(
        mqtt_encode(&packet, MQTT_5,
                    &(struct mqtt_packet){
                        .type = MQTT_TYPE_PUBLISH,
                        .publish = {.packet_id = 1,
                                    .message = {.topic = slice_str("$aws/things/car/shadow/update"),
                                                .payload = buf_slice(&payload),
                                                .qos = 1}}
    }));
    timeline_add_packet(t, 1, true, buf_slice(&packet), MQTT_5, d);
    buf_done(&payload);
    buf_done(&packet);
}

/* Else nothing but speeds would be seen of a car that drives. */
static void the_same_with_other_numbers_takes_one_line(void **state)
{
    struct timeline *t = timeline_new("car", TIMELINE_DETAILED, &at_zero, NULL);
    struct mqtt_describer d = {0};
    struct scene_messages said = {0};
    size_t told = 0;

    (void)state;
    report(t, &d, "{\"climate\":{\"active\":true}}");
    report(t, &d, "{\"climate\":{\"active\":false}}");
    report(t, &d, "{\"driving\":{\"odometer\":99990,\"speed\":9.5}}");
    demo_words(t, &told, &said);
    report(t, &d, "{\"driving\":{\"odometer\":123456789,\"speed\":10}}");
    demo_words(t, &told, &said);
    assert_int_equal(said.count, 3);
    assert_string_equal(said.message[0].text,
                        "the car reports driving.odometer 123456789, driving.speed 10");
    assert_string_equal(said.message[1].text, "the car reports climate.active off");
    assert_string_equal(said.message[2].text, "the car reports climate.active on");
    mqtt_describer_done(&d);
    timeline_free(t);
}

/* What the car notes of an order, in the words of the rest of the page. */
static void an_order_is_said_plainly(void **state)
{
    struct timeline *t = timeline_new("car", 3, &at_zero, NULL);
    char text[64], little[14];

    (void)state;
    timeline_add_parts(t, 1, TIMELINE_ORDER,
                       &(struct timeline_parts){
                           slice_str("request"), slice_str(" app-1: "),
                           slice_str("climate.active=true, locks.all=\"unlocked\", trip.name=\"a, "
                                     "b\", horn.active=false")});
    assert_false(demo_words_of_order(t, "request", "app-2", text, sizeof text));
    assert_true(demo_words_of_order(t, "request", "app-1", text, sizeof text));
    assert_string_equal(text, "climate.active on, locks.all unlocked, trip.name a, b, horn.act");
    assert_true(demo_words_of_order(t, "request", "app-1", little, sizeof little));
    assert_string_equal(little, "climate.activ");
    timeline_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_seconds_then_minutes),
        cmocka_unit_test(what_was_said_stays),
        cmocka_unit_test(the_same_with_other_numbers_takes_one_line),
        cmocka_unit_test(an_order_is_said_plainly),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
