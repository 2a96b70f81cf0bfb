#include "paho/paho_nodelay.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

uint16_t paho_nodelay_port(const char *uri)
{
    static const struct {
        const char *scheme;
        uint16_t port;
    } defaults[] = {
        {"mqtts://", 8883},
        {"ssl://",   8883},
        {"wss://",   443 },
        {"mqtt://",  1883},
        {"tcp://",   1883},
        {"ws://",    80  },
    };
    const char *host = strstr(uri, "://");

    host = host != NULL ? host + 3 : uri;
    if (host[0] == '[')
        host += strcspn(host, "]");
    host += strcspn(host, ":/");
    if (host[0] == ':') {
        unsigned long port = strtoul(host + 1, NULL, 10);
        return port <= UINT16_MAX ? (uint16_t)port : 0;
    }
    for (size_t i = 0; i < sizeof defaults / sizeof defaults[0]; i++)
        if (strncmp(uri, defaults[i].scheme, strlen(defaults[i].scheme)) == 0)
            return defaults[i].port;
    return 0;
}

static uint16_t peer_port(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_storage room;
    } peer = {.room = {0}};
    socklen_t len = sizeof peer;

    if (getpeername(fd, &peer.any, &len) != 0)
        return 0;
    if (peer.any.sa_family == AF_INET)
        return ntohs(peer.v4.sin_port);
    return peer.any.sa_family == AF_INET6 ? ntohs(peer.v6.sin6_port) : 0;
}

void paho_nodelay(uint16_t port)
{
    DIR *dir = opendir("/proc/self/fd");
    int on = 1;

    if (dir == NULL)
        return;
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        int fd = (int)strtol(entry->d_name, NULL, 10);
        if (fd > 2 && port != 0 && peer_port(fd) == port)
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    closedir(dir);
}
