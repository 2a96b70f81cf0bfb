/* The server on a loop, and clients on threads of their own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http/http_server.h"

struct lab {
    struct loop *loop;
    struct http_server *server;
    unsigned port;
    unsigned answered, gone, words;
    struct http_exchange *exchange; /* that is to be answered later */
    struct loop_timer timer, word;
    const char *request;
    char response[65536];
};

static void say_hello(void *ctx, const struct http_request *request, struct http_reply *reply)
{
    struct lab *lab = ctx;

    lab->answered++;
    reply->content_type = "text/x-hello";
    buf_printf(&reply->body, "hello, %s\n", request->accept != NULL ? request->accept : "-");
}

static void overflow(void *ctx, const struct http_request *request, struct http_reply *reply)
{
    static const char piece[4096];

    (void)ctx;
    (void)request;
    while (buf_append(&reply->body, piece, sizeof piece))
        ;
}

static void stop(void *arg)
{
    loop_stop(arg);
}

static void echo(void *ctx, const struct http_request *request, struct http_reply *reply)
{
    (void)ctx;
    buf_printf(&reply->body, "%zu:", request->body.len);
    buf_append_slice(&reply->body, request->body);
}

static void on_gone(void *ctx)
{
    struct lab *lab = ctx;

    lab->gone++;
    lab->exchange = NULL;
}

static void on_time(void *arg)
{
    struct lab *lab = arg;

    buf_append_str(&http_later_reply(lab->exchange)->body, "at last\n");
    http_later_answer(lab->exchange);
}

static void later(void *ctx, const struct http_request *request, struct http_reply *reply)
{
    struct lab *lab = ctx;

    (void)reply;
    lab->exchange = request->exchange;
    http_later(request, &(struct http_waiting){.gone = on_gone, .ctx = lab});
    if (http_request_query(request, "never") == NULL)
        loop_timer_start(&lab->timer, 20 * USEC_PER_MSEC);
    else
        loop_post(lab->loop, stop, lab->loop);
}

/* Three words, a moment between them; then nobody writes any more. */
static void on_word(void *arg)
{
    struct lab *lab = arg;

    if (lab->exchange == NULL)
        return;
    assert_true(http_stream_write(lab->exchange, slice_str("word\n")));
    if (++lab->words < 3)
        loop_timer_start(&lab->word, 5 * USEC_PER_MSEC);
    else
        loop_post(lab->loop, stop, lab->loop);
}

static void stream(void *ctx, const struct http_request *request, struct http_reply *reply)
{
    struct lab *lab = ctx;

    assert_true(http_stream(request, reply, &(struct http_waiting){.gone = on_gone, .ctx = lab}));
    reply->content_type = "text/event-stream";
    lab->exchange = request->exchange;
    loop_timer_start(&lab->word, 5 * USEC_PER_MSEC);
}

static void flood(void *ctx, const struct http_request *request, struct http_reply *reply)
{
    static const char piece[HTTP_SERVER_STREAM_MAX / 4];
    struct lab *lab = ctx;
    struct slice text = slice_of(piece, sizeof piece);

    assert_true(http_stream(request, reply, &(struct http_waiting){.gone = on_gone, .ctx = lab}));
    for (int i = 0; i < 4; i++)
        assert_true(http_stream_write(request->exchange, text));
    assert_false(http_stream_write(request->exchange, text));
    assert_int_equal(http_stream_behind(request->exchange), HTTP_SERVER_STREAM_MAX);
    loop_post(lab->loop, stop, lab->loop);
}

static int make(void **state)
{
    static struct lab lab;
    static struct http_route routes[] = {
        {.path = "/hello", .answer = say_hello, .ctx = &lab},
        {.path = "/large",     .answer = overflow},
        {.path = "/echo", .answer = echo, .methods = HTTP_POST | HTTP_PUT},
        {.path = "/later",                .answer = later, .ctx = &lab},
        {.path = "/stream",  .answer = stream, .ctx = &lab},
        {.path = "/flood",                .answer = flood, .ctx = &lab},
        {0}
    };
    struct http_address at;
    struct error err;

    lab = (struct lab){.loop = loop_new()};
    assert_true(http_address_parse(":0", &at, &err));
    loop_timer_init(&lab.timer, lab.loop, on_time, &lab);
    loop_timer_init(&lab.word, lab.loop, on_word, &lab);
    lab.server = http_server_new(lab.loop, &at, routes, &err);
    assert_non_null(lab.server);
    assert_int_equal(sscanf(http_server_url(lab.server), "http://127.0.0.1:%u", &lab.port), 1);
    *state = &lab;
    return 0;
}

static int unmake(void **state)
{
    struct lab *lab = *state;

    http_server_free(lab->server);
    http_server_free(NULL);
    loop_free(lab->loop);
    return 0;
}

