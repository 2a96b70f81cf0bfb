/*
 * http_server.h — a small HTTP server on the loop: a table of paths, each answered by a function.
 * libmicrohttpd does the protocol, within bounds; it has no thread of its own, so that answers may
 * read whatever the loop's thread owns.
 *
 * Owns      its socket and connections. Borrows the loop, and what the routes' ctx point to.
 * Threads   the simulation thread.
 * Promises  listens at the address that it is given and nowhere else; at most
 *           HTTP_SERVER_CONNECTIONS at once, HTTP_SERVER_MEMORY bytes of request each, closed when
 *           idle for HTTP_SERVER_IDLE_S. A client that sends nothing sensible is told so and costs
 *           the loop nothing.
 */
#ifndef HTTP_HTTP_SERVER_H
#define HTTP_HTTP_SERVER_H

#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "http/http_address.h"
#include "loop/loop.h"

#define HTTP_SERVER_CONNECTIONS 32
#define HTTP_SERVER_MEMORY      ((size_t)32 * 1024)
#define HTTP_SERVER_IDLE_S      75
#define HTTP_SERVER_BODY_MAX    ((size_t)8 << 20) /* of an answer */

struct http_server;

struct http_request {
    const char *path;   /* without the query */
    const char *accept; /* the Accept header; NULL: none */
};

/* Filled by a route; what it is to begin with: 200, text/plain, no body. */
struct http_reply {
    unsigned status;
    const char *content_type; /* must live until the server is freed */
    struct buf body;          /* one that overflows is answered with 500 */
};

/* GET and HEAD of one path; the table ends with a NULL path. */
struct http_route {
    const char *path; /* "/metrics" */
    void (*answer)(void *ctx, const struct http_request *request, struct http_reply *reply);
    void *ctx;
};

/* Listens from now on, answers while the loop runs. The routes must live as long as it does.
   ERROR_USAGE if it cannot listen there. */
struct http_server *http_server_new(struct loop *loop, const struct http_address *address,
                                    const struct http_route *routes, struct error *err);
/* Before the loop is freed. NULL is fine. */
void http_server_free(struct http_server *s);
/* Where it listens, with the port that it has found: "http://127.0.0.1:9464". */
const char *http_server_url(const struct http_server *s);

#endif
