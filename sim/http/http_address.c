#include "http/http_address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOST_MAX 48 /* the longest IPv6 address, and its NUL */
#define PORT_MAX 6

/* ---- reading ---- */

static bool is_port(const char *text)
{
    size_t len = strlen(text);

    return len > 0 && len < PORT_MAX && strspn(text, "0123456789") == len &&
           strtoul(text, NULL, 10) <= UINT16_MAX;
}

/* Parts "host:port"; a host in brackets loses them, none is the loopback. */
static bool split(const char *text, char host[static HOST_MAX], const char **ret_port)
{
    const char *colon = strrchr(text, ':');
    const char *from = text;
    size_t len = colon != NULL ? (size_t)(colon - text) : 0;

    *ret_port = colon != NULL ? colon + 1 : text;
    bool brackets = len >= 2 && text[0] == '[' && text[len - 1] == ']';
    if (brackets) {
        from++;
        len -= 2;
    } else if (memchr(text, ':', len) != NULL) {
        return false; /* IPv6 without brackets: which colon is the port's? */
    }
    if (len >= HOST_MAX || !is_port(*ret_port))
        return false;
    snprintf(host, HOST_MAX, "%.*s", (int)len, from);
    if (len == 0 || strcmp(host, "localhost") == 0)
        snprintf(host, HOST_MAX, "127.0.0.1");
    return true;
}

bool http_address_parse(const char *text, struct http_address *ret, struct error *err)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                             .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    char host[HOST_MAX];
    const char *port;

    if (!split(text, host, &port) || getaddrinfo(host, port, &hints, &found) != 0)
        return error_set(err, ERROR_USAGE,
                         "%s: not an address to listen at (127.0.0.1:9464; :9464 is the same; "
                         "0.0.0.0:9464 lets other machines in)",
                         text);
    memset(&ret->addr, 0, sizeof ret->addr);
    memcpy(&ret->addr, found->ai_addr, found->ai_addrlen);
    ret->len = found->ai_addrlen;
    freeaddrinfo(found);
    return true;
}

/* ---- telling ---- */

uint16_t http_address_port(const struct http_address *address)
{
    if (address->addr.ss_family == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)&address->addr)->sin6_port);
    return ntohs(((const struct sockaddr_in *)&address->addr)->sin_port);
}

void http_address_text(const struct http_address *address, char ret[static HTTP_ADDRESS_TEXT])
{
    char host[INET6_ADDRSTRLEN] = "?";
    bool six = address->addr.ss_family == AF_INET6;
    const void *from = six ? (const void *)&((const struct sockaddr_in6 *)&address->addr)->sin6_addr
                           : (const void *)&((const struct sockaddr_in *)&address->addr)->sin_addr;

    inet_ntop(address->addr.ss_family, from, host, sizeof host);
    snprintf(ret, HTTP_ADDRESS_TEXT, six ? "[%s]:%u" : "%s:%u", host, http_address_port(address));
}

bool http_address_is_loopback(const struct http_address *address)
{
    if (address->addr.ss_family == AF_INET6)
        return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)&address->addr)->sin6_addr);
    uint32_t host = ntohl(((const struct sockaddr_in *)&address->addr)->sin_addr.s_addr);
    return host >> 24 == IN_LOOPBACKNET;
}
