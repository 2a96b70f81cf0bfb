#include "metrics/atomic_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

static int write_file(const char *path, struct slice content)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    int trouble = fd < 0 ? errno : write_all(fd, content);

    if (fd >= 0 && close(fd) != 0 && trouble == 0)
        trouble = errno; /* where a network file system tells of a full disk */
    return trouble;
}

static int replace_file(const char *path, struct slice content)
{
    char *temporary = xasprintf("%s.tmp", path);
    int trouble = write_file(temporary, content);

    if (trouble == 0 && rename(temporary, path) != 0)
        trouble = errno;
    if (trouble != 0)
        unlink(temporary);
    free(temporary);
    return trouble;
}

bool atomic_file_write(const char *path, struct slice content, struct error *err)
{
    struct stat st;
    /* A device, a pipe, a link such as /dev/stdout: to be written to, not to be replaced. */
    bool special = lstat(path, &st) == 0 && !S_ISREG(st.st_mode);
    int trouble = special ? write_file(path, content) : replace_file(path, content);

    return trouble == 0 || error_set(err, ERROR_USAGE,
                                     "%s: cannot write it: %s (free some space "
                                     "or choose another results folder)",
                                     path, strerror(trouble));
}
