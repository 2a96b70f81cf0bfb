/*
 * client_revocation.h — are the certificates of a local cloud's clients revoked, as a responder
 * says (OCSP)? Beside the broker, which never waits: it hears of presence as any observer does,
 * asks about each certificate once, keeps the answer until it ends to hold, and makes what is
 * revoked REVOKED in the cloud's registry, which ends its connections and refuses the next.
 *
 *     connected → registry: which certificate? → responder: revoked? → registry: REVOKED
 *
 * A responder that does not answer, or knows nothing, keeps nobody out: that is told, and it is
 * asked again.
 *
 * Owns      its connection to the broker, and what it knows. Borrows the loop and the PKI.
 * Threads   the loop's.
 */
#ifndef CLI_CLIENT_REVOCATION_H
#define CLI_CLIENT_REVOCATION_H

#include "base/error.h"
#include "loop/loop.h"
#include "pki/pki.h"

struct client_revocation;

struct client_revocation_options {
    const char *responder; /* "http://…", or "aia": whom each certificate names */
    const char *endpoint;  /* the broker's, "mqtts://…" */
    const char *dir;       /* the cloud's: it puts a certificate of its own there */
    struct pki *pki;       /* whose certificates it asks about */
};

/* "http://…" or "aia"? ERROR_USAGE. */
bool client_revocation_check(const char *responder, struct error *err);
/* NULL: err. */
struct client_revocation *client_revocation_new(struct loop *loop,
                                                const struct client_revocation_options *options,
                                                struct error *err);
/* NULL is a no-op. */
void client_revocation_free(struct client_revocation *c);

#endif
