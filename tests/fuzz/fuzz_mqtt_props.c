/*
 * The first byte of the input chooses the packet, the rest are its property bytes. Promises: any
 * bytes are read or refused with a reason; what was read, when written and read again, is the same;
 * it is written in no more bytes than it came in; every beginning of it is safe.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"
#include "mqtt/reason.h"
#include "support/same_props.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
    if (!ok)
        abort();
}

/* In a block of its own, so that one byte too many is noticed. */
static bool read_props(struct slice bytes, enum mqtt_type where, uint8_t **ret_copy,
                       struct mqtt_props *ret)
{
    const char *why = NULL;

    *ret_copy = xmalloc(bytes.len + 1);
    memcpy(*ret_copy, bytes.data, bytes.len);
    *ret_copy = xrealloc(*ret_copy, bytes.len);
    memset(ret, 0, sizeof *ret);
    uint8_t code = mqtt_props_read(slice_of(*ret_copy, bytes.len), where, ret, &why);
    require(code == 0 || (why != NULL && code >= MQTT_REASON_UNSPECIFIED_ERROR));
    require(code != 0 || mqtt_props_check(ret, where, &why) == 0);
    return code == 0;
}

static uint8_t *write_props(const struct mqtt_props *p, size_t *ret_size)
{
    *ret_size = mqtt_props_size(p);
    require(*ret_size != SIZE_MAX);
    uint8_t *bytes = xmalloc(*ret_size + 1);
    require(mqtt_props_write(p, bytes) == bytes + *ret_size);
    return bytes;
}

/* Does the value make sense beside its name? */
static void look_at(const struct mqtt_props *p)
{
    for (unsigned id = 0; id < 256; id++) {
        struct mqtt_prop_value value;
        require(mqtt_prop_name((enum mqtt_prop)id) != NULL);
        if (id < MQTT_PROP_COUNT && mqtt_props_get(p, (enum mqtt_prop)id, &value))
            require(mqtt_props_has(p, (enum mqtt_prop)id));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mqtt_props first, second, part;
    uint8_t *copy, *copy_again;
    size_t once_size, twice_size;

    if (size < 2)
        return 0;
    enum mqtt_type where = (enum mqtt_type)(data[0] % MQTT_TYPE_COUNT);
    struct slice bytes = slice_of(data + 1, size - 1);
    for (size_t len = 1; len < bytes.len && len < 64; len++) {
        read_props(slice_of(bytes.data, len), where, &copy, &part);
        free(copy);
    }
    if (read_props(bytes, where, &copy, &first)) {
        look_at(&first);
        uint8_t *once = write_props(&first, &once_size);
        require(once_size <= bytes.len);
        require(once_size == 0 ||
                read_props(slice_of(once, once_size), where, &copy_again, &second));
        if (once_size != 0) {
            require(same_props(&first, &second));
            uint8_t *twice = write_props(&second, &twice_size);
            require(once_size == twice_size && memcmp(once, twice, once_size) == 0);
            free(twice);
            free(copy_again);
        }
        free(once);
    }
    free(copy);
    return 0;
}