/* Sends the request and reads until the server closes. */
static void *ask(void *arg)
{
    struct lab *lab = arg;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)lab->port)};
    size_t len = 0;

    inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0 &&
        write(fd, lab->request, strlen(lab->request)) > 0) {
        for (ssize_t n; (n = read(fd, lab->response + len, sizeof lab->response - 1 - len)) > 0;)
            len += (size_t)n;
    }
    lab->response[len] = '\0';
    close(fd);
    loop_post(lab->loop, stop, lab->loop);
    return NULL;
}

static const char *exchange(struct lab *lab, const char *request)
{
    pthread_t thread;

    lab->request = request;
    pthread_create(&thread, NULL, ask, lab);
    loop_run(lab->loop);
    pthread_join(thread, NULL);
    return lab->response;
}

static void assert_says(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("no \"%s\" in:\n%s", part, text);
}

static void a_path_is_answered_by_its_route(void **state)
{
    const char *said = exchange(*state, "GET /hello?x=1 HTTP/1.1\r\nHost: a\r\nAccept: b/c\r\n"
                                        "Connection: close\r\n\r\n");

    assert_says(said, "HTTP/1.1 200 OK\r\n");
    assert_says(said, "Content-Type: text/x-hello\r\n");
    assert_says(said, "Cache-Control: no-store\r\n");
    assert_says(said, "\r\n\r\nhello, b/c\n");
}

static void connections_are_kept(void **state)
{
    struct lab *lab = *state;
    const char *said =
        exchange(lab, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"
                      "HEAD /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");

    assert_int_equal(lab->answered, 2);
    assert_says(said, "hello, -\nHTTP/1.1 200 OK\r\n");
    assert_string_equal(said + strlen(said) - 4, "\r\n\r\n"); /* HEAD has no body */
}

static void what_is_not_there_is_told(void **state)
{
    assert_says(exchange(*state, "GET / HTTP/1.0\r\n\r\n"), " 404 Not Found\r\n");
    assert_says(((struct lab *)*state)->response,
                "\"advice\":\"there is: /hello /large /echo /later /stream /flood\"");
    assert_says(exchange(*state, "POST /hello HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc"),
                " 405 Method Not Allowed\r\n");
    assert_says(((struct lab *)*state)->response, "Allow: GET, HEAD\r\n");
    assert_says(exchange(*state, "GET /large HTTP/1.0\r\n\r\n"), " 500 ");
    assert_int_equal(((struct lab *)*state)->answered, 0);
}

static void a_body_reaches_its_route(void **state)
{
    struct lab *lab = *state;

    assert_says(exchange(lab, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
                              "Connection: close\r\n\r\nabc"),
                "\r\n\r\n3:abc");
    assert_says(exchange(lab, "PUT /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
                              "Connection: close\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"),
                "\r\n\r\n3:abc");
}

static void a_body_has_an_end(void **state)
{
    static char request[HTTP_SERVER_REQUEST_MAX + 200];
    int len = snprintf(request, sizeof request,
                       "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                       "Content-Length: %zu\r\n\r\n",
                       HTTP_SERVER_REQUEST_MAX + 1);

    memset(request + len, 'a', HTTP_SERVER_REQUEST_MAX + 1);
    assert_says(exchange(*state, request), "HTTP/1.1 413 ");
    assert_says(((struct lab *)*state)->response, "application/problem+json");
    assert_says(exchange(*state, "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                                 "Content-Length: 99999999999\r\n\r\n"),
                "HTTP/1.1 413 ");
}

static void an_answer_may_come_later(void **state)
{
    struct lab *lab = *state;

    assert_says(exchange(lab, "GET /later HTTP/1.0\r\n\r\n"), "\r\n\r\nat last\n");
    assert_int_equal(lab->gone, 0);
}

/* What waits is told when the server goes. */
static void nobody_waits_for_ever(void **state)
{
    struct lab *lab = *state;
    pthread_t thread;

    lab->request = "GET /later?never=1 HTTP/1.0\r\n\r\n";
    pthread_create(&thread, NULL, ask, lab);
    loop_run(lab->loop);
    http_server_free(lab->server);
    lab->server = NULL;
    pthread_join(thread, NULL);
    assert_int_equal(lab->gone, 1);
    assert_says(lab->response, " 503 ");
}

/* No route is called once the server goes, whatever comes. */
static void who_comes_at_the_end_is_told(void **state)
{
    struct lab *lab = *state;
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)lab->port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char response[4096] = "";

    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(write(fd, "GET /hello HTTP/1.0\r\n", 21), 21);
    /* What was written here is there at once: a turn accepts it, the next one reads it. */
    for (int i = 0; i < 20; i++)
        ev_run(lab->loop->ev, EVRUN_NOWAIT);
    assert_int_equal(write(fd, "\r\n", 2), 2);
    http_server_free(lab->server);
    lab->server = NULL;
    assert_true(read(fd, response, sizeof response - 1) > 0);
    close(fd);
    assert_int_equal(lab->answered, 0);
    assert_says(response, " 503 ");
}

