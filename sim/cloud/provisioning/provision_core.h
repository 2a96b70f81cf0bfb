/*
 * provision_core.h — what the files of the provisioning service share. Nobody else includes it.
 */
#ifndef CLOUD_PROVISIONING_PROVISION_CORE_H
#define CLOUD_PROVISIONING_PROVISION_CORE_H

#include "base/secret.h"
#include "cloud/provisioning/provision_service.h"

#define PROVISION_TOKEN_SIZE SECRET_SIZE

struct provision_template {
    char name[PROVISION_TEMPLATE_NAME_MAX + 1];
    cJSON *body;
    cJSON *hook; /* NULL: none */
};

struct provision_token {
    char certificate[REGISTRY_ID_SIZE];
    int64_t ends_ms;
};

/* RegisterThing, while its hook thinks. */
struct provision_question {
    struct provision_question *next;
    struct provision_address address;
    char *client_id;
    char certificate[REGISTRY_ID_SIZE];
    char token[PROVISION_TOKEN_SIZE];
    char id[48];
    cJSON *parameters;
    int64_t ends_ms;
};

/* One request. */
struct provision_exchange {
    struct provision_service *service;
    const struct provision_address *address;
    const char *client_id;
    int64_t now_ms;
    struct cloud_actions *out;
    const char *token; /* of RegisterThing: proves whose the certificate is */
};

/* ---- provision_device.c ---- */

bool provision_device_request(struct provision_exchange *x, struct slice payload);
/* RegisterThing is allowed: does it, which is all that its token is good for, and answers.
   `overrides` of the hook may be NULL. */
bool provision_register(struct provision_exchange *x, const cJSON *parameters,
                        const cJSON *overrides);
/* {"statusCode","errorCode","errorMessage"} */
bool provision_reject(struct provision_exchange *x, int status, const char *code,
                      const char *message);

/* ---- provision_groups.c ---- */

/* Does what the plan says. */
bool provision_carry_out(struct provision_service *s, const struct provision_plan *plan,
                         struct registry_certificate *certificate, int64_t now_ms,
                         struct provision_error *err);

/* ---- provision_hook.c ---- */

/* Asks the template's hook; it answers the device itself, now or later. */
bool provision_ask_hook(struct provision_exchange *x, const struct provision_template *t,
                        struct registry_certificate *certificate, const cJSON *parameters);
/* What the hook says: the operator's message. False: there is no such question, or no memory;
 *ret_known tells which. */
bool provision_hook_answered(struct provision_exchange *x, const cJSON *answer, bool *ret_known);
void provision_questions_done(struct provision_service *s);
/* Is it a hook? */
bool provision_hook_check(const cJSON *hook, struct provision_error *err);

/* ---- provision_operator.c ---- */

bool provision_operator_request(struct provision_exchange *x, struct slice payload);
struct provision_template *provision_template_find(const struct provision_service *s,
                                                   const char *name);
/* Takes both documents, also when it fails: no memory. */
bool provision_template_put(struct provision_service *s, const char *name, cJSON *body,
                            cJSON *hook);
void provision_template_free(void *value);

#endif
