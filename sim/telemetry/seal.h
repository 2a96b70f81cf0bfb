/*
 * seal.h — sensitive signals, readable only by whoever has the fleet's key: AES-256-GCM (NIST
 * SP 800-38D). The broker, and whatever the cloud does with it, sees bytes.
 *
 * The plain text is a batch of its own, in the format of the message around it. The thing's name
 * and the batch's number are authenticated with it, so that what one car sealed is worth nothing in
 * another's message. The nonce is made from key, car, number and plain text by HMAC-SHA-256 (the
 * way of synthetic initialisation vectors, RFC 5297): without any state it does not repeat, over
 * any number of cars and restarts, unless the very same message does. Byte by byte in
 * docs/telemetry.md.
 */
#ifndef TELEMETRY_SEAL_H
#define TELEMETRY_SEAL_H

#include "base/buf.h"
#include "base/error.h"

enum { SEAL_KEY_LEN = 32, SEAL_ID_LEN = 4, SEAL_NONCE_LEN = 12, SEAL_TAG_LEN = 16 };

struct seal_key {
    uint8_t id[SEAL_ID_LEN]; /* tells keys apart without giving them away */
    uint8_t cipher[SEAL_KEY_LEN], nonce[SEAL_KEY_LEN];
};

/* From 64 hexadecimal digits, white space around them allowed. */
bool seal_key_parse(struct slice text, struct seal_key *ret, struct error *err);
/* The same from a file that only its owner may read. ERROR_USAGE. */
bool seal_key_load(const char *path, struct seal_key *ret, struct error *err);

/* Appends the sealed bytes. False: past the ceiling, or the library failed. */
bool seal(const struct seal_key *key, const char *thing, uint64_t seq, struct slice plain,
          struct buf *out);
/* Appends the plain text; ERROR_FAILED: another key, another car's, or tampered with. */
bool seal_open(const struct seal_key *key, const char *thing, uint64_t seq, struct slice sealed,
               struct buf *out, struct error *err);

#endif
