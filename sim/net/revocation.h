/*
 * revocation.h — is the server's certificate revoked? By OCSP: the answer that the server staples
 * to its handshake (RFC 6066, 8), or one that a responder is asked for, once for all connections,
 * and kept until it ends to hold. What went wrong with a responder is kept for some seconds, so
 * that a fleet that comes back does not flood it.
 *
 * Owns      what it keeps, and questions under way. Borrows the asker.
 * Threads   one. Promises  never blocks; a waiter is called from the loop, never from
 *           revocation_wait().
 */
#ifndef NET_REVOCATION_H
#define NET_REVOCATION_H

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/slice.h"

/* ORDER REVOCATION_MODE */
enum revocation_mode {
    REVOCATION_OFF,
    REVOCATION_IF_STAPLED, /* what is stapled must be good; nothing stapled will do */
    REVOCATION_REQUIRE,    /* a good answer, stapled or asked for, or no connection */
    REVOCATION_MODE_COUNT
};
/* "off", "if_stapled", "require". ERROR_USAGE: none of them. */
bool revocation_mode_parse(const char *name, enum revocation_mode *ret, struct error *err);

/* Who asks responders: HTTP POST of a question (DER). */
struct revocation_asker {
    /* Calls done() later, once, unless it is cancelled: with the answer, or why there is none. */
    void *(*ask)(void *ctx, const char *url, struct slice question,
                 void (*done)(void *arg, struct slice answer, const char *why), void *arg);
    void (*cancel)(void *ctx, void *asked);
    void *ctx;
};

struct revocation;

/* `responder`: whom to ask; NULL: the one that the certificate names. Copied. */
struct revocation *revocation_new(enum revocation_mode mode, const char *responder);
/* NULL is a no-op. Waiters must be gone. */
void revocation_free(struct revocation *r);
/* Without one, nobody is asked. Copied. */
void revocation_set_asker(struct revocation *r, const struct revocation_asker *asker);

/* ORDER REVOCATION_STATE */
enum revocation_state {
    REVOCATION_FINE,
    REVOCATION_BAD,
    REVOCATION_ASK /* not known yet: revocation_wait() */
};

/* Whose certificate it is about; all borrowed. */
struct revocation_subject {
    X509 *leaf, *issuer; /* issuer NULL: a resumed session, only what is kept counts */
    X509_STORE *trust;
    int64_t now; /* Unix seconds, by the clock of who asks */
};

/* In a handshake: what the server has stapled (empty: nothing), else what is kept. BAD: `why`. */
enum revocation_state revocation_judge(struct revocation *r, const struct revocation_subject *s,
                                       struct slice stapled, char *why, size_t size);

/* Before a session is resumed: would what is kept let it through? If not, a whole handshake finds
   out more. `now` as in the subject. */
bool revocation_allows_resuming(const struct revocation *r, X509 *leaf, int64_t now);

/* Waits for an answer; embedded by value. */
struct revocation_waiter {
    struct revocation_waiter *next, **link; /* link NULL: not waiting */
    void (*fn)(void *arg);                  /* revocation_judge() knows it now */
    void *arg;
};
/* After REVOCATION_ASK: asks, unless the same is being asked. */
void revocation_wait(struct revocation *r, const struct revocation_subject *s,
                     struct revocation_waiter *w);
/* Idempotent. */
void revocation_cancel(struct revocation_waiter *w);

#endif
