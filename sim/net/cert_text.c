#include "net/cert_text.h"

#include <openssl/bio.h>
#include <stdio.h>
#include <time.h>

void cert_text_subject(X509 *cert, char *text, size_t size)
{
    BIO *bio = BIO_new(BIO_s_mem());
    int n = 0;

    if (cert != NULL && X509_NAME_print_ex(bio, X509_get_subject_name(cert), 0,
                                           XN_FLAG_ONELINE & ~XN_FLAG_SPC_EQ) >= 0)
        n = BIO_read(bio, text, (int)size - 1);
    text[n > 0 ? n : 0] = '\0';
    BIO_free(bio);
}

void cert_text_date(const ASN1_TIME *when, char *text, size_t size)
{
    struct tm tm;

    if (when == NULL || ASN1_TIME_to_tm(when, &tm) != 1)
        snprintf(text, size, "an unreadable date");
    else
        snprintf(text, size, "%04d-%02d-%02d %02d:%02d UTC", tm.tm_year + 1900, tm.tm_mon + 1,
                 tm.tm_mday, tm.tm_hour, tm.tm_min);
}

bool cert_text_valid(X509 *cert, int64_t now, char *text, size_t size)
{
    const ASN1_TIME *from = X509_get0_notBefore(cert), *to = X509_get0_notAfter(cert);
    time_t at = (time_t)now;
    bool late = X509_cmp_time(to, &at)<0, early = X509_cmp_time(from, &at)> 0;
    char subject[160], date[64];

    if (!late && !early)
        return true;
    cert_text_subject(cert, subject, sizeof subject);
    cert_text_date(late ? to : from, date, sizeof date);
    if (late)
        snprintf(text, size, "\"%s\" expired on %s (renew it)", subject, date);
    else
        snprintf(text, size, "\"%s\" is valid from %s (check the clocks of both machines)", subject,
                 date);
    return false;
}
