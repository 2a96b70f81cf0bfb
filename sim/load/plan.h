/*
 * plan.h — what a load is going to be, known before its first car: for those who check whether it
 * can be, and who say how much of it is left.
 */
#ifndef LOAD_PLAN_H
#define LOAD_PLAN_H

#include <stdbool.h>
#include <stdint.h>

/* Rates are the highest of all phases, per second and of all cars together. */
struct load_plan {
    uint64_t vehicles, apps;
    double ramp_s, warm_up_s, measured_s; /* how long each takes, in seconds */
    double connects;                      /* while it ramps */
    double storm;                         /* share of the cars that connect again at once */
    double commands, telemetry;
    uint64_t telemetry_size; /* bytes of a payload, about */
    bool by_shadow;          /* commands are desired states; else requests */
    double named_shadows;    /* that a car has besides the classic one, in the mean */
    double named_commands;   /* share of the commands whose signals live in those */
    /* Of what all shards do together, of which this is one's part; NULL: it is all there is. */
    const struct load_plan *whole;
};

#endif
