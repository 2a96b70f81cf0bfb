#include "metrics/atomic_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xmem.h"

/* 0, or the errno of what failed. */
static int write_all(int fd, struct slice s)
{
    while (s.len != 0) {
        ssize_t n = write(fd, s.data, s.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? errno : ENOSPC;
        s = slice_of(s.data + n, s.len - (size_t)n);
    }
    return 0;
}

bool atomic_file_write(const char *path, struct slice content, struct error *err)
{
    char *temporary = xasprintf("%s.tmp", path);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    int trouble = fd < 0 ? errno : write_all(fd, content);

    if (fd >= 0 && close(fd) != 0 && trouble == 0)
        trouble = errno; /* where a network file system tells of a full disk */
    if (trouble == 0 && rename(temporary, path) != 0)
        trouble = errno;
    if (trouble != 0 && fd >= 0)
        unlink(temporary);
    free(temporary);
    return trouble == 0 || error_set(err, ERROR_USAGE,
                                     "%s: cannot write it: %s (free some space "
                                     "or choose another results folder)",
                                     path, strerror(trouble));
}
