/*
 * farewell.h — connections that have said goodbye, until the other side has heard it.
 *
 * A socket that is closed while the peer still sends answers with a reset, and a reset overtakes
 * what was sent before: a broker would take DISCONNECT for a lost connection. So the socket stays,
 * and what comes is thrown away, until the peer closes its side, or it took too long.
 *
 * Owns      the sockets handed over. Borrows the net.
 * Threads   the loop's thread.
 */
#ifndef NET_FAREWELL_H
#define NET_FAREWELL_H

#include "net/net.h"

/* Real time for which a peer is waited for. */
#define FAREWELL_TIME (2 * USEC_PER_SEC)
/* So many at once; then the oldest closes. */
#define FAREWELL_MAX 256

/* Ends the sending side of a connected, non-blocking socket, and closes it once the peer has done
   the same. The loop does not wait for it. */
void farewell_begin(struct net *net, int fd);
/* Closes all. */
void farewell_end_all(struct net *net);

#endif
