/* broker_lab.h — what tests of a real broker need: the plugin of this build, and a clean end. */
#ifndef SUPPORT_BROKER_LAB_H
#define SUPPORT_BROKER_LAB_H

#include <ftw.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static inline int broker_lab_remove_one(const char *path, const struct stat *st, int type,
                                        struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static inline void broker_lab_remove(const char *dir)
{
    nftw(dir, broker_lab_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Beside the tests' folder, or where the preset puts it. */
static inline bool broker_lab_find_plugin(void)
{
    char self[PATH_MAX], path[PATH_MAX + 64];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

    if (getenv("FLEETSIM_PLUGIN") != NULL)
        return true;
    self[n > 0 ? n : 0] = '\0';
    const char *dir = dirname(self);
    for (int up = 0; up < 2; up++) {
        snprintf(path, sizeof path, "%s/%s/fleetsim-cloud.so", dir, up == 0 ? ".." : "../..");
        if (access(path, R_OK) == 0)
            return setenv("FLEETSIM_PLUGIN", path, 1) == 0;
    }
    return false;
}

#endif
