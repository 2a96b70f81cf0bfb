/*
 * message.h — MQTT messages and filters between Lua and mqtt/client.h, and the inbox in which
 * messages wait for a script to look.
 *
 * In Lua a message is a table: topic, payload, qos, retain, dup, and on MQTT 5, where it has them,
 * content_type, response_topic, correlation, expiry, subscription_identifier and user, a table of
 * user properties: a string, or a list of strings where a name comes more than once.
 */
#ifndef SCRIPT_MESSAGE_H
#define SCRIPT_MESSAGE_H

#include <lua.h>

#include "base/buf.h"
#include "mqtt/client.h"

/* Pushes a table. */
void message_push(lua_State *L, const struct mqtt_message *m);

/* Reads topic, payload and options (qos, retain, expiry, content_type, response_topic, correlation,
   user) at `index` and after; raises for what is wrong. Slices are Lua's strings at these places,
   and `user`, which this makes and the caller ends with buf_done(); nothing is held if it raises.
   Not given: QoS 1. */
void message_check(lua_State *L, int index, struct mqtt_message *ret, struct buf *user);

/* Reads a filter and options (qos, no_local, retain_as_published, retain_handling, identifier)
   likewise. `is_5`: the others than qos are errors if it is false. */
void message_check_filter(lua_State *L, int index, bool is_5, struct mqtt_filter *ret);

/* Zeroed is empty. Holds the last 10,000 messages or 64 MiB. */
struct inbox {
    struct inbox_entry *first, *last; /* oldest first */
    size_t count, bytes;
};

void inbox_add(struct inbox *inbox, const struct mqtt_message *m);
/* Pushes the oldest message whose topic matches and removes it; false: there is none. */
bool inbox_take(lua_State *L, struct inbox *inbox, struct slice filter);
/* Pushes a list of all that match, and leaves them; an empty filter matches all. */
void inbox_list(lua_State *L, const struct inbox *inbox, struct slice filter);
void inbox_done(struct inbox *inbox);

#endif
