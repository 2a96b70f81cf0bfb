#include "broker/port.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/xmem.h"

static uint16_t bound_port(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address = {.v6 = {0}};
    socklen_t len = sizeof address;

    if (getsockname(fd, &address.any, &len) != 0)
        return 0;
    return ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port);
}

static int bind_socket(const struct addrinfo *to)
{
    int on = 1;
    int fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, to->ai_addr, to->ai_addrlen) == 0)
        return fd;
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

static bool explain(struct error *err, const char *address, uint16_t number)
{
    if (errno == EADDRINUSE)
        return error_set(err, ERROR_USAGE,
                         "port %u: already in use on %s (choose another with --port, or stop the "
                         "program that listens there)",
                         number, address);
    if (errno == EACCES)
        return error_set(err, ERROR_USAGE, "port %u: not permitted (choose one above 1023)",
                         number);
    if (errno == EADDRNOTAVAIL)
        return error_set(err, ERROR_USAGE,
                         "%s: not an address of this machine (see `ip address` for those it has)",
                         address);
    return error_set(err, ERROR_TARGET, "port %u on %s: %s", number, address, strerror(errno));
}

bool port_reserve(struct port *port, const char *address, uint16_t number, struct error *err)
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                                   .ai_socktype = SOCK_STREAM};
    struct addrinfo *to = NULL;
    char service[8];

    snprintf(service, sizeof service, "%u", number);
    if (getaddrinfo(address, service, &hints, &to) != 0)
        return error_set(err, ERROR_USAGE,
                         "%s: not an IP address (give a numeric one such as 127.0.0.1)", address);
    int fd = bind_socket(to);
    freeaddrinfo(to);
    if (fd < 0)
        return explain(err, address, number);
    *port = (struct port){.fd = fd, .number = bound_port(fd)};
    return true;
}

void port_release(struct port *port)
{
    if (port->fd >= 0)
        close(port->fd);
    port->fd = -1;
}

char *port_uri(const char *scheme, const char *address, uint16_t port, const char *path)
{
    bool v6 = strchr(address, ':') != NULL;
    const char *host = strcmp(address, "0.0.0.0") == 0 ? "127.0.0.1"
                       : strcmp(address, "::") == 0    ? "::1"
                                                       : address;

    return xasprintf("%s://%s%s%s:%u%s", scheme, v6 ? "[" : "", host, v6 ? "]" : "", port, path);
}
