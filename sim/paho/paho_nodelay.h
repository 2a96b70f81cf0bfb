/*
 * paho_nodelay.h — turns Nagle's algorithm off on Paho's sockets.
 *
 * Paho leaves it on and does not give its sockets out. A PUBLISH that follows a PUBACK then waits
 * for the broker's delayed acknowledgement: up to 40 ms in every measured command, 25 commands a
 * second.
 */
#ifndef PAHO_PAHO_NODELAY_H
#define PAHO_PAHO_NODELAY_H

#include <stdint.h>

/* The port a URI leads to, written out or its scheme's; 0 if it has neither. */
uint16_t paho_nodelay_port(const char *uri);

/* Every TCP socket of this process that is connected to that port of any host; whoever connects
   there for a command wants it so. Any thread; costs about 1 µs per open descriptor. */
void paho_nodelay(uint16_t port);

#endif
