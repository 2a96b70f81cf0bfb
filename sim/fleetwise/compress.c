#include "fleetwise/compress.h"

#include <snappy-c.h>
#include <stdlib.h>

uint8_t *fleetwise_compress(struct slice plain, size_t *ret_len)
{
    char *bytes = malloc(snappy_max_compressed_length(plain.len));

    *ret_len = snappy_max_compressed_length(plain.len);
    if (bytes != NULL &&
        snappy_compress((const char *)plain.data, plain.len, bytes, ret_len) != SNAPPY_OK) {
        free(bytes);
        return NULL;
    }
    return (uint8_t *)bytes;
}

uint8_t *fleetwise_uncompress(struct slice compressed, size_t *ret_len, struct error *err)
{
    const char *data = (const char *)compressed.data;

    if (snappy_uncompressed_length(data, compressed.len, ret_len) != SNAPPY_OK) {
        error_set(err, ERROR_USAGE, "not snappy: it does not begin with a length");
        return NULL;
    }
    if (*ret_len > FLEETWISE_UNCOMPRESSED_MAX) {
        error_set(err, ERROR_USAGE, "snappy of %zu bytes: more than %zu are not uncompressed",
                  *ret_len, FLEETWISE_UNCOMPRESSED_MAX);
        return NULL;
    }
    char *bytes = malloc(*ret_len + 1);
    if (bytes == NULL) {
        error_set(err, ERROR_FAILED, "no memory");
        return NULL;
    }
    if (snappy_uncompress(data, compressed.len, bytes, ret_len) != SNAPPY_OK) {
        error_set(err, ERROR_USAGE, "snappy that is corrupt, or cut short");
        free(bytes);
        return NULL;
    }
    return (uint8_t *)bytes;
}
