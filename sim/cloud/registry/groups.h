/*
 * groups.h — thing groups, as AWS IoT has them: static groups, which things are put into and which
 * may have a parent, and dynamic groups, whose things are those that match a query of the fleet
 * index.
 *
 * Limits    AWS's: seven levels, 100 children of a group, ten groups of a thing and one in each
 *           hierarchy, two policies of a group and none of a dynamic one, 100 dynamic groups.
 * Owns      the groups. A group is valid until it is removed.
 * Errors    no memory: ERROR_FAILED or false, and all is as before.
 */
#ifndef CLOUD_REGISTRY_GROUPS_H
#define CLOUD_REGISTRY_GROUPS_H

#include <cjson/cJSON.h>
#include <stdint.h>

#include "base/error.h"
#include "base/table.h"
#include "base/text.h"
#include "cloud/registry/query.h"

#define GROUP_NAME_MAX      128
#define GROUP_DEPTH_MAX     7
#define GROUP_CHILDREN_MAX  100
#define GROUP_POLICIES_MAX  2
#define GROUP_DYNAMIC_MAX   100
#define GROUPS_OF_THING_MAX 10

struct group {
    char *name;
    struct group *parent; /* NULL: none */
    struct query *query;  /* NULL: it is static */
    struct table things;  /* names; the value is the group itself */
    char *policies[GROUP_POLICIES_MAX];
    size_t policy_count;
    int64_t created_ms;
    bool looking;           /* it is dynamic, and new: not all things have been looked at yet */
    struct table_cursor at; /* how far that is */
};

struct groups {
    struct table by_name;
    size_t dynamic_count;
    uint64_t generation; /* changes with policies */
    uint64_t membership; /* changes with members, at most once a second with those of dynamic groups
                          */
    /* The thing has joined or left a static group. NULL: nobody wants to know. */
    void (*member_changed)(void *ctx, const char *thing);
    void *ctx;
    /* Of dynamic groups: */
    size_t nested;      /* how many ask for groups */
    struct table due;   /* things to look at, as text */
    struct table later; /* … because a group that they are in has changed */
    bool moved;         /* members have changed, and membership does not say so yet */
    int64_t settle_at;  /* ms: when it does, and `later` is due */
};

void groups_init(struct groups *g);
void groups_done(struct groups *g);

bool group_name_is_valid(const char *name);
/* NULL: there is none. */
struct group *groups_find(const struct groups *g, const char *name);
/* `parent` and `query` may be NULL; not both are given. NULL with the error. */
struct group *groups_add(struct groups *g, const char *name, const char *parent, const char *query,
                         int64_t now_ms, struct error *err);
/* Not while it has children. */
bool groups_remove(struct groups *g, struct group *group, struct error *err);

/* Idempotent. */
bool group_put_thing(struct groups *g, struct group *group, const char *thing, struct error *err);
/* May the thing be put into all of these, each of which is named once? With `alone` it leaves its
   other static groups first: groups_leave_others(). */
struct groups_joining {
    const char *thing;
    struct group *const *groups;
    size_t count;
    bool alone;
};
bool groups_may_join(const struct groups *g, const struct groups_joining *joining,
                     struct error *err);
void groups_leave_others(struct groups *g, const struct groups_joining *joining);
void group_take_thing(struct groups *g, struct group *group, const char *thing);
/* Out of all of them. */
void groups_forget_thing(struct groups *g, const char *thing);

/* Is the thing in the group itself, or with `below` in one of its descendants? */
bool group_has(const struct groups *g, const struct group *group, const char *thing, bool below);
/* All of them once, in no particular order. */
void group_each_thing(const struct groups *g, const struct group *group, bool below,
                      void (*visit)(const char *thing, void *ctx), void *ctx);
/* Groups that the thing is in, and with `above` their ancestors, once each. */
void groups_each_of(const struct groups *g, const char *thing, bool above,
                    void (*visit)(const struct group *group, void *ctx), void *ctx);
void groups_each(const struct groups *g, void (*visit)(const struct group *group, void *ctx),
                 void *ctx);

bool group_attach_policy(struct groups *g, struct group *group, const char *policy,
                         struct error *err);
/* False: it was not attached. */
bool group_detach_policy(struct groups *g, struct group *group, const char *policy);

/* ---- dynamic groups: groups_dynamic.c ---- */

/* Something of the thing has changed that a query may ask for. Cheap where there is no query. */
void groups_touch(struct groups *g, const char *thing);

/* Who matches. */
struct groups_world {
    /* Shows things as table_walk() does; true: there are others. */
    bool (*some_things)(void *ctx, struct table_cursor *at, size_t max,
                        void (*visit)(const char *thing, void *arg), void *arg);
    bool (*matches)(void *ctx, const struct query *query, const char *thing);
    void *ctx;
};
/* Looks again at things that were touched, and at all for groups that are new: so many questions of
   whether a thing matches, or a few more. The next call goes on. False: no memory. */
bool groups_refresh(struct groups *g, const struct groups_world *world, size_t questions,
                    int64_t now_ms);
/* Is everything looked at? */
bool groups_are_settled(const struct groups *g);

/* Appends lines of JSON, {"group":NAME,…}, parents first; takes over such a line. False: it is
   none, or no memory. */
void groups_save(const struct groups *g, struct text *to);
bool groups_load(struct groups *g, const cJSON *record);

#endif
