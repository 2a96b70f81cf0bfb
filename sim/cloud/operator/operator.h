/*
 * operator.h — what an operator may ask about policies, groups and the fleet index, for which AWS
 * has an HTTPS API (docs/policy.md, docs/fleet-index.md). Here it is a message, answered to the
 * asker alone below its topic: …/accepted, or …/rejected with {"code","message","clientToken"?}.
 *
 *     fleetsim/policies/list
 *     fleetsim/policies/<policy>/put              {"policyDocument":{…}}
 *     fleetsim/policies/<policy>/get | delete | targets
 *     fleetsim/policies/<policy>/attach | detach  {"target":"group/G" | "thing/T" | "cert/ID"}
 *     fleetsim/policies/test                      {"thingName","action","resource"}
 *     fleetsim/groups/list
 *     fleetsim/groups/<group>/create              {"parentGroupName" | "queryString"}
 *     fleetsim/groups/<group>/get | delete
 *     fleetsim/groups/<group>/add | remove        {"things":[…]} or {"queryString":"…"}
 *     fleetsim/groups/<group>/things              {"recursive","maxResults","nextToken"}
 *     fleetsim/index/search                       {"queryString","maxResults","nextToken","shadow"}
 *     fleetsim/index/count                        {"queryString"}
 */
#ifndef CLOUD_OPERATOR_OPERATOR_H
#define CLOUD_OPERATOR_OPERATOR_H

#include "base/slice.h"
#include "cloud/clients/actions.h"
#include "cloud/operator/fleet_index.h"
#include "cloud/registry/access.h"

#define OPERATOR_TOPIC_SIZE 256

/* ORDER OPERATOR_FAMILY */
enum operator_family { OPERATOR_POLICIES, OPERATOR_GROUPS, OPERATOR_INDEX, OPERATOR_FAMILY_COUNT };

struct operator_address {
    enum operator_family family;
    char name[POLICY_NAME_MAX + 1]; /* "": none */
    char verb[16];
    char topic[OPERATOR_TOPIC_SIZE];
};

/* False unless the topic is of such a family. */
bool operator_address_parse(const char *topic, struct operator_address *ret);

/* One request. All borrowed. */
struct operator_request {
    struct access *access;
    struct fleet_index index;
    struct registry *registry;
    const struct operator_address *address;
    const char *client_id;
    int64_t now_ms;
    struct cloud_actions *out;
};

/* False: no memory. */
bool operator_serve(struct operator_request *request, struct slice payload);

#endif
