/*
 * port.h — a TCP port set aside for a child process: bound but not listening. The child, which sets
 * SO_REUSEADDR as Mosquitto does, binds the same port; nobody else is given it meanwhile.
 */
#ifndef BROKER_PORT_H
#define BROKER_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct port {
    int fd; /* -1: none */
    uint16_t number;
};

/* address: numeric, IPv4 or IPv6. number 0: any free one. A port that another program listens on is
   an error. */
bool port_reserve(struct port *port, const char *address, uint16_t number, struct error *err);
/* Idempotent. */
void port_release(struct port *port);

/* Where it is reached, "mqtts://127.0.0.1:40123" and the path: one on all addresses is named by the
   loopback's. free() it. */
char *port_uri(const char *scheme, const char *address, uint16_t port, const char *path);

#endif
