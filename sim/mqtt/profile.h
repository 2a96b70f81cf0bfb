/*
 * profile.h — the limits of a kind of broker beyond MQTT's own, and whether what a client is about
 * to send keeps within them.
 *
 * A refusal names the limit: "profile aws: 9 filters in one SUBSCRIBE (AWS IoT takes 8, contract
 * 6.8)". Limits that a broker states in CONNACK are not here but in mqtt/limits.h. Pure; no
 * allocation. NULL stands for the profile without limits everywhere.
 */
#ifndef MQTT_PROFILE_H
#define MQTT_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "mqtt/client.h"

/* 0: no such limit, except that of max_qos. */
struct mqtt_profile {
    const char *name;    /* "aws" */
    const char *service; /* "AWS IoT" */
    uint8_t max_qos;
    uint32_t payload_max;                    /* bytes, of a PUBLISH or a will */
    uint16_t topic_max;                      /* bytes of a topic or filter */
    uint16_t slashes_max;                    /* in a topic or filter */
    uint16_t client_id_max;                  /* bytes */
    uint16_t share_name_max;                 /* bytes */
    uint16_t filters_max;                    /* in one SUBSCRIBE */
    uint16_t subscriptions_max;              /* of one connection */
    uint16_t publishes_per_s;                /* of one connection, in and out together */
    uint16_t keep_alive_min, keep_alive_max; /* seconds; others are brought into this range */
    bool reserved_topics;                    /* $… is the service's: nothing retained there */
    bool no_subscription_identifiers;
};

/* "aws" or "generic" (no limits: *ret is NULL). False if there is no such profile. */
bool mqtt_profile_find(const char *name, const struct mqtt_profile **ret);
/* AWS IoT's for its own host names (….amazonaws.com, ….amazonaws.com.cn), else NULL. */
const struct mqtt_profile *mqtt_profile_of_host(const char *host);
/* "generic" for NULL. */
const char *mqtt_profile_name(const struct mqtt_profile *p);

/* The keep-alive that the broker would go by when asked for this one (contract 6.4); 0: none. */
uint16_t mqtt_profile_keep_alive(const struct mqtt_profile *p, uint16_t seconds);

/* Client id and will. ERROR_USAGE as the others. */
bool mqtt_profile_check_connect(const struct mqtt_profile *p, const struct mqtt_connect *c,
                                struct error *err);
bool mqtt_profile_check_publish(const struct mqtt_profile *p, const struct mqtt_message *m,
                                struct error *err);
/* `fresh`: how many of these filters are not subscribed to yet; `held`: how many others are. */
bool mqtt_profile_check_subscribe(const struct mqtt_profile *p, const struct mqtt_filter *filters,
                                  size_t count, size_t fresh, size_t held, struct error *err);

#endif
