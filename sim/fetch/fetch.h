/*
 * fetch.h — one download over HTTPS, from the byte where an earlier one has ended: asked for by
 * If-Range, so that a file that has changed comes whole again.
 *
 * Its owner takes the bytes piece by piece; until then, and while the way to it is busy, the server
 * has to wait: no more than a piece (16 KB) is kept.
 *
 * Owns      its request. Borrows its fetcher and its owner's ctx.
 * Threads   the loop's.
 * Promises  certificates are verified; redirections are not followed; plain HTTP is refused.
 */
#ifndef FETCH_FETCH_H
#define FETCH_FETCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/slice.h"
#include "base/timeunit.h"

#define FETCH_ETAG_MAX 128
#define FETCH_NO_WAY   UINT64_MAX /* there is no network now */

struct fetch;
struct fetcher;

/* By its owner; none of them may call functions of this header. */
struct fetch_owner {
    /* How long so many bytes take to arrive, in simulated time; FETCH_NO_WAY: they cannot now. */
    usec_t (*delay)(void *ctx, size_t bytes);
    /* There are bytes to take, or it has ended. */
    void (*changed)(void *ctx);
    void *ctx;
};

struct fetch_request {
    const char *url;  /* "https://…" */
    uint64_t from;    /* the byte to begin with */
    const char *etag; /* of the file that `from` belongs to; NULL: from is 0 */
    usec_t patience;  /* simulated time without a byte after which it has failed */
};

enum fetch_end {
    FETCH_RUNS,
    FETCH_DONE,
    FETCH_REFUSED,   /* the server says no: `status` */
    FETCH_BROKEN,    /* the connection did not come to be, or has ended too early */
    FETCH_TIMED_OUT, /* no byte for too long */
    FETCH_UNTRUSTED, /* the server is not the one that it should be */
    FETCH_BAD_URL
};
const char *fetch_end_name(enum fetch_end end); /* "runs", "done", … */

struct fetch_state {
    enum fetch_end end;
    unsigned status;           /* of HTTP; 0: no answer yet */
    uint64_t from;             /* which byte of the file the first one is */
    uint64_t size;             /* of the whole file; UINT64_MAX: the server does not say */
    char etag[FETCH_ETAG_MAX]; /* "": none */
    char why[256];             /* what went wrong, for people */
};

/* Begins when it is its turn. Everything is copied but owner->ctx. */
struct fetch *fetch_start(struct fetcher *fetcher, const struct fetch_request *request,
                          const struct fetch_owner *owner);
/* Ends it if it runs. NULL is fine. */
void fetch_free(struct fetch *f);
const struct fetch_state *fetch_look(const struct fetch *f);
/* The piece that has come; empty: none. Good until fetch_took(). All pieces come before the end. */
struct slice fetch_piece(const struct fetch *f);
void fetch_took(struct fetch *f);

#endif
