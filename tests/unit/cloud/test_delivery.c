/* What becomes of messages that are delivered in any order, late, or twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cloud/delivery.h"

enum { MESSAGES = 64 };

static void add(struct cloud_actions *list, const char *client_id, const char *topic, int n)
{
    struct text t;

    text_init(&t);
    text_int(&t, n);
    assert_true(cloud_actions_publish(list, client_id, topic, &t));
}

static void fill(struct cloud_actions *list)
{
    cloud_actions_init(list);
    for (int i = 0; i < MESSAGES; i++)
        add(list, NULL, "a/b", i);
}

/* How often each message is in the list. */
static void count(const struct cloud_actions *list, int ret[MESSAGES])
{
    memset(ret, 0, MESSAGES * sizeof *ret);
    for (size_t i = 0; i < list->count; i++)
        ret[atoi(list->items[i].payload)]++;
}

static bool in_order(const struct cloud_actions *list)
{
    for (size_t i = 1; i < list->count; i++)
        if (atoi(list->items[i].payload) < atoi(list->items[i - 1].payload))
            return false;
    return true;
}

static void test_parse(void **state)
{
    struct delivery d = {.seed = 1};

    (void)state;
    assert_true(delivery_parse("shuffle", &d));
    assert_true(d.shuffle && !d.duplicate);
    assert_true(delivery_parse("shuffle,duplicate", &d));
    assert_true(d.shuffle && d.duplicate);
    assert_false(delivery_is_plain(&d));
    assert_true(delivery_parse("in-order", &d));
    assert_true(delivery_is_plain(&d));
    assert_false(delivery_parse("shuffled", &d));
    assert_false(delivery_parse("", &d));
}

static void test_shuffled(void **state)
{
    struct delivery d = {.seed = 7, .shuffle = true};
    struct cloud_actions list, again;
    int times[MESSAGES];

    (void)state;
    fill(&list);
    delivery_arrange(&d, &list, false, 0);
    count(&list, times);
    for (int i = 0; i < MESSAGES; i++)
        assert_int_equal(times[i], 1);
    assert_false(in_order(&list));
    /* The same messages and seed: the same order. */
    fill(&again);
    delivery_arrange(&d, &again, false, 0);
    for (size_t i = 0; i < list.count; i++)
        assert_string_equal(list.items[i].payload, again.items[i].payload);
    cloud_actions_done(&again);
    d.seed = 8;
    fill(&again);
    delivery_arrange(&d, &again, false, 0);
    int same = 0;
    for (size_t i = 0; i < list.count; i++)
        same += strcmp(list.items[i].payload, again.items[i].payload) == 0;
    assert_true(same < MESSAGES / 2);
    cloud_actions_done(&again);
    cloud_actions_done(&list);
    delivery_done(&d);
}

static void test_duplicated(void **state)
{
    struct delivery d = {.seed = 7, .duplicate = true};
    struct cloud_actions list;
    int times[MESSAGES];
    int twice = 0;

    (void)state;
    fill(&list);
    delivery_arrange(&d, &list, false, 0);
    count(&list, times);
    for (int i = 0; i < MESSAGES; i++) {
        char payload[8];
        snprintf(payload, sizeof payload, "%d", i);
        assert_int_equal(times[i], delivery_repeats(&d, "a/b", slice_str(payload)) ? 2 : 1);
        twice += times[i] == 2;
    }
    assert_in_range(twice, MESSAGES / 4, 3 * MESSAGES / 4);
    cloud_actions_done(&list);
    delivery_done(&d);
}

static void test_late(void **state)
{
    struct delivery d = {.seed = 7, .shuffle = true};
    struct cloud_actions list, rest;
    int times[MESSAGES], late[MESSAGES];

    (void)state;
    fill(&list);
    delivery_arrange(&d, &list, true, 1000);
    assert_true(list.count < MESSAGES && list.count > MESSAGES / 2);
    cloud_actions_init(&rest);
    delivery_arrange(&d, &rest, true, 1010);
    assert_int_equal(rest.count, 0);
    assert_false(delivery_is_plain(&d));
    delivery_arrange(&d, &rest, true, 1030);
    count(&list, times);
    count(&rest, late);
    for (int i = 0; i < MESSAGES; i++)
        assert_int_equal(times[i] + late[i], 1);
    /* The wall clock was set back: nothing waits for ever. */
    cloud_actions_done(&list);
    fill(&list);
    delivery_arrange(&d, &list, true, 5000);
    cloud_actions_done(&list);
    delivery_arrange(&d, &list, true, 100);
    assert_int_equal(list.count, rest.count);
    cloud_actions_done(&list);
    cloud_actions_done(&rest);
    delivery_done(&d);
}

static void test_what_keeps_its_place(void **state)
{
    struct delivery d = {.seed = 7, .shuffle = true, .duplicate = true};
    struct cloud_actions list;

    (void)state;
    fill(&list);
    cloud_actions_kick(&list, "car-1", true);
    add(&list, "owner", "answer", 1);
    delivery_arrange(&d, &list, true, 0);
    assert_int_equal(list.items[0].kind, CLOUD_ACTION_KICK);
    assert_string_equal(list.items[1].topic, "answer");
    assert_string_equal(list.items[1].payload, "1");
    assert_string_equal(list.items[2].topic, "a/b");
    cloud_actions_done(&list);
    delivery_done(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_shuffled),
        cmocka_unit_test(test_duplicated),
        cmocka_unit_test(test_late),
        cmocka_unit_test(test_what_keeps_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
