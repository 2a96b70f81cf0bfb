/*
 * pool.h — memory for many small objects whose owner knows their sizes: no header for each, and
 * sizes in steps of 8 bytes. What is given back serves objects of the same size; to the system it
 * goes all at once, by pool_done(). Large pools ask for huge pages: with hundreds of megabytes of
 * cars most accesses would miss the processor's page cache.
 *
 * Objects of more than POOL_OBJECT_MAX bytes come from malloc(). One thread at a time.
 * In builds with AddressSanitizer all do, so that it sees them.
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <stddef.h>

enum { POOL_STEP = 8, POOL_OBJECT_MAX = 1024 };

struct pool_chunk;

/* Zeroed is empty. */
struct pool {
    void *free[POOL_OBJECT_MAX / POOL_STEP]; /* by size: chains */
    char *fresh, *fresh_end;                 /* of the latest chunk, never used */
    struct pool_chunk *chunks;
    size_t chunk_count;
};

/* Aligned to 8 bytes; NULL if there is no memory. size > 0. */
void *pool_take(struct pool *p, size_t size);
/* `size` is the one that it was taken with. */
void pool_give(struct pool *p, void *object, size_t size);
/* As realloc(), for sizes > 0; NULL leaves the old object as it was. */
void *pool_resize(struct pool *p, void *object, size_t old_size, size_t size);
/* What it has from the system for objects of up to POOL_OBJECT_MAX bytes. */
size_t pool_bytes(const struct pool *p);
/* All objects of up to POOL_OBJECT_MAX bytes are gone. The pool may be used again. */
void pool_done(struct pool *p);

#endif
