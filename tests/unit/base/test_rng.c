#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"

/* xoshiro256** itself, from Blackman and Vigna's reference implementation. */
static void the_generator_is_the_published_one(void **state)
{
    struct rng r = {
        {1, 2, 3, 4}
    };
    static const uint64_t expected[] = {11520u, 0u, 1509978240u, 1215971899390074240u};

    (void)state;
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        assert_int_equal(rng_next(&r), expected[i]);
}

static void the_same_seed_and_stream_draw_the_same(void **state)
{
    struct rng a, b, other_stream, other_seed;
    int same_stream = 0, same_seed = 0;

    (void)state;
    rng_init(&a, 42, 7);
    rng_init(&b, 42, 7);
    rng_init(&other_stream, 42, 8);
    rng_init(&other_seed, 43, 7);
    for (int i = 0; i < 1000; i++) {
        uint64_t x = rng_next(&a);
        assert_int_equal(x, rng_next(&b));
        same_stream += x == rng_next(&other_stream);
        same_seed += x == rng_next(&other_seed);
    }
    assert_int_equal(same_stream, 0);
    assert_int_equal(same_seed, 0);
}

/* Runs must stay repeatable across versions of the program: the second draw of each. */
static void draws_do_not_change_between_versions(void **state)
{
    static const struct {
        uint64_t seed, stream, draw;
    } cases[] = {
        {42, 0, 0x5e3efe753be27527u},
        {42, 1, 0x20df191928673a4au},
        {0,  0, 0x780c98e26cea5883u},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rng r;
        rng_init(&r, cases[i].seed, cases[i].stream);
        rng_next(&r);
        assert_int_equal(rng_next(&r), cases[i].draw);
    }
}

static void bounded_draws_are_even(void **state)
{
    static const uint64_t bounds[] = {1, 2, 3, 7, 10, 64};
    struct rng r;

    (void)state;
    rng_init(&r, 1, 1);
    for (size_t b = 0; b < sizeof bounds / sizeof *bounds; b++) {
        unsigned seen[64] = {0};
        for (int i = 0; i < 64000; i++) {
            uint64_t x = rng_below(&r, bounds[b]);
            assert_true(x < bounds[b]);
            seen[x]++;
        }
        double mean = 64000.0 / (double)bounds[b];
        for (uint64_t i = 0; i < bounds[b]; i++)
            assert_true(seen[i] > mean * 0.8 && seen[i] < mean * 1.2 + 1);
    }
    for (int i = 0; i < 1000; i++)
        assert_true(rng_below(&r, UINT64_MAX) < UINT64_MAX);
}

static void units_lie_below_one(void **state)
{
    struct rng r;
    double sum = 0;

    (void)state;
    rng_init(&r, 1, 2);
    for (int i = 0; i < 100000; i++) {
        double x = rng_unit(&r);
        assert_true(x >= 0 && x < 1);
        sum += x;
    }
    assert_true(sum > 49000 && sum < 51000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_generator_is_the_published_one),
        cmocka_unit_test(the_same_seed_and_stream_draw_the_same),
        cmocka_unit_test(draws_do_not_change_between_versions),
        cmocka_unit_test(bounded_draws_are_even),
        cmocka_unit_test(units_lie_below_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
