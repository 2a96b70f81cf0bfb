/* WebSocket frames: the standard's own examples, every rule broken once, one byte at a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "net/websocket.h"

/* What came of some input: the payload, and how it ended. */
struct outcome {
    struct buf data, pings;
    enum websocket_event last;
    char reason[128];
};

static void feed(struct websocket *ws, struct outcome *o, struct slice input)
{
    struct slice piece = {NULL, 0};

    for (;;) {
        o->last = websocket_next(ws, &input, &piece);
        if (o->last == WEBSOCKET_DATA)
            buf_append_slice(&o->data, piece);
        else if (o->last == WEBSOCKET_PINGED)
            buf_append_slice(&o->pings, piece);
        else
            break;
    }
    if (o->last == WEBSOCKET_CLOSED) {
        if (piece.len > 0)
            memcpy(o->reason, piece.data, piece.len);
        o->reason[piece.len] = '\0';
    }
    assert_true(o->last == WEBSOCKET_BROKEN || o->last == WEBSOCKET_CLOSED || input.len == 0);
}

static void start(struct websocket *ws, struct outcome *o)
{
    *ws = (struct websocket){0};
    *o = (struct outcome){.last = WEBSOCKET_MORE};
    buf_init(&o->data, 1 << 20);
    buf_init(&o->pings, 1 << 20);
}

static void end(struct outcome *o)
{
    buf_done(&o->data);
    buf_done(&o->pings);
}

#define TEXT(s) (s), sizeof(s) - 1

/* RFC 6455 5.7, with binary frames for text ones. */
static void test_pieces(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *data, *pings;
    } cases[] = {
  // clang-format off
        {TEXT("\202\005Hello"), "Hello", ""},
        {TEXT("\002\003Hel\200\002lo"), "Hello", ""},
        {TEXT("\211\005Hello"), "", "Hello"},
        {TEXT("\212\005Hello"), "", ""},
        /* Control frames between fragments, and empty ones of every kind. */
        {TEXT("\002\001a\211\001p\000\001b\212\000\200\001c"), "abc", "p"},
        {TEXT("\202\000\211\000\002\000\200\000\202\001x"), "x", ""},
  // clang-format on
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (int slow = 0; slow < 2; slow++) {
            struct websocket ws;
            struct outcome o;
            start(&ws, &o);
            if (!slow)
                feed(&ws, &o, slice_of(cases[i].bytes, cases[i].len));
            for (size_t k = 0; slow && k < cases[i].len; k++)
                feed(&ws, &o, slice_of(cases[i].bytes + k, 1));
            assert_int_equal(o.last, WEBSOCKET_MORE);
            assert_string_equal(buf_cstr(&o.data), cases[i].data);
            assert_string_equal(buf_cstr(&o.pings), cases[i].pings);
            end(&o);
        }
    }
}

static void test_masked_example(void **state)
{
    /* RFC 6455 5.7: "a single-frame masked text message" and "ping". */
    static const uint8_t hello[] = {0x82, 0x85, 0x37, 0xfa, 0x21, 0x3d,
                                    0x7f, 0x9f, 0x4d, 0x51, 0x58};
    static const uint8_t goodbye[] = {0x88, 0x82, 0x37, 0xfa, 0x21, 0x3d, 0x34, 0x12};
    struct buf out;

    (void)state;
    buf_init(&out, 100);
    assert_true(websocket_pack(&out, WEBSOCKET_BINARY, slice_str("Hello"), 0x37fa213d));
    assert_int_equal(buf_len(&out), sizeof hello);
    assert_memory_equal(buf_data(&out), hello, sizeof hello);
    buf_clear(&out);
    assert_true(websocket_pack_close(&out, 1000, 0x37fa213d));
    assert_int_equal(buf_len(&out), sizeof goodbye);
    assert_memory_equal(buf_data(&out), goodbye, sizeof goodbye);
    assert_false(websocket_pack(&out, WEBSOCKET_BINARY, slice_of(hello, sizeof hello), 1) &&
                 websocket_pack(&out, WEBSOCKET_BINARY, slice_of(out.data, 90), 1));
    buf_done(&out);
}

/* Takes the mask off, as a server does, and hands the frame back to the reader. */
static void unmask(struct buf *frame)
{
    uint8_t *b = buf_data(frame);
    size_t head = (b[1] & 127) == 127 ? 10 : (b[1] & 127) == 126 ? 4 : 2;
    const uint8_t key[4] = {b[head], b[head + 1], b[head + 2], b[head + 3]};
    size_t len = buf_len(frame) - head - 4;

    b[1] &= 127;
    memmove(b + head, b + head + 4, len);
    for (size_t i = 0; i < len; i++)
        b[head + i] ^= key[i % 4];
    frame->end -= 4;
}

