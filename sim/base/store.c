#include "base/store.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xmem.h"

static bool fail(struct error *err, const char *path, const char *why)
{
    return error_set(err, ERROR_USAGE, "%.300s: %s (check the path, its permissions and the space)",
                     path, why);
}

static bool make_one(const char *path)
{
    struct stat st;

    if (mkdir(path, 0700) == 0)
        return true;
    if (errno != EEXIST || stat(path, &st) != 0)
        return false;
    errno = ENOTDIR;
    return S_ISDIR(st.st_mode);
}

bool store_make_dir(const char *path, struct error *err)
{
    char *part = xstrdup(path);
    bool ok = true;

    for (char *slash = strchr(part + 1, '/'); ok && path[0] != '\0' && slash != NULL;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        ok = make_one(part);
        *slash = '/';
    }
    ok = ok && make_one(part);
    if (!ok)
        fail(err, path, strerror(errno));
    free(part);
    return ok;
}

static bool read_all(int fd, const char *path, struct buf *ret, struct error *err)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return fail(err, path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return fail(err, path, "not a regular file");
    for (;;) {
        uint8_t chunk[8192];
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n == 0)
            return true;
        if (n < 0 && errno != EINTR)
            return fail(err, path, strerror(errno));
        if (n > 0 && !buf_append(ret, chunk, (size_t)n))
            return fail(err, path, "longer than such a file can be");
    }
}

bool store_read(const char *path, struct buf *ret, struct error *err)
{
    /* Non-blocking, so that a named pipe in the file's place does not hang the program. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return fail(err, path, strerror(errno));
    bool ok = read_all(fd, path, ret, err);
    close(fd);
    return ok;
}

bool store_begin(struct store_writer *w, const char *path, mode_t mode, struct error *err)
{
    w->path = path;
    w->temporary = xasprintf("%s.XXXXXX", path);
    w->fd = mkostemp(w->temporary, O_CLOEXEC); /* mode 0600 from the start */
    if (w->fd < 0) {
        fail(err, path, strerror(errno));
        free(w->temporary);
        w->temporary = NULL;
        return false;
    }
    if (fchmod(w->fd, mode) != 0) {
        fail(err, path, strerror(errno));
        store_abandon(w);
        return false;
    }
    return true;
}

bool store_append(struct store_writer *w, struct slice bytes, struct error *err)
{
    for (size_t done = 0; done < bytes.len;) {
        ssize_t n = write(w->fd, bytes.data + done, bytes.len - done);
        if (n < 0 && errno != EINTR)
            return fail(err, w->path, strerror(errno));
        if (n > 0)
            done += (size_t)n;
    }
    return true;
}

void store_abandon(struct store_writer *w)
{
    if (w->fd >= 0)
        close(w->fd);
    w->fd = -1;
    if (w->temporary != NULL)
        unlink(w->temporary);
    free(w->temporary);
    w->temporary = NULL;
}

bool store_commit(struct store_writer *w, bool sync, struct error *err)
{
    bool ok = (!sync || fdatasync(w->fd) == 0) && rename(w->temporary, w->path) == 0;

    if (!ok) {
        fail(err, w->path, strerror(errno));
        store_abandon(w);
        return false;
    }
    if (sync)
        store_sync_folder(w->path);
    close(w->fd);
    w->fd = -1;
    free(w->temporary);
    w->temporary = NULL;
    return true;
}

void store_sync_folder(const char *path)
{
    char *copy = strdup(path);
    int fd = copy != NULL ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

    free(copy);
    if (fd < 0)
        return;
    fsync(fd);
    close(fd);
}

bool store_write(const char *path, mode_t mode, struct slice bytes, struct error *err)
{
    struct store_writer w;

    if (!store_begin(&w, path, mode, err))
        return false;
    if (!store_append(&w, bytes, err)) {
        store_abandon(&w);
        return false;
    }
    return store_commit(&w, false, err);
}
