#include "fleetwise/can.h"

#include <math.h>

#define LENGTH_MAX 64 /* bits */

static bool read_number(const cJSON *object, const char *name, double *ret, struct error *err)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, name);

    if (member == NULL)
        return true;
    *ret = member->valuedouble;
    return (cJSON_IsNumber(member) && isfinite(*ret)) ||
           error_set(err, ERROR_USAGE, "%s: not a number", name);
}

static bool read_bits(const cJSON *object, const char *name, uint32_t *ret, struct error *err)
{
    double number = 0;

    if (!read_number(object, name, &number, err))
        return false;
    if (number < 0 || number > UINT32_MAX || floor(number) != number)
        return error_set(err, ERROR_USAGE, "%s: not a number of bits", name);
    *ret = (uint32_t)number;
    return true;
}

bool can_rule_read(const cJSON *object, struct can_rule *ret, struct error *err)
{
    if (!cJSON_IsObject(object))
        return error_set(err, ERROR_USAGE, "a rule is a table: start_bit, length, …");
    *ret = (struct can_rule){
        .is_big_endian = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, "is_big_endian")),
        .is_signed = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, "is_signed")),
        .factor = 1,
    };
    return read_bits(object, "start_bit", &ret->start_bit, err) &&
           read_bits(object, "length", &ret->length, err) &&
           read_number(object, "factor", &ret->factor, err) &&
           read_number(object, "offset", &ret->offset, err);
}

bool can_rule_fits(const struct can_rule *rule, size_t frame_len, struct error *err)
{
    if (frame_len > CAN_FRAME_MAX)
        return error_set(err, ERROR_USAGE, "a frame of %zu bytes: more than %d", frame_len,
                         CAN_FRAME_MAX);
    if (rule->length < 1 || rule->length > LENGTH_MAX)
        return error_set(err, ERROR_USAGE, "length %u: not 1 to %d bits", rule->length, LENGTH_MAX);
    /* How far it reaches: to the frame's end, or to its beginning. */
    uint64_t bits = (uint64_t)frame_len * 8;
    bool fits =
        rule->start_bit < bits &&
        (rule->is_big_endian ? (rule->start_bit % 8 + rule->length - 1) / 8 <= rule->start_bit / 8
                             : (uint64_t)rule->start_bit + rule->length <= bits);
    if (!fits)
        return error_set(
            err, ERROR_USAGE, "%u bits from bit %u (%s-endian) lie outside of a frame of %zu bytes",
            rule->length, rule->start_bit, rule->is_big_endian ? "big" : "little", frame_len);
    return isfinite(ldexp(fabs(rule->factor), (int)rule->length) + fabs(rule->offset)) ||
           error_set(err, ERROR_USAGE,
                     "factor %g and offset %g make values of %u bits that are no numbers",
                     rule->factor, rule->offset, rule->length);
}

/* The place of the signal's bit `i`: a big-endian one goes on in the byte before. */
static void place(const struct can_rule *rule, uint32_t i, uint32_t *ret_byte, unsigned *ret_bit)
{
    uint32_t from_byte = rule->start_bit % 8 + i;

    *ret_bit = from_byte % 8;
    *ret_byte = rule->is_big_endian ? rule->start_bit / 8 - from_byte / 8
                                    : rule->start_bit / 8 + from_byte / 8;
}

double can_decode(const uint8_t *frame, const struct can_rule *rule)
{
    uint64_t raw = 0, highest = 0;
    uint32_t byte;
    unsigned bit;

    for (uint32_t i = 0; i < rule->length; i++) {
        place(rule, i, &byte, &bit);
        highest = frame[byte] >> bit & 1;
        raw |= highest << i;
    }
    double number = (double)raw;
    if (rule->is_signed && highest != 0) {
        /* Two's complement: the bits above it are ones, too. */
        uint64_t above = rule->length < 64 ? ~(uint64_t)0 << rule->length : 0;
        number = (double)(int64_t)(raw | above);
    }
    return number * rule->factor + rule->offset;
}

static uint64_t nearest_raw(const struct can_rule *rule, double value)
{
    double raw = round((value - rule->offset) / rule->factor);

    if (!isfinite(value) || isnan(raw) || rule->factor == 0)
        return 0;
    double low = rule->is_signed ? -ldexp(1, (int)rule->length - 1) : 0;
    /* The first that is too much: its neighbour below may be no double. */
    double end = ldexp(1, (int)rule->length - (rule->is_signed ? 1 : 0));
    if (raw < low)
        raw = low;
    if (raw >= end)
        return rule->is_signed ? ((uint64_t)1 << (rule->length - 1)) - 1 : UINT64_MAX;
    return raw < 0 ? (uint64_t)(int64_t)raw : (uint64_t)raw;
}

void can_encode(uint8_t *frame, const struct can_rule *rule, double value)
{
    uint64_t raw = nearest_raw(rule, value);
    uint32_t byte;
    unsigned bit;

    for (uint32_t i = 0; i < rule->length; i++) {
        place(rule, i, &byte, &bit);
        uint8_t mask = (uint8_t)(1u << bit);
        frame[byte] = (uint8_t)((frame[byte] & ~mask) | ((raw >> i & 1) != 0 ? mask : 0));
    }
}
