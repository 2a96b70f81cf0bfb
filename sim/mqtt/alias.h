/*
 * alias.h — topic aliases of one connection, one direction (MQTT 5, 3.3.2.3.4): numbers from 1 on
 * that stand for topics already sent in full.
 *
 * A table is allocated when its first alias is set, and dies with the connection.
 */
#ifndef MQTT_ALIAS_H
#define MQTT_ALIAS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* The most that a table holds; also our Topic Alias Maximum. AWS IoT takes as many. */
#define ALIAS_MAX 8

struct alias_table;

/* NULL is a no-op. Takes void * so that loop_post() can call it. */
void alias_table_free(void *table);

/* Incoming: *topic is the topic of a PUBLISH with this alias; one that is not empty sets the alias,
   one that is empty becomes the alias' topic, borrowed until the alias is set again. 0, or a reason
   code with a sentence in *ret_why (static). */
uint8_t alias_resolve(struct alias_table **table, uint16_t alias, struct slice *topic,
                      const char **ret_why);

/* Outgoing: the alias for a topic, of those up to `max` (the broker's, above 0); *ret_known: the
   topic itself need not be sent. When all are taken, the one longest not used changes its topic. */
uint16_t alias_choose(struct alias_table **table, struct slice topic, uint16_t max,
                      bool *ret_known);
/* The PUBLISH that would have set the alias was not sent. */
void alias_forget(struct alias_table *table, uint16_t alias);

#endif
