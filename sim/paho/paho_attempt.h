/*
 * paho_attempt.h — one connection of a paho_client: a paho_conn whose events are letters.
 *
 * Owns      the connection, and the memory file through which Paho reads certificate and key: it
 * takes names of files only, and a key should not lie on a disk. Borrows   setup and mailbox, until
 * paho_attempt_free() returns. Promises  what happens goes to the mailbox as letters with this
 * attempt's number. No letter is posted after paho_attempt_free(), but some may still be on their
 * way. Threads   the loop's.
 */
#ifndef PAHO_PAHO_ATTEMPT_H
#define PAHO_PAHO_ATTEMPT_H

#include <openssl/types.h>

#include "paho/paho_exchange.h"
#include "paho/paho_letter.h"

struct paho_setup {
    char *uri, *ca_file;
    char *alpn; /* wire format: length, name; NULL: none */
    char *pem;
    size_t pem_len;
    X509 *certificate; /* the first in `pem`; NULL: none */
    bool insecure;
};

struct paho_attempt;

struct paho_attempt *paho_attempt_new(const struct paho_setup *setup, struct paho_mailbox *box,
                                      uint32_t number, const struct mqtt_connect *connect,
                                      struct error *err);
/* Says DISCONNECT if connected and not cut. NULL is a no-op. */
void paho_attempt_free(struct paho_attempt *a);
uint32_t paho_attempt_number(const struct paho_attempt *a);

/* These return false if the connection is gone: PAHO_LETTER_DOWN has come or will. */
bool paho_attempt_subscribe(struct paho_attempt *a, uint16_t packet_id,
                            const struct mqtt_filter *filters, size_t count);
bool paho_attempt_unsubscribe(struct paho_attempt *a, uint16_t packet_id,
                              const struct slice *filters, size_t count);
/* The packet id counts for QoS 1 and 2, which are answered. */
bool paho_attempt_publish(struct paho_attempt *a, uint16_t packet_id, const struct paho_parcel *p);
/* After what is queued; then comes PAHO_LETTER_DISCONNECTED. */
bool paho_attempt_disconnect(struct paho_attempt *a, uint8_t reason_code,
                             const struct mqtt_props *props);
/* Ends the connection without a DISCONNECT; false if that is not possible. */
bool paho_attempt_cut(struct paho_attempt *a);

#endif
