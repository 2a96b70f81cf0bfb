/*
 * job_file.h — a file of this machine put into a stream of the local cloud (docs/cloud.md, Files by
 * MQTT), for a job whose cars fetch it there.
 */
#ifndef CLI_JOB_FILE_H
#define CLI_JOB_FILE_H

#include <cjson/cJSON.h>

#include "base/error.h"

/* Puts the file at `path` into the stream `id` as its file 0, and tells the document of a job where
   it is: "size" and "stream". False: it cannot be read, or the cloud will not have it. */
bool job_file_put(const char *dir, const char *id, const char *path, cJSON *document,
                  struct error *err);

#endif
