#include "cli/job_file.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/store.h"
#include "base/xmem.h"
#include "cli/cloud_talk.h"
#include "cli/job_sign.h"

#define STREAM_BYTES_MAX 25165824 /* 24 MB: AWS IoT's, of a stream's file */
#define PIECE_BYTES      90000    /* a message holds 128 KB */
#define PIECE_TEXT_MAX   131072   /* of base64 */
#define JOB_ID           "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

bool job_file_read(const char *path, struct buf *to, struct error *err)
{
    if (!store_read(path, to, err))
        return error_prefix(err, "--file");
    return buf_len(to) > 0 || error_set(err, ERROR_USAGE, "--file %s: 1 byte to 512 MB", path);
}

static bool put_piece(const char *dir, const char *id, struct slice whole, size_t offset,
                      struct error *err)
{
    size_t left = whole.len - offset;
    struct slice piece = slice_of(whole.data + offset, left < PIECE_BYTES ? left : PIECE_BYTES);
    char *topic = xasprintf("fleetsim/streams/%s/put", id);
    cJSON *document = cJSON_CreateObject();
    struct buf data;

    buf_init(&data, PIECE_TEXT_MAX);
    base64_put(&data, piece);
    cJSON_AddNumberToObject(document, "fileId", 0);
    cJSON_AddNumberToObject(document, "size", (double)whole.len);
    cJSON_AddNumberToObject(document, "offset", (double)offset);
    cJSON_AddStringToObject(document, "data", buf_cstr(&data));
    buf_done(&data);
    cJSON *answer = cloud_talk(dir, topic, document, err);
    free(topic);
    cJSON_Delete(answer);
    return answer != NULL;
}

static void add_digest(cJSON *to, struct slice whole)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    char text[2 * EVP_MAX_MD_SIZE + 1] = "";
    unsigned len = 0;

    if (EVP_Digest(whole.data, whole.len, sum, &len, EVP_sha256(), NULL) != 1)
        return;
    for (unsigned i = 0; i < len; i++)
        snprintf(text + 2 * (size_t)i, 3, "%02x", sum[i]);
    cJSON_AddStringToObject(to, "sha256", text);
}

static bool put_stream(const char *dir, const char *id, struct slice whole, cJSON *document,
                       struct error *err)
{
    bool ok = whole.len <= STREAM_BYTES_MAX ||
              error_set(err, ERROR_USAGE,
                        "--file: a stream's file has at most 24 MB, AWS IoT's limit (use --by "
                        "https)");

    for (size_t offset = 0; ok && offset < whole.len; offset += PIECE_BYTES)
        ok = put_piece(dir, id, whole, offset, err);
    if (!ok)
        return false;
    cJSON *stream = cJSON_AddObjectToObject(document, "stream");
    cJSON_AddStringToObject(stream, "id", id);
    cJSON_AddNumberToObject(stream, "file", 0);
    add_digest(stream, whole);
    return true;
}

/* The file's own name, as far as a URL of the artifact server may have it. */
static char *name_in_url(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *name = xasprintf("file-%s", slash != NULL ? slash + 1 : path);

    for (char *c = name; *c != '\0'; c++)
        if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~", *c) ==
            NULL)
            *c = '_';
    memmove(name, name + strlen("file-"), strlen(name) - strlen("file-") + 1);
    if (name[0] == '.')
        name[0] = '_';
    return name;
}

static bool put_artifact(const char *dir, const char *id, const char *path, struct slice whole,
                         cJSON *document, struct error *err)
{
    char *name = name_in_url(path);
    char *folder = xasprintf("%s/artifacts/%s", dir, id);
    char *file = xasprintf("%s/%s", folder, name);
    bool ok = store_make_dir(folder, err) && store_write(file, STORE_SECRET, whole, err);

    if (ok) {
        char *url =
            xasprintf("${aws:iot:s3-presigned-url:https://s3.local.amazonaws.com/%s/%s}", id, name);
        cJSON_AddStringToObject(document, "url", url);
        add_digest(document, whole);
        free(url);
    }
    free(file);
    free(folder);
    free(name);
    return ok;
}

static bool put(const char *dir, const char *id, const struct job_file *file, struct slice whole,
                cJSON *document, struct error *err)
{
    static const char *const members[] = {"size", "stream", "url", "sha256", "codesign"};
    bool https = file->by != NULL && strcmp(file->by, "https") == 0;

    if (file->by != NULL && !https && strcmp(file->by, "stream") != 0)
        return error_set(err, ERROR_USAGE, "--by %s: neither stream nor https", file->by);
    if (id[strspn(id, JOB_ID)] != '\0' || id[0] == '\0')
        return error_set(err, ERROR_USAGE, "--id %s: 1 to 64 of A-Z a-z 0-9 _ -", id);
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        cJSON_DeleteItemFromObjectCaseSensitive(document, members[i]);
    cJSON_AddNumberToObject(document, "size", (double)whole.len);
    bool ok = https ? put_artifact(dir, id, file->path, whole, document, err)
                    : put_stream(dir, id, whole, document, err);
    cJSON *codesign = ok && file->sign != NULL ? job_sign(dir, file->sign, whole, err) : NULL;
    if (codesign != NULL)
        cJSON_AddItemToObject(document, "codesign", codesign);
    return ok && (file->sign == NULL || codesign != NULL);
}

bool job_file_put(const char *dir, const char *id, const struct job_file *file, cJSON *document,
                  struct error *err)
{
    struct buf whole;

    buf_init(&whole, JOB_FILE_MAX);
    bool ok = job_file_read(file->path, &whole, err) &&
              put(dir, id, file, buf_slice(&whole), document, err);
    buf_done(&whole);
    return ok;
}
