#include "base/pool.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* One huge page, which has to be aligned to be one. */
#define CHUNK ((size_t)2 << 20)
/* What objects of one size get at a time: neighbours in time are neighbours in memory. */
#define RUN ((size_t)4096)
/* Small pools would only waste memory with huge pages. */
#define CHUNKS_SMALL 8

#if defined(__SANITIZE_ADDRESS__)
#define POOLED 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POOLED 0
#endif
#endif
#ifndef POOLED
#define POOLED POOL_OBJECT_MAX
#endif

/* At the beginning of each. */
struct pool_chunk {
    struct pool_chunk *next;
};

static void **chain_of(struct pool *p, size_t size)
{
    return &p->free[(size - 1) / POOL_STEP];
}

static size_t rounded(size_t size)
{
    return (size + POOL_STEP - 1) / POOL_STEP * POOL_STEP;
}

static char *map_aligned(void)
{
    char *all = mmap(NULL, 2 * CHUNK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (all == MAP_FAILED)
        return NULL;
    size_t before = (CHUNK - (uintptr_t)all % CHUNK) % CHUNK;
    if (before != 0)
        munmap(all, before);
    munmap(all + before + CHUNK, CHUNK - before);
    return all + before;
}

static int add_chunk(struct pool *p)
{
    char *memory = map_aligned();
    struct pool_chunk *chunk = (struct pool_chunk *)(void *)memory;

    if (memory == NULL)
        return 0;
    if (p->chunk_count >= CHUNKS_SMALL)
        madvise(memory, CHUNK, MADV_HUGEPAGE); /* a wish: refused where there are none */
    chunk->next = p->chunks;
    p->chunks = chunk;
    p->chunk_count++;
    p->fresh = memory + rounded(sizeof *chunk);
    p->fresh_end = memory + CHUNK;
    return 1;
}

/* A run of objects that were never used. */
static void *take_fresh(struct pool *p, size_t size)
{
    assert(size > 0);
    size_t count = size < RUN / 2 ? RUN / size : 1;
    void **chain = chain_of(p, size);

    if ((size_t)(p->fresh_end - p->fresh) < count * size && !add_chunk(p))
        return NULL;
    char *first = p->fresh;
    p->fresh += count * size;
    for (size_t i = count; i-- > 1;) {
        void *object = first + i * size;
        *(void **)object = *chain;
        *chain = object;
    }
    return first;
}

void *pool_take(struct pool *p, size_t size)
{
    if (size > POOLED)
        return malloc(size);
    void **chain = chain_of(p, size);
    void *object = *chain;
    if (object == NULL)
        return take_fresh(p, rounded(size));
    *chain = *(void **)object;
    return object;
}

void pool_give(struct pool *p, void *object, size_t size)
{
    if (size > POOLED) {
        free(object);
        return;
    }
    void **chain = chain_of(p, size);
    *(void **)object = *chain;
    *chain = object;
}

void *pool_resize(struct pool *p, void *object, size_t old_size, size_t size)
{
    if (old_size > POOLED && size > POOLED)
        return realloc(object, size);
    if (old_size <= POOLED && size <= POOLED && rounded(old_size) == rounded(size))
        return object;
    void *fresh = pool_take(p, size);
    if (fresh == NULL)
        return NULL;
    memcpy(fresh, object, old_size < size ? old_size : size);
    pool_give(p, object, old_size);
    return fresh;
}

size_t pool_bytes(const struct pool *p)
{
    return p->chunk_count * CHUNK;
}

void pool_done(struct pool *p)
{
    while (p->chunks != NULL) {
        struct pool_chunk *chunk = p->chunks;
        p->chunks = chunk->next;
        munmap(chunk, CHUNK);
    }
    *p = (struct pool){.chunks = NULL};
}
