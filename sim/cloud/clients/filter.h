/*
 * filter.h — topics and topic filters as AWS IoT sees them: its limits (contract 6.8), its
 * matching, in which `a/#` does not match `a` (6.2), and shared subscriptions (6.9). Pure.
 */
#ifndef CLOUD_CLIENTS_FILTER_H
#define CLOUD_CLIENTS_FILTER_H

#include <stdbool.h>

/* At most 256 bytes and 7 slashes, where "$aws/rules/<rule>/" does not count, nor the slashes of
   "$aws/commands/". */
bool topic_within_limits(const char *topic);

/* The filter behind "$share/<name>/", or the filter itself; NULL if the share is malformed. */
const char *filter_unshared(const char *filter);
bool filter_is_shared(const char *filter);
/* The same limits; for the unshared filter. */
bool filter_within_limits(const char *filter);
/* Wildcards are levels of their own, and # is the last. */
bool filter_is_valid(const char *filter);
bool filter_has_wildcard(const char *filter);
/* Ends in '#'. */
bool filter_is_open(const char *filter);
bool filter_matches(const char *filter, const char *topic);

#endif
