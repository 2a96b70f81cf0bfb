#include "script/scenario_files.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/xmem.h"

struct each {
    bool (*fn)(void *ctx, const char *path, struct error *err);
    void *ctx;
};

static int is_scenario(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);

    if (entry->d_name[0] == '.')
        return 0;
    /* Some file systems do not tell the type; then a folder's name must do without a dot. */
    bool folder = entry->d_type == DT_DIR ||
                  (entry->d_type == DT_UNKNOWN && strchr(entry->d_name, '.') == NULL);
    return folder || (len > 4 && strcmp(entry->d_name + len - 4, ".lua") == 0);
}

static bool each_file(const char *path, struct each *each, struct error *err);

static bool each_in_folder(const char *path, struct each *each, struct error *err)
{
    struct dirent **entries;
    int n = scandir(path, &entries, is_scenario, alphasort);
    bool ok = true;

    if (n < 0)
        return error_set(err, ERROR_USAGE, "%s: %s", path, strerror(errno));
    for (int i = 0; i < n; i++) {
        char *inner = xasprintf("%s/%s", path, entries[i]->d_name);
        if (ok)
            ok = each_file(inner, each, err);
        free(inner);
        free(entries[i]);
    }
    free(entries);
    return ok;
}

static bool each_file(const char *path, struct each *each, struct error *err)
{
    struct stat st;
    size_t len = strlen(path);

    while (len > 1 && path[len - 1] == '/')
        len--;
    char *clean = xstrndup(path, len);
    bool ok;
    if (stat(clean, &st) == 0 && S_ISDIR(st.st_mode))
        ok = each_in_folder(clean, each, err);
    else
        ok = each->fn(each->ctx, clean, err);
    free(clean);
    return ok;
}

bool scenario_files_each(const char *path,
                         bool (*fn)(void *ctx, const char *path, struct error *err), void *ctx,
                         struct error *err)
{
    return each_file(path, &(struct each){fn, ctx}, err);
}
