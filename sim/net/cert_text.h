/*
 * cert_text.h — what people need to know about a certificate, as words: whose it is, and until
 * when it counts.
 *
 * Pure functions; texts are cut to fit and always end with NUL.
 */
#ifndef NET_CERT_TEXT_H
#define NET_CERT_TEXT_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "CN=broker, O=fleetsim"; empty for NULL. */
void cert_text_subject(X509 *cert, char *text, size_t size);
/* "2026-05-01 12:00 UTC"; "an unreadable date" if it is none. */
void cert_text_date(const ASN1_TIME *when, char *text, size_t size);
/* Does it count at that time (Unix seconds)? If not, `text` says why: "\"CN=car\" expired on
   2026-05-01 12:00 UTC (renew it)". */
bool cert_text_valid(X509 *cert, int64_t now, char *text, size_t size);

#endif
