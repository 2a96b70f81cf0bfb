#include "pki/der.h"

#include <time.h>

void der_raw(struct der *d, struct slice bytes)
{
    if (d->overflow || bytes.len > d->start) {
        d->overflow = true;
        return;
    }
    d->start -= bytes.len;
    if (bytes.len != 0)
        memcpy(d->bytes + d->start, bytes.data, bytes.len);
}

void der_byte(struct der *d, uint8_t byte)
{
    der_raw(d, slice_of(&byte, 1));
}

void der_wrap(struct der *d, uint8_t tag, size_t mark)
{
    size_t len = mark - d->start;

    if (len < 0x80) {
        der_byte(d, (uint8_t)len);
    } else {
        uint8_t count = 0;
        for (; len != 0; len >>= 8, count++)
            der_byte(d, (uint8_t)len);
        der_byte(d, 0x80 | count);
    }
    der_byte(d, tag);
}

void der_value(struct der *d, uint8_t tag, struct slice content)
{
    size_t mark = d->start;

    der_raw(d, content);
    der_wrap(d, tag, mark);
}

void der_time(struct der *d, int64_t when)
{
    char text[32];
    time_t seconds = (time_t)when;
    struct tm tm;

    if (gmtime_r(&seconds, &tm) == NULL || tm.tm_year < 50 || tm.tm_year > 8099) {
        d->overflow = true; /* a year that no certificate can hold */
        return;
    }
    size_t len = strftime(text, sizeof text, "%Y%m%d%H%M%SZ", &tm);
    if (tm.tm_year < 150)
        der_value(d, DER_UTC_TIME, slice_of(text + 2, len - 2));
    else
        der_value(d, DER_GENERAL_TIME, slice_of(text, len));
}
