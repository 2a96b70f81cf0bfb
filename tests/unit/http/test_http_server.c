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
    unsigned answered;
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

static int make(void **state)
{
    static struct lab lab;
    static struct http_route routes[] = {
        {"/hello", say_hello, &lab},
        {"/large",    overflow, NULL},
        {0}
    };
    struct http_address at;
    struct error err;

    lab = (struct lab){.loop = loop_new()};
    assert_true(http_address_parse(":0", &at, &err));
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

static void stop(void *arg)
{
    loop_stop(arg);
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
    assert_says(((struct lab *)*state)->response, "not here; there is: /hello /large\n");
    assert_says(exchange(*state, "POST /hello HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc"),
                " 405 Method Not Allowed\r\n");
    assert_says(((struct lab *)*state)->response, "Allow: GET, HEAD\r\n");
    assert_says(exchange(*state, "GET /large HTTP/1.0\r\n\r\n"), " 500 ");
    assert_int_equal(((struct lab *)*state)->answered, 0);
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
        cmocka_unit_test_setup_teardown(nonsense_costs_nothing, make, unmake),
        cmocka_unit_test_setup_teardown(a_taken_port_is_told, make, unmake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
