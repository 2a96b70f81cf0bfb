#include "cloud/state_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/json.h"
#include "base/timeunit.h"
#include "cloud/journal_file.h"
#include "cloud/state_bytes.h"

#define FORMAT   1
#define HEAD     "{\"fleetsim\":\"cloud state\",\"format\":"
#define FOOT     "{\"lines\":"
#define HEAD_MAX 256
#define DEPTH    4
#define REMEDY   "(take back a copy of it, or begin anew with --fresh)"

/* Of all bytes before it. */
static bool put_foot(struct slice before, size_t head, struct text *to)
{
    char sum[STATE_DIGEST_SIZE];

    if (!state_digest(before, sum))
        return false;
    text_str(to, FOOT);
    text_int(to, (int64_t)state_count_lines(slice_of(before.data + head, before.len - head)));
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
    if (cloud_batch(cloud) != 0) {
        text_key(to, "batch");
        text_int(to, (int64_t)cloud_batch(cloud));
    }
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

struct head {
    int64_t saved_ms;
    uint64_t batch; /* of the journal: the first that is not in it */
    size_t len;     /* with its end of line */
};

static bool read_head(struct slice bytes, struct head *ret, struct error *err)
{
    size_t len = bytes.len != 0 ? state_line_length(bytes) : 0;

    if (len < sizeof HEAD || len > HEAD_MAX || memcmp(bytes.data, HEAD, sizeof HEAD - 1) != 0)
        return error_set(err, ERROR_USAGE, "not the state of a cloud " REMEDY);
    cJSON *head = json_parse(slice_of(bytes.data, len), DEPTH);
    uint64_t format = json_whole(head, "format");
    *ret = (struct head){.saved_ms = (int64_t)json_whole(head, "saved"),
                         .batch = json_whole(head, "batch"),
                         .len = len};
    cJSON_Delete(head);
    if (format > FORMAT)
        return error_set(err, ERROR_USAGE,
                         "of a later fleetsim (format %llu, this one knows %d; use that one, or "
                         "begin anew with --fresh)",
                         (unsigned long long)format, FORMAT);
    if (format == 0 || ret->saved_ms == 0)
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
    struct head head = {0};
    size_t end = 0;

    *ret_saved_ms = 0;
    if (!read_head(bytes, &head, err) || !read_foot(bytes, head.len, &end, err))
        return false;
    struct slice lines = slice_of(bytes.data + head.len, end - head.len);
    size_t bad = cloud_load(cloud, lines, now_ms);
    if (bad != 0)
        return error_set(err, ERROR_USAGE,
                         "%zu of its %zu lines make no sense to this fleetsim (use the one that "
                         "wrote it, or begin anew with --fresh)",
                         bad, state_count_lines(lines));
    cloud_set_batch(cloud, head.batch);
    *ret_saved_ms = head.saved_ms;
    return true;
}

/* ---- the file ---- */

/* To be freed; NULL: no memory. */
static char *journal_of(const char *path)
{
    size_t size = strlen(path) + sizeof JOURNAL_SUFFIX;
    char *journal = malloc(size);

    if (journal != NULL)
        snprintf(journal, size, "%s" JOURNAL_SUFFIX, path);
    return journal;
}

static bool has_journal(const char *path)
{
    char *journal = journal_of(path);
    struct stat st;
    bool has = journal == NULL || (stat(journal, &st) == 0 && st.st_size != 0);

    free(journal);
    return has;
}

/* What came after it was written. */
static bool read_journal(struct cloud *cloud, const char *path, int64_t *saved_ms,
                         struct error *err)
{
    char *journal = journal_of(path);
    struct state_bytes bytes;
    size_t whole;

    if (journal == NULL)
        return error_set(err, ERROR_USAGE, "%s: no memory", path);
    uint64_t first = cloud_batch(cloud);
    bool ok = state_bytes_open(&bytes, journal, err);
    if (ok) {
        ok = journal_take(cloud, bytes.all, &whole, err) || error_prefix(err, "%s", journal);
        if (ok && cloud_batch(cloud) != first)
            *saved_ms = bytes.changed_ms;
        state_bytes_close(&bytes);
    }
    free(journal);
    return ok;
}

bool state_file_read(struct cloud *cloud, const char *path, int64_t now_ms, int64_t *ret_saved_ms,
                     struct error *err)
{
    struct state_bytes bytes;

    *ret_saved_ms = 0;
    if (!state_bytes_open(&bytes, path, err))
        return false;
    bool ok = bytes.absent || state_file_take(cloud, bytes.all, now_ms, ret_saved_ms, err) ||
              error_prefix(err, "%s", path);
    state_bytes_close(&bytes);
    ok = ok && read_journal(cloud, path, ret_saved_ms, err);
    if (!ok)
        *ret_saved_ms = 0;
    return ok;
}

static bool look_inside(struct slice bytes, struct text *to, int64_t *ret_saved_ms,
                        struct error *err)
{
    struct head head = {0};
    size_t end = 0;

    if (!read_head(bytes, &head, err) || !read_foot(bytes, head.len, &end, err))
        return false;
    cloud_describe_lines(slice_of(bytes.data + head.len, end - head.len), to);
    *ret_saved_ms = head.saved_ms;
    return true;
}

static bool look_by_reading(const char *path, struct text *to, int64_t *ret_saved_ms,
                            struct error *err)
{
    struct cloud *cloud = cloud_new(1);

    bool ok = cloud != NULL ? state_file_read(cloud, path, clock_wall_ms(), ret_saved_ms, err)
                            : error_set(err, ERROR_USAGE, "%s: no memory", path);
    if (ok)
        cloud_describe(cloud, to);
    cloud_free(cloud);
    return ok;
}

bool state_file_look(const char *path, struct text *to, int64_t *ret_saved_ms, struct error *err)
{
    struct state_bytes bytes;

    *ret_saved_ms = 0;
    if (has_journal(path))
        return look_by_reading(path, to, ret_saved_ms, err);
    if (!state_bytes_open(&bytes, path, err))
        return false;
    bool ok = bytes.absent || look_inside(bytes.all, to, ret_saved_ms, err) ||
              error_prefix(err, "%s", path);
    state_bytes_close(&bytes);
    return ok;
}

bool state_file_write(const struct cloud *cloud, const char *path, int64_t now_ms,
                      struct error *err)
{
    struct text t;

    text_init(&t);
    bool ok =
        state_file_put(cloud, now_ms, &t) || error_set(err, ERROR_USAGE, "%s: no memory", path);
    if (ok && !state_replace(path, &t))
        ok = error_set(err, ERROR_USAGE, "%s: %s (is there room, and may it be written?)", path,
                       strerror(errno));
    text_done(&t);
    return ok;
}
