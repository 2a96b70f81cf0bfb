#include "cloud/state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"

#define FORMAT      1
#define HEAD        "{\"fleetsim\":\"cloud state\",\"format\":"
#define FOOT        "{\"lines\":"
#define HEAD_MAX    256
#define DEPTH       4
#define DIGEST_SIZE 65 /* hex digits and NUL */
#define REMEDY      "(take back a copy of it, or begin anew with --fresh)"

static bool digest(struct slice bytes, char ret[DIGEST_SIZE])
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    if (EVP_Digest(bytes.data, bytes.len, sum, &len, EVP_sha256(), NULL) != 1 ||
        2 * len >= DIGEST_SIZE)
        return false;
    for (unsigned i = 0; i < len; i++)
        snprintf(ret + (size_t)2 * i, 3, "%02x", sum[i]);
    return true;
}

static size_t count_lines(struct slice bytes)
{
    size_t lines = 0;

    for (size_t i = 0; i < bytes.len; i++)
        lines += bytes.data[i] == '\n';
    return lines;
}

/* Of all bytes before it. */
static bool put_foot(struct slice before, size_t head, struct text *to)
{
    char sum[DIGEST_SIZE];

    if (!digest(before, sum))
        return false;
    text_str(to, FOOT);
    text_int(to, (int64_t)count_lines(slice_of(before.data + head, before.len - head)));
    text_key(to, "sha256");
    text_quoted(to, sum);
    text_str(to, "}\n");
    return !to->failed;
}

bool state_file_put(const struct cloud *cloud, int64_t now_ms, struct text *to)
{
    struct text foot;

    text_str(to, HEAD);
    text_int(to, FORMAT);
    text_key(to, "saved");
    text_int(to, now_ms);
    text_str(to, "}\n");
    size_t head = to->len;
    if (!cloud_save(cloud, now_ms, to))
        return false;
    text_init(&foot);
    if (put_foot(slice_of(to->data, to->len), head, &foot))
        text_bytes(to, foot.data, foot.len);
    else
        to->failed = true;
    text_done(&foot);
    return !to->failed;
}

static size_t line_length(struct slice bytes)
{
    const uint8_t *end = memchr(bytes.data, '\n', bytes.len);

    return end != NULL ? (size_t)(end - bytes.data) + 1 : bytes.len;
}

/* When it was written; the head's length with its end of line. */
static bool read_head(struct slice bytes, int64_t *ret_saved_ms, size_t *ret_len, struct error *err)
{
    size_t len = bytes.len != 0 ? line_length(bytes) : 0;

    if (len < sizeof HEAD || len > HEAD_MAX || memcmp(bytes.data, HEAD, sizeof HEAD - 1) != 0)
        return error_set(err, ERROR_USAGE, "not the state of a cloud " REMEDY);
    cJSON *head = json_parse(slice_of(bytes.data, len), DEPTH);
    uint64_t format = json_whole(head, "format");
    *ret_saved_ms = (int64_t)json_whole(head, "saved");
    *ret_len = len;
    cJSON_Delete(head);
    if (format > FORMAT)
        return error_set(err, ERROR_USAGE,
                         "of a later fleetsim (format %llu, this one knows %d; use that one, or "
                         "begin anew with --fresh)",
                         (unsigned long long)format, FORMAT);
    if (format == 0 || *ret_saved_ms == 0)
        return error_set(err, ERROR_USAGE, "damaged in its first line " REMEDY);
    return true;
}

