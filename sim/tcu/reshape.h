/*
 * reshape.h — a car that changes its model while it lives: the signals keep their values by path,
 * what the shadow remembers of them is renumbered, and what the new model does not report any more
 * is withdrawn from the shadow by nulls. tcu_change_schema() (tcu.h) is here.
 *
 * Owns      the withdrawals that wait for a connection.
 */
#ifndef TCU_RESHAPE_H
#define TCU_RESHAPE_H

#include "tcu/tcu.h"

/* A document of nulls, not sent yet. */
struct withdrawal;

/* Sends what waits, in its order; before the first report of a connection. */
void reshape_online(struct tcu *t);
void reshape_done(struct tcu *t);

#endif
