/*
 * presign.h — URLs that carry their own permission, for a while, as those that AWS presigns for S3:
 *
 *     BASE/<path>?X-Amz-Date=20260101T000000Z&X-Amz-Expires=3600&X-Amz-Signature=<hex>
 *
 * AWS IoT Jobs puts one in place of each placeholder when it hands out a document (contract 3.7):
 *
 *     ${aws:iot:s3-presigned-url:https://s3.<region>.amazonaws.com/<path>}
 *
 * The signature is an HMAC-SHA256 with a secret that the cloud shares with its artifact server; it
 * is not AWS' own (SigV4), which only S3 itself can check.
 *
 * Pure. Threads   any.
 */
#ifndef CLOUD_JOBS_PRESIGN_H
#define CLOUD_JOBS_PRESIGN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/text.h"

#define PRESIGN_SECRET      32   /* bytes */
#define PRESIGN_SECONDS_MIN 60   /* AWS IoT's, of presignedUrlConfig.expiresInSec */
#define PRESIGN_SECONDS_MAX 3600 /* and its default */
#define PRESIGN_PATH_MAX    512

struct presign {
    char base[160]; /* "https://127.0.0.1:40125"; "": nothing is presigned */
    uint8_t secret[PRESIGN_SECRET];
};

/* From "BASE,SECRET-IN-HEX". False: it is not that. */
bool presign_read(struct presign *p, const char *text);

/* Is it "/" and letters, digits, - . _ ~ /, with no part that is "." or ".." or empty? */
bool presign_path_is_good(struct slice path);

/* Appends the URL. The path must be good. */
void presign_url(const struct presign *p, struct slice path, int64_t seconds, int64_t now_ms,
                 struct text *to);
/* Appends the document (the text of a JSON object) with URLs for its placeholders; whatever is none
   that can be presigned stays as it is. */
void presign_document(const struct presign *p, const char *document, int64_t seconds,
                      int64_t now_ms, struct text *to);

enum presign_verdict { PRESIGN_GOOD, PRESIGN_WRONG, PRESIGN_EXPIRED };

/* The parameters of a URL as they came; NULL: missing. */
struct presign_claim {
    const char *path, *date, *expires, *signature;
};
enum presign_verdict presign_check(const struct presign *p, const struct presign_claim *claim,
                                   int64_t now_ms);

#endif