static void a_stream_goes_on_until_the_end(void **state)
{
    struct lab *lab = *state;
    pthread_t thread;

    lab->request = "GET /stream HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    pthread_create(&thread, NULL, ask, lab);
    loop_run(lab->loop);
    assert_int_equal(lab->words, 3);
    http_server_free(lab->server);
    lab->server = NULL;
    pthread_join(thread, NULL);
    assert_int_equal(lab->gone, 1);
    assert_says(lab->response, "Content-Type: text/event-stream\r\n");
    assert_says(lab->response, "word\n");
}

static void a_stream_has_bounds(void **state)
{
    struct lab *lab = *state;
    pthread_t thread;

    lab->request = "GET /flood HTTP/1.0\r\n\r\n";
    pthread_create(&thread, NULL, ask, lab);
    loop_run(lab->loop);
    http_server_free(lab->server);
    lab->server = NULL;
    pthread_join(thread, NULL);
    assert_int_equal(lab->gone, 1);
}

static void strangers_are_kept_out(void **state)
{
    static const char *const origins[] = {"https://app.example"};
    struct lab *lab = *state;

    http_server_guard(lab->server, &(struct http_guard){.token = "0123456789abcdef",
                                                        .origins = origins,
                                                        .origin_count = 1,
                                                        .numbers_only = true});
    assert_says(exchange(lab, "GET /hello HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n"), " 401 ");
    assert_says(lab->response, "WWW-Authenticate: Bearer");
    assert_says(exchange(lab, "GET /nothing HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n"), " 401 ");
    assert_says(exchange(lab, "GET /hello HTTP/1.0\r\nHost: evil.example\r\n"
                              "Authorization: Bearer 0123456789abcdef\r\n\r\n"),
                " 421 ");
    assert_says(exchange(lab, "GET /hello HTTP/1.0\r\nHost: localhost\r\n"
                              "Origin: http://evil.example\r\n"
                              "Authorization: Bearer 0123456789abcdef\r\n\r\n"),
                " 403 ");
    assert_int_equal(lab->answered, 0);
    assert_says(exchange(lab, "GET /hello HTTP/1.0\r\nHost: localhost\r\n"
                              "Origin: https://app.example\r\n"
                              "Authorization: Bearer 0123456789abcdef\r\n\r\n"),
                "Access-Control-Allow-Origin: https://app.example\r\n");
    assert_int_equal(lab->answered, 1);
    assert_says(exchange(lab, "OPTIONS /hello HTTP/1.0\r\nHost: localhost\r\n"
                              "Origin: https://app.example\r\n"
                              "Access-Control-Request-Method: GET\r\n\r\n"),
                "Access-Control-Allow-Methods: GET, HEAD\r\n");
}

static void nonsense_costs_nothing(void **state)
{
    struct lab *lab = *state;
    static char headers[HTTP_SERVER_MEMORY * 2];

    exchange(lab, "\r\n\r\nnonsense\r\n\r\n");
    assert_null(strstr(lab->response, " 200 "));
    memset(headers, 'a', sizeof headers - 1);
    memcpy(headers, "GET /hello HTTP/1.1\r\nA: ", 24);
    exchange(lab, headers);
    assert_null(strstr(lab->response, " 200 "));
    assert_int_equal(lab->answered, 0);
}

static void a_taken_port_is_told(void **state)
{
    struct lab *lab = *state;
    struct http_address at;
    struct error err;
    char text[HTTP_ADDRESS_TEXT];

    snprintf(text, sizeof text, ":%u", lab->port);
    assert_true(http_address_parse(text, &at, &err));
    assert_null(http_server_new(lab->loop, &at, NULL, &err));
    assert_int_equal(err.code, ERROR_USAGE);
    assert_says(err.text, "Address already in use");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_path_is_answered_by_its_route, make, unmake),
        cmocka_unit_test_setup_teardown(connections_are_kept, make, unmake),
        cmocka_unit_test_setup_teardown(what_is_not_there_is_told, make, unmake),
        cmocka_unit_test_setup_teardown(a_body_reaches_its_route, make, unmake),
        cmocka_unit_test_setup_teardown(a_body_has_an_end, make, unmake),
        cmocka_unit_test_setup_teardown(an_answer_may_come_later, make, unmake),
        cmocka_unit_test_setup_teardown(nobody_waits_for_ever, make, unmake),
        cmocka_unit_test_setup_teardown(who_comes_at_the_end_is_told, make, unmake),
        cmocka_unit_test_setup_teardown(a_stream_goes_on_until_the_end, make, unmake),
        cmocka_unit_test_setup_teardown(a_stream_has_bounds, make, unmake),
        cmocka_unit_test_setup_teardown(strangers_are_kept_out, make, unmake),
        cmocka_unit_test_setup_teardown(nonsense_costs_nothing, make, unmake),
        cmocka_unit_test_setup_teardown(a_taken_port_is_told, make, unmake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
