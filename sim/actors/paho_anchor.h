/*
 * paho_anchor.h — keeps Paho's two threads alive and awake.
 *
 * Paho's state is process-wide, and two of its habits would spoil a measurement:
 *   - when its last client is destroyed it tears its lists and threads down, for as long as a
 * second, and a client created meanwhile loses the ground under its feet;
 *   - its receive thread polls for up to 1 s, does not see a socket added meanwhile, and after a
 * poll without a result sleeps 100 ms, in which whatever arrives lies unread and unstamped. The
 * anchor is one more Paho client, connected to a socket of this process, from which comes a
 * PINGRESP every 20 ms for as long as anybody holds the anchor. It is never destroyed, and it is
 * the one global of this room, because Paho is.
 */
#ifndef ACTORS_PAHO_ANCHOR_H
#define ACTORS_PAHO_ANCHOR_H

#include <stdbool.h>

#include "base/error.h"

/* Before the first Paho client is created. Any thread. */
bool paho_anchor_hold(struct error *err);
/* Once per hold, after the client is destroyed. */
void paho_anchor_release(void);

#endif
