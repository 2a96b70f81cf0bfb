/*
 * Accept headers: any text.
 *
 * Always: a weight is between 0 and 1000; a range for the type itself, put in front, weighs what it
 * says or what a later one for the same type says.
 */
/* The checks are the point, in every build type. */
#undef NDEBUG
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/http_accept.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char own[] = "application/openmetrics-text,";
    char *header = calloc(1, sizeof own + size + 1);

    if (header == NULL || memchr(data, 0, size) != NULL) {
        free(header);
        return 0;
    }
    memcpy(header, own, sizeof own - 1);
    memcpy(header + sizeof own - 1, data, size);
    int weight = http_accept_weight(header + sizeof own - 1, "text/plain");
    assert(weight >= 0 && weight <= 1000);
    assert(http_accept_weight(header, "application/openmetrics-text") == 1000);
    free(header);
    return 0;
}
