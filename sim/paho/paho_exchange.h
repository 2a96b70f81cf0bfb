/*
 * paho_exchange.h — SUBSCRIBE, UNSUBSCRIBE and PUBLISH on a paho_conn, with one answer each,
 * whatever the MQTT version.
 *
 * Promises  what is sent is answered once, on a Paho thread or from inside paho_conn_free(), unless
 *           the function says that it was not sent. Paho is kept awake until then.
 * Threads   that of the paho_conn; paho_publish() also from inside an answer.
 */
#ifndef PAHO_PAHO_EXCHANGE_H
#define PAHO_PAHO_EXCHANGE_H

#include "mqtt/client.h"
#include "paho/paho_conn.h"

#define PAHO_FAILURE 0x80 /* from here on reason codes mean a failure */

struct paho_answer {
    bool lost;            /* the connection ended first; the rest is empty */
    const uint8_t *codes; /* one per filter; of a PUBLISH one; of an UNSUBACK on 3.1.1 none */
    size_t count;
    /* What the broker said beside the codes, for people; "" if nothing. Paho does not pass it on
       when a PUBLISH succeeded, nor that code: 0 then. */
    const char *remark;
};

/* Who wants to hear the answer. Must not block. */
struct paho_asker {
    void (*answered)(void *ctx, const struct paho_answer *answer);
    void *ctx;
};

/* `count` is 1 or more. False: the connection is gone. */
bool paho_subscribe(struct paho_conn *conn, const struct mqtt_filter *filters, size_t count,
                    struct paho_asker asker);
bool paho_unsubscribe(struct paho_conn *conn, const struct slice *filters, size_t count,
                      struct paho_asker asker);

struct paho_parcel {
    const char *topic;
    struct slice payload;
    uint8_t qos;
    bool retain;
    MQTTProperties props; /* copied */
};

/* MQTTASYNC_SUCCESS, or Paho's code for why it was not sent. A NULL `answered` waits for none: for
   QoS 0. */
int paho_publish(struct paho_conn *conn, const struct paho_parcel *parcel, struct paho_asker asker);

#endif
