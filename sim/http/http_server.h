/*
 * http_server.h — a small HTTP server on the loop: a table of paths, each answered by a function,
 * at once, later, or in a stream that goes on. libmicrohttpd does the protocol, within bounds; it
 * has no thread of its own, so that answers may read whatever the loop's thread owns.
 *
 * Owns      its socket and connections. Borrows the loop, the routes, and what their ctx point to.
 * Threads   the simulation thread.
 * Promises  listens at the address that it is given and nowhere else; at most
 *           HTTP_SERVER_CONNECTIONS at once, HTTP_SERVER_MEMORY bytes of headers and
 *           HTTP_SERVER_REQUEST_MAX of body each, closed when idle for HTTP_SERVER_IDLE_S. Whoever
 *           asks for nothing sensible is told so (http_problem.h) and costs the loop nothing.
 */
#ifndef HTTP_HTTP_SERVER_H
#define HTTP_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "http/http_address.h"
#include "http/http_guard.h"
#include "http/http_router.h"
#include "loop/loop.h"

#define HTTP_SERVER_CONNECTIONS 64
#define HTTP_SERVER_STREAMS     16 /* of these, at once */
#define HTTP_SERVER_WAITING     32 /* likewise, to be answered later: others find room as well */
#define HTTP_SERVER_MEMORY      ((size_t)32 * 1024)
#define HTTP_SERVER_REQUEST_MAX ((size_t)64 * 1024)
#define HTTP_SERVER_IDLE_S      75
#define HTTP_SERVER_BODY_MAX    ((size_t)8 << 20) /* of an answer */
#define HTTP_SERVER_STREAM_MAX                                                                     \
    ((size_t)256 * 1024) /* of a stream, that its client has not taken                             \
                          */

struct http_server;
struct http_exchange;

/* All borrowed until it is answered. */
struct http_request {
    unsigned method;                     /* one of enum http_method */
    const char *path;                    /* without the query */
    const char *accept;                  /* the Accept header; NULL: none */
    const char *content_type;            /* NULL: none */
    struct slice param[HTTP_PARAMS_MAX]; /* the values of the route's {…}, in order */
    struct slice body;
    struct http_exchange *exchange; /* for the functions below */
};

/* Filled by a route; what it is to begin with: 200, text/plain, no body. */
struct http_reply {
    unsigned status;
    const char *content_type; /* must live until the server is freed */
    const char *policy;       /* of a page: Content-Security-Policy; likewise; NULL: it is none */
    char location[128];       /* the header Location; "": none */
    struct buf body;          /* one that overflows is answered with 500 */
};

/* Listens from now on, answers while the loop runs. The routes must live as long as it does.
   ERROR_USAGE if it cannot listen there. */
struct http_server *http_server_new(struct loop *loop, const struct http_address *address,
                                    const struct http_route *routes, struct error *err);
/* Whom it answers from now on; until then, everybody. */
void http_server_guard(struct http_server *s, const struct http_guard *guard);
/* Before the loop is freed: what is to be answered later is told that there is nobody any more. No
   route is called from then on. NULL is fine. */
void http_server_free(struct http_server *s);
/* Where it listens, with the port that it has found: "http://127.0.0.1:9464". */
const char *http_server_url(const struct http_server *s);

/* The first value of a parameter of the query, or a header; NULL: there is none. */
const char *http_request_query(const struct http_request *request, const char *name);
const char *http_request_header(const struct http_request *request, const char *name);

/* What a route can make of the exchange; `gone` is called when the client or the server goes before
   the end, and the exchange with it. */
struct http_waiting {
    void (*gone)(void *ctx);
    void *ctx;
};

/* In a route's answer(): not now. Until http_later_answer() nothing is said, and no time runs out.
 */
void http_later(const struct http_request *request, const struct http_waiting *waiting);
/* Is there room for one more that waits? A client that has gone holds its place until the answer,
   so a route had better answer at once when there is none. */
bool http_later_may(const struct http_request *request);
/* To be filled, then sent. */
struct http_reply *http_later_reply(struct http_exchange *x);
void http_later_answer(struct http_exchange *x);

/* In a route's answer(): the answer is a stream of the reply's type. False, with a problem in the
   reply: there are enough of them. */
bool http_stream(const struct http_request *request, struct http_reply *reply,
                 const struct http_waiting *waiting);
/* Adds to it, from then on. False, and nothing is added: the client is too slow. */
bool http_stream_write(struct http_exchange *x, struct slice bytes);
/* Bytes that it has not taken yet. */
size_t http_stream_behind(const struct http_exchange *x);

#endif
