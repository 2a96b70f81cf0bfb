/*
 * endpoint.h — where a broker is: host, port, plain or TLS, and the addresses the name stands for.
 *
 * One endpoint serves all links of a process; its name is looked up once, on a thread of its own,
 * and everybody waits for the same answer. Numeric addresses need no lookup.
 *
 * Owns      its addresses and the lookup thread.
 * Promises  never blocks the loop; a waiter is called from the loop, never from endpoint_lookup().
 */
#ifndef NET_ENDPOINT_H
#define NET_ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/error.h"
#include "loop/loop.h"

struct endpoint;

struct endpoint_address {
    struct sockaddr_storage addr;
    socklen_t len;
};

/* "mqtts://host:port", "mqtt://…", "ssl://…", "tcp://…", "host:port" or "host" (TLS); ports 8883
   and 1883 unless given; IPv6 in brackets. NULL if it is none of these. */
struct endpoint *endpoint_new(const char *url, struct error *err);
/* NULL is a no-op. Waits for a lookup under way. Before the loop is freed. */
void endpoint_free(struct endpoint *e);

const char *endpoint_host(const struct endpoint *e);
uint16_t endpoint_port(const struct endpoint *e);
bool endpoint_is_tls(const struct endpoint *e);
/* Is the host an IP address? */
bool endpoint_is_numeric(const struct endpoint *e);

/* Looks the name up here and now: for start-up, before the loop runs. */
bool endpoint_resolve(struct endpoint *e, struct error *err);
/* How many addresses are known; 0 until a lookup has succeeded. */
size_t endpoint_count(const struct endpoint *e);
const struct endpoint_address *endpoint_at(const struct endpoint *e, size_t index);
/* None of the addresses could be reached: the name is looked up again by the next who asks, but not
   within a few seconds of the last lookup. */
void endpoint_distrust(struct endpoint *e);

/* Waits for a lookup; embedded by value. */
struct endpoint_waiter {
    struct endpoint_waiter *next, **link;               /* link NULL: not waiting */
    void (*fn)(void *arg, const struct error *failure); /* failure NULL: addresses are there */
    void *arg;
};

/* Starts a lookup unless one is under way, and adds the waiter. */
void endpoint_lookup(struct endpoint *e, struct loop *loop, struct endpoint_waiter *w);
/* Idempotent. */
void endpoint_cancel(struct endpoint_waiter *w);

#endif
