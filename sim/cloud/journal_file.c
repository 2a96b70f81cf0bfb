#include "cloud/journal_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/store.h"
#include "cloud/state_bytes.h"

#define FOOT   "{\"batch\":"
#define DEPTH  4
#define REMEDY "(take back a copy of it, or move it away and lose what it has)"

/* ---- batches ---- */

/* Of the lines and the number. */
static bool digest(struct slice lines, uint64_t number, char ret[STATE_DIGEST_SIZE])
{
    struct text all;

    text_init(&all);
    text_bytes(&all, (const char *)lines.data, lines.len);
    text_int(&all, (int64_t)number);
    bool ok = !all.failed && state_digest(slice_of(all.data, all.len), ret);
    text_done(&all);
    return ok;
}

/* Of the lines before it. */
static bool put_foot(struct slice lines, uint64_t number, struct text *to)
{
    char sum[STATE_DIGEST_SIZE];

    if (!digest(lines, number, sum))
        return false;
    text_str(to, FOOT);
    text_int(to, (int64_t)number);
    text_key(to, "lines");
    text_int(to, (int64_t)state_count_lines(lines));
    text_key(to, "sha256");
    text_quoted(to, sum);
    text_str(to, "}\n");
    return !to->failed;
}

bool journal_put(struct cloud *cloud, struct text *to)
{
    size_t start = to->len;
    struct text foot;

    if (!cloud_journal(cloud, to))
        return false;
    if (to->len == start)
        return true;
    text_init(&foot);
    if (put_foot(slice_of(to->data + start, to->len - start), cloud_batch(cloud), &foot))
        text_bytes(to, foot.data, foot.len);
    else
        to->failed = true;
    text_done(&foot);
    cloud_set_batch(cloud, cloud_batch(cloud) + 1);
    return !to->failed;
}

struct batch {
    struct slice lines;
    uint64_t number;
    size_t size; /* with its foot; 0: it has none */
    bool whole;
};

static bool vouches(struct slice lines, struct slice foot, uint64_t *ret_number)
{
    cJSON *record = json_parse(foot, DEPTH);
    struct text again;

    *ret_number = json_whole(record, "batch");
    cJSON_Delete(record);
    text_init(&again);
    bool is = put_foot(lines, *ret_number, &again) && again.len == foot.len &&
              memcmp(again.data, foot.data, foot.len) == 0;
    text_done(&again);
    return is;
}

static struct batch first_batch(struct slice bytes)
{
    struct batch b = {0};
    size_t at = 0;

    while (at < bytes.len) {
        struct slice rest = slice_of(bytes.data + at, bytes.len - at);
        size_t len = state_line_length(rest);
        if (len > sizeof FOOT && rest.data[len - 1] == '\n' &&
            memcmp(rest.data, FOOT, sizeof FOOT - 1) == 0) {
            b.lines = slice_of(bytes.data, at);
            b.size = at + len;
            b.whole = vouches(b.lines, slice_of(rest.data, len), &b.number);
            break;
        }
        at += len;
    }
    return b;
}

/* Room that the disk has given, and never got what belongs there; JSON has no such bytes. */
static bool has_holes(struct slice bytes)
{
    return memchr(bytes.data, 0, bytes.len) != NULL;
}

bool journal_take(struct cloud *cloud, struct slice bytes, size_t *ret_whole, struct error *err)
{
    size_t done = 0;

    for (*ret_whole = 0; done < bytes.len; *ret_whole = done) {
        struct slice rest = slice_of(bytes.data + done, bytes.len - done);
        const struct batch b = first_batch(rest);
        if (b.size == 0 || (!b.whole && b.size == rest.len && has_holes(rest)))
            return true;
        if (!b.whole)
            return error_set(err, ERROR_USAGE, "damaged behind byte %zu " REMEDY, done);
        done += b.size;
        if (cloud == NULL || b.number < cloud_batch(cloud))
            continue;
        if (cloud_replay(cloud, b.lines) != 0)
            return error_set(err, ERROR_USAGE,
                             "behind byte %zu are lines that make no sense to this fleetsim (use "
                             "the one that wrote it, or move it away and lose what it has)",
                             *ret_whole);
        cloud_set_batch(cloud, b.number + 1);
    }
    return true;
}

