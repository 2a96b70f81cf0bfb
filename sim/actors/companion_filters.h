/* companion_filters.h — the topic filters behind one watch. Pure. */
#ifndef ACTORS_COMPANION_FILTERS_H
#define ACTORS_COMPANION_FILTERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define COMPANION_MAX_FILTERS 11

struct companion_filters {
    char *filter[COMPANION_MAX_FILTERS];
    size_t count;
};

/* thing "+": every thing; flags: enum companion_watch_flags, where COMPANION_WATCH_EXECUTIONS
   stands alone and the thing is the command. Free with companion_filters_done(). */
void companion_filters_init(struct companion_filters *f, const char *thing, unsigned flags);
/* The one filter for answers to this companion. */
void companion_filters_init_responses(struct companion_filters *f, const char *pattern,
                                      const char *client_id);
void companion_filters_done(struct companion_filters *f);

/* Contract 1.1: 1 to 128 of A-Z a-z 0-9 : _ - */
bool companion_check_thing(const char *thing, struct error *err);
/* 1 to 64 of the same: the name of a named shadow. */
bool companion_check_shadow(const char *name, struct error *err);
/* Contract 6.3: 1 to 128 bytes, no leading $; and one level of a topic, so no / + #. */
bool companion_check_client_id(const char *client_id, struct error *err);

#endif
