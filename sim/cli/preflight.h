/*
 * preflight.h — before cars connect: can this machine hold what is asked of it, does the cloud's
 * account allow it, what does it cost about, and is it meant?
 *
 * What cannot work is an error with the command that mends it; what may not work is a warning, for
 * whether it does is known when it has run.
 *
 * Threads   the simulation thread; asking holds it up.
 */
#ifndef CLI_PREFLIGHT_H
#define CLI_PREFLIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "cli/consent.h"

#define PREFLIGHT_FILE "preflight.txt"

struct load_plan;
struct run_settings;
struct simulation;

struct preflight {
    const struct run_settings *settings;
    const struct simulation *sim;
    struct consent consent;
};

/* With what the command line says, before scripts are loaded. */
bool preflight_begin(struct preflight *p, const struct run_settings *settings,
                     const struct simulation *sim, struct error *err);
/* A scenario is about to make so many cars: is there room on this machine? */
bool preflight_fits(const struct preflight *p, uint64_t cars, struct error *err);
/* And may they go where they go? */
bool preflight_wanted(struct preflight *p, uint64_t cars, struct error *err);
/* A load is about to begin: all of it. What it says of all shards together the first of them says,
   and leaves in PREFLIGHT_FILE in `dir` (its results; may be NULL), for whoever has started it. */
bool preflight_load(struct preflight *p, const struct load_plan *plan, const char *dir,
                    struct error *err);
/* Before shards are started that share this machine, and a local cloud if `own_cloud`: is there
   room for all of them? Warns of ports, too few of which may do. */
bool preflight_shards(const struct run_settings *settings, bool own_cloud, struct error *err);

#endif