/* ---- the file ---- */

static bool fail(const struct journal_file *j, struct error *err)
{
    return error_set(err, ERROR_USAGE, "%s: %s (is there room, and may it be written?)", j->path,
                     strerror(errno));
}

static bool find_end(struct journal_file *j, struct error *err)
{
    struct state_bytes bytes;

    if (!state_bytes_open(&bytes, j->path, err))
        return false;
    bool ok = journal_take(NULL, bytes.all, &j->size, err) || error_prefix(err, "%s", j->path);
    state_bytes_close(&bytes);
    return ok && (ftruncate(j->fd, (off_t)j->size) == 0 || fail(j, err));
}

bool journal_file_open(struct journal_file *j, const char *state_path, struct error *err)
{
    size_t size = strlen(state_path) + sizeof JOURNAL_SUFFIX;

    *j = (struct journal_file){.fd = -1, .path = malloc(size)};
    if (j->path == NULL)
        return error_set(err, ERROR_USAGE, "%s: no memory", state_path);
    snprintf(j->path, size, "%s" JOURNAL_SUFFIX, state_path);
    j->fd = open(j->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (j->fd < 0)
        return fail(j, err);
    store_sync_folder(j->path);
    return find_end(j, err);
}

void journal_file_done(struct journal_file *j)
{
    if (j->fd >= 0)
        close(j->fd);
    free(j->path);
    *j = (struct journal_file){.fd = -1};
}

/* Behind what is whole, whatever an attempt before has left there. */
static bool append(struct journal_file *j, const struct text *batch, struct error *err)
{
    if (lseek(j->fd, (off_t)j->size, SEEK_SET) < 0 ||
        !state_write_all(j->fd, batch->data, batch->len) || fdatasync(j->fd) != 0) {
        fail(j, err);
        if (ftruncate(j->fd, (off_t)j->size) != 0)
            return false; /* it has no foot, and is dropped */
        return false;
    }
    j->size += batch->len;
    return true;
}

bool journal_file_keep(struct journal_file *j, struct cloud *cloud, struct error *err)
{
    struct text batch;

    if (j->fd < 0)
        return true;
    text_init(&batch);
    bool ok = journal_put(cloud, &batch) || error_set(err, ERROR_USAGE, "%s: no memory", j->path);
    if (ok && batch.len != 0)
        ok = append(j, &batch, err);
    text_done(&batch);
    return ok;
}

void journal_file_mark(struct journal_file *j)
{
    j->mark = j->size;
}

/* What has come since the mark moves to the front of a new file. */
static bool keep_rest(struct journal_file *j, struct error *err)
{
    struct state_bytes bytes;
    struct text rest;

    if (!state_bytes_open(&bytes, j->path, err))
        return false;
    text_init(&rest);
    if (bytes.all.len >= j->size)
        text_bytes(&rest, (const char *)bytes.all.data + j->mark, j->size - j->mark);
    state_bytes_close(&bytes);
    bool ok = (!rest.failed && rest.len != 0 && state_replace(j->path, &rest)) || fail(j, err);
    text_done(&rest);
    int fd = ok ? open(j->path, O_WRONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return ok && fail(j, err);
    close(j->fd);
    j->fd = fd;
    j->size -= j->mark;
    return true;
}

bool journal_file_drop(struct journal_file *j, struct error *err)
{
    if (j->fd < 0 || j->mark == 0)
        return true;
    if (j->mark != j->size)
        return keep_rest(j, err);
    if (ftruncate(j->fd, 0) != 0)
        return fail(j, err);
    j->size = 0;
    return true;
}
