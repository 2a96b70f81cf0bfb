/*
 * fleet_index.h — every thing as AWS IoT's fleet index shows it: what the registry says, its
 * groups with their ancestors, its shadows, and whether it is connected. Nothing is kept: a query
 * reads what the services have.
 */
#ifndef CLOUD_OPERATOR_FLEET_INDEX_H
#define CLOUD_OPERATOR_FLEET_INDEX_H

#include "cloud/clients/presence.h"
#include "cloud/registry/groups.h"
#include "cloud/registry/registry.h"
#include "cloud/shadows/shadow_service.h"

/* All borrowed. */
struct fleet_index {
    const struct registry *registry;
    const struct groups *groups;
    const struct presence *presence;
    const struct shadow_service *shadows;
};

bool fleet_index_matches(const struct fleet_index *index, const struct query *query,
                         const char *thing);
/* The names of things that match, in their order, from behind `after` (NULL: from the first), at
   most `max`; free the list, not the names. NULL: no memory. `ret_more`: there are others. */
const char **fleet_index_search(const struct fleet_index *index, const struct query *query,
                                const char *after, size_t max, size_t *ret_count, bool *ret_more);
size_t fleet_index_count(const struct fleet_index *index, const struct query *query);
/* The thing as SearchIndex tells it: {"thingName":…,"attributes":{…},"shadow":"…",…}. */
void fleet_index_write(const struct fleet_index *index, const char *thing, bool with_shadow,
                       struct text *to);
/* For groups_refresh(); points to the index. */
struct groups_world fleet_index_world(struct fleet_index *index);

#endif
