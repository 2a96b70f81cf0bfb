/*
 * registry_core.h — what the files that serve the registry's operator share: answers, lists, and
 * one function for each call. Nobody else includes it.
 */
#ifndef CLOUD_OPERATOR_REGISTRY_CORE_H
#define CLOUD_OPERATOR_REGISTRY_CORE_H

#include "cloud/operator/registry_operator.h"

/* Ends the document, which begins with a brace, and sends it; takes its memory. */
bool registry_accept(const struct registry_exchange *x, struct text *t);
/* {"<key>":"<name>"} */
bool registry_accept_named(const struct registry_exchange *x, const char *key, const char *name);
bool registry_reject(struct registry_exchange *x, const char *code, const char *message);
bool registry_not_found(struct registry_exchange *x, const char *what);

/* Records of a table, by name, in pages. */
struct registry_listing {
    const struct table *table;
    const char *member; /* of the answer */
    /* False: this one is left out. */
    bool (*write)(const struct registry_exchange *x, const cJSON *document, struct text *t,
                  const void *record);
};
bool registry_send_list(struct registry_exchange *x, const cJSON *document,
                        const struct registry_listing *list);

/* The id of the request's certificatePem. False: it has been answered, or not, as *ret_answered
   says: that is the call's result then. */
bool registry_identify(struct registry_exchange *x, const cJSON *document, const char **ret_pem,
                       char ret_id[REGISTRY_ID_SIZE], bool *ret_answered);

/* Each answers; false: no memory. */
bool registry_on_thing_list(struct registry_exchange *x, const cJSON *document);
bool registry_on_thing_create(struct registry_exchange *x, const cJSON *document);
bool registry_on_thing_get(struct registry_exchange *x, const cJSON *document);
bool registry_on_thing_update(struct registry_exchange *x, const cJSON *document);
bool registry_on_thing_delete(struct registry_exchange *x, const cJSON *document);
bool registry_on_thing_attach(struct registry_exchange *x, const cJSON *document);
bool registry_on_thing_detach(struct registry_exchange *x, const cJSON *document);
bool registry_on_certificate_list(struct registry_exchange *x, const cJSON *document);
bool registry_on_certificate_register(struct registry_exchange *x, const cJSON *document);
bool registry_on_certificate_get(struct registry_exchange *x, const cJSON *document);
bool registry_on_certificate_update(struct registry_exchange *x, const cJSON *document);
bool registry_on_certificate_delete(struct registry_exchange *x, const cJSON *document);
bool registry_on_certificate_attach_policy(struct registry_exchange *x, const cJSON *document);
bool registry_on_certificate_detach_policy(struct registry_exchange *x, const cJSON *document);
bool registry_on_authority_list(struct registry_exchange *x, const cJSON *document);
bool registry_on_authority_register(struct registry_exchange *x, const cJSON *document);
bool registry_on_authority_get(struct registry_exchange *x, const cJSON *document);
bool registry_on_authority_update(struct registry_exchange *x, const cJSON *document);
bool registry_on_authority_delete(struct registry_exchange *x, const cJSON *document);

#endif
