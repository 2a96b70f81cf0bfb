/*
 * sms.h — the SMS gateway: a mobile-terminated message that wakes a sleeping TCU ("shoulder tap",
 * contract 9.2). A call inside the simulator; delay is drawn from the simulation's range. A car
 * without power loses it; one that is awake ignores it; for one without a network it waits.
 */
#ifndef FLEET_SMS_H
#define FLEET_SMS_H

#include "fleet/simulation.h"

/* `token` is the command it is sent for, for the journey; NULL: none. */
void sms_send(struct simulation *sim, struct vehicle *v, const char *token);
/* The car is on the network again: what has waited for that is delivered. */
void sms_attached(struct simulation *sim, const struct vehicle *v);
/* Forgets messages on their way to this car. */
void sms_forget(struct simulation *sim, const struct vehicle *v);

#endif
