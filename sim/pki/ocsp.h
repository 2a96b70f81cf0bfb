/*
 * ocsp.h — whether one certificate is revoked, as its authority says when it is asked (RFC 6960):
 * the question, and what to think of an answer that has come from the network.
 *
 * Pure: the clock is a parameter. Threads   any.
 */
#ifndef PKI_OCSP_H
#define PKI_OCSP_H

#include <openssl/types.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/slice.h"

/* The longest answer that is read. Some authorities send their certificates with it. */
#define OCSP_ANSWER_MAX ((size_t)32 * 1024)
/* Seconds: clocks differ. */
#define OCSP_SKEW 300
/* An answer that does not say until when it holds does for this long. */
#define OCSP_UNDATED 300

/* ORDER OCSP_VERDICT */
enum ocsp_verdict {
    OCSP_VERDICT_GOOD,
    OCSP_VERDICT_REVOKED,
    OCSP_VERDICT_UNKNOWN,     /* the responder does not know the certificate */
    OCSP_VERDICT_TOO_OLD,     /* there should be a newer answer by now */
    OCSP_VERDICT_NOT_YET,     /* it is from the future */
    OCSP_VERDICT_UNTRUSTED,   /* not signed by the issuer, or by whom the issuer lets sign */
    OCSP_VERDICT_OTHER,       /* about other certificates */
    OCSP_VERDICT_REFUSED,     /* the responder says: try later, unauthorized … */
    OCSP_VERDICT_MALFORMED,   /* it is none */
    OCSP_VERDICT_MISSING,     /* none came: nothing stapled, nobody to ask */
    OCSP_VERDICT_UNREACHABLE, /* the responder has not answered */
    OCSP_VERDICT_COUNT
};
/* "good", "revoked", "too old" … */
const char *ocsp_verdict_name(enum ocsp_verdict verdict);

struct ocsp_judgement {
    enum ocsp_verdict verdict;
    /* Good, revoked or unknown: Unix seconds. */
    int64_t since; /* when it was known (thisUpdate) */
    int64_t until; /* when the answer ends to hold */
    char why[256]; /* a sentence that names the certificate; "" if it is good */
};

/* Whom an answer is about. All borrowed. */
struct ocsp_subject {
    X509 *certificate, *issuer;
    X509_STORE *trust; /* that the issuer is verified by */
    int64_t now;       /* Unix seconds */
};

/* Appends the DER of the question, without a nonce, so that one answer does for many (RFC 5019). */
bool ocsp_question(X509 *certificate, X509 *issuer, struct buf *ret, struct error *err);
/* Is it the address of a responder, of plain HTTP (its answers are signed), in a form that a
   certificate can hold? ERROR_USAGE. */
bool ocsp_url_check(const char *url, struct error *err);
/* Of the first responder that the certificate names (its AIA) by plain HTTP; free() it. NULL: none.
 */
char *ocsp_responder_of(X509 *certificate);
void ocsp_judge(struct slice answer, const struct ocsp_subject *subject,
                struct ocsp_judgement *ret);

#endif
