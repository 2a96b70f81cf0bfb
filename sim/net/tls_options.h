/*
 * tls_options.h — what a user may choose of TLS, and its way into an OpenSSL context.
 *
 * Borrows its strings until the context is made.
 */
#ifndef NET_TLS_OPTIONS_H
#define NET_TLS_OPTIONS_H

#include <stdbool.h>

#include "base/error.h"
#include "base/slice.h"
#include "net/revocation.h"

/* Zero-initialised: the defaults. Neither ca_file nor ca_pem: the system's trust store. */
struct tls_options {
    const char *ca_file; /* PEM */
    struct slice ca_pem; /* PEM in memory, besides ca_file */
    bool insecure;       /* do not verify the server */
    const char *alpn; /* protocol to offer, e.g. "x-amzn-mqtt-ca" (port 443 of AWS IoT); or NULL */
    const char *version; /* "1.2", "1.3" or "any" (NULL) */
    /* What is offered and nothing else, OpenSSL's names with colons or commas between. Those that
       begin with "TLS_" are TLS 1.3's, others TLS 1.2's: naming only the one kind leaves the other
       version out. NULL: AES-128 first. */
    const char *ciphers;
    const char *groups; /* key exchange, "X25519:P-256", best first; NULL: OpenSSL's */
    /* PEM, a revocation list of each CA in the server's chain; NULL: revocation is not checked. */
    const char *crl_file;
    /* Is the server's certificate revoked, by OCSP (revocation.h)? "off" (NULL), "if_stapled" or
       "require". */
    const char *ocsp;
    const char *ocsp_responder; /* http://…; NULL: the one that the certificate names */
    bool resumption;            /* of sessions, by those who connect again; costs memory */
};

/* Is any choice made, beside whom to trust? */
bool tls_options_chosen(const struct tls_options *o);

struct ssl_ctx_st;

/* ERROR_USAGE with a sentence that names what is wrong. */
bool tls_options_revocation(const struct tls_options *o, enum revocation_mode *ret,
                            struct error *err);
bool tls_options_apply(const struct tls_options *o, struct ssl_ctx_st *ssl, struct error *err);

#endif
