/*
 * quota.h — the rates that AWS IoT keeps its clients within (contract 1.9, 6.8): counted by the
 * second. Off unless asked for.
 *
 * Owns      its counters.
 * Errors    no memory: what cannot be counted is let through.
 */
#ifndef CLOUD_CLIENTS_QUOTA_H
#define CLOUD_CLIENTS_QUOTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/table.h"

/* ORDER QUOTA */
enum quota_kind {
    QUOTA_CONNECT,       /* 1/s of a client id */
    QUOTA_CONNECT_ALL,   /* 500/s of the account */
    QUOTA_MESSAGES,      /* 100/s of a connection, in and out together */
    QUOTA_SHADOW,        /* 20/s of a shadow */
    QUOTA_SHADOW_FLIGHT, /* 10 of a thing without their answers */
    QUOTA_COUNT
};
const char *quota_name(enum quota_kind kind);

struct quota {
    bool on;
    struct table counters; /* by kind and name */
    uint64_t pass;         /* of the broker's loop: what came in it is in flight until it ends */
    uint64_t broken[QUOTA_COUNT]; /* how often */
};

void quota_init(struct quota *q);
void quota_done(struct quota *q);
/* One more of that name; false: one too many. */
bool quota_take(struct quota *q, enum quota_kind kind, const char *name, int64_t now_ms);
/* Answers have gone out: nothing is in flight. */
void quota_landed(struct quota *q);
/* Forgets counters of seconds that are over. */
void quota_sweep(struct quota *q, int64_t now_ms);

#endif
