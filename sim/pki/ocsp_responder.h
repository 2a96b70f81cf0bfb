/*
 * ocsp_responder.h — answers whether certificates of a PKI are revoked (RFC 6960), by its lists,
 * DIR/pki/crl.pem, which it reads again when they change.
 *
 * An answer is signed by the authority that has issued the certificates that it is about. A PKI
 * keeps no book of what it has issued, so what is on no list is good. Of certificates of other
 * authorities, or of several at once, it says "unauthorized".
 *
 * Owns      what it has read. Threads   one. Promises  any bytes are answered.
 */
#ifndef PKI_OCSP_RESPONDER_H
#define PKI_OCSP_RESPONDER_H

#include "base/buf.h"
#include "base/error.h"
#include "base/slice.h"

struct ocsp_responder;

/* Answers hold for so many seconds. NULL with ERROR_USAGE: no PKI, no keys, or its list is none. */
struct ocsp_responder *ocsp_responder_new(const char *dir, uint32_t valid_s, struct error *err);
/* NULL is a no-op. */
void ocsp_responder_free(struct ocsp_responder *r);

/* What an answer says, for people: "51989FB4… revoked (superseded)". */
#define OCSP_SAID_SIZE 160

/* Appends the answer (DER) to a question (DER); `now` in Unix seconds. */
void ocsp_responder_answer(struct ocsp_responder *r, struct slice question, int64_t now,
                           struct buf *ret, char ret_said[OCSP_SAID_SIZE]);

#endif
