/*
 * car_mqtt.h — what scripts do with a car's MQTT connection itself: messages and subscriptions of
 * its own, how it connects, what the broker said. The prelude makes the methods of it.
 */
#ifndef SCRIPT_CAR_MQTT_H
#define SCRIPT_CAR_MQTT_H

#include <lua.h>

#include "mqtt/client.h"

struct car;
struct vehicle;

/* Adds its functions to the core table on top of the stack. */
void car_mqtt_open(lua_State *L);
/* NULL is fine. */
void car_mqtt_free(struct car *car);

/* Members of struct behaviour_ops; ctx is the car. */
void car_mqtt_on_message(void *ctx, struct vehicle *v, const struct mqtt_message *m);
void car_mqtt_on_answered(void *ctx, struct vehicle *v, uint16_t packet_id, const uint8_t *codes,
                          size_t count, const char *remark);

/* Push the properties of the same name: a table, or false. */
void car_mqtt_push_connection(lua_State *L, const struct vehicle *v);
void car_mqtt_push_last_close(lua_State *L, const struct vehicle *v);

#endif
