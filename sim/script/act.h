/*
 * act.h — orders from the cloud, acted out: each is a task that runs the prelude's act() on the
 * car's parts, and ends with the task at the latest.
 */
#ifndef SCRIPT_ACT_H
#define SCRIPT_ACT_H

#include "fleet/vehicle.h"
#include "script/car.h"

/* Adds its functions to the core table on top of the stack. */
void act_open(lua_State *L);
/* Members of struct behaviour_ops; ctx is the car. */
void act_on_order(void *ctx, struct vehicle *v, struct tcu_order *order);
void act_on_order_cancelled(void *ctx, struct vehicle *v, struct tcu_order *order);
/* An actuator of this car moves: if the task is about an order to it, that is the order's start. */
void act_started(const struct task *task, const struct car *car);

#endif
