/*
 * own_address.h — whether an address is this machine's own.
 *
 * Threads: any.
 */
#ifndef NET_OWN_ADDRESS_H
#define NET_OWN_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/* The loopback, or the address of one of its interfaces, whatever the port. */
bool own_address(const struct sockaddr_storage *address);

#endif
