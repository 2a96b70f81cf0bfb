#include "pki/ocsp.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/xmem.h"

#define NAME_SIZE 100
#define URL_MAX   255

const char *ocsp_verdict_name(enum ocsp_verdict verdict)
{
    /* ORDER OCSP_VERDICT */
    static const char *const names[OCSP_VERDICT_COUNT] = {
        "good",
        "revoked",
        "unknown",
        "too old",
        "from the future",
        "not signed by the issuer",
        "about another certificate",
        "refused",
        "malformed",
        "missing",
        "unreachable",
    };

    return names[verdict];
}

/* ---- the question ---- */

bool ocsp_question(X509 *certificate, X509 *issuer, struct buf *ret, struct error *err)
{
    OCSP_REQUEST *request = OCSP_REQUEST_new();
    OCSP_CERTID *id = OCSP_cert_to_id(NULL, certificate, issuer);
    unsigned char *der = NULL;
    int len = 0;

    if (request != NULL && id != NULL && OCSP_request_add0_id(request, id) != NULL) {
        id = NULL; /* the request's now */
        len = i2d_OCSP_REQUEST(request, &der);
    }
    bool ok = len > 0 && buf_append(ret, der, (size_t)len);
    OPENSSL_free(der);
    OCSP_CERTID_free(id);
    OCSP_REQUEST_free(request);
    ERR_clear_error();
    return ok || error_set(err, ERROR_FAILED, "OCSP: the question cannot be made");
}

bool ocsp_url_check(const char *url, struct error *err)
{
    static const char scheme[] = "http://";
    size_t len = strlen(url);
    bool plain = true;

    for (size_t i = 0; i < len; i++)
        plain = plain && url[i] > ' ' && url[i] < 0x7f;
    return (plain && len > sizeof scheme - 1 && len <= URL_MAX &&
            strncmp(url, scheme, sizeof scheme - 1) == 0) ||
           error_set(err, ERROR_USAGE,
                     "OCSP responder %.200s: not an address of plain HTTP (http://host:port/; its "
                     "answers are signed)",
                     plain ? url : "");
}

char *ocsp_responder_of(X509 *certificate)
{
    STACK_OF(OPENSSL_STRING) *urls = X509_get1_ocsp(certificate);
    char *url = NULL;

    for (int i = 0; url == NULL && i < sk_OPENSSL_STRING_num(urls); i++) {
        const char *one = sk_OPENSSL_STRING_value(urls, i);
        if (strncasecmp(one, "http://", strlen("http://")) == 0)
            url = xstrdup(one);
    }
    X509_email_free(urls);
    return url;
}

/* ---- the answer ---- */

static void name_of(X509 *certificate, char ret[NAME_SIZE])
{
    ret[0] = '\0';
    if (X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, ret,
                                  NAME_SIZE) < 0)
        snprintf(ret, NAME_SIZE, "the certificate");
}

static void format_time(int64_t when, char ret[32])
{
    time_t seconds = (time_t)when;
    struct tm tm;

    ret[0] = '\0';
    if (gmtime_r(&seconds, &tm) != NULL)
        strftime(ret, 32, "%Y-%m-%d %H:%M UTC", &tm);
}

/* INT64_MIN: not a time. */
static int64_t unix_time(const ASN1_GENERALIZEDTIME *time)
{
    struct tm tm;

    return time != NULL && ASN1_TIME_to_tm(time, &tm) == 1 ? (int64_t)timegm(&tm) : INT64_MIN;
}

/* The answer about that certificate, whatever digest its id is made with; NULL: there is none. */
static OCSP_SINGLERESP *find(OCSP_BASICRESP *basic, const struct ocsp_subject *subject)
{
    for (int i = 0; i < OCSP_resp_count(basic); i++) {
        OCSP_SINGLERESP *one = OCSP_resp_get0(basic, i);
        OCSP_CERTID *id = (OCSP_CERTID *)(uintptr_t)OCSP_SINGLERESP_get0_id(one);
        ASN1_OBJECT *digest = NULL;
        OCSP_id_get0_info(NULL, &digest, NULL, NULL, id);
        const EVP_MD *md = EVP_get_digestbyobj(digest);
        OCSP_CERTID *want =
            md != NULL ? OCSP_cert_to_id(md, subject->certificate, subject->issuer) : NULL;
        bool same = want != NULL && OCSP_id_cmp(want, id) == 0;
        OCSP_CERTID_free(want);
        if (same)
            return one;
    }
    return NULL;
}

