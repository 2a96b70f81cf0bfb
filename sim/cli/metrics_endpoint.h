/*
 * metrics_endpoint.h — `--metrics ADDR`: what a run measures, at http://ADDR/metrics, for
 * Prometheus and whoever reads its formats, while the run lasts (docs/monitoring.md).
 *
 * Owns      the HTTP server. Borrows the simulation, the runner and the texts of its source.
 * Threads   the simulation thread: what is read is the loop's own, at the moment of the scrape.
 */
#ifndef CLI_METRICS_ENDPOINT_H
#define CLI_METRICS_ENDPOINT_H

#include "base/error.h"
#include "base/timeunit.h"
#include "http/http_server.h"

struct runner;
struct simulation;

/* A row of a table of struct option_spec, for a const char *. */
// clang-format off
#define METRICS_ENDPOINT_ROW(address)                                                              \
    {"metrics", 0, OPTION_STRING, &(address), "ADDR",                                              \
     "serve Prometheus metrics at http://ADDR/metrics while it runs\n"                             \
     "(127.0.0.1:9464; :9464 is the same; docs/monitoring.md)"}
// clang-format on

/* What it tells of. */
struct metrics_source {
    const struct simulation *sim;
    const struct runner *runner; /* NULL: no scenarios */
    const char *run, *command;   /* the run's name; "run", "load" */
    usec_t started;              /* clock_now() when it began */
    /* The phase that a load is in, NULL for none; may be NULL itself. */
    const char *(*phase)(void *ctx);
    void *ctx;
};

struct metrics_endpoint {
    struct metrics_source source;
    struct http_route routes[2];
    struct http_server *server; /* NULL: closed */
};

/* Is it one? Asked before anything is begun; NULL is. ERROR_USAGE. */
bool metrics_endpoint_check(const char *address, struct error *err);
/* Serves from now on, and says where on stderr. An address of NULL: it stays closed. */
bool metrics_endpoint_open(struct metrics_endpoint *m, const char *address,
                           const struct metrics_source *source, struct error *err);
/* Idempotent; before the loop is freed. */
void metrics_endpoint_close(struct metrics_endpoint *m);

#endif
