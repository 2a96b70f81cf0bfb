#include "net/carried.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include "net/link.h"
#include "net/net.h"

#define TCP_HEADER  20u
#define TIMESTAMPS  12u /* with their padding: in every packet, if in any */
#define IPV4_HEADER 20u
#define IPV6_HEADER 40u

static bool read_info(const struct link *l, struct tcp_info *ret)
{
    socklen_t len = sizeof *ret;

    memset(ret, 0, sizeof *ret);
    return l->fd >= 0 && getsockopt(l->fd, IPPROTO_TCP, TCP_INFO, ret, &len) == 0;
}

static uint64_t header_of(const struct link *l, const struct tcp_info *info)
{
    bool ipv6 = endpoint_at(l->endpoint, l->at)->addr.ss_family == AF_INET6;

    return TCP_HEADER + (ipv6 ? IPV6_HEADER : IPV4_HEADER) +
           ((info->tcpi_options & TCPI_OPT_TIMESTAMPS) != 0 ? TIMESTAMPS : 0);
}

static void add(const struct link *l, struct net_carried *to)
{
    struct tcp_info info;

    if (!read_info(l, &info))
        return;
    to->sent += info.tcpi_bytes_sent;
    to->received += info.tcpi_bytes_received;
    to->packets_sent += info.tcpi_segs_out;
    to->packets_received += info.tcpi_segs_in;
    to->headers += header_of(l, &info) * ((uint64_t)info.tcpi_segs_out + info.tcpi_segs_in);
}

void carried_begin(struct link *l)
{
    struct net *net = l->net;

    l->open_next = net->open;
    l->open_at = &net->open;
    if (l->open_next != NULL)
        l->open_next->open_at = &l->open_next;
    net->open = l;
}

void carried_open(struct link *l)
{
    struct tcp_info info;

    if (l->ssl == NULL || !read_info(l, &info))
        return;
    l->net->carried.handshakes++;
    l->net->carried.handshake_bytes += info.tcpi_bytes_sent + info.tcpi_bytes_received;
}

void carried_end(struct link *l)
{
    if (l->open_at == NULL)
        return;
    add(l, &l->net->carried);
    *l->open_at = l->open_next;
    if (l->open_next != NULL)
        l->open_next->open_at = l->open_at;
    l->open_at = NULL;
}

void net_carried(const struct net *net, struct net_carried *ret)
{
    *ret = net->carried;
    for (const struct link *l = net->open; l != NULL; l = l->open_next)
        add(l, ret);
}
