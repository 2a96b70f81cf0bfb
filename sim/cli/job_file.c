#include "cli/job_file.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/xmem.h"
#include "cli/job_talk.h"

#define FILE_BYTES_MAX 25165824 /* 24 MB: AWS IoT's, of a stream's file */
#define PIECE_BYTES    90000    /* a message holds 128 KB */
#define PIECE_TEXT_MAX 131072   /* of base64 */

static bool read_whole(const char *path, struct buf *to, struct error *err)
{
    FILE *f = fopen(path, "re");
    size_t n = 0;

    if (f == NULL)
        return error_set(err, ERROR_USAGE, "--file %s: %s", path, strerror(errno));
    do {
        uint8_t *room = buf_reserve(to, 65536);
        n = room != NULL ? fread(room, 1, 65536, f) : 0;
        buf_commit(to, n);
    } while (n > 0);
    bool ok = ferror(f) == 0;
    fclose(f);
    if (!ok)
        return error_set(err, ERROR_USAGE, "--file %s: cannot be read", path);
    return (!to->overflow && buf_len(to) > 0 && buf_len(to) <= FILE_BYTES_MAX) ||
           error_set(err, ERROR_USAGE, "--file %s: 1 byte to 24 MB (AWS IoT's limit)", path);
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
    cJSON *answer = job_talk_topic(dir, topic, document, err);
    free(topic);
    cJSON_Delete(answer);
    return answer != NULL;
}

static void add_digest(cJSON *stream, struct slice whole)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    char text[2 * EVP_MAX_MD_SIZE + 1] = "";
    unsigned len = 0;

    if (EVP_Digest(whole.data, whole.len, sum, &len, EVP_sha256(), NULL) != 1)
        return;
    for (unsigned i = 0; i < len; i++)
        snprintf(text + 2 * (size_t)i, 3, "%02x", sum[i]);
    cJSON_AddStringToObject(stream, "sha256", text);
}

static void describe(cJSON *document, const char *id, struct slice whole)
{
    cJSON *stream = cJSON_CreateObject();

    cJSON_DeleteItemFromObjectCaseSensitive(document, "size");
    cJSON_DeleteItemFromObjectCaseSensitive(document, "stream");
    cJSON_AddNumberToObject(document, "size", (double)whole.len);
    cJSON_AddStringToObject(stream, "id", id);
    cJSON_AddNumberToObject(stream, "file", 0);
    add_digest(stream, whole);
    cJSON_AddItemToObject(document, "stream", stream);
}

bool job_file_put(const char *dir, const char *id, const char *path, cJSON *document,
                  struct error *err)
{
    struct buf whole;

    buf_init(&whole, FILE_BYTES_MAX + 65536);
    bool ok = read_whole(path, &whole, err);
    for (size_t offset = 0; ok && offset < buf_len(&whole); offset += PIECE_BYTES)
        ok = put_piece(dir, id, buf_slice(&whole), offset, err);
    if (ok)
        describe(document, id, buf_slice(&whole));
    buf_done(&whole);
    return ok;
}
