/*
 * ec_key.h — P-256 key pairs that are a pure function of a seed, and signatures that are a pure
 * function of key and digest (RFC 6979).
 *
 * FOR SIMULATION: whoever knows the seed has every key. Never put such keys in front of anything
 * that matters.
 *
 * A struct ec_key is plain bytes (no pointers, alignment 1): it may be copied, stored in a file, or
 * pointed at inside a mapped file. A struct ec is scratch space for the arithmetic: one per thread.
 */
#ifndef PKI_EC_KEY_H
#define PKI_EC_KEY_H

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/slice.h"

#define EC_SCALAR_SIZE    32
#define EC_POINT_SIZE     65  /* 0x04, X, Y */
#define EC_SPKI_SIZE      91  /* SubjectPublicKeyInfo, DER (RFC 5480) */
#define EC_PKCS8_SIZE     138 /* PrivateKeyInfo with the public key, DER (RFC 5958, RFC 5915) */
#define EC_SIGNATURE_SIZE 72  /* the longest DER Ecdsa-Sig-Value */
#define EC_DIGEST_SIZE    32  /* SHA-256 */

struct ec_key {
    uint8_t scalar[EC_SCALAR_SIZE]; /* big endian, 1 … n-1 */
    uint8_t point[EC_POINT_SIZE];   /* uncompressed */
};

struct ec_signature {
    uint8_t r[EC_SCALAR_SIZE]; /* big endian */
    uint8_t s[EC_SCALAR_SIZE];
};

struct ec;

/* Never NULL: ends the program when there is no memory. */
struct ec *ec_new(void);
void ec_free(struct ec *ec);

/* The key of `index` among the `kind` keys of a seed: HMAC-SHA256(seed, kind, index, generation,
   attempt), candidates outside 1 … n-1 rejected. `generation` 0 is the first key of that owner;
   a rotated key has the next number. */
void ec_key_derive(struct ec *ec, struct slice seed, const char *kind, uint64_t index,
                   uint32_t generation, struct ec_key *ret);
/* False when the scalar is 0 or not below the group order. Computes the public point. */
bool ec_key_from_scalar(struct ec *ec, const uint8_t scalar[EC_SCALAR_SIZE], struct ec_key *ret);
/* From a PEM private key (PKCS #8 or SEC 1), unencrypted, P-256 only. */
bool ec_key_from_pem(struct ec *ec, struct slice pem, struct ec_key *ret, struct error *err);
/* The same from DER (PKCS #8 or SEC 1). */
bool ec_key_from_der(struct ec *ec, struct slice der, struct ec_key *ret, struct error *err);

/* A new OpenSSL key for TLS; does not compute the public point again, and does not check that it
   belongs to the scalar. Free with EVP_PKEY_free(). Needs no struct ec; any thread. */
EVP_PKEY *ec_key_to_pkey(const struct ec_key *key, struct error *err);
void ec_key_spki(const struct ec_key *key, uint8_t ret[EC_SPKI_SIZE]);
void ec_key_pkcs8(const struct ec_key *key, uint8_t ret[EC_PKCS8_SIZE]);
/* Appends "-----BEGIN PRIVATE KEY-----" …; false past the buffer's ceiling. */
bool ec_key_pem(const struct ec_key *key, struct buf *to);

/* Deterministic ECDSA over a SHA-256 digest: RFC 6979, section 3.2. */
void ec_sign(struct ec *ec, const struct ec_key *key, const uint8_t digest[EC_DIGEST_SIZE],
             struct ec_signature *ret);
/* Ecdsa-Sig-Value (RFC 3279, 2.2.3); returns the length, at most EC_SIGNATURE_SIZE. */
size_t ec_signature_der(const struct ec_signature *sig, uint8_t ret[EC_SIGNATURE_SIZE]);

/* HMAC-SHA256 of the parts one after another. */
void hmac_sha256(struct slice key, const struct slice *parts, size_t count,
                 uint8_t ret[EC_DIGEST_SIZE]);

#endif
