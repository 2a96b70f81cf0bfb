/*
 * api.h — the control API: cars listed, looked at and handled over HTTP by whoever tests an app or
 * a cloud (docs/api.md). What is done at a car goes the way of scripts (script/remote.h).
 *
 * Owns      the HTTP server, the operations, the streams of events. Borrows the simulation, the
 *           script and the texts of its options.
 * Threads   the simulation thread: answers are of one moment.
 */
#ifndef API_API_H
#define API_API_H

#include "api/api_page.h"
#include "base/error.h"
#include "http/http_server.h"

struct api;
struct script;
struct simulation;

struct api_options {
    struct simulation *sim;
    struct script *script;
    struct http_address address;
    const char *token;
    const char *const *origins; /* of pages that may ask (http_guard.h) */
    size_t origin_count;
    const struct api_page *page;   /* NULL: no companion page */
    const struct http_route *more; /* that it serves besides; NULL: none */
};

/* Serves from now on. ERROR_USAGE if it cannot listen there. */
struct api *api_new(const struct api_options *options, struct error *err);
/* Before the cars and the script are freed. NULL is fine. */
void api_free(struct api *api);
/* "http://127.0.0.1:9465". */
const char *api_url(const struct api *api);
/* The paths of its own; ends with a NULL path. Their ctx is none. */
const struct http_route *api_own_routes(void);

#endif
