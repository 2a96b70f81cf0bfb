#include "artifacts/byte_range.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Digits alone; *at moves behind them. */
static bool read_number(const char **at, uint64_t *ret)
{
    char *end;

    if (!isdigit((unsigned char)**at))
        return false;
    *ret = strtoull(*at, &end, 10);
    *at = end;
    return true;
}

/* "-500": the last bytes. */
static enum byte_range_kind read_suffix(const char *at, uint64_t size, struct byte_range *ret)
{
    uint64_t count;

    if (!read_number(&at, &count) || *at != '\0')
        return BYTE_RANGE_WHOLE;
    if (count == 0 || size == 0)
        return BYTE_RANGE_NONE;
    count = count < size ? count : size;
    *ret = (struct byte_range){.from = size - count, .count = count};
    return BYTE_RANGE_PART;
}

enum byte_range_kind byte_range_read(const char *header, uint64_t size, struct byte_range *ret)
{
    static const char unit[] = "bytes=";
    uint64_t from, last = UINT64_MAX;

    *ret = (struct byte_range){.count = size};
    if (header == NULL || strncmp(header, unit, sizeof unit - 1) != 0)
        return BYTE_RANGE_WHOLE;
    const char *at = header + sizeof unit - 1;
    if (*at == '-')
        return read_suffix(at + 1, size, ret);
    if (!read_number(&at, &from) || *at++ != '-')
        return BYTE_RANGE_WHOLE;
    if (*at != '\0' && (!read_number(&at, &last) || *at != '\0' || last < from))
        return BYTE_RANGE_WHOLE;
    if (from >= size)
        return BYTE_RANGE_NONE;
    uint64_t most = size - from;
    uint64_t wanted = last - from < most ? last - from + 1 : most;
    *ret = (struct byte_range){.from = from, .count = wanted < most ? wanted : most};
    return BYTE_RANGE_PART;
}
