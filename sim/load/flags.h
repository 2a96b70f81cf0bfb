/*
 * flags.h — what the command line says of a load, checked; it counts more than what the profile
 * says. All of it can be said by a profile as well (docs/load.md).
 */
#ifndef LOAD_FLAGS_H
#define LOAD_FLAGS_H

#include "load/mix.h"
#include "load/search_run.h"

/* How a fleet is switched on. ORDER LOAD_RAMP */
enum load_ramp_shape {
    LOAD_RAMP_AUTO,   /* linear, as fast as the machine can */
    LOAD_RAMP_LINEAR, /* evenly over the time */
    LOAD_RAMP_STEPS,  /* so many at once, every so often */
    LOAD_RAMP_SPREAD, /* each at a moment of its own within the time */
    LOAD_RAMP_SHAPE_COUNT
};

struct load_ramp {
    enum load_ramp_shape shape;
    usec_t time;    /* of all of it; LOAD_RAMP_STEPS: of one step */
    unsigned steps; /* LOAD_RAMP_STEPS */
};
/* "30s", "linear:30s", "steps:5x30s", "5x30s", "spread:1m". False if it is none. */
bool load_ramp_parse(const char *text, struct load_ramp *ret);

/* What happens in the middle of a load. ORDER LOAD_EVENT */
enum load_event_kind {
    LOAD_EVENT_NONE,
    LOAD_EVENT_BURST,  /* commands at another rate */
    LOAD_EVENT_STORM,  /* connections are cut, and come back */
    LOAD_EVENT_OUTAGE, /* the same, but the network stays away */
    LOAD_EVENT_KIND_COUNT
};

struct load_event {
    enum load_event_kind kind;
    double amount; /* a rate per second, or a share of the cars */
    usec_t time;
};
/* `text` is "5000/s:10s" for a burst, "100%" or "100%:10s" for a storm or an outage. */
bool load_event_parse(enum load_event_kind kind, const char *text, struct load_event *ret);

/* --search: what holds is looked for. */
struct load_search {
    bool wanted;
    struct limit limit;
    enum search_what what;
    double from, most, precision; /* below 0: not said */
    double step, settle;          /* seconds, likewise */
};

/* What was not said is below 0, NULL, or empty. */
struct load_flags {
    struct mix models, kinds;
    struct load_ramp ramp;
    struct load_event event;
    struct load_search search;
    struct load_budget budget;
    double warm_up, duration;                                  /* seconds */
    double commands, telemetry, telemetry_per_car, probe_rate; /* per second */
    int64_t probes, apps, in_flight, telemetry_size;
    double patience; /* seconds */
    const char *process, *way;
};

/* All unsaid. */
#define LOAD_FLAGS_NONE                                                                            \
    {                                                                                              \
        .warm_up = -1, .duration = -1, .commands = -1, .telemetry = -1, .telemetry_per_car = -1,   \
        .probe_rate = -1, .probes = -1, .apps = -1, .in_flight = -1, .telemetry_size = -1,         \
        .patience = -1, .budget = LOAD_BUDGET_DEFAULT, .search = {                                 \
            .from = -1,                                                                            \
            .most = -1,                                                                            \
            .precision = -1,                                                                       \
            .step = -1,                                                                            \
            .settle = -1                                                                           \
        }                                                                                          \
    }

#endif
