/*
 * policy_store.h — the policies of the cloud, by name: the defaults (policy_defaults.h), and what
 * operators have put beside them or in their place.
 *
 * Owns      the policies. A policy is valid until one of its name is put or removed: whoever keeps
 *           one looks again when `generation` has changed.
 * Errors    no memory: ERROR_FAILED, or false, and all is as before.
 */
#ifndef CLOUD_POLICIES_POLICY_STORE_H
#define CLOUD_POLICIES_POLICY_STORE_H

#include <cjson/cJSON.h>
#include <stdint.h>

#include "base/table.h"
#include "base/text.h"
#include "cloud/policies/policy.h"

struct stored_policy {
    struct policy *policy;
    unsigned version; /* rises with every put; 0: a default as it came */
    int64_t changed_ms;
    bool given; /* as it came with the start */
};

struct policy_store {
    struct table policies;
    struct table given; /* names of those that come with every start of the cloud */
    uint64_t generation;
    bool journals;        /* from now on policy_store_journal() is asked what has changed */
    struct table touched; /* since it last was: names */
};

/* False: no memory. */
bool policy_store_init(struct policy_store *s);
void policy_store_done(struct policy_store *s);

/* NULL: there is none. */
const struct policy *policy_store_find(const struct policy_store *s, const char *name);
const struct stored_policy *policy_store_get(const struct policy_store *s, const char *name);
bool policy_store_put(struct policy_store *s, const char *name, struct slice document,
                      int64_t now_ms, struct error *err);
/* The same for one that comes with every start of the cloud: if an operator removes it, the state
   says so, and it stays removed (policy_store_load()). */
bool policy_store_give(struct policy_store *s, const char *name, struct slice document,
                       int64_t now_ms, struct error *err);
/* A default comes back as it was. False: there is none, or it is a default as it came. */
bool policy_store_remove(struct policy_store *s, const char *name);

/* How many an operator has put that are there. */
size_t policy_store_count(const struct policy_store *s);
/* Appends lines of JSON, {"policy":NAME,…} of what was put, and {"policyDeleted":NAME} of what was
   given and removed; takes over such a line. False: it is none, or no memory. */
void policy_store_save(const struct policy_store *s, struct text *to);
bool policy_store_load(struct policy_store *s, const cJSON *record);
/* Appends such lines of what has changed since the last call; each may come in the place of what
   is there. */
void policy_store_journal(struct policy_store *s, struct text *to);

#endif
