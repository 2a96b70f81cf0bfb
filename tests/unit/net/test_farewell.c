/* A connection that has said goodbye stays deaf, but not dead, until the peer has closed. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "net/farewell.h"

static struct net *net;

static int set_up(void **state)
{
    (void)state;
    net = net_new(loop_new());
    return 0;
}

static int take_down(void **state)
{
    struct loop *loop = net->loop;

    (void)state;
    net_free(net);
    loop_free(loop);
    return 0;
}

/* A TCP connection on the loopback interface; the first end does not block. */
static void connect_pair(int ends[2])
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &len), 0);
    ends[0] = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(ends[0], (struct sockaddr *)&at, sizeof at), 0);
    ends[1] = accept(listener, NULL, NULL);
    assert_true(ends[1] >= 0);
    close(listener);
    assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
}

static void turn(void)
{
    ev_run(net->loop->ev, EVRUN_NOWAIT);
}

static void last_words_arrive_although_the_peer_goes_on_talking(void **state)
{
    char block[1000] = {0}, heard[16];
    int ends[2];

    (void)state;
    connect_pair(ends);
    assert_int_equal(send(ends[1], block, sizeof block, 0), sizeof block);
    assert_int_equal(send(ends[0], "bye", 3, 0), 3);
    farewell_begin(net, ends[0]);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(send(ends[1], block, sizeof block, MSG_NOSIGNAL), sizeof block);
        turn();
    }
    assert_int_equal(recv(ends[1], heard, sizeof heard, 0), 3);
    assert_memory_equal(heard, "bye", 3);
    assert_int_equal(recv(ends[1], heard, sizeof heard, 0), 0);
    assert_int_equal(net->farewell_count, 1);
    close(ends[1]);
    for (int i = 0; i < 1000 && net->farewell_count > 0; i++)
        turn();
    assert_int_equal(net->farewell_count, 0);
}

static void a_peer_that_has_closed_is_not_waited_for(void **state)
{
    int ends[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    close(ends[1]);
    farewell_begin(net, ends[0]);
    assert_int_equal(net->farewell_count, 0);
}

static void the_oldest_gives_way(void **state)
{
    int peers[FAREWELL_MAX + 1];
    char byte;

    (void)state;
    for (size_t i = 0; i < FAREWELL_MAX + 1; i++) {
        int ends[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
        peers[i] = ends[1];
        farewell_begin(net, ends[0]);
    }
    assert_int_equal(net->farewell_count, FAREWELL_MAX);
    /* Whose other end is gone cannot be sent to. */
    assert_int_equal(send(peers[0], "x", 1, MSG_NOSIGNAL), -1);
    assert_int_equal(errno, EPIPE);
    assert_int_equal(send(peers[1], "x", 1, MSG_NOSIGNAL), 1);
    assert_int_equal(recv(peers[1], &byte, 1, 0), 0);
    farewell_end_all(net);
    assert_int_equal(net->farewell_count, 0);
    for (size_t i = 0; i < FAREWELL_MAX + 1; i++)
        close(peers[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(last_words_arrive_although_the_peer_goes_on_talking, set_up,
                                        take_down),
        cmocka_unit_test_setup_teardown(a_peer_that_has_closed_is_not_waited_for, set_up,
                                        take_down),
        cmocka_unit_test_setup_teardown(the_oldest_gives_way, set_up, take_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
