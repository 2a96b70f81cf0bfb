/*
 * link.h — one outgoing connection on the loop: TCP, TLS over TCP, or a WebSocket over either:
 *
 *     closed → resolving → connecting → securing → checking → upgrading → open → closed
 *
 * Of several addresses one after the other is tried. Each but the last has its share of the time,
 * at most a second, so that one that does not answer costs little.
 *
 * Over a WebSocket, output handed over during one turn of the loop leaves as one binary frame, and
 * what is received is the payload of binary frames, in whatever pieces it comes.
 *
 * Owns      its socket, its TLS and WebSocket state, its unsent output.
 * Borrows   the net, and while not closed: endpoint, TLS context and identity.
 * Promises  never blocks; no event from inside link_open(), link_kick() or link_close(); an event
 *           may close the link and open it again, but must not free its memory. Idle, it holds no
 *           buffers. Output handed over during one turn of the loop leaves in one piece.
 */
#ifndef NET_LINK_H
#define NET_LINK_H

#include <ev.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/slice.h"
#include "net/endpoint.h"
#include "net/net.h"
#include "net/revocation.h"
#include "net/tls.h"

/* ORDER LINK_STATE */
enum link_state {
    LINK_CLOSED,
    LINK_RESOLVING,  /* waits for the endpoint's addresses */
    LINK_CONNECTING, /* TCP handshake with one of them */
    LINK_SECURING,   /* TLS handshake */
    LINK_CHECKING,   /* is the server's certificate revoked? (revocation.h) */
    LINK_UPGRADING,  /* WebSocket handshake */
    LINK_OPEN,
    LINK_STATE_COUNT
};
const char *link_state_name(enum link_state state);

enum link_failure {
    LINK_FAILURE_RESOLVE,   /* the name does not resolve */
    LINK_FAILURE_TCP,       /* refused, unreachable, reset, or closed by the peer */
    LINK_FAILURE_TLS,       /* handshake, verification, or an alert later on */
    LINK_FAILURE_TIMEOUT,   /* a step took too long */
    LINK_FAILURE_WEBSOCKET, /* the upgrade was refused, or a frame is wrong */
    LINK_FAILURE_COUNT
};

/* All are required. */
struct link_events {
    void (*connected)(void *ctx); /* TCP is up */
    /* TLS and WebSocket handshakes are done; follows connected at once if there are none. */
    void (*opened)(void *ctx);
    /* The bytes are gone when the call returns. */
    void (*received)(void *ctx, struct slice bytes);
    /* The link is closed already. */
    void (*closed)(void *ctx, enum link_failure why, const char *text);
};

struct link_options {
    struct endpoint *endpoint;
    struct tls_context *tls;             /* NULL: plain TCP */
    const struct tls_identity *identity; /* NULL: no client certificate */
    /* 0: none. The latter is for the TLS handshake, and again for a question about its certificate
       and for the WebSocket's handshake. */
    usec_t tcp_timeout, tls_timeout;
    int64_t clock_offset; /* seconds by which the clock that verifies certificates is fast */
};

struct link {
    enum link_state state;
    uint32_t tried; /* private: addresses, by bits; here it costs no memory */
    /* Filled by the owner before link_kick(); sent when the link is open; cleared by closing. */
    struct buf out;
    /* Private part */
    int fd;
    bool busy;            /* inside its own watcher's callback, which flushes at its end */
    bool write_blocked;   /* the socket takes no more */
    bool read_blocked;    /* TLS must answer a change of keys before it reads on */
    bool tls_wants_write; /* what the handshake waits for */
    uint8_t watching;     /* events the watcher is armed for */
    uint8_t at;           /* index of the address being tried */
    int connect_errno;    /* connect() failed at once */
    struct net *net;
    const struct link_events *events;
    void *ctx;
    struct endpoint *endpoint;
    struct tls_context *tls;
    struct ssl_st *ssl;
    struct link_websocket *websocket; /* NULL: none, or not upgrading yet */
    struct tls_target target;
    uint64_t session_key; /* of the target */
    usec_t step_deadline; /* of all TCP attempts together */
    usec_t tls_timeout;
    ev_io io;
    ev_timer deadline;
    struct endpoint_waiter waiter;
    struct revocation_waiter checked;
    struct link *next, **link;         /* in net->dirty */
    struct link *open_next, **open_at; /* in net->open; open_at NULL: it is not */
};

/* out_max: ceiling of unsent output in bytes. */
void link_init(struct link *l, struct net *net, const struct link_events *events, void *ctx,
               size_t out_max);
/* Must be closed. False (and closed) only if there is no descriptor for a socket. */
bool link_open(struct link *l, const struct link_options *options, struct error *err);
/* There is output: sends it before the loop waits again. */
void link_kick(struct link *l);
/* Sends what the socket takes now; may report `closed`. */
void link_flush(struct link *l);
/* Sends what the socket takes now, says goodbye, closes. No event. Legal in any state. */
void link_finish(struct link *l);
/* Closes without telling the peer: the socket, which the caller now owns; -1: none. No event. */
int link_abandon(struct link *l);
/* Closes with a reset, as a loss of power does. No event. Legal in any state; idempotent. */
void link_close(struct link *l);

#endif
