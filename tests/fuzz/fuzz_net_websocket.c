/*
 * The first byte chooses: an HTTP answer, or frames. Whole and byte by byte must come to the same;
 * what is packed and unmasked must come back.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/websocket.h"
#include "net/websocket_upgrade.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
    if (!ok)
        abort();
}

/* What came of it, in one text. */
static enum websocket_event read_all(struct websocket *ws, struct slice input, struct buf *seen)
{
    struct slice piece = {NULL, 0};

    for (;;) {
        const uint8_t *end = input.len > 0 ? input.data + input.len : NULL;
        enum websocket_event event = websocket_next(ws, &input, &piece);
        require(input.len == 0 || input.data + input.len == end);
        require(piece.len == 0 || piece.data != NULL);
        if (event == WEBSOCKET_DATA)
            require(piece.len > 0);
        if (event == WEBSOCKET_PINGED)
            require(piece.len <= WEBSOCKET_CONTROL_MAX);
        if (event == WEBSOCKET_MORE)
            return event;
        if (event == WEBSOCKET_BROKEN) {
            require(ws->why != NULL && ws->code >= 1000);
            return event;
        }
        if (event != WEBSOCKET_DATA)
            buf_append(seen, event == WEBSOCKET_PINGED ? "<" : "!", 1);
        buf_append_slice(seen, piece);
    }
}

static void test_frames(struct slice input)
{
    struct websocket whole = {0}, slow = {0};
    struct buf seen_whole, seen_slow;
    enum websocket_event a, b = WEBSOCKET_MORE;

    buf_init(&seen_whole, 1 << 24);
    buf_init(&seen_slow, 1 << 24);
    a = read_all(&whole, input, &seen_whole);
    for (size_t i = 0; i < input.len; i++)
        b = read_all(&slow, slice_of(input.data + i, 1), &seen_slow);
    require(a == b && whole.why == slow.why && whole.code == slow.code);
    require(slice_equal(buf_slice(&seen_whole), buf_slice(&seen_slow)));
    buf_done(&seen_whole);
    buf_done(&seen_slow);
}

static void test_round_trip(struct slice payload)
{
    struct websocket ws = {0};
    struct buf frame, seen;
    uint32_t mask = 0x9d2c5680u + (uint32_t)payload.len;

    buf_init(&frame, 1 << 24);
    buf_init(&seen, 1 << 24);
    require(websocket_pack(&frame, WEBSOCKET_BINARY, payload, mask));
    uint8_t *b = buf_data(&frame);
    size_t head = (b[1] & 127) == 127 ? 10 : (b[1] & 127) == 126 ? 4 : 2;
    b[1] &= 127;
    for (size_t i = 0; i < payload.len; i++)
        b[head + i] = b[head + 4 + i] ^ (uint8_t)(mask >> (24 - 8 * (i % 4)));
    require(read_all(&ws, slice_of(b, head + payload.len), &seen) == WEBSOCKET_MORE);
    require(slice_equal(buf_slice(&seen), payload));
    buf_done(&frame);
    buf_done(&seen);
}

static void test_answer(struct slice input)
{
    static const uint8_t nonce[WEBSOCKET_NONCE_SIZE] = "the sample nonce";
    struct websocket_upgrade whole, slow;
    struct error err_whole = {0}, err_slow = {0};
    enum websocket_answer a, b = WEBSOCKET_INCOMPLETE;
    struct slice rest = input;
    size_t used = 0;

    websocket_upgrade_init(&whole, nonce);
    websocket_upgrade_init(&slow, nonce);
    a = websocket_upgrade_next(&whole, &rest, &err_whole);
    while (used < input.len && b == WEBSOCKET_INCOMPLETE) {
        struct slice one = slice_of(input.data + used++, 1);
        b = websocket_upgrade_next(&slow, &one, &err_slow);
    }
    require(a == b);
    require(a != WEBSOCKET_REFUSED || err_whole.text[0] != '\0');
    require(a != WEBSOCKET_ACCEPTED || rest.len == input.len - used);
    websocket_upgrade_done(&whole);
    websocket_upgrade_done(&slow);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct slice input = slice_of(data + 1, size - 1);
    if (data[0] % 2 == 0) {
        test_frames(input);
        test_round_trip(input);
    } else {
        test_answer(input);
    }
    return 0;
}
