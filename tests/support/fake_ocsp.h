/*
 * fake_ocsp.h — answers of OCSP responders for tests, sound and unsound. Header-only.
 */
#ifndef SUPPORT_FAKE_OCSP_H
#define SUPPORT_FAKE_OCSP_H

#include <openssl/ocsp.h>

#include "base/buf.h"
#include "support/fake_certs.h"

struct fake_answer {
    const struct fake_cert *about, *issuer;
    const struct fake_cert *signer; /* NULL: the issuer */
    int status;                     /* V_OCSP_CERTSTATUS_… */
    long from_s, to_s;              /* from now; to_s 0: not said */
    bool sha256;                    /* the certificate's id is made with it */
};

/* The answer's DER, appended. */
static inline void fake_ocsp_make(const struct fake_answer *a, struct buf *ret)
{
    const struct fake_cert *signer = a->signer != NULL ? a->signer : a->issuer;
    OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
    OCSP_CERTID *id =
        OCSP_cert_to_id(a->sha256 ? EVP_sha256() : NULL, a->about->cert, a->issuer->cert);
    ASN1_TIME *from = X509_gmtime_adj(NULL, a->from_s), *to = X509_gmtime_adj(NULL, a->to_s);
    unsigned char *der = NULL;

    OCSP_basic_add1_status(basic, id, a->status, OCSP_REVOKED_STATUS_KEYCOMPROMISE, from, from,
                           a->to_s != 0 ? to : NULL);
    OCSP_basic_sign(basic, signer->cert, signer->key, EVP_sha256(), NULL, 0);
    OCSP_RESPONSE *response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
    int len = i2d_OCSP_RESPONSE(response, &der);
    buf_append(ret, der, (size_t)len);
    OPENSSL_free(der);
    OCSP_RESPONSE_free(response);
    OCSP_BASICRESP_free(basic);
    OCSP_CERTID_free(id);
    ASN1_TIME_free(from);
    ASN1_TIME_free(to);
}

#endif
