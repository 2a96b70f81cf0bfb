/*
 * volume.h — the data that a fleet's connections carried, and what that is in a month for each car:
 * what a data plan is charged for, packets' headers included, where the kernel tells; else what
 * MQTT alone comes to.
 */
#ifndef LOAD_VOLUME_H
#define LOAD_VOLUME_H

#include <cjson/cJSON.h>
#include <stdint.h>

struct recorder;

/* Bytes, since the recorder's counters started. */
struct load_volume {
    uint64_t sent, received;           /* of MQTT packets */
    uint64_t wire_sent, wire_received; /* by TCP; 0: not known */
    uint64_t packets, headers;         /* headers: bytes */
    uint64_t handshakes, handshake_bytes;
};

/* After simulation_count_carried(). */
void load_volume_take(const struct recorder *rec, struct load_volume *ret);
/* The member "data" of a load that was measured for so many seconds. */
void load_volume_json(const struct load_volume *v, double seconds, double cars, cJSON *load);

#endif
