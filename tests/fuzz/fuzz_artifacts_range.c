/*
 * What a client asks of a file, and what its faults say: any text.
 *
 * Always: a part lies within the file; what is no range is the whole; a fault's status is one.
 */
/* The checks are the point, in every build type. */
#undef NDEBUG
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "artifacts/byte_range.h"
#include "artifacts/fault_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_range(const char *header, uint64_t size)
{
    struct byte_range range;

    switch (byte_range_read(header, size, &range)) {
    case BYTE_RANGE_PART:
        assert(range.count > 0 && range.from < size && range.count <= size - range.from);
        return;
    case BYTE_RANGE_WHOLE:
    case BYTE_RANGE_NONE:
        assert(range.from == 0 && range.count == size);
        return;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint64_t sizes[] = {0, 1, 1000, UINT64_MAX / 2};
    char *text = calloc(1, size + 1);

    if (text == NULL)
        return 0;
    memcpy(text, data, size);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        check_range(text, sizes[i]);
    struct fault fault = fault_read((struct slice){.data = data, .len = size});
    assert(fault.kind != FAULT_STATUS || (fault.number >= 400 && fault.number < 600));
    free(text);
    return 0;
}
