#include "actors/companion_filters.h"

#include <stdlib.h>
#include <string.h>

#include "actors/companion.h"
#include "base/json.h"
#include "base/xmem.h"
#include "fleetsim/topics.h"
#include "mqtt/topic_set.h"

#define MAX_NAME   128
#define MAX_SHADOW 64

/* By flag: 0 is always watched. */
static const struct {
    unsigned flag;
    const char *suffix;
} outcomes[] = {
    {0,                         "update/accepted" },
    {0,                         "update/rejected" },
    {0,                         "get/accepted"    },
    {0,                         "get/rejected"    },
    {0,                         "delete/accepted" },
    {0,                         "delete/rejected" },
    {COMPANION_WATCH_DOCUMENTS, "update/documents"},
    {COMPANION_WATCH_DELTA,     "update/delta"    },
};

static void add(struct companion_filters *f, char *filter)
{
    f->filter[f->count++] = filter;
}

static void add_shadow(struct companion_filters *f, const char *thing, unsigned flags)
{
    for (size_t i = 0; i < sizeof outcomes / sizeof outcomes[0]; i++)
        if ((outcomes[i].flag & ~flags) == 0)
            add(f, xasprintf(TOPIC_SHADOW_PREFIX "/%s", thing, outcomes[i].suffix));
}

void companion_filters_init(struct companion_filters *f, const char *thing, unsigned flags)
{
    f->count = 0;
    if (flags == COMPANION_WATCH_EXECUTIONS) {
        add(f, xasprintf(TOPIC_EXECUTION_EVENTS, thing));
        return;
    }
    if (flags & COMPANION_WATCH_UPDATES) {
        add(f, xasprintf(TOPIC_SHADOW_PREFIX "/update/accepted", thing));
        add(f, xasprintf(TOPIC_SHADOW_PREFIX "/update/rejected", thing));
        if (flags & COMPANION_WATCH_NAMED) {
            add(f, xasprintf(TOPIC_SHADOW_PREFIX "/name/+/update/accepted", thing));
            add(f, xasprintf(TOPIC_SHADOW_PREFIX "/name/+/update/rejected", thing));
        }
        return;
    }
    add(f, xasprintf(TOPIC_PRESENCE_CONNECTED, thing));
    add(f, xasprintf(TOPIC_PRESENCE_DISCONNECTED, thing));
    if (flags & COMPANION_WATCH_LIFECYCLE) {
        add(f, xasprintf(TOPIC_SUBSCRIBED, thing));
        add(f, xasprintf(TOPIC_UNSUBSCRIBED, thing));
        return;
    }
    add_shadow(f, thing, flags);
    /* One for all: a connection may have 50 (contract 6.8). */
    if (flags & COMPANION_WATCH_NAMED)
        add(f, xasprintf(TOPIC_SHADOW_PREFIX "/name/+/+/+", thing));
}

void companion_filters_init_responses(struct companion_filters *f, const char *pattern,
                                      const char *client_id)
{
    f->count = 0;
    add(f, topic_pattern_make(pattern, "+", client_id));
}

void companion_filters_done(struct companion_filters *f)
{
    for (size_t i = 0; i < f->count; i++)
        free(f->filter[i]);
    f->count = 0;
}

static bool check_name(const char *what, const char *name, size_t max, struct error *err)
{
    size_t len = name != NULL ? strlen(name) : 0;
    size_t good = name != NULL ? strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                              "0123456789:_-")
                               : 0;

    if (len > 0 && len <= max && good == len)
        return true;
    return error_set(err, ERROR_SCRIPT,
                     "%s name: not one: \"%.140s\" (1 to %zu letters, digits, : _ or -)", what,
                     name != NULL ? name : "", max);
}

bool companion_check_thing(const char *thing, struct error *err)
{
    return check_name("thing", thing, MAX_NAME, err);
}

bool companion_check_shadow(const char *name, struct error *err)
{
    return check_name("shadow", name, MAX_SHADOW, err);
}

bool companion_check_client_id(const char *client_id, struct error *err)
{
    size_t len = client_id != NULL ? strlen(client_id) : 0;

    if (len > 0 && len <= MAX_NAME && client_id[0] != '$' && strpbrk(client_id, "/+#") == NULL &&
        json_is_utf8(slice_str(client_id)))
        return true;
    return error_set(err, ERROR_USAGE,
                     "client id: not one: \"%.140s\" (1 to %d bytes, none of / + #, no leading $)",
                     client_id != NULL ? client_id : "", MAX_NAME);
}
