#include "base/error.h"

#include <stdio.h>
#include <string.h>

bool error_set(struct error *err, enum error_code code, const char *fmt, ...)
{
    va_list ap;

    if (err == NULL)
        return false;
    err->code = code;
    va_start(ap, fmt);
    vsnprintf(err->text, sizeof err->text, fmt, ap);
    va_end(ap);
    return false;
}

bool error_prefix(struct error *err, const char *fmt, ...)
{
    char rest[sizeof err->text];
    va_list ap;

    if (err == NULL)
        return false;
    memcpy(rest, err->text, sizeof rest);
    va_start(ap, fmt);
    int n = vsnprintf(err->text, sizeof err->text, fmt, ap);
    va_end(ap);
    if (n >= 0 && (size_t)n + 3 < sizeof err->text) {
        size_t room = sizeof err->text - (size_t)n - 3;
        size_t len = strnlen(rest, room);
        memcpy(err->text + n, ": ", 2);
        memcpy(err->text + n + 2, rest, len);
        err->text[(size_t)n + 2 + len] = 0;
    }
    return false;
}
