/*
 * buf.h — a growable run of bytes with a ceiling; the only one in the program.
 *
 * Bytes are appended at the end and consumed at the front. An append that would pass the ceiling
 * changes nothing but the `overflow` flag and returns false, so that a chain of appends can be
 * checked once, at its end.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct buf {
    uint8_t *data;
    size_t start; /* first live byte */
    size_t end;   /* one past the last live byte */
    size_t cap;
    size_t max; /* ceiling for live bytes */
    bool overflow;
};

/* Allocates nothing until the first append. */
void buf_init(struct buf *b, size_t max);
/* Frees the memory; the buffer may be used again. */
void buf_done(struct buf *b);
/* Forgets the bytes, keeps the memory, clears the overflow flag. */
void buf_clear(struct buf *b);

static inline size_t buf_len(const struct buf *b)
{
    return b->end - b->start;
}

static inline uint8_t *buf_data(const struct buf *b)
{
    assert(b->data != NULL || b->start == b->end);
    return b->data != NULL ? b->data + b->start : NULL;
}

static inline struct slice buf_slice(const struct buf *b)
{
    return slice_of(buf_data(b), buf_len(b));
}

/* Room for `extra` more bytes at the end, to be filled by the caller and claimed by buf_commit();
   NULL past the ceiling. */
uint8_t *buf_reserve(struct buf *b, size_t extra);
void buf_commit(struct buf *b, size_t used);
bool buf_append(struct buf *b, const void *data, size_t len);
bool buf_append_slice(struct buf *b, struct slice s);
bool buf_append_str(struct buf *b, const char *text);
bool buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Drops n bytes from the front; n must not exceed buf_len(). */
void buf_consume(struct buf *b, size_t n);
/* The bytes as a NUL-terminated string (the NUL is not counted); valid until the next change. */
const char *buf_cstr(struct buf *b);
/* Drops bytes from the end until `len` are left, which must not exceed buf_len(); clears the
   overflow flag. */
void buf_truncate(struct buf *b, size_t len);

#endif
