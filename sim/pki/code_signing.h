/*
 * code_signing.h — who may make software for the vehicles: an authority of its own in a folder, the
 * signers that it certifies, their ECDSA signatures (P-256, SHA-256), and what a vehicle makes of
 * one.
 *
 *     DIR/ca.pem, ca.key             made with the first signer
 *     DIR/<signer>.pem, <signer>.key
 *
 * FOR SIMULATION: the authority's key lies beside its certificate.
 *
 * Threads   any, with different folders.
 */
#ifndef PKI_CODE_SIGNING_H
#define PKI_CODE_SIGNING_H

#include "pki/ec_key.h"

#define CODE_AUTHORITY_FILE "ca.pem"

/* Makes the signer, and the authority and the folder if they are missing; one of that name is made
   anew. Its certificate is good between these times (Unix seconds). ERROR_USAGE with the file. */
bool code_signer_make(const char *dir, const char *name, int64_t not_before, int64_t not_after,
                      struct error *err);
/* Is there a signer of that name? */
bool code_signer_exists(const char *dir, const char *name);

/* Appends the signature (DER) and the signer's certificate (PEM). */
bool code_sign(const char *dir, const char *name, const uint8_t digest[EC_DIGEST_SIZE],
               struct buf *ret_signature, struct buf *ret_certificate, struct error *err);

enum code_verdict {
    CODE_GOOD,
    CODE_SIGNATURE_INVALID, /* of other bytes, or of another key */
    CODE_SIGNER_UNTRUSTED,  /* its certificate is no code signer's of this authority */
    CODE_SIGNER_EXPIRED,    /* or not valid yet */
    CODE_UNREADABLE         /* certificate or signature are none */
};
/* "SIGNATURE_INVALID", … as reasons of status details. */
const char *code_verdict_name(enum code_verdict verdict);

/* What came with the software. */
struct code_claim {
    struct slice signature;   /* DER */
    struct slice certificate; /* PEM, of the signer */
    const uint8_t *digest;    /* of what has arrived: EC_DIGEST_SIZE bytes */
};
/* Untrusted bytes may come. `authority`: a PEM file; one that is missing trusts nobody. `at`: Unix
   seconds. */
enum code_verdict code_verify(const char *authority, const struct code_claim *claim, int64_t at);

#endif
