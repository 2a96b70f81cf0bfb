/*
 * policy.h — who may do what: AWS IoT policies, evaluated as AWS does (contract 7.1, 7.2): deny
 * beats allow, nothing is allowed by default, `*` matches any string and `?` any character, `+` and
 * `#` are themselves, and a statement with a variable that does not resolve does not match.
 *
 * A document is compiled once (policy_compile()) into one list of patterns for each action, so that
 * a decision reads neither JSON nor the statements about other actions, and allocates nothing.
 *
 * Threads   a compiled policy is only read.
 */
#ifndef CLOUD_POLICIES_POLICY_H
#define CLOUD_POLICIES_POLICY_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/slice.h"

/* Without white space (contract 7.1). */
#define POLICY_CHARACTERS_MAX 2048
#define POLICY_NAME_MAX       128

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
/* By that name, or "connect", "publish", "retain-publish", …; POLICY_ACTION_COUNT: none. */
enum policy_action policy_action_find(const char *name);
/* What stands before the name in a resource: "client/", "topic/" or "topicfilter/". */
const char *policy_action_resource(enum policy_action action);

/* The will that a CONNECT carries. */
enum policy_will {
    POLICY_NO_WILL,
    POLICY_SOME_WILL, /* one of an unknown topic: what depends on the topic is in its favour */
    POLICY_WILL       /* one of that topic */
};

/* What the variables stand for. All borrowed; NULL: the variable does not resolve. */
struct policy_principal {
    const char *client_id;
    const char *common_name; /* of the certificate's subject */
    const char *unit;        /* its organizational unit */
    const char *certificate; /* its other attributes, as policy_variable.h has them */
    const char *thing_name;  /* attached, and equal to the client id */
    const char *thing_type;
    const cJSON *thing_attributes; /* object of strings */
    const char *source_ip;
    bool persistent; /* the session is to outlive its connection */
    enum policy_will will;
    const char *will_topic;
};

struct policy;

/* A document. The error (ERROR_USAGE) says where in it, what, and why. `name` is copied. */
struct policy *policy_compile(const char *name, struct slice text, struct error *err);
/* The same without the limit on its size: for what comes with the program. */
struct policy *policy_compile_any_size(const char *name, struct slice text, struct error *err);
void policy_free(struct policy *policy);
const char *policy_name(const struct policy *policy);
/* The document, without white space. */
const char *policy_text(const struct policy *policy);
size_t policy_statement_count(const struct policy *policy);
/* Its Sid, or NULL. */
const char *policy_statement_id(const struct policy *policy, size_t statement);
/* Does it deny a filter with '+' or '#', which stand for themselves there? Device Defender's audit
   calls that POLICY_CONTAINS_MQTT_WILDCARDS_IN_DENY_STATEMENT. */
bool policy_denies_wildcards(const struct policy *policy);
/* Does it ask for the thing's type or attributes anywhere? */
bool policy_reads_thing(const struct policy *policy);
/* 1 to 128 of [A-Za-z0-9_+=,.@-] */
bool policy_name_is_valid(const char *name);

struct policy_decision {
    bool allowed;
    const struct policy *policy; /* whose statement decided; NULL: none did, which denies */
    size_t statement;            /* from 0 */
};
/* `name` is the client id, topic or topic filter. No policy allows nothing. */
struct policy_decision policy_decide(const struct policy *const *policies, size_t count,
                                     const struct policy_principal *who, enum policy_action action,
                                     const char *name);
bool policy_allows(const struct policy *policy, const struct policy_principal *who,
                   enum policy_action action, const char *name);

#endif
