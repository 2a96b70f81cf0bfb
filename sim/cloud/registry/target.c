#include "cloud/registry/target.h"

#include <string.h>

const char *target_bare(const char *target)
{
    const char *p = strncmp(target, "arn:", 4) == 0 ? target : NULL;

    for (int colons = 0; colons < 5 && p != NULL; colons++) {
        p = strchr(p, ':');
        p = p != NULL ? p + 1 : NULL;
    }
    return p != NULL ? p : target;
}

const char *target_name(const char *bare, const char *kind, const char *other)
{
    const char *const words[2] = {kind, other};

    for (int i = 0; i < 2; i++) {
        size_t len = strlen(words[i]);
        if (strncmp(bare, words[i], len) == 0 && bare[len] != '\0')
            return bare + len;
    }
    return NULL;
}
