/*
 * ask.h — a short question by HTTP POST, and its short answer, as a whole: of responders whose
 * answers are signed (OCSP), so that plain HTTP will do.
 *
 * Owns      its request. Borrows its fetcher and its owner's ctx.
 * Threads   the loop's.
 */
#ifndef FETCH_ASK_H
#define FETCH_ASK_H

#include "base/slice.h"
#include "base/timeunit.h"

struct ask;
struct fetcher;

struct ask_request {
    const char *url; /* "http://…" or "https://…" */
    const char *content_type;
    struct slice body;
    size_t answer_max; /* bytes; a longer answer is none */
    usec_t patience;   /* real time, for all of it */
};

/* Told once, from the loop, never from ask_start(); may free the ask. `why` NULL: the answer has
   come, with status 200. */
struct ask_owner {
    void (*answered)(void *ctx, struct slice answer, const char *why);
    void *ctx;
};

/* Everything is copied but owner->ctx. */
struct ask *ask_start(struct fetcher *fetcher, const struct ask_request *request,
                      const struct ask_owner *owner);
/* Nothing is told any more. NULL is fine. */
void ask_free(struct ask *a);

#endif
