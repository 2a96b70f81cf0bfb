/*
 * vehicle_clock.h — the clock by which a car verifies certificates, which may be wrong: a TCU that
 * has lost its battery begins in 1970, or on the day when its software was made.
 *
 * Nothing else goes by it: stamps of telemetry and expiries of commands are of the right time.
 */
#ifndef FLEET_VEHICLE_CLOCK_H
#define FLEET_VEHICLE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "fleet/vehicle.h"

#define VEHICLE_CLOCK_MAX (INT64_C(100) * 365 * 86400) /* seconds fast or slow */

/* So many seconds fast, or slow (< 0), from the next connect on; 0: right. ERROR_USAGE: a car on
   Paho, whose OpenSSL goes by this machine's clock. */
bool vehicle_set_clock(struct vehicle *v, int64_t offset, struct error *err);

#endif