static void test_lengths_there_and_back(void **state)
{
    static const size_t lengths[] = {0,  1,   3,   4,    7,     8,     9,     15,
                                     31, 125, 126, 1000, 65535, 65536, 65537, 100003};
    uint8_t *data = malloc(100003);

    (void)state;
    for (size_t i = 0; i < 100003; i++)
        data[i] = (uint8_t)(i * 31 + i / 256);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct websocket ws;
        struct outcome o;
        struct buf frame;
        size_t len = lengths[i];
        start(&ws, &o);
        buf_init(&frame, 200000);
        assert_true(websocket_pack(&frame, WEBSOCKET_BINARY, slice_of(data, len), 0x81e3f00d));
        assert_int_equal(buf_len(&frame), len + 4 + (len < 126 ? 2 : len < 65536 ? 4 : 10));
        unmask(&frame);
        feed(&ws, &o, buf_slice(&frame));
        assert_int_equal(o.last, WEBSOCKET_MORE);
        assert_int_equal(buf_len(&o.data), len);
        if (len > 0)
            assert_memory_equal(buf_data(&o.data), data, len);
        buf_done(&frame);
        end(&o);
    }
    free(data);
}

static void test_broken(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        unsigned code;
        const char *why;
    } cases[] = {
  // clang-format off
        {TEXT("\202\201\001\002\003\004\005"), 1002, "masked"},
        {TEXT("\201\001x"), 1003, "text frame"},
        {TEXT("\302\001x"), 1002, "reserved bits"},
        {TEXT("\222\001x"), 1002, "reserved bits"},
        {TEXT("\203\001x"), 1002, "unknown kind"},
        {TEXT("\213\000"), 1002, "unknown kind"},
        {TEXT("\200\001x"), 1002, "continuation of no message"},
        {TEXT("\002\001x\202\001y"), 1002, "new message within"},
        {TEXT("\011\000"), 1002, "in fragments"},
        {TEXT("\211\176\000\176"), 1002, "more than 125"},
        {TEXT("\202\176\000\175"), 1002, "more bytes than it needs"},
        {TEXT("\202\177\000\000\000\000\000\000\377\377"), 1002, "more bytes than it needs"},
        {TEXT("\202\177\000\000\000\000\001\000\000\001"), 1009, "more than 16 MiB"},
        {TEXT("\202\177\377\377\377\377\377\377\377\377"), 1009, "16 MiB"},
        {TEXT("\210\001\003"), 1002, "without a valid code"},
        {TEXT("\210\002\003\355"), 1002, "without a valid code"}, /* 1005 */
        {TEXT("\210\002\003\356"), 1002, "without a valid code"}, /* 1006 */
        {TEXT("\210\002\000\007"), 1002, "without a valid code"},
  // clang-format on
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (int slow = 0; slow < 2; slow++) {
            struct websocket ws;
            struct outcome o;
            start(&ws, &o);
            for (size_t k = 0; slow && k < cases[i].len && o.last != WEBSOCKET_BROKEN; k++)
                feed(&ws, &o, slice_of(cases[i].bytes + k, 1));
            if (!slow)
                feed(&ws, &o, slice_of(cases[i].bytes, cases[i].len));
            assert_int_equal(o.last, WEBSOCKET_BROKEN);
            assert_int_equal(ws.code, cases[i].code);
            assert_non_null(strstr(ws.why, cases[i].why));
            /* And so it stays. */
            feed(&ws, &o, slice_str("\x82\x01x"));
            assert_int_equal(o.last, WEBSOCKET_BROKEN);
            end(&o);
        }
    }
}

static void test_closed(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        unsigned code;
        const char *reason, *name;
    } cases[] = {
  // clang-format off
        {TEXT("\210\000"), 1005, "", "no code"},
        {TEXT("\210\002\003\350"), 1000, "", "normal closure"},
        {TEXT("\210\005\003\351bye"), 1001, "bye", "going away"},
        {TEXT("\210\002\017\240"), 4000, "", "unknown code"},
  // clang-format on
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct websocket ws;
        struct outcome o;
        start(&ws, &o);
        feed(&ws, &o, slice_of(cases[i].bytes, cases[i].len));
        assert_int_equal(o.last, WEBSOCKET_CLOSED);
        assert_int_equal(ws.code, cases[i].code);
        assert_string_equal(o.reason, cases[i].reason);
        assert_string_equal(websocket_code_name(ws.code), cases[i].name);
        /* What comes after it does not count. */
        feed(&ws, &o, slice_str("\x82\x01x"));
        assert_int_equal(o.last, WEBSOCKET_MORE);
        assert_int_equal(buf_len(&o.data), 0);
        end(&o);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_masked_example),
        cmocka_unit_test(test_lengths_there_and_back),
        cmocka_unit_test(test_broken),
        cmocka_unit_test(test_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
