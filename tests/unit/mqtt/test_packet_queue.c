#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mqtt/packet_queue.h"

static void packets_keep_their_order_and_their_times(void **state)
{
    struct packet_queue q;
    struct buf out;
    uint8_t packet[300];
    unsigned added = 0, taken = 0;

    (void)state;
    packet_queue_init(&q, 1 << 20);
    buf_init(&out, 1 << 20);
    assert_true(packet_queue_empty(&q));
    /* More come than go, then the rest goes. */
    while (taken < 500) {
        for (int i = 0; i < 3 && added < 500; i++, added++) {
            memset(packet, (int)(added & 0xff), sizeof packet);
            assert_true(packet_queue_add(&q, slice_of(packet, 1 + added % 300), added * 10));
        }
        assert_int_equal(packet_queue_due(&q), taken * 10);
        buf_clear(&out);
        size_t len = packet_queue_take(&q, &out);
        assert_int_equal(len, 1 + taken % 300);
        assert_int_equal(buf_len(&out), len);
        for (size_t i = 0; i < len; i++)
            assert_int_equal(buf_data(&out)[i], taken & 0xff);
        taken++;
    }
    assert_true(packet_queue_empty(&q));
    assert_null(q.stamps);
    assert_null(q.bytes.data);
    buf_done(&out);
}

static void the_ceiling_holds(void **state)
{
    struct packet_queue q;

    (void)state;
    packet_queue_init(&q, 10);
    assert_true(packet_queue_add(&q, slice_str("123456"), 1));
    assert_false(packet_queue_add(&q, slice_str("78901"), 2));
    assert_true(packet_queue_add(&q, slice_str("7890"), 3));
    packet_queue_done(&q);
    assert_true(packet_queue_empty(&q));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_keep_their_order_and_their_times),
        cmocka_unit_test(the_ceiling_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
