#include "metrics/hlog_codec.h"

#include <inttypes.h>
#include <string.h>
#include <zlib.h>

#include "base/base64.h"

/* The low byte of the published cookies is 0x03/0x04; the 0x10 says "word size by LEB128". */
#define COOKIE_PLAIN      UINT32_C(0x1c849313)
#define COOKIE_COMPRESSED UINT32_C(0x1c849314)

enum {
    PLAIN_HEADER = 40,     /* cookie, length, offset, digits, lowest, highest, ratio */
    COMPRESSED_HEADER = 8, /* cookie, length */
    LEB_MAX = 9,           /* the ninth byte holds eight bits */
    PLAIN_MAX = PLAIN_HEADER + LEB_MAX * (int)HISTOGRAM_SLOTS,
    COMPRESSED_MAX = PLAIN_MAX + 4096, /* zlib never expands by more */
};

#define RATIO_ONE    UINT64_C(0x3ff0000000000000) /* 1.0 as IEEE 754 */
#define RATIO_ONE_JS UINT64_C(1)                  /* what hdr-histogram-js writes for it */

static void put32(uint8_t *to, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(v >> (24 - 8 * i));
}

static void put64(uint8_t *to, uint64_t v)
{
    put32(to, (uint32_t)(v >> 32));
    put32(to + 4, (uint32_t)v);
}

static uint32_t get32(const uint8_t *from)
{
    return (uint32_t)from[0] << 24 | (uint32_t)from[1] << 16 | (uint32_t)from[2] << 8 | from[3];
}

static uint64_t get64(const uint8_t *from)
{
    return (uint64_t)get32(from) << 32 | get32(from + 4);
}

static void put_count(struct buf *b, int64_t value)
{
    uint64_t z = (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0);
    uint8_t bytes[LEB_MAX];
    size_t n = 0;

    while (z > 0x7f && n < LEB_MAX - 1) {
        bytes[n++] = (uint8_t)(z | 0x80);
        z >>= 7;
    }
    bytes[n++] = (uint8_t)z;
    buf_append(b, bytes, n);
}

static void put_plain(const struct histogram *h, struct buf *b)
{
    uint8_t header[PLAIN_HEADER] = {0};
    size_t limit = histogram_slot(h->max) + 1;

    buf_append(b, header, sizeof header);
    for (size_t slot = 0; slot < limit;) {
        uint64_t count = histogram_slot_count(h, slot);
        size_t next = slot + 1;
        if (count != 0) {
            put_count(b, (int64_t)count);
        } else {
            while (next < limit && histogram_slot_count(h, next) == 0)
                next++;
            /* A run of zeros is its negative length, a single zero is itself. */
            put_count(b, next - slot == 1 ? 0 : -(int64_t)(next - slot));
        }
        slot = next;
    }
    if (b->data == NULL)
        return;
    uint8_t *p = buf_data(b);
    put32(p, COOKIE_PLAIN);
    put32(p + 4, (uint32_t)(buf_len(b) - PLAIN_HEADER));
    put32(p + 12, HISTOGRAM_DIGITS);
    put64(p + 16, 1);
    put64(p + 24, HISTOGRAM_HIGHEST);
    put64(p + 32, RATIO_ONE);
}

bool hlog_encode(const struct histogram *h, struct buf *out)
{
    struct buf plain, packed;
    bool ok = false;

    buf_init(&plain, PLAIN_MAX);
    buf_init(&packed, COMPRESSED_MAX);
    put_plain(h, &plain);
    uLongf size = compressBound(buf_len(&plain));
    uint8_t *room = buf_reserve(&packed, COMPRESSED_HEADER + size);
    /* The simulation thread waits for this once a second and stage: quick rather than small. */
    if (room != NULL && compress2(room + COMPRESSED_HEADER, &size, buf_data(&plain),
                                  buf_len(&plain), Z_BEST_SPEED) == Z_OK) {
        put32(room, COOKIE_COMPRESSED);
        put32(room + 4, (uint32_t)size);
        buf_commit(&packed, COMPRESSED_HEADER + size);
        ok = base64_put(out, buf_slice(&packed));
    }
    buf_done(&plain);
    buf_done(&packed);
    return ok;
}

static bool get_base64(struct slice s, struct buf *out)
{
    size_t len;
    uint8_t *room = s.len != 0 ? buf_reserve(out, s.len / 4 * 3) : NULL;

    if (room == NULL || !base64_read(s, room, &len))
        return false;
    buf_commit(out, len);
    return true;
}

