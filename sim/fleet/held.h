/*
 * held.h — a certificate with its key as a car keeps them in its flash memory. Both DER; the key is
 * wiped when it goes.
 */
#ifndef FLEET_HELD_H
#define FLEET_HELD_H

#include <openssl/crypto.h>

#include "base/buf.h"

#define HELD_MAX 16384

struct held {
    struct buf certificate, key;
};

static inline void held_init(struct held *h)
{
    buf_init(&h->certificate, HELD_MAX);
    buf_init(&h->key, HELD_MAX);
}

static inline void held_done(struct held *h)
{
    if (h->key.data != NULL)
        OPENSSL_cleanse(h->key.data, h->key.cap);
    buf_done(&h->key);
    buf_done(&h->certificate);
}

/* What `to` had is gone, and `from` is empty. */
static inline void held_move(struct held *to, struct held *from)
{
    held_done(to);
    *to = *from;
    held_init(from);
}

static inline bool held_is_whole(const struct held *h)
{
    return buf_len(&h->certificate) != 0 && buf_len(&h->key) != 0;
}

#endif
