/*
 * However the bytes of a broker are cut, the engine lives through the same: a long conversation all
 * at once, byte by byte, in pieces of each size, and cut in two at each place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "hex.h"
#include "support/diary.h"

static const char *const talk_311[] = {
    "20 02 00 00",
    "30 ~ 0003'a/b' 'hello'",
    "32 ~ 0003'a/b' 0005 'x'",
    "34 ~ 0003'a/b' 0006 'x'",
    "3c ~ 0003'a/b' 0006 'x'",
    "62 02 0006",
    "40 02 0001",
    "50 02 0002",
    "70 02 0002",
    "90 03 0003 01",
    "b0 02 0004",
    "d0 00",
    "36 ~ 0003'a/b' 0006 'x'",
    NULL,
};

static const char *const talk_5[] = {
    "20 ~ 00 00 0b 21 000a 22 0004 27 00020000",
    "30 ~ 0003'a/b' 00 'hello'",
    "32 ~ 0003'a/b' 0005 09 01 01 26 0001'k' 0001'v' 'x'",
    "34 ~ 0003'a/b' 0006 00 'x'",
    "3c ~ 0003'a/b' 0006 00 'x'",
    "62 02 0006",
    "30 ~ 0003'a/b' 03 23 0001 'one'",
    "30 ~ 0000 03 23 0001 'two'",
    "40 ~ 0001 10 06 1f 0003'yes'",
    "50 02 0002",
    "70 03 0002 92",
    "90 04 0003 00 01",
    "b0 04 0004 00 11",
    "d0 00",
    "e0 ~ 8b 06 1f 0003'bye'",
    NULL,
};

static void append_long_message(struct buf *stream, bool v5)
{
    static uint8_t payload[70000];
    struct mqtt_message m = {.topic = slice_str("long"),
                             .payload = slice_of(payload, sizeof payload)};

    memset(payload, 'L', sizeof payload);
    assert_true(mqtt_encode_publish(stream, v5 ? MQTT_5 : MQTT_3_1_1, &m, 0));
}

/* CONNACK, all that comes while something of each kind is in flight, and an end. */
static void make_stream(struct buf *stream, bool v5, bool with_long)
{
    struct hex h;

    buf_init(stream, 1 << 20);
    for (const char *const *line = v5 ? talk_5 : talk_311; *line != NULL; line++) {
        if (with_long && line[1] == NULL)
            append_long_message(stream, v5);
        buf_append_slice(stream, hex_bytes(&h, *line));
    }
}

/* After CONNACK, so that packet ids 1 to 4 are taken in this order. */
static void fill_flight(struct diary *d)
{
    assert_int_equal(diary_publish(d, "a/b", 1), 1);
    assert_int_equal(diary_publish(d, "a/b", 2), 2);
    assert_int_equal(diary_subscribe(d), 3);
    assert_int_equal(diary_unsubscribe(d), 4);
}

/* Pieces of `size` bytes, the first of `first`. */
static void live_through(struct diary *d, bool v5, struct slice bytes, size_t first, size_t size)
{
    size_t connack = bytes.data[1] + (size_t)2;

    diary_init(d, v5 ? MQTT_5 : MQTT_3_1_1);
    diary_ask(d);
    diary_say(d, slice_of(bytes.data, connack));
    fill_flight(d);
    bytes = slice_of(bytes.data + connack, bytes.len - connack);
    for (size_t len = first; bytes.len != 0; len = size) {
        len = len < bytes.len ? len : bytes.len;
        uint8_t *piece = malloc(len);
        assert_non_null(piece);
        memcpy(piece, bytes.data, len);
        diary_say(d, slice_of(piece, len));
        free(piece);
        bytes = slice_of(bytes.data + len, bytes.len - len);
    }
}

static void expect_same(const struct diary *want, bool v5, struct slice bytes, size_t first,
                        size_t size)
{
    struct diary d;

    live_through(&d, v5, bytes, first, size);
    if (!slice_equal(buf_slice(&want->text), buf_slice(&d.text)))
        fail_msg("cut at %zu, pieces of %zu: not the same\n%.*s\n%.*s", first, size,
                 (int)buf_len(&want->text), (const char *)buf_data(&want->text),
                 (int)buf_len(&d.text), (const char *)buf_data(&d.text));
    diary_done(&d);
}

static void require_line(const struct diary *d, const char *line)
{
    struct slice text = buf_slice(&d->text);

    if (memmem(text.data, text.len, line, strlen(line)) == NULL)
        fail_msg("no \"%s\" in\n%.*s", line, (int)text.len, (const char *)text.data);
}

static void require_whole_talk(const struct diary *d, bool v5)
{
    require_line(d, "message q0 a/b hello");
    require_line(d, "sent PUBACK id=5");
    require_line(d, "sent PUBREC id=6");
    require_line(d, "sent PUBCOMP id=6");
    require_line(d, "published id=1");
    require_line(d, "published id=2");
    require_line(d, "subscribed id=3 01");
    require_line(d, "unsubscribed id=4");
    require_line(d, v5 ? "closed server 8b" : "closed protocol 81");
    if (v5)
        require_line(d, "message q0 a/b two");
}

static void test_cut_in_two(void **state)
{
    (void)state;
    for (int v5 = 0; v5 < 2; v5++) {
        struct diary whole;
        struct buf stream;
        make_stream(&stream, v5, false);
        live_through(&whole, v5, buf_slice(&stream), SIZE_MAX, SIZE_MAX);
        require_whole_talk(&whole, v5);
        for (size_t cut = 1; cut < buf_len(&stream); cut++)
            expect_same(&whole, v5, buf_slice(&stream), cut, SIZE_MAX);
        for (size_t size = 1; size < buf_len(&stream); size++)
            expect_same(&whole, v5, buf_slice(&stream), size, size);
        diary_done(&whole);
        buf_done(&stream);
    }
}

static void test_long_message(void **state)
{
    static const size_t sizes[] = {1, 2, 1000, 4096, 16384, 65536, 70000};

    (void)state;
    for (int v5 = 0; v5 < 2; v5++) {
        struct diary whole;
        struct buf stream;
        make_stream(&stream, v5, true);
        live_through(&whole, v5, buf_slice(&stream), SIZE_MAX, SIZE_MAX);
        require_line(&whole, "message q0 long LLLL");
        require_whole_talk(&whole, v5);
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
            for (size_t first = 1; first < 5; first++)
                expect_same(&whole, v5, buf_slice(&stream), first, sizes[i]);
        diary_done(&whole);
        buf_done(&stream);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut_in_two),
        cmocka_unit_test(test_long_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
