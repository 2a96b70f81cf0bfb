/*
 * A link against servers made for it: every way a connection can come about, fail and end.
 */
#include "link_party.h"

#include <sys/resource.h>

static void test_plain(void **state)
{
    struct party p;

    (void)state;
    party_init(&p, NULL, "127.0.0.1");
    echo_once(&p);
    link_finish(&p.link);
    assert_int_equal(p.link.state, LINK_CLOSED);
    while (!p.server.gone && turn(&p))
        ;
    assert_int_equal(p.closed, 0);
    party_done(&p);
}

static void test_plain_one_byte_at_a_time(void **state)
{
    struct party p;

    (void)state;
    party_init(&p, NULL, "127.0.0.1");
    p.server.chunk = 1;
    echo_once(&p);
    party_done(&p);
}

static void test_refused(void **state)
{
    struct party p;

    (void)state;
    party_init(&p, NULL, "127.0.0.1");
    ev_io_stop(p.loop->ev, &p.server.accepting);
    close(p.server.listener);
    p.server.listener = -1;
    open_link(&p);
    expect_failure(&p, LINK_FAILURE_TCP, "Connection refused (nothing listens there");
    party_done(&p);
}

/* A name with several addresses, of which the server has but one. */
static void test_next_address(void **state)
{
    struct party p;

    (void)state;
    party_init(&p, NULL, "localhost");
    for (int i = 0; i < 3; i++) {
        p.opened = p.connected = p.received = 0;
        buf_clear(&p.in);
        echo_once(&p);
        link_close(&p.link);
        while (!p.server.gone && turn(&p))
            ;
    }
    assert_int_equal(p.closed, 0);
    party_done(&p);
}

static void test_no_such_host(void **state)
{
    struct party p;

    (void)state;
    party_init(&p, NULL, "nothing.invalid");
    open_link(&p);
    assert_int_equal(p.link.state, LINK_RESOLVING);
    expect_failure(&p, LINK_FAILURE_RESOLVE, "\"nothing.invalid\" cannot be resolved");
    party_done(&p);
}

static void test_closed_while_resolving(void **state)
{
    struct party p;

    (void)state;
    party_init(&p, NULL, "nothing.invalid");
    open_link(&p);
    link_close(&p.link);
    assert_int_equal(p.link.state, LINK_CLOSED);
    party_done(&p);
    assert_int_equal(p.closed, 0);
}

/* A listener whose backlog is full drops SYNs. */
static void test_connect_timeout(void **state)
{
    struct party p;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fillers[4];

    (void)state;
    party_init(&p, NULL, "127.0.0.1");
    ev_io_stop(p.loop->ev, &p.server.accepting);
    listen(p.server.listener, 0);
    at.sin_port = htons(p.server.port);
    for (size_t i = 0; i < 4; i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        connect(fillers[i], (struct sockaddr *)&at, sizeof at);
    }
    p.options.tcp_timeout = 50000;
    open_link(&p);
    expect_failure(&p, LINK_FAILURE_TIMEOUT, "TCP connect to 127.0.0.1 port");
    for (size_t i = 0; i < 4; i++)
        close(fillers[i]);
    party_done(&p);
}

static void test_closed_by_peer(void **state)
{
    (void)state;
    for (int tls = 0; tls < 2; tls++) {
        struct party p;
        party_init(&p, tls ? fake_server_tls(&server_cert, NULL) : NULL, "127.0.0.1");
        if (tls)
            party_trust(&p, &ca);
        echo_once(&p);
        fake_server_drop(&p.server);
        expect_failure(&p, LINK_FAILURE_TCP, "closed by the peer");
        party_done(&p);
    }
}

static void test_no_descriptors(void **state)
{
    struct party p;
    struct rlimit old, none;
    struct error err = {0};

    (void)state;
    party_init(&p, NULL, "127.0.0.1");
    getrlimit(RLIMIT_NOFILE, &old);
    none = old;
    none.rlim_cur = 3;
    setrlimit(RLIMIT_NOFILE, &none);
    bool opened = link_open(&p.link, &p.options, &err);
    setrlimit(RLIMIT_NOFILE, &old);
    assert_false(opened);
    assert_int_equal(p.link.state, LINK_CLOSED);
    assert_non_null(strstr(err.text, "ulimit -n"));
    /* Nothing is left behind: the same link works once there are descriptors. */
    echo_once(&p);
    party_done(&p);
}

