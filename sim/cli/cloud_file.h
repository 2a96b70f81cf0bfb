/* cloud_file.h — cloud.json: where a local cloud listens, for those who join it by its folder. */
#ifndef CLI_CLOUD_FILE_H
#define CLI_CLOUD_FILE_H

#include "base/error.h"
#include "broker/broker.h"

/* Writes DIR/cloud.json, whole or not at all; `ca` is the path of its authority. Returns its path,
   to be freed and, when the cloud ends, unlinked; NULL with ERROR_USAGE. */
char *cloud_file_write(const char *dir, const struct broker *broker, const char *ca,
                       struct error *err);

#endif
