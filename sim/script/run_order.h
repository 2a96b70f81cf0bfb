/*
 * run_order.h — in which order a round's scenarios run. Owns nothing; the loop's thread.
 */
#ifndef SCRIPT_RUN_ORDER_H
#define SCRIPT_RUN_ORDER_H

#include <stddef.h>
#include <stdint.h>

struct scenario;

/* The same order for the same seed. */
void run_order_shuffle(struct scenario **order, size_t count, uint64_t seed);

/* Those that run alone come last, else in the order that they have: to wait until all others have
   ended takes as long as the longest of them, so it is done once. */
void run_order_alone_last(struct scenario **order, size_t count);

#endif
