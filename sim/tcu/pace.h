/*
 * pace.h — when a change may cause a report: signals with a report_every or a deadband (signals.h)
 * keep it back.
 *
 * Whatever was kept back goes along with the next report, and with the first one after a
 * reconnect. A car has one timer for it, and nothing at all if its model paces no signal.
 *
 * Owns      what was last reported of each paced signal, and when the next report is due.
 */
#ifndef TCU_PACE_H
#define TCU_PACE_H

#include "tcu/tcu.h"

struct pace;

/* NULL if no signal of the car is paced. */
struct pace *pace_new(struct tcu *t);
void pace_free(struct pace *pace);

/* The signal has become dirty. May it be reported now? If not, the timer calls shadows_schedule()
   when it may. */
bool pace_changed(struct tcu *t, size_t index);
/* Is anything dirty in the shadow that may be reported now? */
bool pace_urgent(const struct tcu *t, size_t shadow);
/* The timer for what is kept back of it. */
void pace_wait(struct tcu *t, size_t shadow);
/* What flies to it has just been sent. */
void pace_sent(struct tcu *t, size_t shadow);
/* This signal, or those of a shadow, or all, may be reported at once. */
void pace_release(struct tcu *t, size_t index);
void pace_release_shadow(struct tcu *t, size_t shadow);
void pace_release_all(struct tcu *t);

#endif
