#include "base/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"

void buf_init(struct buf *b, size_t max)
{
    *b = (struct buf){.max = max};
}

void buf_done(struct buf *b)
{
    free(b->data);
    buf_init(b, b->max);
}

void buf_clear(struct buf *b)
{
    b->start = b->end = 0;
    b->overflow = false;
}

uint8_t *buf_reserve(struct buf *b, size_t extra)
{
    size_t len = buf_len(b);

    assert(b->data != NULL || b->end == 0);
    if (extra > b->max - len) {
        b->overflow = true;
        return NULL;
    }
    if (extra <= b->cap - b->end && b->data != NULL)
        return b->data + b->end;
    if (b->start > 0 && extra <= b->cap - len) {
        memmove(b->data, b->data + b->start, len);
    } else {
        size_t cap = b->cap != 0 ? b->cap : 64;
        while (cap < len + extra + 1)
            cap *= 2;
        uint8_t *fresh = xmalloc(cap);
        if (len != 0)
            memcpy(fresh, b->data + b->start, len);
        free(b->data);
        b->data = fresh;
        b->cap = cap;
    }
    b->start = 0;
    b->end = len;
    return b->data + b->end;
}

void buf_commit(struct buf *b, size_t used)
{
    assert(used <= b->cap - b->end);
    b->end += used;
}

bool buf_append(struct buf *b, const void *data, size_t len)
{
    uint8_t *room = buf_reserve(b, len);

    if (room == NULL)
        return false;
    if (len != 0)
        memcpy(room, data, len);
    b->end += len;
    return true;
}

bool buf_append_slice(struct buf *b, struct slice s)
{
    return buf_append(b, s.data, s.len);
}

bool buf_append_str(struct buf *b, const char *text)
{
    return buf_append(b, text, strlen(text));
}

/* Room for `extra` bytes and a NUL, which does not count against the ceiling. */
static uint8_t *reserve_nul(struct buf *b, size_t extra)
{
    size_t max = b->max;

    b->max = SIZE_MAX;
    uint8_t *room = buf_reserve(b, extra + 1);
    b->max = max;
    return room;
}

bool buf_printf(struct buf *b, const char *fmt, ...)
{
    char small[256];
    va_list ap;

    va_start(ap, fmt);
    int n = vsnprintf(small, sizeof small, fmt, ap);
    va_end(ap);
    if (n < 0)
        return false;
    if ((size_t)n < sizeof small)
        return buf_append(b, small, (size_t)n);
    if (buf_reserve(b, (size_t)n) == NULL)
        return false;
    uint8_t *room = reserve_nul(b, (size_t)n);
    va_start(ap, fmt);
    vsnprintf((char *)room, (size_t)n + 1, fmt, ap);
    va_end(ap);
    b->end += (size_t)n;
    return true;
}

void buf_consume(struct buf *b, size_t n)
{
    assert(n <= buf_len(b));
    b->start += n;
    if (b->start == b->end)
        b->start = b->end = 0;
}

const char *buf_cstr(struct buf *b)
{
    reserve_nul(b, 0);
    b->data[b->end] = '\0';
    return (const char *)b->data + b->start;
}

void buf_truncate(struct buf *b, size_t len)
{
    assert(len <= buf_len(b));
    b->end = b->start + len;
    b->overflow = false;
}
