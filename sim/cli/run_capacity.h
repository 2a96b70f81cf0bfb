/*
 * run_capacity.h — what a run of scenarios takes of this machine, and whether that is there.
 */
#ifndef CLI_RUN_CAPACITY_H
#define CLI_RUN_CAPACITY_H

#include "cli/capacity.h"
#include "cli/run.h"

struct simulation;

/* What one of its cars takes. */
struct capacity_car run_capacity_car(const struct run_settings *s);
/* A warning only: a broker with several addresses offers each port several times. */
void run_capacity_warn_of_ports(const struct run_settings *s, const struct simulation *sim);

#endif
