/*
 * witness.h — the oracle, as scripts meet it: t:expect_violation(), t:sabotage(), and the look at
 * all cars of a scenario at its end.
 */
#ifndef SCRIPT_WITNESS_H
#define SCRIPT_WITNESS_H

#include "script/car.h"
#include "script/violation.h"

/* Adds its functions to the core table on top of the stack. */
void witness_open(lua_State *L);
/* Something is wrong with a car: its owner is told. */
void witness_violated(struct car *car, const struct oracle_violation *violation);
/* Do the owner's cars, their shadows and the companions agree? Looks at `most` of its cars, from
   the `from`-th on. Returns where to go on, 0 if that was all; adds to `restless` how many may come
   to agree yet. */
size_t witness_settle(struct script *script, const struct script_owner *owner, size_t from,
                      size_t most, size_t *restless);

#endif
