/*
 * crl.h — which certificates of a PKI are revoked: DIR/pki/crl.pem, a list (RFC 5280, 5) of each of
 * its authorities that issue, the fleet's and the local cloud's. Whoever verifies by it needs both.
 *
 * The lists are all that is kept: revoking signs them anew with one more entry.
 *
 * Threads   any, one at a time for a directory.
 */
#ifndef PKI_CRL_H
#define PKI_CRL_H

#include <openssl/types.h>

#include "pki/pki.h"

#define CRL_DAYS_DEFAULT 30

/* The path; free() it. */
char *crl_path(const char *dir);

/* Is it a name of RFC 5280, 5.3.1? ERROR_USAGE: no. */
bool crl_reason_is_known(const char *name, struct error *err);

/* What to change. */
struct crl_change {
    const struct slice *certificates; /* DER: revoked now, if they are not yet */
    size_t count;                     /* 0: the lists are signed anew */
    const char *reason;               /* RFC 5280's name, such as "keyCompromise"; NULL: none */
    int64_t now;                      /* Unix seconds */
    unsigned days;                    /* until the next list is due */
};

/* ERROR_USAGE: a certificate of none of the PKI's authorities, a reason that is none, or a file
   that is no list; then all is as before. */
bool crl_update(const struct pki *pki, const char *dir, const struct crl_change *change,
                struct error *err);

struct crl_entry {
    const char *issuer; /* common name */
    const char *serial; /* hex */
    const char *reason; /* "unspecified" */
    int64_t when;       /* Unix seconds */
};
/* Shows visit() each entry of such a file. Returns the number of lists; 0: err. */
size_t crl_read(const char *path, void (*visit)(void *ctx, const struct crl_entry *e), void *ctx,
                struct error *err);

#endif
