/*
 * order.h — the orders that a TCU has handed out (struct tcu_order, tcu.h): their memory, their
 * lists and their life. tcu_order_started() and tcu_order_done() are here.
 *
 * A list is a pointer to its first order; an order is in one list at most.
 */
#ifndef TCU_ORDER_H
#define TCU_ORDER_H

#include "tcu/tcu.h"

/* Copies everything, strings of the changes included, into one block. A token too long for an
   order counts as unknown. */
struct tcu_order *order_new(enum tcu_order_kind kind, const char *token,
                            const struct signal_schema *schema, const struct signal_change *changes,
                            size_t count);
/* The same, with what an answer needs. */
void order_set_response(struct tcu_order *order, struct slice topic, struct slice correlation);
/* NULL is a no-op. */
void order_free(struct tcu_order *order);
void order_free_all(struct tcu_order **list);

/* At the end. */
void order_append(struct tcu_order **list, struct tcu_order *order);
/* Moves all of `from` before all of `to`. */
void order_splice(struct tcu_order **to, struct tcu_order **from);
/* Looks at pointers only, so `order` may be dangling. */
bool order_in(const struct tcu_order *list, const struct tcu_order *order);
/* Takes the car's open orders from the observer: requests have failed, with this reason; wishes are
   forgotten, so that they are acted on again. */
void order_cancel_all(struct tcu *t, const char *reason_code, const char *description);
/* Unlinks it; false if it is not in the list. */
bool order_take(struct tcu_order **list, const struct tcu_order *order);

#endif
