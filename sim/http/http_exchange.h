/*
 * http_exchange.h — one request and its answer: who may ask, which route, its body, and how the
 * answer goes out.
 *
 * Threads   the simulation thread.
 */
#ifndef HTTP_HTTP_EXCHANGE_H
#define HTTP_HTTP_EXCHANGE_H

#include <microhttpd.h>

#include "http/http_server.h"

/* What the files of the server share. */
struct http_server {
    struct loop *loop;
    const struct http_route *routes;
    struct http_guard guard;
    struct MHD_Daemon *daemon;
    ev_io ready;             /* the library's own epoll: one descriptor for all */
    struct loop_timer timer; /* its next time-out, or work that needs no descriptor */
    char url[sizeof "http://" + HTTP_ADDRESS_TEXT];
    struct http_exchange *exchanges; /* all */
    size_t streams;
    size_t waiting; /* are to be answered later */
    bool closing;   /* whom the routes speak for may be gone */
};

/* The library calls it when the headers are there, for each piece of a body, at its end, and again
   when an answer that was to come later is there. */
enum MHD_Result http_exchange_run(struct http_server *s, struct MHD_Connection *connection,
                                  const char *url, const char *method,
                                  struct http_exchange **state);
enum MHD_Result http_exchange_body(struct http_exchange *x, const char *piece, size_t size);
void http_exchange_free(struct http_exchange *x);
struct http_exchange *http_exchange_next(const struct http_exchange *x);
/* The server closes: whatever waits is answered with 503, and streams end. */
void http_exchange_give_up(struct http_exchange *x);

#endif
