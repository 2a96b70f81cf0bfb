/*
 * connection.h — how one car connects where it differs from all, and what its connections were told
 * by the broker. Each part is allocated only when there is something to keep.
 */
#ifndef TCU_CONNECTION_H
#define TCU_CONNECTION_H

#include "tcu/tcu.h"

struct connection_own;  /* tcu_configure()'s */
struct connection_seen; /* CONNACK */
struct connection_end;  /* how the last one ended */

/* Zero-initialised: as all, and not connected. */
struct connection {
    struct connection_own *own;
    struct connection_seen *seen;
    struct connection_end *end;
    usec_t session_until; /* by the script clock, while there is no connection; 0: no session */
};

void connection_done(struct tcu *t);
/* What to connect with; borrowed until the next tcu_configure(). In virtual time the session of a
   car that was away for longer than its expiry is begun anew: the broker, whose clock is real,
   would not know. */
struct mqtt_connect connection_options(const struct tcu *t);
void connection_opened(struct tcu *t, const struct mqtt_connack *connack);
void connection_closed(struct tcu *t, const struct mqtt_closed *closed);
/* DISCONNECT goes out with these: they may change how long the session lasts. */
void connection_leaving(struct tcu *t, const struct mqtt_props *props);
/* There is no connection any more. */
void connection_over(struct tcu *t);

#endif
