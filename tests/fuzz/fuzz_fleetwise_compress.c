/*
 * Random bytes as snappy, and random bytes made snappy of.
 *
 * Always: what was uncompressed stays in its bounds, and comes back when it is compressed again;
 * so do the bytes themselves.
 */
/* The checks are the point, in every build type. */
#undef NDEBUG
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fleetwise/compress.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_round(struct slice plain)
{
    struct error err;
    size_t len, again_len;
    uint8_t *bytes = fleetwise_compress(plain, &len);

    assert(bytes != NULL);
    uint8_t *again = fleetwise_uncompress(slice_of(bytes, len), &again_len, &err);
    assert(again != NULL && slice_equal(plain, slice_of(again, again_len)));
    free(again);
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err;
    size_t len;
    uint8_t *plain = fleetwise_uncompress(slice_of(data, size), &len, &err);

    if (plain != NULL) {
        assert(len <= FLEETWISE_UNCOMPRESSED_MAX);
        check_round(slice_of(plain, len));
    }
    free(plain);
    check_round(slice_of(data, size));
    return 0;
}
