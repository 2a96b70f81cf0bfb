#include "cloud/clients/filter.h"

#include <string.h>

#define LENGTH_MAX     256
#define SLASHES_MAX    7
#define SHARE_NAME_MAX 128

static const char *skip(const char *s, const char *prefix)
{
    size_t len = strlen(prefix);

    return strncmp(s, prefix, len) == 0 ? s + len : NULL;
}

bool filter_within_limits(const char *filter)
{
    /* AWS's own …/executions/+/response/accepted/json has one too many. */
    const char *commands = skip(filter, "$aws/commands/");
    int slashes = 0;

    for (const char *p = commands != NULL ? commands : filter; *p != '\0'; p++)
        slashes += *p == '/';
    return strlen(filter) <= LENGTH_MAX && slashes <= SLASHES_MAX;
}

bool topic_within_limits(const char *topic)
{
    const char *rule = skip(topic, "$aws/rules/");
    const char *rest = rule != NULL ? strchr(rule, '/') : NULL;

    return filter_within_limits(rest != NULL ? rest + 1 : topic);
}

bool filter_is_shared(const char *filter)
{
    return skip(filter, "$share/") != NULL;
}

const char *filter_unshared(const char *filter)
{
    const char *name = skip(filter, "$share/");

    if (name == NULL)
        return filter;
    size_t len = strcspn(name, "/+#");
    if (len == 0 || len > SHARE_NAME_MAX || name[len] != '/' || name[len + 1] == '\0')
        return NULL;
    return name + len + 1;
}

bool filter_is_valid(const char *filter)
{
    for (const char *p = filter; *p != '\0'; p++) {
        bool whole = (p == filter || p[-1] == '/') && (p[1] == '/' || p[1] == '\0');
        if ((*p == '+' && !whole) || (*p == '#' && (!whole || p[1] != '\0')))
            return false;
    }
    return *filter != '\0';
}

bool filter_has_wildcard(const char *filter)
{
    return strpbrk(filter, "+#") != NULL;
}

bool filter_is_open(const char *filter)
{
    size_t len = strlen(filter);

    return len != 0 && filter[len - 1] == '#';
}

bool filter_matches(const char *filter, const char *topic)
{
    if (*topic == '$' && (*filter == '+' || *filter == '#'))
        return false;
    for (;;) {
        if (*filter == '#')
            return true;
        if (*filter == '+') {
            filter++;
            topic += strcspn(topic, "/");
        } else {
            while (*filter != '\0' && *filter != '/' && *filter == *topic) {
                filter++;
                topic++;
            }
        }
        if (*filter == '\0' || *topic == '\0')
            return *filter == *topic;
        if (*filter++ != '/' || *topic++ != '/')
            return false;
    }
}
