/*
 * paho_anchor.h — keeps Paho's two threads alive and awake.
 *
 * Paho's state is process-wide, and three habits of version 1.3.12 would spoil a measurement:
 *   - when its last client is destroyed it tears its lists and threads down, for as long as a
 *     second, and a client created meanwhile loses the ground under its feet;
 *   - its receive thread polls for up to 1 s, does not see a socket added meanwhile, and after a
 *     poll without a result sleeps 100 ms, in which what arrives lies unread and unstamped;
 *   - its send thread waits on a condition without looking again: one command in some ten thousand
 *     is queued at the wrong instant and sent up to 1 s late.
 * The anchor is one more Paho client, connected to a socket of this process. For as long as anybody
 * holds it, each beat publishes something (which wakes the send thread) and answers a PINGRESP
 * (which wakes the receive thread): every 20 ms, and 1, 2, 4, 8 and 16 ms after somebody got into a
 * hurry. It is never destroyed, and it is the one global of this room, because Paho is.
 */
#ifndef PAHO_PAHO_ANCHOR_H
#define PAHO_PAHO_ANCHOR_H

#include <stdbool.h>

#include "base/error.h"

/* Before the first Paho client is created. Any thread. */
bool paho_anchor_hold(struct error *err);
/* Once per hold, after the client is destroyed. */
void paho_anchor_release(void);

/* From before a connect or a publish is handed to Paho until its answer. Any thread, under any
 * lock. */
void paho_anchor_hurry(void);
void paho_anchor_relax(void);

#endif
