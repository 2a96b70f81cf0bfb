/*
 * files.h — what the cloud is told in files when the broker starts.
 *
 * Errors    go to the broker's log.
 */
#ifndef CLOUD_PLUGIN_FILES_H
#define CLOUD_PLUGIN_FILES_H

#include <stdbool.h>
#include <stdint.h>

#include "cloud/cloud.h"

/* Files below a folder (cloud.h): for the broker's thread, as its log is, and as small. The folder
   is borrowed. */
struct cloud_shelf files_shelf(const char *folder);
/* A short text; false: it cannot be read, or has no room. */
bool files_read_text(const char *path, char *ret, size_t size);
/* "NAME PATH": the policy of that name. */
bool files_read_policy(struct cloud *cloud, const char *value, int64_t now_ms);
/* False if they are none, or cannot be read. */
bool files_read_rules(struct cloud *cloud, const char *path);

#endif
