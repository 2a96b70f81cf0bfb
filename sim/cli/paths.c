#include "cli/paths.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xmem.h"

static char *program_folder(void)
{
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);

    if (n <= 0)
        return xstrdup(".");
    path[n] = '\0';
    char *slash = strrchr(path, '/');
    if (slash != NULL)
        *slash = '\0';
    return xstrdup(path);
}

char *paths_vehicles(void)
{
    static const char *const places[] = {"/../vehicles", "/../../vehicles",
                                         "/../share/fleetsim/vehicles"};
    char *found = NULL;

    if (access("vehicles/parts", R_OK) == 0)
        return xstrdup("vehicles");
    char *folder = program_folder();
    for (size_t i = 0; i < sizeof places / sizeof *places && found == NULL; i++) {
        char path[PATH_MAX];

        if (snprintf(path, sizeof path, "%s%s", folder, places[i]) < (int)sizeof path &&
            access(path, R_OK) == 0)
            found = xstrdup(path);
    }
    free(folder);
    return found;
}
