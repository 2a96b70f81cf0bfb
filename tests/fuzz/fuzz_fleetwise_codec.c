/*
 * Random messages of FleetWise. Input: the first byte says which message, the rest are its bytes.
 *
 * Always: what was understood is written again as bytes that say the same.
 */
/* The checks are the point, in every build type. */
#undef NDEBUG
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "fleetwise/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What JSON cannot hold (no number, numbers above 2^53) is null, or less exact. */
static bool is_exact(const cJSON *item)
{
    const cJSON *child;

    if (cJSON_IsNull(item) || (cJSON_IsNumber(item) && (item->valuedouble > 9007199254740992.0 ||
                                                        item->valuedouble < -9007199254740992.0)))
        return false;
    cJSON_ArrayForEach(child, item)
    {
        /* A value of an enumeration that has no name. */
        if (!is_exact(child) ||
            (child->string != NULL && cJSON_IsNumber(child) &&
             (strcmp(child->string, "operator") == 0 || strcmp(child->string, "window_type") == 0 ||
              strcmp(child->string, "condition_trigger_mode") == 0 ||
              strcmp(child->string, "status") == 0 || strcmp(child->string, "data_format") == 0 ||
              strcmp(child->string, "primitive_type") == 0)))
            return false;
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const messages[] = {
        "Checkin",        "VehicleData",        "DecoderManifest", "CollectionSchemes",
        "StateTemplates", "LastKnownStateData", "CommandRequest",  "CommandResponse"};
    struct error err;
    size_t len;

    if (size == 0)
        return 0;
    const char *message = messages[data[0] % (sizeof messages / sizeof *messages)];
    cJSON *object = fleetwise_decode(message, slice_of(data + 1, size - 1));
    if (object != NULL && is_exact(object)) {
        uint8_t *bytes = fleetwise_encode(message, object, &len, &err);
        assert(bytes != NULL);
        cJSON *again = fleetwise_decode(message, slice_of(bytes, len));
        assert(again != NULL && json_equal(again, object));
        cJSON_Delete(again);
        free(bytes);
    }
    cJSON_Delete(object);
    return 0;
}
