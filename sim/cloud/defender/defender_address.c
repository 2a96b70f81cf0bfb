#include "cloud/defender/defender_address.h"

#include <stddef.h>
#include <string.h>

#define DEVICE_PREFIX   "$aws/things/"
#define OPERATOR_PREFIX "fleetsim/defender/"
#define NAME_BYTES      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:_-"

static const char *skip(const char *p, const char *prefix)
{
    size_t len = strlen(prefix);

    return strncmp(p, prefix, len) == 0 ? p + len : NULL;
}

/* Takes the name before a slash; what follows that, or NULL. */
static const char *take_name(const char *p, char ret[DEFENDER_NAME_MAX + 1])
{
    size_t len = strspn(p, NAME_BYTES);

    if (len == 0 || len > DEFENDER_NAME_MAX || p[len] != '/')
        return NULL;
    memcpy(ret, p, len);
    ret[len] = '\0';
    return p + len + 1;
}

static bool parse_device(const char *p, struct defender_address *ret)
{
    p = take_name(p, ret->name);
    p = p != NULL ? skip(p, "defender/") : NULL;
    if (p == NULL)
        return false;
    if (strcmp(p, "metrics/json") == 0)
        ret->op = DEFENDER_REPORT_JSON;
    else
        ret->op = strcmp(p, "metrics/cbor") == 0 ? DEFENDER_REPORT_CBOR : DEFENDER_NO_CALL;
    return true;
}

static bool parse_operator(const char *p, struct defender_address *ret)
{
    static const struct {
        const char *name;
        enum defender_operation op;
    } calls[] = {
        {"put",    DEFENDER_PUT_PROFILE   },
        {"get",    DEFENDER_SHOW_PROFILE  },
        {"delete", DEFENDER_DELETE_PROFILE},
        {"attach", DEFENDER_ATTACH_PROFILE},
        {"detach", DEFENDER_DETACH_PROFILE},
    };

    if (strcmp(p, "profiles/list") == 0 || strcmp(p, "violations/list") == 0) {
        ret->op = *p == 'p' ? DEFENDER_LIST_PROFILES : DEFENDER_LIST_VIOLATIONS;
        return true;
    }
    p = skip(p, "profiles/");
    p = p != NULL ? take_name(p, ret->name) : NULL;
    for (size_t i = 0; p != NULL && i < sizeof calls / sizeof *calls; i++)
        if (strcmp(p, calls[i].name) == 0) {
            ret->op = calls[i].op;
            return true;
        }
    return false;
}

bool defender_address_parse(const char *topic, struct defender_address *ret)
{
    const char *device = skip(topic, DEVICE_PREFIX);
    const char *local = device == NULL ? skip(topic, OPERATOR_PREFIX) : NULL;
    size_t len = strlen(topic);

    /* "/accepted" goes behind it. */
    if ((device == NULL && local == NULL) || len + 10 > sizeof ret->topic)
        return false;
    *ret = (struct defender_address){.op = DEFENDER_NO_CALL};
    memcpy(ret->topic, topic, len + 1);
    return device != NULL ? parse_device(device, ret) : parse_operator(local, ret);
}
