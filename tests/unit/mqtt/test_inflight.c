/* The table of unacknowledged packets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "mqtt/inflight.h"

static struct slice packet_of(const char *text)
{
    return slice_str(text);
}

static void test_ids_skip_zero_and_those_in_use(void **state)
{
    struct inflight t = {.last_id = 65533};

    (void)state;
    assert_int_equal(inflight_next_id(&t), 65534);
    assert_int_equal(inflight_next_id(&t), 65535);
    inflight_add(&t, 1, packet_of("a"));
    inflight_add_request(&t, 2, INFLIGHT_SUBSCRIBE, 1);
    assert_int_equal(inflight_next_id(&t), 3);
    inflight_done(&t);
    /* Ids go on after the table was emptied: a late acknowledgement hits nobody. */
    assert_int_equal(inflight_next_id(&t), 4);
}

static void test_order_and_removal(void **state)
{
    struct inflight t = {0};

    (void)state;
    for (uint16_t id = 1; id <= 5; id++)
        inflight_add(&t, id, packet_of("x"));
    inflight_add_request(&t, 6, INFLIGHT_SUBSCRIBE, 1);
    assert_false(inflight_remove(&t, 6, INFLIGHT_PUBLISH));
    assert_false(inflight_remove(&t, 1, INFLIGHT_SUBSCRIBE));
    assert_false(inflight_remove(&t, 9, INFLIGHT_PUBLISH));
    assert_true(inflight_remove(&t, 3, INFLIGHT_PUBLISH));
    assert_false(inflight_remove(&t, 3, INFLIGHT_PUBLISH));
    static const uint16_t left[] = {1, 2, 4, 5};
    for (size_t i = 0; i < 4; i++) {
        struct inflight_packet *p = inflight_unsent(&t);
        assert_int_equal(p->id, left[i]);
        inflight_mark_sent(&t, p);
    }
    assert_null(inflight_unsent(&t));
    assert_int_equal(t.sent, 4);
    assert_true(inflight_remove(&t, 4, INFLIGHT_PUBLISH));
    assert_int_equal(t.sent, 3);
    assert_int_equal(t.publishes, 3);
    inflight_rewind(&t);
    assert_int_equal(t.sent, 0);
    assert_int_equal(t.count, 3);
    assert_int_equal(inflight_unsent(&t)->id, 1);
    assert_true(inflight_unsent(&t)->sent_once);
    inflight_done(&t);
}

static void test_limit(void **state)
{
    struct inflight t = {0};

    (void)state;
    for (int i = 0; i < INFLIGHT_PUBLISH_MAX; i++)
        assert_non_null(inflight_add(&t, inflight_next_id(&t), packet_of("x")));
    assert_null(inflight_add(&t, inflight_next_id(&t), packet_of("x")));
    inflight_add_request(&t, inflight_next_id(&t), INFLIGHT_SUBSCRIBE, 1);
    assert_true(inflight_remove(&t, 50, INFLIGHT_PUBLISH));
    assert_non_null(inflight_add(&t, inflight_next_id(&t), packet_of("x")));
    inflight_done(&t);
}

static void test_pubrels_come_first_in_the_order_of_their_pubrecs(void **state)
{
    static const struct {
        uint16_t id;
        enum inflight_kind kind;
    } order[] = {
        {3, INFLIGHT_PUBREL },
        {2, INFLIGHT_PUBREL },
        {1, INFLIGHT_PUBLISH},
        {4, INFLIGHT_PUBLISH}
    };
    struct inflight t = {0};

    (void)state;
    for (uint16_t id = 1; id <= 4; id++)
        inflight_mark_sent(&t, inflight_add(&t, id, packet_of("4"))); /* 0x34: QoS 2 */
    assert_int_equal(inflight_find(&t, 3)->qos, 2);
    inflight_release(&t, inflight_find(&t, 3));
    inflight_release(&t, inflight_find(&t, 2));
    assert_int_equal(t.sent, 4);
    assert_int_equal(t.publishes, 4);
    assert_false(inflight_remove(&t, 3, INFLIGHT_PUBLISH));
    inflight_rewind(&t);
    for (size_t i = 0; i < 4; i++) {
        struct inflight_packet *p = inflight_unsent(&t);
        assert_int_equal(p->id, order[i].id);
        assert_int_equal(p->kind, order[i].kind);
        inflight_mark_sent(&t, p);
    }
    assert_true(inflight_remove(&t, 2, INFLIGHT_PUBREL));
    inflight_rewind(&t);
    inflight_make_new(&t);
    assert_int_equal(inflight_unsent(&t)->id, 1);
    assert_int_equal(inflight_take_pubrel(&t), 3);
    assert_int_equal(inflight_take_pubrel(&t), 0);
    assert_int_equal(t.publishes, 2);
    inflight_done(&t);
}

/* A broker that answers no SUBSCRIBE does not make the table grow without end. */
static void test_requests_have_a_ceiling(void **state)
{
    struct inflight t = {0};

    (void)state;
    for (int i = 0; i < INFLIGHT_REQUEST_MAX; i++)
        assert_true(inflight_add_request(&t, inflight_next_id(&t), INFLIGHT_SUBSCRIBE, 1));
    assert_false(inflight_add_request(&t, inflight_next_id(&t), INFLIGHT_UNSUBSCRIBE, 1));
    assert_non_null(inflight_add(&t, inflight_next_id(&t), packet_of("x")));
    assert_true(inflight_remove(&t, 7, INFLIGHT_SUBSCRIBE));
    assert_true(inflight_add_request(&t, inflight_next_id(&t), INFLIGHT_UNSUBSCRIBE, 1));
    inflight_done(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests_have_a_ceiling),
        cmocka_unit_test(test_ids_skip_zero_and_those_in_use),
        cmocka_unit_test(test_order_and_removal),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_pubrels_come_first_in_the_order_of_their_pubrecs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
