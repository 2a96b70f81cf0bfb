/* What connections carried, against a server that counts as well. */
#include "link_party.h"

#include "net/carried.h"

static void close_and_wait(struct party *p)
{
    link_finish(&p->link);
    while (!p->server.gone && turn(p))
        ;
}

static void plain_bytes_are_counted_while_open_and_after(void **state)
{
    struct net_carried open, closed;
    struct party p;

    (void)state;
    party_init(&p, NULL, "127.0.0.1");
    echo_once(&p);
    net_carried(p.net, &open);
    assert_int_equal(open.sent, 5);
    assert_int_equal(open.received, 5);
    /* SYN, its answer, an acknowledgement, and a packet each way. */
    assert_in_range(open.packets_sent, 3, 8);
    assert_in_range(open.packets_received, 2, 8);
    assert_true(open.headers >= 40 * (open.packets_sent + open.packets_received));
    assert_true(open.headers <= 60 * (open.packets_sent + open.packets_received));
    assert_int_equal(open.handshakes, 0);
    close_and_wait(&p);
    net_carried(p.net, &closed);
    assert_int_equal(closed.sent, 5);
    assert_int_equal(closed.received, 5);
    assert_true(closed.packets_sent >= open.packets_sent);
    party_done(&p);
}

static void tls_is_counted_with_its_handshake(void **state)
{
    struct net_carried seen;
    struct party p;

    (void)state;
    party_init(&p, fake_server_tls(&server_cert, NULL), "localhost");
    party_trust(&p, &ca);
    echo_once(&p);
    net_carried(p.net, &seen);
    assert_int_equal(seen.handshakes, 1);
    /* A hello of some hundred bytes, and a certificate of more. */
    assert_in_range(seen.handshake_bytes, 700, 20000);
    /* Each record of five bytes has a header, a tag, and in TLS 1.3 its type. */
    assert_in_range(seen.sent + seen.received, seen.handshake_bytes + 10 + 2 * 21,
                    seen.handshake_bytes + 10 + 2 * 29 + 2000);
    party_done(&p);
}

static void connections_add_up(void **state)
{
    struct net_carried seen;
    struct party p;

    (void)state;
    party_init(&p, NULL, "127.0.0.1");
    for (int i = 0; i < 3; i++) {
        p.opened = p.connected = p.received = 0;
        buf_clear(&p.in);
        buf_clear(&p.server.in);
        echo_once(&p);
        link_close(&p.link);
        while (!p.server.gone && turn(&p))
            ;
    }
    net_carried(p.net, &seen);
    assert_int_equal(seen.sent, 15);
    assert_int_equal(seen.received, 15);
    party_done(&p);
}

static void one_that_never_connected_carried_nothing(void **state)
{
    struct net_carried seen;
    struct party p;

    (void)state;
    party_init(&p, NULL, "127.0.0.1");
    ev_io_stop(p.loop->ev, &p.server.accepting);
    close(p.server.listener);
    p.server.listener = -1;
    open_link(&p);
    expect_failure(&p, LINK_FAILURE_TCP, "Connection refused");
    net_carried(p.net, &seen);
    assert_int_equal(seen.sent + seen.received + seen.packets_sent + seen.handshakes, 0);
    party_done(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_bytes_are_counted_while_open_and_after),
        cmocka_unit_test(tls_is_counted_with_its_handshake),
        cmocka_unit_test(connections_add_up),
        cmocka_unit_test(one_that_never_connected_carried_nothing),
    };
    return cmocka_run_group_tests(tests, make_certificates, free_certificates);
}
