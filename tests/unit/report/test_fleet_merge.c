#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "report/fleet_merge.h"

static void read_text(const char *text, struct fleet_table *table)
{
    FILE *file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");

    fleet_table_read(table, file);
    fclose(file);
}

/* Merges texts; each begins as many seconds later as `later` says. */
static void merge(const char *const *texts, const double *later, size_t count, struct buf *ret)
{
    struct fleet_table tables[4];
    struct fleet_part parts[4];

    assert_true(count <= 4);
    for (size_t i = 0; i < count; i++) {
        read_text(texts[i], &tables[i]);
        parts[i] = (struct fleet_part){&tables[i], later[i]};
    }
    buf_init(ret, 1 << 20);
    fleet_merge(parts, count, ret);
    for (size_t i = 0; i < count; i++)
        fleet_table_done(&tables[i]);
}

#define HEADER                                                                                     \
    "seconds,interval,vehicles,online,commands_sent,command_p99_ms,loop_lag_max_ms,cpu_percent,"   \
    "errors\n"

/* Counts, cars and errors add up; of lateness the worst is taken; percentiles are left out. The
   second began a second and a bit later, and has no line for a second in which it hung. */
static void test_adds_up(void **state)
{
    static const char *const texts[] = {
        HEADER "1.001,1.001,10,2,5,300,1,10,a=1;b=2\n"
               "2.000,0.999,10,8,6,300,2,10,\n"
               "3.000,1.000,10,10,7,300,3,10,b=1\n"
               "4.000,1.000,10,10,8,300,4,10,\n",
        HEADER "1.000,1.000,5,1,50,200,9,20,b=4\n"
               "3.000,2.000,5,5,60,200,,20,c=1\n",
    };
    static const double later[] = {0, 1.1};
    struct buf out;

    (void)state;
    merge(texts, later, 2, &out);
    assert_string_equal(buf_cstr(&out), HEADER "1.000,1.000,10,2,5,,1,10,b=2;a=1\n"
                                               "2.000,1.000,15,9,56,,9,30,b=4\n"
                                               "3.000,1.000,15,11,7,,3,10,b=1\n"
                                               "4.000,1.000,15,15,68,,4,30,c=1\n");
    buf_done(&out);
}

/* A run that ended long before the others has no cars any more. */
static void test_leaves(void **state)
{
    static const char *const texts[] = {"seconds,vehicles\n1,5\n",
                                        "seconds,vehicles\n1,7\n2,7\n3,7\n4,7\n5,7\n6,7\n"};
    static const double later[] = {0, 0};
    struct buf out;

    (void)state;
    merge(texts, later, 2, &out);
    assert_string_equal(buf_cstr(&out), "seconds,vehicles\n1.000,12\n2.000,12\n3.000,12\n"
                                        "4.000,12\n5.000,7\n6.000,7\n");
    buf_done(&out);
}

static void test_nothing(void **state)
{
    static const char *const texts[] = {"", "vehicles,seconds\n1,1\n", "seconds\n",
                                        "seconds,online\n1e30,5\n"};
    static const double later[] = {0, 1, -1, 1e300};
    struct buf out;
    struct error err;

    (void)state;
    merge(texts, later, 4, &out);
    assert_int_equal(buf_len(&out), 0);
    buf_done(&out);
    struct fleet_folder folder = {"/nonexistent", 0};
    assert_true(fleet_merge_folders(&folder, 1, "/nonexistent", &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_adds_up),
        cmocka_unit_test(test_leaves),
        cmocka_unit_test(test_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
