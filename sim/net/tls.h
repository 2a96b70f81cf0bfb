/*
 * tls.h — the client side of TLS for thousands of connections: one shared context, small
 * connections.
 *
 * TLS 1.2 at least, 1.3 preferred. The server's certificate is verified against the CAs given and
 * the host name (or IP address) that was dialled, unless that is switched off. A connection's own
 * certificate is parsed only when the server asks for it
 * and dropped when the handshake is done; certificates that repeat (the server's, our
 * intermediates) are kept once per context.
 *
 * If asked for, a session is resumed where the server agrees. No certificates are sent then: the
 * server's, known from the session, is checked for name and dates again; its chain and revocation
 * were checked under the same context, whose CAs and lists do not change. One whose OCSP answer no
 * longer holds is not offered: a whole handshake brings a new one, or asks for it.
 *
 * Owns      the context owns its CAs, sessions and shared certificates; a connection is a plain
 * `SSL`. Borrows   the target and its identity, until the handshake is done. Promises  never
 * blocks; each failure has a sentence in tls_why(), valid until the next call on the same context;
 * one thread per context.
 */
#ifndef NET_TLS_H
#define NET_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/slice.h"
#include "net/tls_options.h"

struct revocation_asker;
struct revocation_waiter;
struct tls_context;
struct ssl_st;
struct evp_pkey_st;

/* A client certificate; everything borrowed. leaf.len 0: none. The private key comes from the first
   of key, load_key and key_der that is there; thousands of keys are best made when they are needed,
   by load_key. */
struct tls_identity {
    struct slice leaf;         /* DER */
    const struct slice *chain; /* intermediates, DER, nearest first */
    size_t chain_count;
    struct evp_pkey_st *key;
    /* A new key, which the caller frees, or NULL. */
    struct evp_pkey_st *(*load_key)(const void *arg);
    const void *key_arg;
    struct slice key_der; /* PKCS#8 or SEC 1 */
};

/* Whom a connection means to reach, and as whom. */
struct tls_target {
    const char *host; /* DNS name, or IP address as text */
    bool host_is_ip;
    const struct tls_identity *identity; /* NULL: no client certificate */
    int64_t clock_offset;                /* seconds by which its clock, which verifies, is fast */
};

/* Results below zero; zero and above are counts of bytes. */
enum tls_status {
    TLS_DONE = 0,
    TLS_WANT_READ = -1,
    TLS_WANT_WRITE = -2,
    TLS_EOF = -3,   /* closed by the peer, with or without close_notify */
    TLS_RESET = -4, /* the socket failed: errno */
    TLS_ERROR = -5  /* TLS failed: tls_why() */
};

struct tls_context *tls_context_new(const struct tls_options *options, struct error *err);
/* NULL is a no-op. Connections must be gone. */
void tls_context_free(struct tls_context *c);
/* With the option `ocsp`: who asks responders; without one, nobody does. */
void tls_context_ask_by(struct tls_context *c, const struct revocation_asker *asker);

/* A connection over a non-blocking socket, which stays the caller's. It offers to resume the
   session that the last one with the same host and certificate left, if there is one. */
struct ssl_st *tls_new(struct tls_context *c, int fd, const struct tls_target *target);
/* NULL is a no-op. Keeps the session for the next connection with the same target, unless the
   connection failed; `key` is that target's. */
void tls_free(struct tls_context *c, struct ssl_st *ssl, uint64_t key);
/* Stands for the host and the client certificate. */
uint64_t tls_target_key(const struct tls_target *target);
/* After TLS_DONE: was it a resumed session? */
bool tls_resumed(const struct ssl_st *ssl);
/* Goes on with the handshake. After TLS_DONE the identity is no longer needed. */
enum tls_status tls_handshake(struct tls_context *c, struct ssl_st *ssl);
/* After TLS_DONE: may the server be trusted, or is it still being asked whether its certificate is
   revoked? Then TLS_WANT_READ, nothing may be read, and the waiter is told when to ask again. */
enum tls_status tls_settle(struct tls_context *c, struct ssl_st *ssl,
                           const struct tls_target *target, struct revocation_waiter *waiter);
/* Bytes read, or a status. */
ptrdiff_t tls_read(struct tls_context *c, struct ssl_st *ssl, void *data, size_t size);
/* Is there more to be read without the socket's help? */
bool tls_has_more(const struct ssl_st *ssl);
/* Has the server asked for new keys that it has not got yet? They go out with the next bytes
   written. Do not read before if a write was left half done: OpenSSL would put the keys into its
   midst, and fail ("bad length"). */
bool tls_owes_keys(const struct ssl_st *ssl);
/* Bytes written, maybe fewer than asked, or a status. After a WANT the same bytes must be at the
   front of the next call's data. */
ptrdiff_t tls_write(struct tls_context *c, struct ssl_st *ssl, const void *data, size_t size);
/* Sends close_notify if the socket takes it now. */
void tls_goodbye(struct ssl_st *ssl);

/* Why the last call on this context returned TLS_ERROR. */
const char *tls_why(const struct tls_context *c);

#endif
