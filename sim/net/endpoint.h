/*
 * endpoint.h — where a broker is: host, port, plain or TLS, MQTT or WebSocket, and the addresses
 * the name stands for.
 *
 * One endpoint serves all links of a process; its name is looked up once, on a thread of its own,
 * and everybody waits for the same answer. Numeric addresses need no lookup. Links begin with
 * different addresses, so that a fleet spreads over them, and try those last that were not reached
 * of late. Several endpoints can stand in for each other (endpoints.h).
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

/* More addresses of a name than these are not used. */
#define ENDPOINT_ADDRESS_MAX 32

/* "mqtts://host:port", "mqtt://…", "ssl://…", "tcp://…", "host:port" or "host" (TLS); ports 8883
   and 1883 unless given; IPv6 in brackets. "wss://host:port/path", "ws://…": MQTT over WebSocket;
   ports 443 and 80, path /mqtt unless given. NULL if it is none of these. */
struct endpoint *endpoint_new(const char *url, struct error *err);
/* NULL is a no-op. Waits for a lookup under way. Before the loop is freed. */
void endpoint_free(struct endpoint *e);

const char *endpoint_host(const struct endpoint *e);
uint16_t endpoint_port(const struct endpoint *e);
bool endpoint_is_tls(const struct endpoint *e);
/* Of the WebSocket, with its slash; NULL: MQTT straight away. */
const char *endpoint_path(const struct endpoint *e);
/* The whole of it in its standard form, with the port: "mqtts://host:8883". */
const char *endpoint_url(const struct endpoint *e);
/* "host:port" for an HTTP Host header: without the scheme's own port. */
const char *endpoint_authority(const struct endpoint *e);
/* Is the host an IP address? */
bool endpoint_is_numeric(const struct endpoint *e);

/* Looks the name up here and now: for start-up, before the loop runs. */
bool endpoint_resolve(struct endpoint *e, struct error *err);
/* How many addresses are known; 0 until a lookup has succeeded. */
size_t endpoint_count(const struct endpoint *e);
/* The same, but those count that are not trusted any more. */
size_t endpoint_known(const struct endpoint *e);
const struct endpoint_address *endpoint_at(const struct endpoint *e, size_t index);

/* The address to try next by one that has tried those whose bits are set; false: it has tried all.
 */
bool endpoint_pick(struct endpoint *e, uint32_t tried, size_t *ret_index);
/* What became of it; counts for all. */
void endpoint_report(struct endpoint *e, size_t index, bool reached);
/* None of the addresses could be reached: the name is looked up again by the next who asks, but not
   within a few seconds of the last lookup. */
void endpoint_distrust(struct endpoint *e);

/* Whom to turn to after this one has failed; itself if nobody else is known. */
struct endpoint *endpoint_next(struct endpoint *e);
void endpoint_set_next(struct endpoint *e, struct endpoint *next);

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
