/*
 * verify_text.h — why a server's certificate was not verified, as a sentence with what to do.
 */
#ifndef NET_VERIFY_TEXT_H
#define NET_VERIFY_TEXT_H

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct verify_context {
    const char *host; /* that was dialled */
    int64_t now;      /* Unix seconds, by the clock that was verified by */
    bool wrong_clock; /* that is not this machine's */
};

/* After X509_verify_cert() has failed. */
void verify_text(X509_STORE_CTX *store, const struct verify_context *context, char *text,
                 size_t size);

#endif
