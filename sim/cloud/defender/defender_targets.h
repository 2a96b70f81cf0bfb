/*
 * defender_targets.h — whom a security profile is for: AWS's targets (AttachSecurityProfile), and
 * single things, which AWS has not.
 *
 *     all/things, all/registered-things, all/unregistered-things     or an ARN of that
 *     group/recalled, thinggroup/recalled                            its members, now and later
 *     thing/car-1, car-1
 */
#ifndef CLOUD_DEFENDER_DEFENDER_TARGETS_H
#define CLOUD_DEFENDER_DEFENDER_TARGETS_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "base/table.h"

/* ORDER DEFENDER_TARGET */
enum defender_target_kind {
    DEFENDER_ALL_THINGS,
    DEFENDER_REGISTERED_THINGS,
    DEFENDER_UNREGISTERED_THINGS,
    DEFENDER_GROUP,
    DEFENDER_THING,
    DEFENDER_NO_TARGET
};

struct defender_target {
    enum defender_target_kind kind;
    const char *name; /* of the group or thing: part of the text; else "" */
};

struct defender_targets {
    struct table things, groups; /* names */
    bool registered, unregistered;
};

/* Who is who: the registry's and the groups' word. */
struct defender_fleet {
    bool (*is_registered)(void *ctx, const char *thing);
    bool (*has_group)(void *ctx, const char *group);
    /* In the group, or in one below it. */
    bool (*is_member)(void *ctx, const char *group, const char *thing);
    void *ctx;
};

struct defender_target defender_target_read(const char *text);
/* The text that means the same as any other for it: "group/recalled". To be freed; NULL: no memory.
 */
char *defender_target_write(const struct defender_target *target);

/* `list`: an array of texts; NULL: all things. NULL, or what is wrong: "no memory" too. */
const char *defender_targets_read(const cJSON *list, struct defender_targets *ret);
void defender_targets_done(struct defender_targets *targets);
/* `fleet` NULL: nobody is in a group. */
bool defender_targets_have(const struct defender_targets *targets,
                           const struct defender_fleet *fleet, const char *thing);
/* Is every group there? Else *ret is a name of one that is not. */
bool defender_targets_exist(const struct defender_targets *targets,
                            const struct defender_fleet *fleet, const char **ret);

#endif
