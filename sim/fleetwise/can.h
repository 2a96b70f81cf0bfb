/*
 * can.h — signals in the bytes of a CAN frame, by the rules of FleetWise's decoder manifests
 * (CANSignal; contract 9.3): physical value = raw value * factor + offset.
 *
 * A bit's number counts from the lowest bit of the first byte. `start_bit` is that of the signal's
 * lowest bit in both byte orders, as FleetWise's edge agent has it; DBC files have the highest bit
 * of big-endian signals there.
 *
 * Threads   any.
 */
#ifndef FLEETWISE_CAN_H
#define FLEETWISE_CAN_H

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define CAN_FRAME_MAX 64 /* bytes, of CAN FD */

struct can_rule {
    uint32_t start_bit, length;
    bool is_big_endian, is_signed;
    double factor, offset;
};

/* A rule by the names of CANSignal's fields; a factor that is not there is 1. ERROR_USAGE. */
bool can_rule_read(const cJSON *object, struct can_rule *ret, struct error *err);

/* Do its bits lie within a frame of that many bytes, and is each of their values finite?
   ERROR_USAGE says why not. */
bool can_rule_fits(const struct can_rule *rule, size_t frame_len, struct error *err);

/* Both only for a rule that fits. */
double can_decode(const uint8_t *frame, const struct can_rule *rule);
/* The nearest value that the bits can say; no number, and a factor of 0, are raw 0. */
void can_encode(uint8_t *frame, const struct can_rule *rule, double value);

#endif
