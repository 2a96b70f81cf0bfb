/*
 * progress.h — executions (AWS IoT Commands, contract 8.3) that take long say IN_PROGRESS, once, so
 * that nobody takes the car for dead; what is done sooner says how it ended and nothing else.
 */
#ifndef TCU_PROGRESS_H
#define TCU_PROGRESS_H

#include "tcu/tcu.h"

/* The order, which has its response topic, is about to be handed out. Those that are no executions
   are passed over. */
void progress_expect(struct tcu *t, struct tcu_order *order);
void progress_done(struct tcu *t);

#endif
