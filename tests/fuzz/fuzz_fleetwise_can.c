/*
 * Random rules for random CAN frames. Input: start bit (2 bytes), length, flags, factor and offset
 * (a byte each, or with a flag any two doubles after them), then the frame.
 *
 * Always: a rule that fits reads what another way of reading bits does, and writing what was read
 * changes nothing (as far as a double keeps it); nor are other bits ever touched.
 */
/* The checks are the point, in every build type. */
#undef NDEBUG
#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "fleetwise/can.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* All bits in a row, the frame's last byte first if it is big-endian, the lowest bit first. */
static uint64_t slow_raw(const uint8_t *frame, size_t len, const struct can_rule *rule)
{
    size_t byte = rule->start_bit / 8;
    size_t first =
        rule->is_big_endian ? (len - 1 - byte) * 8 + rule->start_bit % 8 : rule->start_bit;
    uint64_t raw = 0;

    for (size_t i = rule->length; i-- > 0;) {
        size_t at = first + i;
        uint8_t of = rule->is_big_endian ? frame[len - 1 - at / 8] : frame[at / 8];
        raw = raw << 1 | (of >> at % 8 & 1);
    }
    return raw;
}

/* An offset that is great beside the factor leaves a double no bits for the rest. */
static bool is_kept(const struct can_rule *rule)
{
    return fabs(rule->factor) > 1e-290 && fabs(rule->offset) <= ldexp(fabs(rule->factor), 18);
}

static void check_rule(const uint8_t *data, size_t len, const struct can_rule *rule)
{
    uint8_t frame[CAN_FRAME_MAX], again[CAN_FRAME_MAX];
    struct can_rule plain = *rule, rest = *rule;

    memcpy(frame, data, len);
    memcpy(again, data, len);
    plain.factor = 1;
    plain.offset = 0;
    plain.is_signed = false;
    assert(can_decode(frame, &plain) == (double)slow_raw(frame, len, rule));
    double value = can_decode(frame, rule);
    assert(isfinite(value));
    can_encode(again, rule, value);
    if (rule->length <= 32 && is_kept(rule))
        assert(memcmp(again, frame, len) == 0);
    /* With its own bits made equal, all is equal. */
    rest.factor = 1;
    can_encode(again, &rest, 0);
    can_encode(frame, &rest, 0);
    assert(memcmp(again, frame, len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err;

    if (size < 6)
        return 0;
    struct can_rule rule = {
        .start_bit = (uint32_t)data[0] | (uint32_t)data[1] << 8,
        .length = data[2],
        .is_big_endian = (data[3] & 1) != 0,
        .is_signed = (data[3] & 2) != 0,
        .factor = (data[4] - 128) / 16.0,
        .offset = data[5] - 128,
    };
    bool has_doubles = (data[3] & 4) != 0;
    data += 6;
    size -= 6;
    if (has_doubles && size >= 2 * sizeof(double)) {
        memcpy(&rule.factor, data, sizeof rule.factor);
        memcpy(&rule.offset, data + sizeof rule.factor, sizeof rule.offset);
        data += 2 * sizeof(double);
        size -= 2 * sizeof(double);
    }
    if (can_rule_fits(&rule, size, &err))
        check_rule(data, size, &rule);
    return 0;
}
