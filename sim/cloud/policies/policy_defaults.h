/*
 * policy_defaults.h — the policies that the local cloud has from the start, by the role that a
 * certificate names as its subject's organizational unit; of the least rights that fleetsim needs.
 * They are tables here, and documents like any other to everybody else.
 */
#ifndef CLOUD_POLICIES_POLICY_DEFAULTS_H
#define CLOUD_POLICIES_POLICY_DEFAULTS_H

#include "base/text.h"
#include "cloud/policies/policy.h"

#define POLICY_DEFAULT_COUNT 5
#define POLICY_OWNER         "owner" /* of the simulator's own connection, over its socket */

/* "vehicle", "companion", "claim", "page" (authorizer.h), POLICY_OWNER */
const char *policy_default_name(size_t index);
/* Its document. */
void policy_default_write(struct text *t, size_t index);
/* Compiled; NULL: no memory. */
struct policy *policy_default_compile(size_t index);

#endif
