/*
 * actions.h — what a cloud service wants done: an ordered list of messages to publish and clients
 * to close. The services only ever append; the plugin (or a test) carries the list out.
 *
 * Owns      topics, payloads and client ids, all from malloc(). Whoever carries an action out may
 *           take its payload by setting it to NULL.
 * Errors    no memory: the append returns false and the list is as before.
 */
#ifndef CLOUD_CLIENTS_ACTIONS_H
#define CLOUD_CLIENTS_ACTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

/* ORDER CLOUD_ACTION */
enum cloud_action_kind {
    CLOUD_ACTION_PUBLISH, /* to every subscriber, or to client_id alone */
    CLOUD_ACTION_KICK,    /* close client_id's connection */
    CLOUD_ACTION_FILE,    /* append the payload to the file `topic` */
    CLOUD_ACTION_POST,    /* post the payload to the address `topic` */
    CLOUD_ACTION_COUNT
};
const char *cloud_action_name(enum cloud_action_kind kind);

struct cloud_action {
    enum cloud_action_kind kind;
    uint8_t qos;
    bool with_will;  /* CLOUD_ACTION_KICK: publish the will, too */
    bool by_rule;    /* a rule has made it, so no other follows it */
    char *client_id; /* NULL: everybody */
    char *topic;
    char *payload;
    size_t payload_len;
    /* Properties of MQTT 5. */
    const char *content_type; /* of static life; NULL: none */
    uint32_t expiry_s;        /* 0: never */
};

struct cloud_actions {
    struct cloud_action *items;
    size_t count, cap;
};

void cloud_actions_init(struct cloud_actions *list);
void cloud_actions_done(struct cloud_actions *list);
/* Forgets the actions from `count` on. */
void cloud_actions_cut(struct cloud_actions *list, size_t count);

/* Takes the payload's memory, also when it fails; a payload that ran out of memory fails. QoS 1,
   not retained (contract 1.1). client_id NULL: everybody. */
bool cloud_actions_publish(struct cloud_actions *list, const char *client_id, const char *topic,
                           struct text *payload);
/* CLOUD_ACTION_FILE or CLOUD_ACTION_POST; takes the payload's memory likewise. */
bool cloud_actions_sink(struct cloud_actions *list, enum cloud_action_kind kind, const char *target,
                        struct text *payload);
/* Once more, at the end; a message. */
bool cloud_actions_copy(struct cloud_actions *list, size_t index);
/* Takes what the action of another list owns; it is empty then. */
bool cloud_actions_move(struct cloud_actions *list, struct cloud_action *from);
bool cloud_actions_kick(struct cloud_actions *list, const char *client_id, bool with_will);

#endif
