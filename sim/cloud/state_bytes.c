#include "cloud/state_bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/store.h"

bool state_bytes_open(struct state_bytes *b, const char *path, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;

    *b = (struct state_bytes){.absent = fd < 0 && errno == ENOENT};
    if (b->absent)
        return true;
    bool ok = fd >= 0 && fstat(fd, &st) == 0;
    if (ok && st.st_size > 0) {
        void *bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        ok = bytes != MAP_FAILED;
        if (ok)
            b->all = slice_of(bytes, (size_t)st.st_size);
    }
    if (ok)
        b->changed_ms = (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
    else
        error_set(err, ERROR_USAGE, "%s: %s (may it be read?)", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return ok;
}

void state_bytes_close(struct state_bytes *b)
{
    if (b->all.len != 0)
        munmap((void *)(uintptr_t)b->all.data, b->all.len);
    b->all = slice_of(NULL, 0);
}

bool state_digest(struct slice bytes, char ret[STATE_DIGEST_SIZE])
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    if (EVP_Digest(bytes.data, bytes.len, sum, &len, EVP_sha256(), NULL) != 1 ||
        2 * len >= STATE_DIGEST_SIZE)
        return false;
    for (unsigned i = 0; i < len; i++)
        snprintf(ret + (size_t)2 * i, 3, "%02x", sum[i]);
    return true;
}

size_t state_count_lines(struct slice bytes)
{
    size_t lines = 0;

    for (size_t i = 0; i < bytes.len; i++)
        lines += bytes.data[i] == '\n';
    return lines;
}

size_t state_line_length(struct slice bytes)
{
    const uint8_t *end = memchr(bytes.data, '\n', bytes.len);

    return end != NULL ? (size_t)(end - bytes.data) + 1 : bytes.len;
}

bool state_write_all(int fd, const char *bytes, size_t len)
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

static bool write_aside(const char *aside, const struct text *t)
{
    int fd = open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && state_write_all(fd, t->data, t->len) && fsync(fd) == 0;

    if (fd >= 0)
        ok = close(fd) == 0 && ok;
    return ok;
}

bool state_replace(const char *path, const struct text *t)
{
    size_t size = strlen(path) + sizeof ".new";
    char *aside = malloc(size);

    if (aside == NULL)
        return false;
    snprintf(aside, size, "%s.new", path);
    bool ok = write_aside(aside, t) && rename(aside, path) == 0;
    if (ok)
        store_sync_folder(path);
    free(aside);
    return ok;
}
