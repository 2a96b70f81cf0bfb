/*
 * Downloads that do not come to be: turns, patience, and URLs that are none. What comes over HTTPS
 * is tested with an artifact server in scenarios/lifecycle/https.lua.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fetch/fetch.h"
#include "fetch/fetcher.h"

#define BRIEF (200 * USEC_PER_MSEC)
#define LONG  (60 * USEC_PER_SEC) /* for what must not end by it */

struct bench {
    struct loop *loop;
    struct fetcher *fetcher;
    struct fetch *fetch;
    unsigned told;
};

static usec_t on_delay(void *ctx, size_t bytes)
{
    (void)ctx;
    (void)bytes;
    return 0;
}

static void on_changed(void *ctx)
{
    struct bench *b = ctx;

    b->told++;
    loop_stop(b->loop);
}

static int setup(void **state)
{
    static struct bench b;
    const struct fetcher_options options = {.at_once = 1};

    b = (struct bench){.loop = loop_new()};
    b.fetcher = fetcher_new(b.loop, &options);
    *state = &b;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;

    fetch_free(b->fetch);
    fetcher_free(b->fetcher);
    loop_free(b->loop);
    return 0;
}

static struct fetch *start(struct bench *b, const char *url, usec_t patience)
{
    const struct fetch_request request = {.url = url, .patience = patience};
    const struct fetch_owner owner = {on_delay, on_changed, b};

    return fetch_start(b->fetcher, &request, &owner);
}

static void expect_end(struct bench *b, const char *url, enum fetch_end end)
{
    fetch_free(b->fetch);
    b->fetch = start(b, url, end == FETCH_TIMED_OUT ? BRIEF : LONG);
    assert_int_equal(fetch_look(b->fetch)->end, FETCH_RUNS);
    loop_run(b->loop);
    const struct fetch_state *s = fetch_look(b->fetch);
    if (s->end != end)
        fail_msg("%s: %s, %s", url, fetch_end_name(s->end), s->why);
    assert_int_equal(fetch_piece(b->fetch).len, 0);
    assert_true(strlen(s->why) > 5);
    assert_int_equal(s->status, 0);
}

/* Listens, accepts nothing. */
static int listen_silently(char *ret_url, size_t room)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(fd, 5), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    snprintf(ret_url, room, "https://127.0.0.1:%u/a", ntohs(at.sin_port));
    return fd;
}

static void test_what_is_no_url_of_https(void **state)
{
    struct bench *b = *state;

    expect_end(b, "http://127.0.0.1:1/plain", FETCH_BAD_URL);
    expect_end(b, "file:///etc/hostname", FETCH_BAD_URL);
    expect_end(b, "https://", FETCH_BAD_URL);
    expect_end(b, "", FETCH_BAD_URL);
    assert_int_equal(b->told, 4);
}

static void test_nobody_listens(void **state)
{
    expect_end(*state, "https://127.0.0.1:1/a", FETCH_BROKEN);
}

static void test_a_server_that_says_nothing(void **state)
{
    char url[64];
    int fd = listen_silently(url, sizeof url);

    expect_end(*state, url, FETCH_TIMED_OUT);
    close(fd);
}

static void test_one_after_the_other(void **state)
{
    struct bench *b = *state;
    char url[64];
    int fd = listen_silently(url, sizeof url);

    b->fetch = start(b, url, BRIEF);
    struct fetch *second = start(b, url, LONG), *third = start(b, "https://127.0.0.1:1/a", LONG);
    assert_int_equal(fetcher_running(b->fetcher), 1);
    assert_int_equal(fetcher_waiting(b->fetcher), 2);
    fetch_free(second);
    assert_int_equal(fetcher_waiting(b->fetcher), 1);
    loop_run(b->loop);
    assert_int_equal(fetch_look(b->fetch)->end, FETCH_TIMED_OUT);
    assert_int_equal(fetcher_waiting(b->fetcher), 0);
    loop_run(b->loop);
    assert_int_equal(fetch_look(third)->end, FETCH_BROKEN);
    assert_int_equal(fetcher_running(b->fetcher), 0);
    fetch_free(third);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_is_no_url_of_https, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nobody_listens, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_server_that_says_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_after_the_other, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
