/*
 * http_address.h — where an HTTP server of ours listens, as people write it. What names no host is
 * this machine alone: nothing is open to others unless their address is spelt out.
 *
 * Threads: any.
 */
#ifndef HTTP_HTTP_ADDRESS_H
#define HTTP_HTTP_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/error.h"

/* "[ffff:…]:65535" with the NUL. */
#define HTTP_ADDRESS_TEXT 64

struct http_address {
    struct sockaddr_storage addr;
    socklen_t len;
};

/* "127.0.0.1:9464", "[::1]:9464", "localhost:9464"; ":9464" and "9464" are 127.0.0.1; port 0 is
   whichever is free. ERROR_USAGE for anything else, names of hosts included: a name says nothing of
   which interface it is. */
bool http_address_parse(const char *text, struct http_address *ret, struct error *err);
/* "127.0.0.1:9464". */
void http_address_text(const struct http_address *address, char ret[static HTTP_ADDRESS_TEXT]);
uint16_t http_address_port(const struct http_address *address);
/* Can it be reached from this machine only? */
bool http_address_is_loopback(const struct http_address *address);

#endif
