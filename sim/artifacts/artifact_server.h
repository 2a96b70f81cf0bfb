/*
 * artifact_server.h — what vehicles download updates from: an HTTPS server of files, which answers
 * as S3 does to presigned URLs (cloud/jobs/presign.h): whole files and ranges, with an ETag that
 * another content has another of; 403, 404 and 416 with S3's error documents.
 *
 * A file may be served badly: FILE.faults beside it has a line for each request to come, which
 * takes the first one away (docs/jobs.md):
 *
 *     503            any status from 400 on, instead of the file
 *     truncate 5000  so many bytes of the body, then the connection ends
 *     stall 5000     so many, then silence
 *     ok             as it should be
 *
 * Owns      its socket and one thread.
 * Threads   all functions: any one at a time; artifact_server_set_clock(): any.
 */
#ifndef ARTIFACTS_ARTIFACT_SERVER_H
#define ARTIFACTS_ARTIFACT_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define ARTIFACT_CONNECTIONS 2048
#define ARTIFACT_FAULTS      ".faults" /* ends the name of a file that says how it is served */

struct artifact_server;

struct artifact_server_options {
    const char *dir;         /* of the files; made if missing */
    const char *bind;        /* a number; NULL: 127.0.0.1 */
    uint16_t port;           /* 0: a free one */
    const char *certificate; /* PEM files: the server's chain and its key */
    const char *key;
};

/* ERROR_USAGE: it cannot listen there, or read its files. */
struct artifact_server *artifact_server_new(const struct artifact_server_options *options,
                                            struct error *err);
/* NULL is fine. */
void artifact_server_free(struct artifact_server *s);
/* "https://127.0.0.1:40125"; where it is bound to all addresses, the loopback one. */
const char *artifact_server_url(const struct artifact_server *s);
/* What presign_read() takes: whoever has it can make URLs that this server accepts. */
const char *artifact_server_presign(const struct artifact_server *s);
/* URLs expire by this time of day from now on, not by the system's. */
void artifact_server_set_clock(struct artifact_server *s, int64_t wall_ms);

#endif
