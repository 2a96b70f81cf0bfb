#include "net/verify_text.h"

#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <time.h>

#include "net/cert_text.h"

/* A certificate that does not count at the moment, or not by that clock. */
static void explain_dates(X509 *cert, const char *head, const struct verify_context *context,
                          char *text, size_t size)
{
    char validity[320] = "", clock[64] = "";
    ASN1_TIME *at = context->wrong_clock ? ASN1_TIME_set(NULL, (time_t)context->now) : NULL;

    cert_text_valid(cert, context->now, validity, sizeof validity);
    if (at != NULL)
        cert_text_date(at, clock, sizeof clock);
    ASN1_TIME_free(at);
    snprintf(text, size, "%s: %s%s%s", head, validity,
             clock[0] != '\0' ? "; the car's clock says " : "", clock);
}

void verify_text(X509_STORE_CTX *store, const struct verify_context *context, char *text,
                 size_t size)
{
    static const char head[] = "certificate verify failed";
    X509 *cert = X509_STORE_CTX_get_current_cert(store);
    int code = X509_STORE_CTX_get_error(store);
    const char *reason = X509_verify_cert_error_string(code);
    char subject[160], first[128];

    if (cert == NULL)
        cert = X509_STORE_CTX_get0_cert(store);
    cert_text_subject(cert, subject, sizeof subject);
    switch (code) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
        snprintf(first, sizeof first, "%s: %s", head, reason);
        explain_dates(cert, first, context, text, size);
        break;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        snprintf(text, size,
                 "%s: %s: \"%s\" was not issued for \"%s\" (use a name that the certificate lists)",
                 head, reason, subject, context->host);
        break;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
        snprintf(text, size,
                 "%s: %s: \"%s\" (is the CA file the one that issued the server's certificate?)",
                 head, reason, subject);
        break;
    case X509_V_ERR_UNABLE_TO_GET_CRL:
        snprintf(text, size,
                 "%s: %s: \"%s\" (add the revocation list of its issuer to the CRL file)", head,
                 reason, subject);
        break;
    case X509_V_ERR_CRL_HAS_EXPIRED:
        snprintf(text, size, "%s: %s: that of the issuer of \"%s\" (fetch a newer one)", head,
                 reason, subject);
        break;
    default:
        snprintf(text, size, "%s: %s: \"%s\"", head, reason, subject);
        break;
    }
}
