/*
 * stream_address.h — the topics of AWS IoT's MQTT-based file delivery: what a device may ask
 * (contract 3.7, step 4), and what an operator may (stream_service.h).
 */
#ifndef CLOUD_JOBS_STREAM_ADDRESS_H
#define CLOUD_JOBS_STREAM_ADDRESS_H

#include <stdbool.h>

#define STREAM_ID_MAX     128
#define STREAM_TOPIC_SIZE 384

/* ORDER STREAM_OPERATION */
enum stream_operation {
    STREAM_DESCRIBE,
    STREAM_GET,
    STREAM_NO_CALL, /* inside the namespace, but no call: InvalidTopic */
    STREAM_PUT,     /* an operator's from here on */
    STREAM_DELETE,
    STREAM_OPERATION_COUNT
};

struct stream_address {
    enum stream_operation op;
    char stream[STREAM_ID_MAX + 1];
    char base[STREAM_TOPIC_SIZE]; /* answers go below it */
};

/* False unless a client may have something to say on that topic. */
bool stream_address_parse(const char *topic, struct stream_address *ret);

#endif
