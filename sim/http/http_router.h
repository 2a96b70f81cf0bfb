/*
 * http_router.h — which route answers a method and a path: a table of patterns such as
 * "/v1/vehicles/{id}/signals".
 *
 * Pure. Threads   any.
 */
#ifndef HTTP_HTTP_ROUTER_H
#define HTTP_HTTP_ROUTER_H

#include <stddef.h>

#include "base/buf.h"
#include "base/slice.h"

#define HTTP_PARAMS_MAX 4

/* Bits. HEAD is GET without a body. */
enum http_method {
    HTTP_GET = 1,
    HTTP_POST = 2,
    HTTP_PUT = 4,
    HTTP_PATCH = 8,
    HTTP_DELETE = 16,
    HTTP_OPTIONS = 32
};

/* How a request may show the server's token besides `Authorization: Bearer`; bits. */
enum http_proof {
    HTTP_PROOF_NONE_NEEDED = 1,
    HTTP_PROOF_BASIC = 2, /* as the password, as clients of Twilio do */
    HTTP_PROOF_AWS = 4    /* as the access key of a signature (SigV4), as AWS' SDKs do */
};

struct http_request;
struct http_reply;

/* The table ends with a NULL path. */
struct http_route {
    const char *path; /* "/metrics"; a segment "{name}" is any that is not empty */
    void (*answer)(void *ctx, const struct http_request *request, struct http_reply *reply);
    void *ctx;
    unsigned methods; /* enum http_method; 0: HTTP_GET */
    unsigned proofs;  /* enum http_proof */
};

struct http_match {
    const struct http_route *route; /* NULL: none */
    unsigned allowed;               /* the methods that the path has; 0: no such path */
    struct slice param[HTTP_PARAMS_MAX];
};

/* 0 for a method that none is. */
unsigned http_method_parse(const char *name);
/* "GET, HEAD, POST", as the header Allow has it. */
void http_method_names(unsigned wanted, struct buf *out);
unsigned http_route_methods(const struct http_route *route);

/* The first route of that path that takes the method; the parameters are borrowed from `path`. */
struct http_match http_route_find(const struct http_route *routes, unsigned method,
                                  const char *path);

#endif
