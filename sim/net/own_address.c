#include "net/own_address.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>

/* IPv4 in IPv6's clothes as IPv4. */
static void plain(const struct sockaddr *from, struct in6_addr *ret6, struct in_addr *ret4,
                  sa_family_t *ret_family)
{
    *ret_family = from->sa_family;
    if (from->sa_family == AF_INET) {
        *ret4 = ((const struct sockaddr_in *)(const void *)from)->sin_addr;
        return;
    }
    *ret6 = ((const struct sockaddr_in6 *)(const void *)from)->sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(ret6)) {
        *ret_family = AF_INET;
        memcpy(ret4, ret6->s6_addr + 12, sizeof *ret4);
    }
}

static bool is_ip(const struct sockaddr *a)
{
    return a != NULL && (a->sa_family == AF_INET || a->sa_family == AF_INET6);
}

static bool same(const struct sockaddr *a, const struct sockaddr *b)
{
    struct in6_addr six[2] = {0};
    struct in_addr four[2] = {0};
    sa_family_t family[2];

    if (!is_ip(a) || !is_ip(b))
        return false;
    plain(a, &six[0], &four[0], &family[0]);
    plain(b, &six[1], &four[1], &family[1]);
    if (family[0] != family[1])
        return false;
    return family[0] == AF_INET ? four[0].s_addr == four[1].s_addr
                                : IN6_ARE_ADDR_EQUAL(&six[0], &six[1]);
}

static bool is_loopback(const struct sockaddr *a)
{
    struct in6_addr six = {0};
    struct in_addr four = {0};
    sa_family_t family;

    plain(a, &six, &four, &family);
    return family == AF_INET ? ntohl(four.s_addr) >> 24 == IN_LOOPBACKNET
                             : IN6_IS_ADDR_LOOPBACK(&six);
}

bool own_address(const struct sockaddr_storage *address)
{
    const struct sockaddr *wanted = (const struct sockaddr *)address;
    struct ifaddrs *all;
    bool found = false;

    if (!is_ip(wanted))
        return false;
    if (is_loopback(wanted))
        return true;
    if (getifaddrs(&all) != 0)
        return false;
    for (const struct ifaddrs *i = all; i != NULL && !found; i = i->ifa_next)
        found = same(i->ifa_addr, wanted);
    freeifaddrs(all);
    return found;
}
