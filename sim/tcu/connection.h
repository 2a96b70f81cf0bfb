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
};

void connection_done(struct tcu *t);
/* What to connect with; borrowed until the next tcu_configure(). */
struct mqtt_connect connection_options(const struct tcu *t);
void connection_opened(struct tcu *t, const struct mqtt_connack *connack);
void connection_closed(struct tcu *t, const struct mqtt_closed *closed);
/* There is no connection any more. */
void connection_over(struct tcu *t);

#endif
