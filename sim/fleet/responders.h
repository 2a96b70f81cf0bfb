/*
 * responders.h — who asks OCSP responders for the cars (net/revocation.h): by HTTP, on the loop.
 *
 * Owns      its questions. Borrows the loop. Threads   the simulation thread.
 */
#ifndef FLEET_RESPONDERS_H
#define FLEET_RESPONDERS_H

#include "net/revocation.h"

struct loop;
struct responders;

struct responders *responders_new(struct loop *loop);
/* After the TLS context that asks by it. NULL is fine. */
void responders_free(struct responders *r);
struct revocation_asker responders_asker(struct responders *r);

#endif
