/*
 * consent.h — before a fleet goes to somebody else's address, somebody has to want it.
 *
 * Threads   the simulation thread; asking holds it up.
 */
#ifndef CLI_CONSENT_H
#define CLI_CONSENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* Up to so many cars nobody is asked. */
#define CONSENT_CARS 100

struct endpoints;

/* Once given it holds for the run. */
struct consent {
    bool given; /* --yes, or somebody said so */
};

/* True if so many cars may go there: they are few, or all addresses are this machine's own, or
   consent is given. Else asks on the terminal. False with ERROR_USAGE if that is not wanted, or
   there is no terminal to ask at. */
bool consent_to(struct consent *c, const struct endpoints *list, uint64_t cars, struct error *err);

#endif