static void set(struct ocsp_judgement *ret, enum ocsp_verdict verdict, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static void set(struct ocsp_judgement *ret, enum ocsp_verdict verdict, const char *fmt, ...)
{
    va_list ap;

    ret->verdict = verdict;
    va_start(ap, fmt);
    vsnprintf(ret->why, sizeof ret->why, fmt, ap);
    va_end(ap);
}

static void judge_dates(const ASN1_GENERALIZEDTIME *from, const ASN1_GENERALIZEDTIME *to,
                        const struct ocsp_subject *subject, struct ocsp_judgement *ret)
{
    int64_t this_update = unix_time(from);
    char date[32], name[NAME_SIZE];

    name_of(subject->certificate, name);
    ret->since = this_update;
    ret->until = to != NULL ? unix_time(to) : this_update + OCSP_UNDATED;
    if (this_update == INT64_MIN || ret->until == INT64_MIN) {
        set(ret, OCSP_VERDICT_MALFORMED, "the answer about \"%s\" has no date that could be read",
            name);
    } else if (this_update > subject->now + OCSP_SKEW) {
        format_time(this_update, date);
        set(ret, OCSP_VERDICT_NOT_YET,
            "the answer about \"%s\" is of %s (check the clocks of both machines)", name, date);
    } else if (ret->until < subject->now - OCSP_SKEW) {
        format_time(ret->until, date);
        set(ret, OCSP_VERDICT_TOO_OLD,
            "the answer about \"%s\" is too old: there should be a newer one since %s", name, date);
    }
}

static void judge_single(OCSP_SINGLERESP *one, const struct ocsp_subject *subject,
                         struct ocsp_judgement *ret)
{
    ASN1_GENERALIZEDTIME *when = NULL, *from = NULL, *to = NULL;
    int reason = -1, status = OCSP_single_get0_status(one, &reason, &when, &from, &to);
    char date[32], name[NAME_SIZE];

    name_of(subject->certificate, name);
    ret->verdict = OCSP_VERDICT_GOOD;
    judge_dates(from, to, subject, ret);
    if (ret->verdict != OCSP_VERDICT_GOOD)
        return;
    if (status == V_OCSP_CERTSTATUS_REVOKED) {
        format_time(unix_time(when), date);
        set(ret, OCSP_VERDICT_REVOKED, "\"%s\" is revoked since %s%s%s%s", name, date,
            reason >= 0 ? " (" : "", reason >= 0 ? OCSP_crl_reason_str(reason) : "",
            reason >= 0 ? ")" : "");
    } else if (status != V_OCSP_CERTSTATUS_GOOD) {
        set(ret, OCSP_VERDICT_UNKNOWN, "the responder does not know \"%s\"", name);
    }
}

/* Signed by the issuer, or by one that the issuer has certified for that (RFC 6960, 4.2.2.2)? */
static bool is_authorized(OCSP_BASICRESP *basic, const struct ocsp_subject *subject)
{
    STACK_OF(X509) *known = sk_X509_new_null();
    bool ok = known != NULL && sk_X509_push(known, subject->issuer) > 0 &&
              OCSP_basic_verify(basic, known, subject->trust, OCSP_NOEXPLICIT) == 1;

    sk_X509_free(known);
    return ok;
}

static void judge_basic(OCSP_BASICRESP *basic, const struct ocsp_subject *subject,
                        struct ocsp_judgement *ret)
{
    OCSP_SINGLERESP *one = find(basic, subject);
    char name[NAME_SIZE];

    name_of(subject->certificate, name);
    if (one == NULL)
        set(ret, OCSP_VERDICT_OTHER, "the answer is not about \"%s\"", name);
    else if (!is_authorized(basic, subject))
        set(ret, OCSP_VERDICT_UNTRUSTED,
            "the answer about \"%s\" is not signed by its issuer, nor by whom that lets sign",
            name);
    else
        judge_single(one, subject, ret);
}

void ocsp_judge(struct slice answer, const struct ocsp_subject *subject, struct ocsp_judgement *ret)
{
    const unsigned char *at = answer.data;
    OCSP_RESPONSE *response = NULL;
    OCSP_BASICRESP *basic = NULL;
    char name[NAME_SIZE];

    *ret = (struct ocsp_judgement){.verdict = OCSP_VERDICT_MALFORMED};
    name_of(subject->certificate, name);
    if (answer.len != 0 && answer.len <= OCSP_ANSWER_MAX)
        response = d2i_OCSP_RESPONSE(NULL, &at, (long)answer.len);
    int status = response != NULL ? OCSP_response_status(response) : -1;
    if (status == OCSP_RESPONSE_STATUS_SUCCESSFUL)
        basic = OCSP_response_get1_basic(response);
    if (basic != NULL)
        judge_basic(basic, subject, ret);
    else if (response != NULL && status != OCSP_RESPONSE_STATUS_SUCCESSFUL)
        set(ret, OCSP_VERDICT_REFUSED, "the responder does not say it of \"%s\": %s", name,
            OCSP_response_status_str(status));
    else
        set(ret, OCSP_VERDICT_MALFORMED, "what came about \"%s\" is no OCSP answer", name);
    OCSP_BASICRESP_free(basic);
    OCSP_RESPONSE_free(response);
    ERR_clear_error();
}
