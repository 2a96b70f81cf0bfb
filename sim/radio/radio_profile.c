#include "radio/radio_profile.h"

#define MS  USEC_PER_MSEC
#define S   USEC_PER_SEC
#define MIN (60 * USEC_PER_SEC)

/* clang-format off */
static const struct radio_profile profiles[] = {
    {.name = "perfect",  .technology = "LTE",  .dbm = -60},
    {.name = "lte_good", .technology = "LTE",  .rtt = 50 * MS,  .jitter = 5 * MS,   .up = 10000000, .down = 30000000,
     .good = 120 * S, .burst = 200 * MS, .loss_good = 0.0005, .loss_burst = 0.3,
     .attach = 1 * S, .nat = 30 * MIN, .detach = 5 * MIN, .dbm = -85},
    {.name = "lte_edge", .technology = "LTE",  .rtt = 120 * MS, .jitter = 40 * MS,  .up = 500000,   .down = 2000000,
     .good = 15 * S,  .burst = 1 * S,    .loss_good = 0.005,  .loss_burst = 0.5,
     .attach = 3 * S, .nat = 30 * MIN, .detach = 5 * MIN, .dbm = -114},
    {.name = "3g",       .technology = "UMTS", .rtt = 150 * MS, .jitter = 30 * MS,  .up = 700000,   .down = 2000000,
     .good = 60 * S,  .burst = 500 * MS, .loss_good = 0.002,  .loss_burst = 0.3,
     .attach = 3 * S, .nat = 10 * MIN, .detach = 5 * MIN, .dbm = -95},
    {.name = "2g",       .technology = "GSM",  .rtt = 500 * MS, .jitter = 120 * MS, .up = 118000,   .down = 237000,
     .good = 30 * S,  .burst = 2 * S,    .loss_good = 0.005,  .loss_burst = 0.5,
     .attach = 6 * S, .nat = 5 * MIN,  .detach = 5 * MIN, .dbm = -98},
    {.name = "roaming",  .technology = "LTE",  .rtt = 180 * MS, .jitter = 20 * MS,  .up = 5000000,  .down = 15000000,
     .good = 60 * S,  .burst = 300 * MS, .loss_good = 0.001,  .loss_burst = 0.3,
     .attach = 15 * S, .nat = 5 * MIN, .detach = 5 * MIN, .dbm = -92},
    {.name = "city",     .technology = "LTE",  .rtt = 60 * MS,  .jitter = 15 * MS,  .up = 5000000,  .down = 15000000,
     .good = 40 * S,  .burst = 400 * MS, .loss_good = 0.001,  .loss_burst = 0.4,
     .attach = 1 * S, .nat = 30 * MIN, .detach = 5 * MIN, .dbm = -96},
    /* No coverage: what counts is when the network gives the car up. */
    {.name = "tunnel",   .technology = "none", .detach = 5 * MIN, .dbm = -140},
    {.name = "garage",   .technology = "none", .detach = 1 * MIN, .dbm = -140},
};
/* clang-format on */

size_t radio_profile_count(void)
{
    return sizeof profiles / sizeof profiles[0];
}

const struct radio_profile *radio_profile_at(size_t index)
{
    return index < radio_profile_count() ? &profiles[index] : NULL;
}

const struct radio_profile *radio_profile_find(struct slice name)
{
    for (size_t i = 0; i < radio_profile_count(); i++)
        if (slice_is(name, profiles[i].name))
            return &profiles[i];
    return NULL;
}

const char *radio_profile_names(void)
{
    return "perfect, lte_good, lte_edge, 3g, 2g, roaming, city, tunnel, garage";
}
