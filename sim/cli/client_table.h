/*
 * client_table.h — what is known of each certificate that a local cloud's clients have shown, by
 * its id, and those whose turn it is to be asked about. Of client_revocation.c.
 *
 * Owns      its entries, which stay where they are.
 */
#ifndef CLI_CLIENT_TABLE_H
#define CLI_CLIENT_TABLE_H

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/timeunit.h"

#define CLIENT_ID_SIZE   65  /* 64 hex digits */
#define CLIENT_NAME_SIZE 129 /* contract 1.9 */

struct ask;
struct client_revocation;

enum client_state {
    CLIENT_KNOWN, /* until `until`; 0: nothing yet */
    CLIENT_QUEUED,
    CLIENT_LOOKED_UP, /* in the cloud's registry */
    CLIENT_ASKED      /* about, at a responder */
};

struct client_entry {
    struct client_entry *next; /* of all */
    struct client_entry *same_bucket, *queued;
    struct client_revocation *owner;
    char id[CLIENT_ID_SIZE];
    char client[CLIENT_NAME_SIZE]; /* who showed it last; "" */
    enum client_state state;
    bool told_revoked;
    unsigned connections; /* that were seen to begin */
    bool unseen;          /* one may have begun unseen: it is ACTIVE */
    int64_t until;        /* Unix seconds */
    usec_t give_up;       /* looking it up, by the monotonic clock */
    struct ask *ask;
    X509 *leaf, *issuer; /* while it is asked about */
};

/* Zero-initialised: empty. */
struct client_table {
    struct client_entry *all;
    struct client_entry **buckets;
    size_t bucket_count, count;
    struct client_entry *first, *last; /* of the queue */
};

void client_table_done(struct client_table *t);
/* NULL: it is not there. */
struct client_entry *client_table_find(const struct client_table *t, const char *id);
/* The one that is there, or a new one; NULL: that is no certificate's id. */
struct client_entry *client_table_add(struct client_table *t, const char *id);
/* Behind those that wait; it must be KNOWN. */
void client_table_enqueue(struct client_table *t, struct client_entry *e);
/* Whose turn it is, taken from the queue; NULL: nobody waits. */
struct client_entry *client_table_next(struct client_table *t);

#endif
