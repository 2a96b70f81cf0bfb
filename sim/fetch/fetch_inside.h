/* fetch_inside.h — what fetcher.c, fetch.c and ask.c share. Nobody else includes it. */
#ifndef FETCH_FETCH_INSIDE_H
#define FETCH_FETCH_INSIDE_H

#include <curl/curl.h>

#include "fetch/fetch.h"
#include "fetch/fetcher.h"

struct fetcher {
    struct loop *loop;
    CURLM *multi;
    CURLSH *share;              /* TLS sessions */
    struct loop_timer timer;    /* libcurl's own */
    struct fetch *first, *last; /* who waits for a turn */
    size_t running, waiting, at_once;
    char *ca_file;
    void (*hold)(void *ctx, bool on);
    void *hold_ctx;
};

/* What libcurl works at; its owner's first member. */
struct fetch_work {
    /* libcurl is done with it. */
    void (*ended)(struct fetch_work *w, CURLcode code);
};

void fetcher_enqueue(struct fetcher *x, struct fetch *f);
/* It waits no more, or runs no more: others may. */
void fetcher_leave(struct fetcher *x, struct fetch *f);
/* libcurl has something to do at once. */
void fetcher_nudge(struct fetcher *x);

struct fetch {
    struct fetch_work work;
    struct fetcher *fetcher;
    struct fetch_owner owner;
    struct fetch_state state;
    struct fetch *prev, *next; /* of those that wait */
    bool queued;
    CURL *easy; /* NULL: it does not run */
    struct curl_slist *headers;
    char *url;
    uint64_t from;
    char asked_etag[FETCH_ETAG_MAX];
    usec_t patience_for;
    char curl_says[CURL_ERROR_SIZE];
    char refusal[512]; /* the beginning of the server's words */
    size_t refusal_len;
    uint8_t *piece;
    size_t piece_len, piece_room;
    bool paused;               /* libcurl has been told to wait */
    bool allowed;              /* the next piece has arrived */
    bool holds;                /* virtual time */
    struct loop_timer arrival; /* of the next piece */
    struct loop_timer patience;
    struct loop_timer silence; /* real: a server that says nothing does not hold virtual time */
    struct loop_timer tell;    /* the owner, outside of libcurl */
};

/* It is its turn. */
void fetch_begin(struct fetch *f);
/* What downloads and questions have in common; `work` is told of the end. */
CURL *fetch_easy(struct fetcher *x, struct fetch_work *work, const char *url,
                 const char *protocols);

#endif
