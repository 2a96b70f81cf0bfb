/*
 * run_capacity.h — what a run of scenarios takes of this machine.
 */
#ifndef CLI_RUN_CAPACITY_H
#define CLI_RUN_CAPACITY_H

#include "cli/capacity.h"
#include "cli/run.h"

/* What one of its cars takes. */
struct capacity_car run_capacity_car(const struct run_settings *s);

#endif
