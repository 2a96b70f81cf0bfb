/*
 * api_endpoint.h — `--api ADDR`: the control API (api/api.h) of a command that has cars, its token,
 * and who is told of it (docs/api.md).
 *
 * Owns      the API, and the file that says where it is. Borrows simulation, script and options.
 * Threads   the simulation thread.
 */
#ifndef CLI_API_ENDPOINT_H
#define CLI_API_ENDPOINT_H

#include "base/secret.h"
#include "cli/metrics_endpoint.h"
#include "cli/options.h"

struct api;
struct script;
struct target;

struct api_endpoint_options {
    const char *address;        /* NULL: there is none */
    const char *token;          /* NULL: a random one */
    struct option_list origins; /* of pages that may ask */
};

/* Rows of a table of struct option_spec. */
// clang-format off
#define API_ENDPOINT_ROWS(o)                                                                       \
    {"api", 0, OPTION_STRING, &(o).address, "ADDR",                                                \
     "serve the control API at http://ADDR/v1: cars listed, driven, their events\n"                \
     "(127.0.0.1:9465; :9465 is the same; docs/api.md)"},                                          \
    {"api-token", 0, OPTION_SECRET, &(o).token, "TOKEN",                                           \
     "what its clients must show (better in the environment: FLEETSIM_API_TOKEN;\n"                \
     "default: a random one, in the file that stderr tells of)"},                                   \
    {"api-origin", 0, OPTION_LIST, &(o).origins, "ORIGIN",                                         \
     "web pages that may use it, as http://localhost:3000 (default none)"}
// clang-format on

struct api_endpoint {
    struct metrics_endpoint metrics; /* behind the API's own paths */
    struct api *api;                 /* NULL: closed */
    char *file;                      /* api.json; NULL: none was written */
    int fd;                          /* it, open, so that it is told from one in its place */
    bool page;
    char token[SECRET_SIZE]; /* that was made; "": one was given */
};

/* What it serves. */
struct api_endpoint_source {
    struct metrics_source metrics;
    struct script *script;
    const char *results;         /* folder of the run's results; NULL: none */
    const struct target *target; /* whose cloud's directory has api.json when there are none */
    bool own_cloud;              /* the target is fleetsim's */
    bool page;                   /* with the companion page, which the target lets in */
};

/* Can it be so? Asked before anything is begun. ERROR_USAGE. */
bool api_endpoint_check(const struct api_endpoint_options *o, bool virtual_time, struct error *err);
/* Serves from now on, and says where on stderr. Without an address it stays closed. */
bool api_endpoint_open(struct api_endpoint *e, const struct api_endpoint_options *o,
                       const struct api_endpoint_source *source, struct error *err);
/* Idempotent; before cars and script are freed. */
void api_endpoint_close(struct api_endpoint *e);

#endif
