/*
 * Two engines hear the same bytes of a broker, one all at once, the other in pieces: they must live
 * through the same. Input: a byte with the version and what the engine has in flight, the number of
 * piece sizes, the sizes, the bytes.
 */
#include "support/diary.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void prepare(struct diary *d, uint8_t how)
{
    diary_init(d, (how & 1) != 0 ? MQTT_5 : MQTT_3_1_1);
    diary_ask(d);
    if ((how & 2) != 0)
        return;
    diary_say_connack(d);
    if ((how & 4) != 0)
        diary_publish(d, "a/1", 1);
    if ((how & 8) != 0)
        diary_publish(d, "a/1", 2);
    if ((how & 16) != 0)
        diary_subscribe(d);
    if ((how & 32) != 0)
        diary_unsubscribe(d);
}

static void say_in_pieces(struct diary *d, struct slice sizes, struct slice bytes)
{
    for (size_t i = 0; bytes.len != 0; i++) {
        size_t len = sizes.len != 0 ? (size_t)sizes.data[i % sizes.len] + 1 : 1;
        len = len < bytes.len ? len : bytes.len;
        /* In a block of its own, so that one byte too many is noticed. */
        uint8_t *piece = malloc(len);
        fake_link_require(piece != NULL);
        memcpy(piece, bytes.data, len);
        diary_say(d, slice_of(piece, len));
        free(piece);
        bytes = slice_of(bytes.data + len, bytes.len - len);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct diary whole, pieces;

    if (size < 3)
        return 0;
    size_t count = data[1] % 8;
    if (size < 2 + count + 1)
        return 0;
    struct slice sizes = slice_of(data + 2, count);
    struct slice bytes = slice_of(data + 2 + count, size - 2 - count);
    prepare(&whole, data[0]);
    diary_say(&whole, bytes);
    prepare(&pieces, data[0]);
    say_in_pieces(&pieces, sizes, bytes);
    fake_link_require(slice_equal(buf_slice(&whole.text), buf_slice(&pieces.text)));
    fake_link_require(whole.link->state == pieces.link->state);
    diary_done(&whole);
    diary_done(&pieces);
    return 0;
}
