/*
 * Random bytes as CBOR. Always: what is taken can be written, and reads back as the same; nothing
 * that is refused leaks (the sanitizer's to see).
 */
#undef NDEBUG
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/cbor.h"
#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cJSON *item = cbor_parse(slice_of(data, size), 32);
    size_t len = 0;

    if (item == NULL)
        return 0;
    uint8_t *bytes = cbor_write(item, &len);
    assert(bytes != NULL);
    cJSON *back = cbor_parse(slice_of(bytes, len), 32);
    assert(back != NULL && json_equal(item, back));
    cJSON_Delete(back);
    cJSON_Delete(item);
    free(bytes);
    return 0;
}
