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

/* Where the program was built, or installed; NULL: nowhere. */
static char *find_beside_program(const char *name)
{
    static const char *const places[] = {"/../", "/../../", "/../share/fleetsim/"};
    char *found = NULL;

    char *folder = program_folder();
    for (size_t i = 0; i < sizeof places / sizeof *places && found == NULL; i++) {
        char path[PATH_MAX];

        if (snprintf(path, sizeof path, "%s%s%s", folder, places[i], name) < (int)sizeof path &&
            access(path, R_OK) == 0)
            found = xstrdup(path);
    }
    free(folder);
    return found;
}

char *paths_vehicles(void)
{
    if (access("vehicles/parts", R_OK) == 0)
        return xstrdup("vehicles");
    return find_beside_program("vehicles");
}

char *paths_load_profile(const char *name)
{
    if (strchr(name, '/') != NULL || access(name, R_OK) == 0)
        return xstrdup(name);
    char *path = xasprintf("scenarios/load/%s.lua", name);
    char *found = access(path, R_OK) == 0 ? xstrdup(path) : find_beside_program(path);
    free(path);
    return found;
}
