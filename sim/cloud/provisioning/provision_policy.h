/*
 * provision_policy.h — AWS::IoT::Policy in provisioning templates (contract 4.1): a policy of the
 * cloud by its PolicyName, or one whose PolicyDocument is in the template. The latter is made when
 * a thing is first provisioned with it, and its name is a hash of the document, so that equal
 * documents are one policy.
 */
#ifndef CLOUD_PROVISIONING_PROVISION_POLICY_H
#define CLOUD_PROVISIONING_PROVISION_POLICY_H

#include "cloud/provisioning/provision_template.h"

/* The resource as it is in the template; a document without functions in it is compiled. */
bool provision_policy_check(const cJSON *resource, struct provision_error *err);
/* `properties`: what they come to. */
bool provision_policy_plan(const cJSON *properties, struct provision_policy *ret,
                           struct provision_error *err);
void provision_policy_done(struct provision_policy *policy);

/* Makes those policies of the plan that are not there yet: bits of *ret_made, by their place.
   False: none of them was made. */
bool provision_policies_make(const struct provision_plan *plan, struct policy_store *policies,
                             int64_t now_ms, unsigned *ret_made, struct provision_error *err);
/* As if they had not been made. */
void provision_policies_unmake(const struct provision_plan *plan, struct policy_store *policies,
                               unsigned made);

#endif
