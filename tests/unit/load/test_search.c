/* The search: against a cloud that carries so much, one that wavers, and a simulator that tires. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "load/search.h"

struct world {
    double carries;   /* the cloud */
    double simulates; /* 0: anything */
    size_t wavers_at; /* the step, from 1, whose outcome is the contrary; 0: none */
};

static enum search_outcome try(const struct world *w, double value, size_t n)
{
    bool held = value <= w->carries;

    if (w->simulates != 0 && value > w->simulates)
        return SEARCH_INVALID;
    if (n == w->wavers_at)
        held = !held;
    return held ? SEARCH_HELD : value > 2 * w->carries ? SEARCH_TRIPPED : SEARCH_MISSED;
}

static enum search_bound run(const struct search_options *options, const struct world *w,
                             struct search *s, double *ret)
{
    double value;
    bool again;

    search_init(s, options);
    while (search_next(s, &value, &again)) {
        assert_true(value > 0 && value <= options->most);
        assert_true(!options->whole || value == (double)(uint64_t)value);
        search_tell(s, &(struct search_step){
                           .value = value, .again = again, .outcome = try(w, value, s->count + 1)});
    }
    return search_result(s, ret);
}

static void finds_what_is_carried(void **state)
{
    static const double carried[] = {3, 9, 10, 11, 99, 1000, 123456};
    struct search_options options = {.from = 10, .most = 1e6, .precision = 0.05};
    struct search s;
    double found;

    (void)state;
    for (size_t i = 0; i < sizeof carried / sizeof *carried; i++) {
        struct world w = {.carries = carried[i]};
        assert_int_equal(run(&options, &w, &s, &found), SEARCH_LARGEST);
        assert_true(found <= carried[i] && found >= carried[i] / 1.06);
        assert_true(s.count < 30);
        assert_true(s.steps[s.count - 1].again);
    }
}

static void whole_numbers(void **state)
{
    struct search_options options = {.from = 8, .most = 100, .precision = 0.01, .whole = true};
    struct world w = {.carries = 41.5};
    struct search s;
    double found;

    (void)state;
    assert_int_equal(run(&options, &w, &s, &found), SEARCH_LARGEST);
    assert_true(found == 41);
    w.carries = 1;
    assert_int_equal(run(&options, &w, &s, &found), SEARCH_LARGEST);
    assert_true(found == 1);
}

static void nothing_is_carried(void **state)
{
    struct search_options options = {.from = 8, .most = 100, .precision = 0.1};
    struct world w = {.carries = 0};
    struct search s;
    double found;

    (void)state;
    assert_int_equal(run(&options, &w, &s, &found), SEARCH_NONE);
    assert_true(found == 0);
    options.whole = true;
    assert_int_equal(run(&options, &w, &s, &found), SEARCH_NONE);
    assert_int_equal(s.count, 4);
}

static void all_is_carried(void **state)
{
    struct search_options options = {.from = 30, .most = 100, .precision = 0.1};
    struct world w = {.carries = 1e9};
    struct search s;
    double found;

    (void)state;
    assert_int_equal(run(&options, &w, &s, &found), SEARCH_AT_LEAST);
    assert_true(found == 100);
    options.from = 1000; /* more than the most */
    assert_int_equal(run(&options, &w, &s, &found), SEARCH_AT_LEAST);
    assert_true(found == 100);
}

static void the_simulator_tires_first(void **state)
{
    struct search_options options = {.from = 10, .most = 1e6, .precision = 0.05};
    struct world w = {.carries = 1e5, .simulates = 700};
    struct search s;
    double found;

    (void)state;
    assert_int_equal(run(&options, &w, &s, &found), SEARCH_AT_LEAST);
    assert_true(found <= 700 && found > 650);
}

/* Whatever step wavers, what is found has held twice and is carried. */
static void a_result_is_confirmed(void **state)
{
    struct search_options options = {.from = 10, .most = 1e6, .precision = 0.05};
    struct search s;
    double found;

    (void)state;
    for (size_t wavers = 1; wavers < 20; wavers++) {
        struct world w = {.carries = 500, .wavers_at = wavers};
        assert_true(run(&options, &w, &s, &found) != SEARCH_NONE);
        assert_true(found <= 500);
        size_t held = 0;
        for (size_t i = 0; i < s.count; i++)
            held += s.steps[i].value == found && s.steps[i].outcome == SEARCH_HELD;
        assert_int_equal(held, 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_is_carried),     cmocka_unit_test(whole_numbers),
        cmocka_unit_test(nothing_is_carried),        cmocka_unit_test(all_is_carried),
        cmocka_unit_test(the_simulator_tires_first), cmocka_unit_test(a_result_is_confirmed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
