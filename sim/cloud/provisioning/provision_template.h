/*
 * provision_template.h — provisioning templates (contract 4.1): what becomes of a certificate, its
 * thing and its policies, as a document with parameters and a few functions. Pure.
 *
 *     Parameters   {"VIN":{"Type":"String","Default":"…"?}}
 *     Mappings     {"map":{"key":{"name":"value"}}}
 *     Resources    of AWS::IoT::Thing (ThingName, AttributePayload, ThingTypeName, ThingGroups),
 *                  AWS::IoT::Certificate (CertificateId, Status), AWS::IoT::Policy (PolicyName, or
 *                  PolicyDocument: provision_policy.h); each with "OverrideSettings" for what is
 *                  there already
 *     DeviceConfiguration   {"name":"value"}
 *     functions    Ref, Fn::Join, Fn::Select, Fn::Split, Fn::Sub, Fn::FindInMap
 */
#ifndef CLOUD_PROVISIONING_PROVISION_TEMPLATE_H
#define CLOUD_PROVISIONING_PROVISION_TEMPLATE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "cloud/policies/policy_store.h"
#include "cloud/registry/registry.h"

#define PROVISION_TEMPLATE_NAME_MAX 36
#define PROVISION_POLICIES_MAX      10

/* 1 to 36 of A-Z a-z 0-9 _ - */
bool provision_template_name_is_valid(const char *name);

/* A sentence; "" : no memory. */
struct provision_error {
    char text[200];
};

/* Is it a template? Whatever does not depend on parameters is checked. */
bool provision_template_check(const cJSON *body, struct provision_error *err);

/* ORDER PROVISION_OVERRIDE */
enum provision_override {
    PROVISION_DO_NOTHING, /* leave what is there */
    PROVISION_REPLACE,
    PROVISION_FAIL,
    PROVISION_MERGE, /* attributes alone */
    PROVISION_OVERRIDE_COUNT
};

/* To be attached to the certificate. */
struct provision_policy {
    char name[POLICY_NAME_MAX + 1];
    char *document; /* the template's own, without white space; NULL: it is one of the cloud's */
};

/* What a template says with all its parameters. */
struct provision_plan {
    cJSON *tree;              /* owned: what the texts below are borrowed from */
    const char *thing, *type; /* or NULL */
    const cJSON *attributes;  /* or NULL */
    const cJSON *groups;      /* texts, or NULL: whoever keeps groups puts the thing there */
    const cJSON *device_configuration; /* or NULL */
    struct provision_policy policies[PROVISION_POLICIES_MAX];
    size_t policy_count;
    enum registry_status status; /* of the certificate */
    enum provision_override attributes_override, type_override, groups_override, status_override;
};

/* `parameters`: an object of texts; those that have a default may be missing. */
bool provision_plan_make(const cJSON *body, const cJSON *parameters, struct provision_plan *ret,
                         struct provision_error *err);
void provision_plan_done(struct provision_plan *plan);

/* Does it: policies made, the thing made or changed, all attached, the certificate's status set.
   Nothing is changed if an override says FAIL, or a policy may not be made or attached. */
bool provision_plan_apply(const struct provision_plan *plan, struct policy_store *policies,
                          struct registry *registry, struct registry_certificate *certificate,
                          int64_t now_ms, struct provision_error *err);

#endif
