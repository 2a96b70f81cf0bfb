#include "cloud/rules.h"

#include <stddef.h>
#include <string.h>

#define PREFIX    "$aws/rules/"
#define REPUBLISH PREFIX "republish/"

bool rules_is_ingest(const char *topic)
{
    size_t len = strlen(PREFIX);

    if (strncmp(topic, PREFIX, len) != 0)
        return false;
    const char *rest = strchr(topic + len, '/');
    return rest != NULL && rest != topic + len && rest[1] != '\0';
}

const char *rules_republished(const char *topic)
{
    size_t len = strlen(REPUBLISH);

    return strncmp(topic, REPUBLISH, len) == 0 && topic[len] != '\0' ? topic + len : NULL;
}
