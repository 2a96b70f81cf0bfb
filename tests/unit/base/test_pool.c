#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/pool.h"
#include "base/rng.h"
#include "base/xmem.h"

enum { OBJECTS = 3000, TURNS = 60000, SIZE_MOST = 2 * POOL_OBJECT_MAX };

struct object {
    uint8_t *at;
    size_t size;
    uint8_t mark;
};

static void check(const struct object *o)
{
    for (size_t i = 0; i < o->size; i++)
        assert_int_equal(o->at[i], o->mark);
}

static void fill(struct object *o, uint8_t mark)
{
    assert_non_null(o->at);
    assert_int_equal((uintptr_t)o->at % POOL_STEP, 0);
    o->mark = mark;
    memset(o->at, mark, o->size);
}

/* Nobody's bytes are anybody else's. */
static void objects_come_and_go(void **state)
{
    struct object *objects = xcalloc(OBJECTS, sizeof *objects);
    struct pool pool = {.chunks = NULL};
    struct rng rng;

    (void)state;
    rng_init(&rng, 1, 1);
    for (int turn = 0; turn < TURNS; turn++) {
        struct object *o = &objects[rng_below(&rng, OBJECTS)];
        size_t size = 1 + rng_below(&rng, rng_below(&rng, 4) == 0 ? SIZE_MOST : 100);
        if (o->at == NULL) {
            *o = (struct object){.at = pool_take(&pool, size), .size = size};
        } else if (rng_below(&rng, 2) == 0) {
            check(o);
            pool_give(&pool, o->at, o->size);
            o->at = NULL;
            continue;
        } else {
            size_t kept = o->size < size ? o->size : size;
            check(o);
            *o = (struct object){
                .at = pool_resize(&pool, o->at, o->size, size), .size = kept, .mark = o->mark};
            check(o);
            o->size = size;
        }
        fill(o, (uint8_t)turn);
    }
    for (int i = 0; i < OBJECTS; i++) {
        if (objects[i].at == NULL)
            continue;
        check(&objects[i]);
        pool_give(&pool, objects[i].at, objects[i].size);
    }
    pool_done(&pool);
    assert_null(pool.chunks);
    free(objects);
}

static void what_is_given_back_is_taken_again(void **state)
{
    struct pool pool = {.chunks = NULL};
    void *first = pool_take(&pool, 56);
    size_t chunks = pool.chunk_count;

    (void)state;
    for (int i = 0; i < 200000; i++) {
        pool_give(&pool, first, 56);
        first = pool_take(&pool, i % 2 != 0 ? 56 : 49);
    }
    assert_int_equal(pool.chunk_count, chunks);
    first = pool_resize(&pool, first, 49, 56);
    assert_non_null(first);
    pool_give(&pool, first, 56);
    pool_done(&pool);
    pool_done(&pool);
}

static void many_chunks(void **state)
{
    enum { MANY = 30 * 2048 };
    struct pool pool = {.chunks = NULL};
    char **objects = xcalloc(MANY, sizeof *objects);

    (void)state;
    for (size_t i = 0; i < MANY; i++) {
        objects[i] = pool_take(&pool, POOL_OBJECT_MAX);
        memset(objects[i], (int)i, POOL_OBJECT_MAX);
    }
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(objects[i][0], (char)i);
        assert_int_equal(objects[i][POOL_OBJECT_MAX - 1], (char)i);
        pool_give(&pool, objects[i], POOL_OBJECT_MAX);
    }
    pool_done(&pool);
    free(objects);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_come_and_go),
        cmocka_unit_test(what_is_given_back_is_taken_again),
        cmocka_unit_test(many_chunks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
