/*
 * signing_request.h — a new P-256 key and the request to certify it (PKCS #10), as a car makes them
 * itself: by OpenSSL, at random.
 *
 * Threads   any.
 */
#ifndef PKI_SIGNING_REQUEST_H
#define PKI_SIGNING_REQUEST_H

#include "base/buf.h"
#include "base/error.h"

/* Appends the private key (PKCS #8, DER) and the request (PEM). The subject is that common name. */
bool signing_request_make(const char *common_name, struct buf *ret_key, struct buf *ret_pem,
                          struct error *err);

/* Appends the DER of a private key in PEM, of any kind that OpenSSL reads. */
bool signing_key_from_pem(struct slice pem, struct buf *ret_key, struct error *err);
/* Do the certificate and the private key (both DER) belong together? */
bool signing_key_fits(struct slice certificate, struct slice key, struct error *err);

#endif
