/*
 * fetcher.h — who downloads for a whole fleet: libcurl on the loop (its multi interface, driven by
 * sockets), with a bound on how many downloads run at once; the others wait for their turn.
 *
 * Owns      connections, which are kept for the next download from the same server.
 * Borrows   the loop. Downloads (fetch.h) must be freed before it.
 * Threads   the loop's; never waits, but for name look-ups in a thread of libcurl's.
 */
#ifndef FETCH_FETCHER_H
#define FETCH_FETCHER_H

#include <stdbool.h>
#include <stddef.h>

#include "loop/loop.h"

#define FETCHER_AT_ONCE 512

struct fetcher;

struct fetcher_options {
    const char *ca_file; /* PEM: what verifies servers; NULL: the system's */
    size_t at_once;      /* downloads that run; 0: FETCHER_AT_ONCE */
    /* In virtual time: a download waits for the network (true), does no more (false); may be NULL.
     */
    void (*hold)(void *ctx, bool on);
    void *hold_ctx;
};

struct fetcher *fetcher_new(struct loop *loop, const struct fetcher_options *options);
/* NULL is fine. */
void fetcher_free(struct fetcher *x);
/* How many run, and how many wait for their turn. */
size_t fetcher_running(const struct fetcher *x);
size_t fetcher_waiting(const struct fetcher *x);

#endif
