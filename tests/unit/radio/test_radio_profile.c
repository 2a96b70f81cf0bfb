#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "radio/radio_profile.h"

static void every_profile_is_found_and_named(void **state)
{
    char names[512] = "";

    (void)state;
    for (size_t i = 0; i < radio_profile_count(); i++) {
        const struct radio_profile *p = radio_profile_at(i);
        assert_ptr_equal(radio_profile_find(slice_str(p->name)), p);
        strcat(strcat(names, i != 0 ? ", " : ""), p->name);
    }
    assert_string_equal(radio_profile_names(), names);
    assert_null(radio_profile_find(slice_str("lte_goo")));
    assert_null(radio_profile_at(radio_profile_count()));
}

static void every_profile_is_possible(void **state)
{
    (void)state;
    for (size_t i = 0; i < radio_profile_count(); i++) {
        const struct radio_profile *p = radio_profile_at(i);
        assert_in_range(-p->dbm, 44, 140); /* 3GPP TS 36.133, 9.1.4 */
        assert_true(p->loss_good >= 0 && p->loss_good <= p->loss_burst && p->loss_burst < 1);
        assert_true(p->burst == 0 || p->good > p->burst);
        assert_int_equal(radio_profile_covers(p), strcmp(p->technology, "none") != 0);
    }
}

static void perfect_is_no_radio_at_all(void **state)
{
    const struct radio_profile *p = radio_profile_at(0);

    (void)state;
    assert_string_equal(p->name, "perfect");
    assert_true(p->rtt == 0 && p->jitter == 0 && p->up == 0 && p->down == 0 && p->burst == 0 &&
                p->loss_good <= 0 && p->nat == 0 && p->attach == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_profile_is_found_and_named),
        cmocka_unit_test(every_profile_is_possible),
        cmocka_unit_test(perfect_is_no_radio_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
