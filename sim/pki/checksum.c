#include "pki/checksum.h"

#include <endian.h>
#include <string.h>

uint64_t checksum(const void *data, size_t len)
{
    const uint8_t *bytes = data;
    uint64_t sum = 0x9e3779b97f4a7c15u ^ len;
    size_t i = 0;

    for (; i + 8 <= len; i += 8) {
        uint64_t word;
        memcpy(&word, bytes + i, 8);
        sum = (sum ^ le64toh(word)) * 0xff51afd7ed558ccdu;
        sum ^= sum >> 32;
    }
    for (; i < len; i++)
        sum = (sum ^ bytes[i]) * 0x100000001b3u;
    return sum ^ sum >> 29;
}