/* Much more than the socket's buffers and a TLS record hold, against a reader that starts late. */
static void test_partial_writes(void **state)
{
    enum { SIZE = 8 << 20 };
    uint8_t *data = malloc(SIZE);

    (void)state;
    for (size_t i = 0; i < SIZE; i++)
        data[i] = (uint8_t)(i * 7 + i / 251);
    for (int tls = 0; tls < 2; tls++) {
        struct party p;
        party_init(&p, tls ? fake_server_tls(&server_cert, NULL) : NULL, "127.0.0.1");
        if (tls)
            party_trust(&p, &ca);
        echo_once(&p);
        buf_clear(&p.server.in);
        ev_io_stop(p.loop->ev, &p.server.io);
        assert_true(buf_append(&p.link.out, data, SIZE));
        link_kick(&p.link);
        for (int i = 0; i < 20; i++)
            turn(&p);
        assert_true(p.link.write_blocked);
        ev_io_start(p.loop->ev, &p.server.io);
        while (buf_len(&p.server.in) < SIZE && turn(&p))
            ;
        assert_memory_equal(buf_data(&p.server.in), data, SIZE);
        assert_false(p.link.write_blocked);
        /* And back. */
        buf_clear(&p.in);
        fake_server_send(&p.server, data, SIZE);
        assert_true(until(&p, &p.received, SIZE));
        assert_memory_equal(buf_data(&p.in), data, SIZE);
        party_done(&p);
    }
    free(data);
}

static void test_output_has_a_ceiling(void **state)
{
    struct party p;
    uint8_t block[4096] = {0};

    (void)state;
    party_init(&p, NULL, "127.0.0.1");
    link_init(&p.link, p.net, &events, &p, 10000);
    echo_once(&p);
    assert_true(buf_append(&p.link.out, block, sizeof block));
    assert_true(buf_append(&p.link.out, block, sizeof block));
    assert_false(buf_append(&p.link.out, block, sizeof block));
    party_done(&p);
}

static void close_it(struct party *p)
{
    link_close(&p->link);
}

static void finish_it(struct party *p)
{
    link_finish(&p->link);
}

static void reopen_it(struct party *p)
{
    p->on_opened = p->on_received = p->on_closed = NULL;
    if (p->link.state != LINK_CLOSED)
        link_close(&p->link);
    open_link(p);
}

static void test_closing_inside_events(void **state)
{
    static void (*const actions[])(struct party *) = {close_it, finish_it, reopen_it};

    (void)state;
    for (int tls = 0; tls < 2; tls++) {
        for (int where = 0; where < 3; where++) {
            for (size_t i = 0; i < 3; i++) {
                struct party p;
                party_init(&p, tls ? fake_server_tls(&server_cert, NULL) : NULL, "127.0.0.1");
                if (tls)
                    party_trust(&p, &ca);
                *(where == 0   ? &p.on_opened
                  : where == 1 ? &p.on_received
                               : &p.on_closed) = actions[i];
                open_link(&p);
                assert_true(until(&p, &p.opened, 1));
                if (where == 1) {
                    while (p.server.fd < 0 && turn(&p))
                        ;
                    fake_server_send(&p.server, "x", 1);
                    assert_true(until(&p, &p.received, 1));
                } else if (where == 2) {
                    for (int k = 0; k < 10; k++)
                        turn(&p);
                    fake_server_drop(&p.server);
                    assert_true(until(&p, &p.closed, 1));
                }
                assert_int_equal(p.closed, where == 2);
                if (actions[i] == reopen_it)
                    assert_true(until(&p, &p.opened, 2));
                else
                    assert_int_equal(p.link.state, LINK_CLOSED);
                party_done(&p);
            }
        }
    }
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(link_state_name(LINK_SECURING), "securing");
    assert_string_equal(link_state_name(LINK_STATE_COUNT), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_plain_one_byte_at_a_time),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_next_address),
        cmocka_unit_test(test_no_such_host),
        cmocka_unit_test(test_closed_while_resolving),
        cmocka_unit_test(test_connect_timeout),
        cmocka_unit_test(test_closed_by_peer),
        cmocka_unit_test(test_no_descriptors),
        cmocka_unit_test(test_partial_writes),
        cmocka_unit_test(test_output_has_a_ceiling),
        cmocka_unit_test(test_closing_inside_events),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, make_certificates, free_certificates);
}