/* The last line: whether it vouches for all before it, whose length comes back. */
static bool read_foot(struct slice bytes, size_t head, size_t *ret_before, struct error *err)
{
    size_t before = bytes.len;
    struct text foot;

    if (bytes.data[bytes.len - 1] != '\n')
        return error_set(err, ERROR_USAGE, "cut off in its last line " REMEDY);
    for (before--; before > 0 && bytes.data[before - 1] != '\n'; before--)
        ;
    size_t len = bytes.len - before;
    if (before < head || len < sizeof FOOT ||
        memcmp(bytes.data + before, FOOT, sizeof FOOT - 1) != 0)
        return error_set(err, ERROR_USAGE, "cut off: its last line is missing " REMEDY);
    text_init(&foot);
    bool good = put_foot(slice_of(bytes.data, before), head, &foot) && foot.len == len &&
                memcmp(foot.data, bytes.data + before, len) == 0;
    text_done(&foot);
    *ret_before = before;
    return good ||
           error_set(err, ERROR_USAGE, "damaged: it was changed since it was written " REMEDY);
}

bool state_file_take(struct cloud *cloud, struct slice bytes, int64_t now_ms, int64_t *ret_saved_ms,
                     struct error *err)
{
    int64_t saved = 0;
    size_t head = 0;
    size_t end = 0;

    *ret_saved_ms = 0;
    if (!read_head(bytes, &saved, &head, err) || !read_foot(bytes, head, &end, err))
        return false;
    struct slice lines = slice_of(bytes.data + head, end - head);
    size_t bad = cloud_load(cloud, lines, now_ms);
    if (bad != 0)
        return error_set(err, ERROR_USAGE,
                         "%zu of its %zu lines make no sense to this fleetsim (use the one that "
                         "wrote it, or begin anew with --fresh)",
                         bad, count_lines(lines));
    *ret_saved_ms = saved;
    return true;
}

/* ---- the file ---- */

bool state_file_read(struct cloud *cloud, const char *path, int64_t now_ms, int64_t *ret_saved_ms,
                     struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;

    *ret_saved_ms = 0;
    if (fd < 0 && errno == ENOENT)
        return true;
    bool ok = fd >= 0 && fstat(fd, &st) == 0;
    void *bytes = ok && st.st_size > 0
                      ? mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0)
                      : MAP_FAILED;
    if (!ok || (bytes == MAP_FAILED && st.st_size > 0))
        ok = error_set(err, ERROR_USAGE, "%s: %s (may it be read?)", path, strerror(errno));
    else
        ok = state_file_take(cloud,
                             bytes != MAP_FAILED ? slice_of(bytes, (size_t)st.st_size)
                                                 : slice_of(NULL, 0),
                             now_ms, ret_saved_ms, err) ||
             error_prefix(err, "%s", path);
    if (bytes != MAP_FAILED)
        munmap(bytes, (size_t)st.st_size);
    if (fd >= 0)
        close(fd);
    return ok;
}

static bool write_all(int fd, const char *bytes, size_t len)
{
    for (size_t done = 0; done < len;) {
        ssize_t n = write(fd, bytes + done, len - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        done += (size_t)n;
    }
    return true;
}

/* A rename is on the disk when its folder is. */
static void sync_folder(char *path)
{
    int fd = open(dirname(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return;
    fsync(fd);
    close(fd);
}

static bool replace(const char *path, char *aside, const struct text *t)
{
    int fd = open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && write_all(fd, t->data, t->len) && fsync(fd) == 0;

    if (fd >= 0)
        ok = close(fd) == 0 && ok;
    ok = ok && rename(aside, path) == 0;
    if (ok)
        sync_folder(aside);
    return ok;
}

bool state_file_write(const struct cloud *cloud, const char *path, int64_t now_ms,
                      struct error *err)
{
    size_t size = strlen(path) + sizeof ".new";
    char *aside = malloc(size);
    struct text t;

    text_init(&t);
    bool ok = aside != NULL && state_file_put(cloud, now_ms, &t);
    if (!ok)
        error_set(err, ERROR_USAGE, "%s: no memory", path);
    if (aside != NULL)
        snprintf(aside, size, "%s.new", path);
    if (ok && !replace(path, aside, &t))
        ok = error_set(err, ERROR_USAGE, "%s: %s (is there room, and may it be written?)", path,
                       strerror(errno));
    text_done(&t);
    free(aside);
    return ok;
}
