#include "telemetry/deflate.h"

#include <zlib.h>

bool deflate_bytes(struct slice from, struct buf *out)
{
    uLongf len = compressBound(from.len);
    uint8_t *room = buf_reserve(out, len);

    if (room == NULL || compress2(room, &len, from.data, from.len, 9) != Z_OK)
        return false;
    buf_commit(out, len);
    return true;
}

bool deflate_is(struct slice bytes)
{
    /* RFC 1950, 2.2: method 8, a window of at most 32 KiB, a header that 31 divides. */
    return bytes.len >= 2 && (bytes.data[0] & 0x8f) == 8 &&
           (bytes.data[0] * 256u + bytes.data[1]) % 31 == 0;
}

bool inflate_bytes(struct slice from, struct buf *out, struct error *err)
{
    z_stream z = {.next_in = (Bytef *)(uintptr_t)from.data, .avail_in = (uInt)from.len};
    uint8_t room[16384];
    int rc = from.len <= UINT32_MAX && inflateInit(&z) == Z_OK ? Z_OK : Z_MEM_ERROR;

    while (rc == Z_OK) {
        z.next_out = room;
        z.avail_out = sizeof room;
        rc = inflate(&z, Z_NO_FLUSH);
        if (z.total_out > INFLATE_MAX || !buf_append(out, room, sizeof room - z.avail_out))
            rc = Z_BUF_ERROR;
    }
    bool whole = rc == Z_STREAM_END && z.avail_in == 0;
    inflateEnd(&z);
    return whole ||
           error_set(err, ERROR_FAILED, "deflate: broken, or more than %zu bytes", INFLATE_MAX);
}
