/*
 * Random bytes as CBOR. Always: what is taken can be written, and is written the same when it is
 * read back; nothing that is refused leaks (the sanitizer's to see).
 */
#undef NDEBUG
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cbor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cJSON *item = cbor_parse(slice_of(data, size), 32);
    size_t len = 0, again_len = 0;

    if (item == NULL)
        return 0;
    uint8_t *bytes = cbor_write(item, &len);
    assert(bytes != NULL);
    cJSON *back = cbor_parse(slice_of(bytes, len), 32);
    assert(back != NULL);
    uint8_t *again = cbor_write(back, &again_len);
    assert(again_len == len && memcmp(again, bytes, len) == 0);
    free(again);
    cJSON_Delete(back);
    cJSON_Delete(item);
    free(bytes);
    return 0;
}
