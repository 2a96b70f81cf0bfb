/*
 * fake_client.h — an MQTT client without a network: records what is asked of it, and lets a test
 * play the broker. Freed by mqtt_client_free(), like any other.
 */
#ifndef SUPPORT_FAKE_CLIENT_H
#define SUPPORT_FAKE_CLIENT_H

#include "mqtt/client.h"

struct fake_publish {
    char *topic, *payload, *correlation; /* correlation: NULL if absent */
    uint8_t qos;
    int32_t id;
};

struct fake_client {
    struct mqtt_client base;
    bool started; /* connect was called, no end since */
    bool up;      /* CONNACK was played */
    bool fail_connect, fail_subscribe, fail_publish;
    bool answers_pings; /* else it is a client that cannot ping */
    struct fake_publish *sent;
    size_t sent_count;
    char filters[16][256];
    size_t filter_count;
    unsigned connects, subscribes, disconnects, aborts, pings;
    struct mqtt_connect options; /* of the last connect; its slices are not kept */
    char client_id[160], will_topic[256], will_payload[64];
    uint16_t last_id, subscribe_id;
    uint32_t packet_max;       /* Maximum Packet Size in the next CONNACK; 0: none */
    uint32_t session_expiry_s; /* of CONNACK; 0: not said */
};

struct fake_client *fake_client_new(const struct mqtt_client_events *events, void *ctx);
void fake_connected(struct fake_client *f, bool session_present);
/* All filters get `code`. */
void fake_suback(struct fake_client *f, uint8_t code);
void fake_message(struct fake_client *f, const char *topic, const char *payload);
void fake_message_with(struct fake_client *f, const char *topic, const char *payload,
                       const struct mqtt_props *props);
void fake_pong(struct fake_client *f);
void fake_puback(struct fake_client *f, int32_t id, uint8_t reason_code);
void fake_close(struct fake_client *f, enum mqtt_close why, const char *text);
/* The last publish on a topic that ends so, or NULL. */
const struct fake_publish *fake_last(const struct fake_client *f, const char *topic_end);
size_t fake_count(const struct fake_client *f, const char *topic_end);

#endif
