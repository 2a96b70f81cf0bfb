/*
 * contact_choice.h — --provision: how the cars of a run meet the cloud for the first time
 * (fleet/vehicle_provision.h, docs/provisioning.md).
 */
#ifndef CLI_CONTACT_CHOICE_H
#define CLI_CONTACT_CHOICE_H

#include "cli/run.h"
#include "fleet/vehicle_provision.h"

struct simulation;

/* Do the settings go together? ERROR_USAGE. */
bool contact_choice_check(const struct run_settings *s, struct error *err);
/* What they say; they have been checked. */
struct vehicle_contact contact_choice_of(const struct run_settings *s);
/* Has a local cloud know the factory whose cars come just in time. Nothing else needs it. */
bool contact_choice_introduce(const struct run_settings *s, const struct target *t,
                              struct simulation *sim, struct error *err);

#endif
