#include "fleet/vehicle_clock.h"

#include <inttypes.h>
#include <stdio.h>

#include "fleet/simulation.h"

bool vehicle_set_clock(struct vehicle *v, int64_t offset, struct error *err)
{
    char how[48];

    if (offset != 0 && v->session == NULL)
        return error_set(err, ERROR_USAGE,
                         "a car on the Paho client verifies by this machine's clock (run the cars "
                         "with --client native)");
    if (v->session == NULL || offset == v->clock_offset)
        return true;
    v->clock_offset = offset;
    simulation_renew_identity(v);
    if (offset == 0)
        snprintf(how, sizeof how, "right");
    else
        snprintf(how, sizeof how, "%" PRId64 " s %s", offset > 0 ? offset : -offset,
                 offset > 0 ? "fast" : "slow");
    timeline_add_parts(
        v->timeline, clock_now(), TIMELINE_NOTE,
        &(struct timeline_parts){slice_str("clock"), slice_str(": "), slice_str(how)});
    return true;
}
