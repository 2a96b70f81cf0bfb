/*
 * policy_variable.h — the variables of policies, which are the keys of their conditions too, and
 * what they stand for (contract 7.2).
 */
#ifndef CLOUD_POLICIES_POLICY_VARIABLE_H
#define CLOUD_POLICIES_POLICY_VARIABLE_H

#include "cloud/policies/policy.h"

/* AWS looks at five of them; the names of the certificate's attributes are more. */
#define POLICY_VALUES_MAX 40

/* ORDER POLICY_VARIABLE */
enum policy_variable_kind {
    POLICY_VARIABLE_CLIENT_ID,
    POLICY_VARIABLE_SOURCE_IP,
    POLICY_VARIABLE_THING_NAME,
    POLICY_VARIABLE_THING_TYPE,
    POLICY_VARIABLE_IS_ATTACHED,
    POLICY_VARIABLE_ATTRIBUTE,
    POLICY_VARIABLE_CONNECT_ATTRIBUTES,
    POLICY_VARIABLE_WILL_TOPIC,
    POLICY_VARIABLE_AVAILABLE_KEYS,
    POLICY_VARIABLE_CERTIFICATE,
    POLICY_VARIABLE_NEVER, /* of other services: known, and never there */
    POLICY_VARIABLE_KIND_COUNT
};

struct policy_variable {
    enum policy_variable_kind kind;
    char *name;     /* of the thing's attribute, or the certificate's without index; or NULL */
    unsigned index; /* of several values */
    bool list;      /* all of them */
};

struct policy_variables {
    struct policy_variable *items;
    size_t count;
};

/* "iot:ClientId", …; the error says what else there is. */
bool policy_variable_parse(struct slice text, struct policy_variable *ret, struct error *err);
void policy_variables_done(struct policy_variables *variables);
/* How many there are of at most POLICY_VALUES_MAX; valid as long as the principal. */
size_t policy_variable_values(const struct policy_variable *v, const struct policy_principal *who,
                              const char *ret[POLICY_VALUES_MAX]);
/* For a resource; NULL: it does not resolve, or has a wildcard in it (contract 7.2). */
const char *policy_variable_value(const struct policy_variable *v,
                                  const struct policy_principal *who);

/* A certificate's attributes are "<name>\0<value>\0" one after the other, and an empty name at the
   end; the names are the variables'. Moves `p` on; false at the end. */
bool policy_certificate_next(const char **p, const char **ret_name, const char **ret_value);

#endif
