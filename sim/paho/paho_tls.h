/*
 * paho_tls.h — what the Paho clients of this process offer in TLS.
 *
 * Paho 1.3.12 on OpenSSL 3 hands on neither versions, nor groups, nor TLS 1.3 suites: it takes what
 * OpenSSL's configuration says. So that is where the choice goes ("system_default" of the ssl_conf
 * module, config(5)): it counts for every SSL_CTX made from then on, unless that is told otherwise,
 * as the native engine's are. Revocation lists have no place there.
 */
#ifndef PAHO_PAHO_TLS_H
#define PAHO_PAHO_TLS_H

#include <stdbool.h>

#include "base/error.h"

/* As in the TLS options of a run; NULL: OpenSSL's defaults, never below TLS 1.2. */
struct paho_tls {
    const char *version; /* "1.2", "1.3" or "any" */
    const char *ciphers; /* with colons or commas; "TLS_…" are TLS 1.3's, naming only one kind
                            leaves the other version out */
    const char *groups;
};

/* Before the first connection. ERROR_USAGE for what is no list of names; whether OpenSSL knows the
   names is not checked. */
bool paho_tls_choose(const struct paho_tls *choice, struct error *err);

#endif
