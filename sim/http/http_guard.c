#include "http/http_guard.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define TOKEN_MIN 16
#define HOST_MAX  64

bool http_token_check(const char *token, struct error *err)
{
    size_t len = strlen(token), i = 0;

    while (i < len && (isalnum((unsigned char)token[i]) != 0 || strchr("-._~", token[i]) != NULL))
        i++;
    if (i == len && len >= TOKEN_MIN && len <= HTTP_TOKEN_MAX)
        return true;
    return error_set(err, ERROR_USAGE,
                     "a token has %d to %d letters, digits, '-', '.', '_' and '~' (openssl rand "
                     "-hex 32 makes one)",
                     TOKEN_MIN, HTTP_TOKEN_MAX);
}

bool http_origin_check(const char *origin, struct error *err)
{
    const char *host = strstr(origin, "://");

    if (host != NULL && host != origin && host[3] != '\0' && strpbrk(host + 3, "/ *?#") == NULL)
        return true;
    return error_set(err, ERROR_USAGE,
                     "%s: not the origin of a page (scheme and host, as http://localhost:3000)",
                     origin);
}

/* What follows the scheme's name and blanks; NULL: another scheme. */
static const char *after_scheme(const char *header, const char *scheme)
{
    size_t len = strlen(scheme);

    if (strncasecmp(header, scheme, len) != 0 || header[len] != ' ')
        return NULL;
    return header + len + strspn(header + len, " ");
}

struct slice http_shown_token(const char *authorization, bool aws)
{
    const char *shown = authorization != NULL ? after_scheme(authorization, "Bearer") : NULL;

    if (shown != NULL)
        return slice_of(shown, strcspn(shown, " ,"));
    shown = aws && authorization != NULL ? after_scheme(authorization, "AWS4-HMAC-SHA256") : NULL;
    shown = shown != NULL ? strstr(shown, "Credential=") : NULL;
    if (shown == NULL)
        return slice_of(NULL, 0);
    shown += strlen("Credential=");
    return slice_of(shown, strcspn(shown, "/, "));
}

/* The host of "host:port", brackets of IPv6 off; false: too long, or something else. */
static bool split_host(const char *host, char ret[static HOST_MAX], bool *ret_six)
{
    *ret_six = *host == '[';
    const char *from = host + *ret_six;
    size_t len = strcspn(from, *ret_six ? "]" : ":");
    const char *port = from + len;

    if (len == 0 || len >= HOST_MAX || (*ret_six && *port++ != ']'))
        return false;
    snprintf(ret, HOST_MAX, "%.*s", (int)len, from);
    return *port == '\0' || (*port == ':' && strspn(port + 1, "0123456789") == strlen(port + 1));
}

bool http_host_is_number(const char *host)
{
    char text[HOST_MAX];
    struct in6_addr address;
    bool six;

    if (host == NULL || !split_host(host, text, &six))
        return false;
    if (six)
        return inet_pton(AF_INET6, text, &address) == 1;
    return strcasecmp(text, "localhost") == 0 || inet_pton(AF_INET, text, &address) == 1;
}

bool http_origin_is_listed(const struct http_guard *guard, const char *origin)
{
    for (size_t i = 0; origin != NULL && i < guard->origin_count; i++)
        if (strcasecmp(guard->origins[i], origin) == 0)
            return true;
    return false;
}

bool http_origin_may(const struct http_guard *guard, const char *origin, const char *host)
{
    if (origin == NULL || http_origin_is_listed(guard, origin))
        return true;
    return host != NULL && strncmp(origin, "http://", 7) == 0 && strcasecmp(origin + 7, host) == 0;
}
