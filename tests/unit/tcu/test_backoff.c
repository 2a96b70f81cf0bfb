#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tcu/backoff.h"

static void test_range(void **state)
{
    static const struct {
        usec_t base, cap;
        unsigned failures;
        usec_t ceiling;
    } cases[] = {
        {0,          0,          5,           0         },
        {100,        1000,       0,           100       },
        {100,        1000,       1,           200       },
        {100,        1000,       3,           800       },
        {100,        1000,       4,           1000      },
        {100,        1000,       4000000000U, 1000      },
        {5000,       1000,       0,           1000      },
        {0,          1000,       9,           0         },
        {1,          UINT64_MAX, 64,          UINT64_MAX},
        {UINT64_MAX, UINT64_MAX, 3,           UINT64_MAX},
    };
    struct rng rng;

    (void)state;
    rng_init(&rng, 1, 1);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        usec_t least = UINT64_MAX;
        usec_t most = 0;
        for (int k = 0; k < 5000; k++) {
            usec_t d = backoff_delay(&rng, cases[i].base, cases[i].cap, cases[i].failures);
            least = d < least ? d : least;
            most = d > most ? d : most;
        }
        assert_true(most <= cases[i].ceiling);
        /* Full jitter: the whole range is used. */
        assert_true(least <= cases[i].ceiling / 100);
        assert_true(most >= cases[i].ceiling / 100 * 99);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_range)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
