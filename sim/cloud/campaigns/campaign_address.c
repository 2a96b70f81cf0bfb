#include "cloud/campaigns/campaign_address.h"

#include <stddef.h>
#include <string.h>

#define NAME_BYTES "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:_-"

static const char *skip(const char *p, const char *prefix)
{
    size_t len = strlen(prefix);

    return strncmp(p, prefix, len) == 0 ? p + len : NULL;
}

struct call {
    const char *name;
    enum campaign_operation op;
};

/* <name>/<call> */
static bool parse_named(const char *p, const struct call *calls, struct campaign_address *ret)
{
    size_t len = strspn(p, NAME_BYTES);

    if (len == 0 || len > CAMPAIGN_NAME_MAX || p[len] != '/')
        return false;
    memcpy(ret->name, p, len);
    ret->name[len] = '\0';
    for (; calls->name != NULL; calls++)
        if (strcmp(p + len + 1, calls->name) == 0) {
            ret->op = calls->op;
            return true;
        }
    return false;
}

bool campaign_address_parse(const char *topic, struct campaign_address *ret)
{
    static const struct call cars[] = {
        {"checkins", CAMPAIGN_CHECKIN},
        {"signals",  CAMPAIGN_DATA   },
        {NULL,       CAMPAIGN_DATA   },
    };
    static const struct call operators[] = {
        {"put",    CAMPAIGN_PUT   },
        {"get",    CAMPAIGN_SHOW  },
        {"delete", CAMPAIGN_DELETE},
        {NULL,     CAMPAIGN_LIST  },
    };
    /* ORDER CAMPAIGN_KIND */
    static const char *const folders[] = {"campaigns/", "manifests/", "templates/"};
    const char *car = skip(topic, "$aws/iotfleetwise/vehicles/");
    const char *asked = skip(topic, "fleetsim/fleetwise/");
    size_t len = strlen(topic);

    /* "/accepted" goes behind it. */
    if ((car == NULL && asked == NULL) || len + 10 > sizeof ret->topic)
        return false;
    *ret = (struct campaign_address){.op = CAMPAIGN_LIST};
    memcpy(ret->topic, topic, len + 1);
    if (car != NULL)
        return parse_named(car, cars, ret);
    for (enum campaign_kind k = 0; k < CAMPAIGN_KIND_COUNT; k++) {
        const char *rest = skip(asked, folders[k]);
        ret->kind = k;
        if (rest != NULL)
            return strcmp(rest, "list") == 0 || parse_named(rest, operators, ret);
    }
    return false;
}