static bool get_count(struct slice *s, int64_t *ret)
{
    uint64_t z = 0;

    for (unsigned i = 0; i < LEB_MAX && i < s->len; i++) {
        uint8_t byte = s->data[i];
        bool last = i == LEB_MAX - 1 || byte < 0x80;
        z |= (uint64_t)(i == LEB_MAX - 1 ? byte : byte & 0x7f) << 7 * i;
        if (last) {
            *s = slice_of(s->data + i + 1, s->len - i - 1);
            *ret = (int64_t)(z >> 1 ^ ((z & 1) != 0 ? UINT64_MAX : 0));
            return true;
        }
    }
    return false;
}

static bool bad(struct error *err, const char *why)
{
    return error_set(err, ERROR_USAGE, "histogram: %s", why);
}

static bool get_counts(struct slice s, struct histogram *into, struct error *err)
{
    size_t slot = 0;
    int64_t count;

    while (s.len != 0) {
        if (!get_count(&s, &count))
            return bad(err, "its last count is cut off");
        if (count == INT64_MIN || (count <= 0 && (uint64_t)-count > HISTOGRAM_SLOTS - slot) ||
            slot >= HISTOGRAM_SLOTS)
            return bad(err, "it holds more counts than fit between 1 µs and 1 h");
        if (count <= 0) {
            slot += count == 0 ? 1 : (size_t)-count;
            continue;
        }
        if ((uint64_t)count > HISTOGRAM_COUNT_MAX - into->total)
            return bad(err, "its counts add up to more than 2^63");
        usec_t low = histogram_slot_low(slot), high = histogram_slot_high(slot);
        histogram_record_n(into, low, (uint64_t)count);
        if (into->max < high)
            into->max = high < HISTOGRAM_HIGHEST ? high : HISTOGRAM_HIGHEST;
        slot++;
    }
    return true;
}

static bool get_plain(struct slice s, struct histogram *into, struct error *err)
{
    if (s.len < PLAIN_HEADER || get32(s.data) != COOKIE_PLAIN)
        return bad(err, "not in V2 encoding");
    if (get32(s.data + 4) != s.len - PLAIN_HEADER)
        return bad(err, "its length field is wrong");
    /* The offset of word 8 tells how the writer kept its slots, not how it wrote them. */
    uint64_t ratio = get64(s.data + 32);
    if (get32(s.data + 12) != HISTOGRAM_DIGITS || get64(s.data + 16) != 1 ||
        (ratio != RATIO_ONE && ratio != RATIO_ONE_JS))
        return bad(err, "recorded with another precision or unit than 3 digits from 1 µs, cannot "
                        "be added exactly");
    return get_counts(slice_of(s.data + PLAIN_HEADER, s.len - PLAIN_HEADER), into, err);
}

static bool get_compressed(struct slice s, struct histogram *into, struct error *err)
{
    struct buf plain;
    uLongf size = PLAIN_MAX;

    if (s.len < COMPRESSED_HEADER || get32(s.data) != COOKIE_COMPRESSED)
        return bad(err, "not in compressed V2 encoding");
    if (get32(s.data + 4) != s.len - COMPRESSED_HEADER)
        return bad(err, "its compressed length field is wrong");
    buf_init(&plain, PLAIN_MAX);
    uint8_t *room = buf_reserve(&plain, PLAIN_MAX);
    uLong used = s.len - COMPRESSED_HEADER;
    bool ok = uncompress2(room, &size, s.data + COMPRESSED_HEADER, &used) == Z_OK &&
              used == s.len - COMPRESSED_HEADER;
    ok = ok ? get_plain(slice_of(room, size), into, err) : bad(err, "its zlib data is damaged");
    buf_done(&plain);
    return ok;
}

bool hlog_decode(struct slice base64, struct histogram *into, struct error *err)
{
    struct buf packed;
    struct histogram fresh;

    buf_init(&packed, COMPRESSED_MAX);
    histogram_init(&fresh);
    bool ok = get_base64(base64, &packed) || bad(err, "not base64");
    ok = ok && get_compressed(buf_slice(&packed), &fresh, err);
    if (ok)
        histogram_merge(into, &fresh);
    histogram_done(&fresh);
    buf_done(&packed);
    return ok;
}
