/*
 * http_guard.h — whom a server answers: those who show its token, call it by an address, and whose
 * page (if they are one) may ask.
 *
 * A page that somebody's browser shows can send requests to any address of that machine. It is kept
 * out three times: it does not know the token; a browser says which page asks (Origin); and a name
 * that its owner lets point here (DNS rebinding) is not the one that we are called by (Host).
 *
 * Pure; safe on any text. Threads   any.
 */
#ifndef HTTP_HTTP_GUARD_H
#define HTTP_HTTP_GUARD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/slice.h"

#define HTTP_TOKEN_MAX 256

struct http_guard {
    const char *token;          /* NULL: nobody is asked for one; borrowed */
    const char *const *origins; /* of pages that may ask, as "https://app.example"; borrowed */
    size_t origin_count;
    bool numbers_only; /* called by numbers or "localhost": for what listens on the loopback */
};

/* Letters, digits, '-', '.', '_' and '~', from 16 to HTTP_TOKEN_MAX of them? ERROR_USAGE. */
bool http_token_check(const char *token, struct error *err);
/* "http://host" or with a port, no path? ERROR_USAGE. */
bool http_origin_check(const char *origin, struct error *err);

/* What an Authorization header shows of the token: after "Bearer ", or, if `aws`, as the access key
   of an AWS signature ("AWS4-HMAC-SHA256 Credential=KEY/…"). Empty: nothing. */
struct slice http_shown_token(const char *authorization, bool aws);

/* Is a Host header one that a browser can only have if it was given our address? */
bool http_host_is_number(const char *host);
/* May a page of that origin ask? `host` is the Host header: our own pages may. */
bool http_origin_may(const struct http_guard *guard, const char *origin, const char *host);
/* Is it on the list of others' pages? */
bool http_origin_is_listed(const struct http_guard *guard, const char *origin);

#endif
