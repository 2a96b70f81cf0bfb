/*
 * job_file.h — a file of this machine put where the cars of a job download it: into a stream of the
 * local cloud (docs/cloud.md, Files by MQTT), or onto its artifact server (docs/jobs.md).
 */
#ifndef CLI_JOB_FILE_H
#define CLI_JOB_FILE_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"

#define JOB_FILE_MAX ((size_t)512 << 20)

struct job_file {
    const char *path; /* NULL: there is none */
    const char *by;   /* "stream" or "https"; NULL: stream */
    const char *sign; /* who signs it; NULL: nobody */
};

/* Appends the whole file; `to` may hold up to JOB_FILE_MAX. */
bool job_file_read(const char *path, struct buf *to, struct error *err);

/* Puts it there under the id of the job, and tells the job's document where it is: "size", and
   "stream" or "url" and "sha256", and "codesign". False: it cannot be read, or the cloud will not
   have it. */
bool job_file_put(const char *dir, const char *id, const struct job_file *file, cJSON *document,
                  struct error *err);

#endif
