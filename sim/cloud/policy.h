/*
 * policy.h — who may do what: AWS IoT policies as tables of statements, evaluated as AWS does
 * (contract 7.1, 7.2): deny beats allow, nothing is allowed by default, `*` matches any string and
 * `?` any character, `+` and `#` are themselves, and a statement with a variable that does not
 * resolve does not match.
 */
#ifndef CLOUD_POLICY_H
#define CLOUD_POLICY_H

#include <stdbool.h>
#include <stddef.h>

/* ORDER POLICY_ACTION */
enum policy_action {
    POLICY_CONNECT,
    POLICY_PUBLISH,
    POLICY_RETAIN_PUBLISH,
    POLICY_SUBSCRIBE,
    POLICY_RECEIVE,
    POLICY_ACTION_COUNT
};
/* "iot:Connect" */
const char *policy_action_name(enum policy_action action);

/* What the variables stand for. All borrowed; NULL: the variable does not resolve. */
struct policy_principal {
    const char *client_id;
    const char *common_name; /* of the certificate's subject */
    const char *unit;        /* its organizational unit */
    const char *thing_name;  /* attached, and equal to the client id */
    const char *source_ip;
};

struct policy_statement {
    bool allow;
    unsigned actions;     /* 1 << enum policy_action, or-ed */
    const char *resource; /* "topic/dt/fleetsim/…", "topicfilter/…", "client/…" or "*" */
};

struct policy {
    const char *name;
    const struct policy_statement *statements;
    size_t count;
};

/* The policy of that name, as certificates are attached to it and users have it that authorizer.h
   lets in; NULL: none, so nothing is allowed. */
const struct policy *policy_find(const char *name);
/* For the simulator's own connection, over the socket that only its user can open. */
const struct policy *policy_for_owner(void);

/* `name` is the client id, topic or topic filter. A NULL policy allows nothing. */
bool policy_allows(const struct policy *policy, const struct policy_principal *who,
                   enum policy_action action, const char *name);

#endif
