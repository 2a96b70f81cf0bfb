#include "cloud/jobs/stream_address.h"

#include <stdio.h>
#include <string.h>

#define DEVICE_PREFIX   "$aws/things/"
#define OPERATOR_PREFIX "fleetsim/streams/"
#define ID_BYTES        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

static const char *skip(const char *p, const char *prefix)
{
    size_t len = strlen(prefix);

    return p != NULL && strncmp(p, prefix, len) == 0 ? p + len : NULL;
}

/* Takes a level of such bytes; what follows its slash, or NULL. */
static const char *take_level(const char *p, const char *bytes, char *ret)
{
    size_t len = p != NULL ? strspn(p, bytes) : 0;

    if (len == 0 || len > STREAM_ID_MAX || p[len] != '/')
        return NULL;
    memcpy(ret, p, len);
    ret[len] = '\0';
    return p + len + 1;
}

static bool parse_device(const char *topic, struct stream_address *ret)
{
    char thing[STREAM_ID_MAX + 1];
    const char *p = take_level(skip(topic, DEVICE_PREFIX), ID_BYTES ":", thing);

    p = take_level(skip(p, "streams/"), ID_BYTES, ret->stream);
    if (p == NULL)
        return false;
    ret->op = strcmp(p, "describe/json") == 0 ? STREAM_DESCRIBE
              : strcmp(p, "get/json") == 0    ? STREAM_GET
                                              : STREAM_NO_CALL;
    snprintf(ret->base, sizeof ret->base, "%.*s", (int)(p - 1 - topic), topic);
    return true;
}

static bool parse_operator(const char *topic, struct stream_address *ret)
{
    const char *p = take_level(skip(topic, OPERATOR_PREFIX), ID_BYTES, ret->stream);

    if (p == NULL || (strcmp(p, "put") != 0 && strcmp(p, "delete") != 0))
        return false;
    ret->op = *p == 'p' ? STREAM_PUT : STREAM_DELETE;
    snprintf(ret->base, sizeof ret->base, "%s", topic);
    return true;
}

bool stream_address_parse(const char *topic, struct stream_address *ret)
{
    *ret = (struct stream_address){.op = STREAM_NO_CALL};
    return parse_device(topic, ret) || parse_operator(topic, ret);
}
