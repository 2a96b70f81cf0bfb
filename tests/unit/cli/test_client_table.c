#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

#include "cli/client_table.h"

#define MANY 1000u

static void id_of(unsigned k, char ret[CLIENT_ID_SIZE])
{
    /* Many have the same beginning, as if of one bucket. */
    snprintf(ret, CLIENT_ID_SIZE, "%08x%056x", k % 7, k);
}

static void test_entries_stay(void **state)
{
    struct client_table t = {0};
    struct client_entry *made[MANY];
    char id[CLIENT_ID_SIZE];

    (void)state;
    id_of(0, id);
    assert_null(client_table_find(&t, id));
    for (unsigned k = 0; k < MANY; k++) {
        id_of(k, id);
        made[k] = client_table_add(&t, id);
        assert_non_null(made[k]);
        assert_string_equal(made[k]->id, id);
        assert_int_equal(made[k]->state, CLIENT_KNOWN);
        assert_int_equal(made[k]->until, 0);
    }
    for (unsigned k = 0; k < MANY; k++) {
        id_of(k, id);
        assert_ptr_equal(client_table_find(&t, id), made[k]);
        assert_ptr_equal(client_table_add(&t, id), made[k]);
    }
    assert_int_equal(t.count, MANY);
    client_table_done(&t);
    assert_int_equal(t.count, 0);
}

static void test_what_is_no_id(void **state)
{
    static const char *const wrong[] = {
        "", "abc", "0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef",
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde/",
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0"};
    struct client_table t = {0};
    char id[CLIENT_ID_SIZE];

    (void)state;
    id_of(1, id);
    client_table_add(&t, id);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_null(client_table_add(&t, wrong[i]));
        assert_null(client_table_find(&t, wrong[i]));
    }
    assert_int_equal(t.count, 1);
    client_table_done(&t);
}

static void test_turns_are_taken_in_order(void **state)
{
    struct client_table t = {0};
    struct client_entry *e[3];
    char id[CLIENT_ID_SIZE];

    (void)state;
    assert_null(client_table_next(&t));
    for (unsigned k = 0; k < 3; k++) {
        id_of(k, id);
        e[k] = client_table_add(&t, id);
        client_table_enqueue(&t, e[k]);
        assert_int_equal(e[k]->state, CLIENT_QUEUED);
    }
    assert_ptr_equal(client_table_next(&t), e[0]);
    e[0]->state = CLIENT_KNOWN;
    client_table_enqueue(&t, e[0]);
    assert_ptr_equal(client_table_next(&t), e[1]);
    assert_ptr_equal(client_table_next(&t), e[2]);
    assert_ptr_equal(client_table_next(&t), e[0]);
    assert_null(client_table_next(&t));
    client_table_enqueue(&t, e[2]);
    assert_ptr_equal(client_table_next(&t), e[2]);
    client_table_done(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entries_stay),
        cmocka_unit_test(test_what_is_no_id),
        cmocka_unit_test(test_turns_are_taken_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
