#include "pki/ocsp_responder.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/xmem.h"
#include "pki/crl_inside.h"

struct ocsp_responder {
    struct pki *pki;
    struct crl_authority authorities[CRL_AUTHORITIES];
    char *path; /* of the lists */
    struct stat seen;
    int64_t valid;
};

/* ---- the lists ---- */

/* Replaced as a whole, so that it is another file. */
static bool is_changed(const struct ocsp_responder *r, const struct stat *now)
{
    return now->st_ino != r->seen.st_ino || now->st_size != r->seen.st_size ||
           now->st_mtim.tv_sec != r->seen.st_mtim.tv_sec ||
           now->st_mtim.tv_nsec != r->seen.st_mtim.tv_nsec;
}

static bool read_lists(struct ocsp_responder *r, struct error *err)
{
    struct stat now = {0};

    /* None yet: nothing is revoked. */
    if (stat(r->path, &now) == 0 && !is_changed(r, &now))
        return true;
    if (!crl_authorities_read(r->path, r->authorities, err))
        return false;
    r->seen = now;
    return true;
}

struct ocsp_responder *ocsp_responder_new(const char *dir, uint32_t valid_s, struct error *err)
{
    struct ocsp_responder *r = xcalloc(1, sizeof *r);

    r->valid = valid_s;
    r->path = crl_path(dir);
    r->pki = pki_open(dir, err);
    if (r->pki != NULL && crl_authorities_open(r->pki, r->authorities, err) && read_lists(r, err))
        return r;
    ocsp_responder_free(r);
    return NULL;
}

void ocsp_responder_free(struct ocsp_responder *r)
{
    if (r == NULL)
        return;
    crl_authorities_close(r->authorities);
    pki_free(r->pki);
    free(r->path);
    free(r);
}

/* ---- one question ---- */

struct answering {
    struct ocsp_responder *r;
    OCSP_REQUEST *request;
    OCSP_BASICRESP *basic;
    int64_t now;
    char *said;
};

/* Whose certificate the id is; NULL: nobody's. */
static const struct crl_authority *issuer_of(const struct ocsp_responder *r, OCSP_CERTID *id)
{
    ASN1_OBJECT *digest = NULL;
    const struct crl_authority *found = NULL;

    OCSP_id_get0_info(NULL, &digest, NULL, NULL, id);
    const EVP_MD *md = EVP_get_digestbyobj(digest);
    for (size_t i = 0; md != NULL && found == NULL && i < CRL_AUTHORITIES; i++) {
        OCSP_CERTID *ours = OCSP_cert_to_id(md, NULL, r->authorities[i].certificate);
        if (ours != NULL && OCSP_id_issuer_cmp(ours, id) == 0)
            found = &r->authorities[i];
        OCSP_CERTID_free(ours);
    }
    return found;
}

/* The one authority that all certificates asked about are of; NULL: there is none. */
static const struct crl_authority *common_issuer(const struct answering *a)
{
    const struct crl_authority *issuer = NULL;

    for (int i = 0; i < OCSP_request_onereq_count(a->request); i++) {
        const struct crl_authority *one =
            issuer_of(a->r, OCSP_onereq_get0_id(OCSP_request_onereq_get0(a->request, i)));
        if (one == NULL || (issuer != NULL && one != issuer))
            return NULL;
        issuer = one;
    }
    return issuer;
}

static void say(char said[OCSP_SAID_SIZE], const OCSP_CERTID *id, const X509_REVOKED *entry)
{
    ASN1_INTEGER *serial = NULL;

    OCSP_id_get0_info(NULL, NULL, NULL, &serial, (OCSP_CERTID *)(uintptr_t)id);
    BIGNUM *number = ASN1_INTEGER_to_BN(serial, NULL);
    char *hex = number != NULL ? BN_bn2hex(number) : NULL;
    size_t len = strlen(said);
    if (entry != NULL)
        snprintf(said + len, OCSP_SAID_SIZE - len, "%s%.64s revoked (%s)", len != 0 ? ", " : "",
                 hex != NULL ? hex : "?", OCSP_crl_reason_str(crl_entry_reason(entry)));
    else
        snprintf(said + len, OCSP_SAID_SIZE - len, "%s%.64s good", len != 0 ? ", " : "",
                 hex != NULL ? hex : "?");
    OPENSSL_free(hex);
    BN_free(number);
}

