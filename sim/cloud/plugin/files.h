/*
 * files.h — what the cloud reads when the broker starts, and leaves behind when it ends.
 *
 * Errors    go to the broker's log.
 */
#ifndef CLOUD_PLUGIN_FILES_H
#define CLOUD_PLUGIN_FILES_H

#include <stdbool.h>
#include <stdint.h>

#include "cloud/cloud.h"

/* What files_save_state() has left there, if anything; removes it. */
void files_load_state(struct cloud *cloud, const char *path, int64_t now_ms);
void files_save_state(const struct cloud *cloud, const char *path, int64_t now_ms);
/* A short text; false: it cannot be read, or has no room. */
bool files_read_text(const char *path, char *ret, size_t size);
/* "NAME PATH": the policy of that name. */
bool files_read_policy(struct cloud *cloud, const char *value, int64_t now_ms);
/* False if they are none, or cannot be read. */
bool files_read_rules(struct cloud *cloud, const char *path);

#endif
