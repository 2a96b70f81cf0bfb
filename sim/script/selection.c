#include "script/selection.h"

#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"

bool selection_check(const char *expression, struct error *err)
{
    const char *at = expression + (*expression == '!');

    for (;; at++) {
        size_t len = strspn(at, LETTERS);
        if (len == 0 || (at[len] != '\0' && at[len] != ','))
            return error_set(err, ERROR_USAGE,
                             "--tag %s: not tags (as smoke, smoke,shadow, or '!slow' for all but "
                             "these)",
                             expression);
        at += len;
        if (*at == '\0')
            return true;
    }
}

static bool has_one(const char *names, const struct scenario_record *record)
{
    bool found = false;

    for (const char *at = names; !found; at++) {
        size_t len = strcspn(at, ",");
        char *name = xstrndup(at, len);
        found = scenario_record_has_tag(record, name);
        free(name);
        at += len;
        if (*at == '\0')
            break;
    }
    return found;
}

bool selection_has(const char *const *expressions, size_t count,
                   const struct scenario_record *record)
{
    for (size_t i = 0; i < count; i++) {
        bool without = expressions[i][0] == '!';
        if (has_one(expressions[i] + without, record) == without)
            return false;
    }
    return true;
}
