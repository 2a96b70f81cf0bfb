#include "base/shared_clock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static bool map(struct shared_clock *c, int fd, int protection, const char *path, struct error *err)
{
    void *place = mmap(NULL, sizeof *c->wall_ms, protection, MAP_SHARED, fd, 0);

    close(fd);
    if (place == MAP_FAILED)
        return error_set(err, ERROR_USAGE, "%s: cannot be mapped: %s", path, strerror(errno));
    c->wall_ms = place;
    return true;
}

bool shared_clock_create(struct shared_clock *c, const char *path, int64_t wall_ms,
                         struct error *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    c->wall_ms = NULL;
    if (fd < 0 || ftruncate(fd, sizeof *c->wall_ms) < 0) {
        error_set(err, ERROR_USAGE, "%s: %s (is there room, and may it be written?)", path,
                  strerror(errno));
        if (fd >= 0)
            close(fd);
        return false;
    }
    if (!map(c, fd, PROT_READ | PROT_WRITE, path, err) || c->wall_ms == NULL)
        return false;
    *c->wall_ms = wall_ms;
    return true;
}

bool shared_clock_open(struct shared_clock *c, const char *path, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    c->wall_ms = NULL;
    if (fd < 0)
        return error_set(err, ERROR_USAGE, "%s: %s", path, strerror(errno));
    /* Beyond the end of a file, reading a mapping kills. */
    if (lseek(fd, 0, SEEK_END) < (off_t)sizeof *c->wall_ms) {
        close(fd);
        return error_set(err, ERROR_USAGE, "%s: too short for a clock", path);
    }
    return map(c, fd, PROT_READ, path, err);
}

void shared_clock_close(struct shared_clock *c)
{
    if (c->wall_ms != NULL)
        munmap((void *)c->wall_ms, sizeof *c->wall_ms);
    c->wall_ms = NULL;
}