static bool add_status(struct answering *a, const struct crl_authority *issuer, OCSP_CERTID *id)
{
    ASN1_TIME *from = ASN1_TIME_set(NULL, (time_t)a->now);
    ASN1_TIME *to = ASN1_TIME_set(NULL, (time_t)(a->now + a->r->valid));
    ASN1_INTEGER *serial = NULL;
    X509_REVOKED *entry = NULL;
    int reason = OCSP_REVOKED_STATUS_NOSTATUS;

    OCSP_id_get0_info(NULL, NULL, NULL, &serial, id);
    if (issuer->list != NULL && X509_CRL_get0_by_serial(issuer->list, &entry, serial) != 1)
        entry = NULL;
    if (entry != NULL && X509_REVOKED_get_ext_by_NID(entry, NID_crl_reason, -1) >= 0)
        reason = crl_entry_reason(entry);
    bool ok =
        from != NULL && to != NULL &&
        OCSP_basic_add1_status(
            a->basic, id, entry != NULL ? V_OCSP_CERTSTATUS_REVOKED : V_OCSP_CERTSTATUS_GOOD,
            reason,
            entry != NULL ? (ASN1_TIME *)(uintptr_t)X509_REVOKED_get0_revocationDate(entry) : NULL,
            from, to) != NULL;
    say(a->said, id, entry);
    ASN1_TIME_free(from);
    ASN1_TIME_free(to);
    return ok;
}

/* What OpenSSL names the status of the answer. */
static int fill(struct answering *a)
{
    const struct crl_authority *issuer = common_issuer(a);
    bool ok = true;

    if (issuer == NULL)
        return OCSP_RESPONSE_STATUS_UNAUTHORIZED;
    for (int i = 0; ok && i < OCSP_request_onereq_count(a->request); i++)
        ok = add_status(a, issuer, OCSP_onereq_get0_id(OCSP_request_onereq_get0(a->request, i)));
    if (ok && OCSP_copy_nonce(a->basic, a->request) > 0 &&
        OCSP_basic_sign(a->basic, issuer->certificate, issuer->key, EVP_sha256(), NULL, 0) == 1)
        return OCSP_RESPONSE_STATUS_SUCCESSFUL;
    return OCSP_RESPONSE_STATUS_INTERNALERROR;
}

static int answer(struct answering *a, struct slice question)
{
    const unsigned char *at = question.data;
    struct error err;

    if (question.len != 0 && question.len <= INT32_MAX)
        a->request = d2i_OCSP_REQUEST(NULL, &at, (long)question.len);
    if (a->request == NULL || OCSP_request_onereq_count(a->request) == 0)
        return OCSP_RESPONSE_STATUS_MALFORMEDREQUEST;
    if (!read_lists(a->r, &err)) {
        log_error("%s", err.text);
        return OCSP_RESPONSE_STATUS_TRYLATER;
    }
    a->basic = OCSP_BASICRESP_new();
    return a->basic != NULL ? fill(a) : OCSP_RESPONSE_STATUS_INTERNALERROR;
}

void ocsp_responder_answer(struct ocsp_responder *r, struct slice question, int64_t now,
                           struct buf *ret, char ret_said[OCSP_SAID_SIZE])
{
    struct answering a = {.r = r, .now = now, .said = ret_said};
    unsigned char *der = NULL;

    ret_said[0] = '\0';
    int status = answer(&a, question);
    if (status != OCSP_RESPONSE_STATUS_SUCCESSFUL)
        snprintf(ret_said, OCSP_SAID_SIZE, "%s", OCSP_response_status_str(status));
    OCSP_RESPONSE *response =
        OCSP_response_create(status, status == OCSP_RESPONSE_STATUS_SUCCESSFUL ? a.basic : NULL);
    int len = response != NULL ? i2d_OCSP_RESPONSE(response, &der) : 0;
    if (len > 0)
        buf_append(ret, der, (size_t)len);
    OPENSSL_free(der);
    OCSP_RESPONSE_free(response);
    OCSP_BASICRESP_free(a.basic);
    OCSP_REQUEST_free(a.request);
    ERR_clear_error();
}
