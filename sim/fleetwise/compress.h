/*
 * compress.h — snappy, in its raw form without frames: what FleetWise's agents make of the data of
 * schemes with `compress_collected_data` (contract 9.3), on libsnappy.
 *
 * Promises  no untrusted bytes crash it, or make it take more than FLEETWISE_UNCOMPRESSED_MAX.
 * Threads   any.
 */
#ifndef FLEETWISE_COMPRESS_H
#define FLEETWISE_COMPRESS_H

#include <stdint.h>

#include "base/error.h"
#include "base/slice.h"

/* Far more than a message of AWS IoT's 128 KiB can be the snappy of, whose best is 1 : 22. */
#define FLEETWISE_UNCOMPRESSED_MAX ((size_t)4 << 20)

/* NULL: no memory. free() it. */
uint8_t *fleetwise_compress(struct slice plain, size_t *ret_len);

/* ERROR_USAGE: no snappy, or too long. free() it; it is not NULL for nothing compressed. */
uint8_t *fleetwise_uncompress(struct slice compressed, size_t *ret_len, struct error *err);

#endif
