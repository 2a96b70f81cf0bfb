/*
 * sources.h — the local addresses that connections come from, taken in turn, so that the ports of
 * one address are no ceiling.
 *
 * Owns its list. One thread.
 */
#ifndef NET_SOURCES_H
#define NET_SOURCES_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct sources;

/* "127.0.0.1,127.0.0.2,::1". NULL if one is no address, or none of this machine. */
struct sources *sources_new(const char *list, struct error *err);
/* NULL is a no-op. */
void sources_free(struct sources *s);
size_t sources_count(const struct sources *s);
/* Binds the socket to the next address of its family (AF_INET, AF_INET6) and leaves the choice of a
   port to connect(); a family without addresses is left to the system. Returns an errno, or 0. */
int sources_bind(struct sources *s, int fd, int family);

/* How many ports "32768	60999\n" (net.ipv4.ip_local_port_range) holds; 0 if it is no range.
 */
uint64_t sources_ports(const char *range);

#endif
