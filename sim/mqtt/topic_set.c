#include "mqtt/topic_set.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"
#include "fleetsim/topics.h"

static const struct kind {
    const char *name, *second; /* as users write them */
    const char *standard;
    size_t offset;
} kinds[] = {
    {"request",   NULL,     TOPIC_COMMAND_REQUEST,  offsetof(struct topic_set, request)  },
    {"response",  "{app}",  TOPIC_COMMAND_RESPONSE, offsetof(struct topic_set, response) },
    {"config",    NULL,     TOPIC_CONFIG,           offsetof(struct topic_set, config)   },
    {"telemetry", "{kind}", TOPIC_TELEMETRY,        offsetof(struct topic_set, telemetry)},
};
#define KIND_COUNT (sizeof kinds / sizeof *kinds)

static char *pattern_of(struct topic_set *set, const struct kind *kind)
{
    return (char *)set + kind->offset;
}

void topic_set_defaults(struct topic_set *set)
{
    for (size_t i = 0; i < KIND_COUNT; i++)
        snprintf(pattern_of(set, &kinds[i]), TOPIC_PATTERN_MAX, "%s", kinds[i].standard);
}

/* ---- what users choose ---- */

/* Does the hole stand there, as a level of its own? */
static const char *find_level(const char *text, const char *hole)
{
    const char *at = strstr(text, hole);
    size_t len = strlen(hole);

    if (at == NULL || (at > text && at[-1] != '/') || (at[len] != '\0' && at[len] != '/'))
        return NULL;
    return strstr(at + len, hole) == NULL ? at : NULL;
}

static bool is_plain(const char *text, const struct kind *kind)
{
    size_t holes = strlen("{thing}") + (kind->second != NULL ? strlen(kind->second) : 0);
    size_t others = 0;

    for (const char *p = text; *p != '\0'; p++)
        others += *p == '{' || *p == '}';
    return others == (kind->second != NULL ? 4u : 2u) && strpbrk(text, "+#%") == NULL &&
           text[0] != '\0' && strlen(text) - holes < TOPIC_PATTERN_MAX - 2 * strlen("%s");
}

static bool take_template(char *to, const struct kind *kind, const char *text, struct error *err)
{
    const char *thing = find_level(text, "{thing}");
    const char *second = kind->second != NULL ? find_level(text, kind->second) : NULL;

    if (thing == NULL || (kind->second != NULL && (second == NULL || second < thing)) ||
        !is_plain(text, kind))
        return error_set(err, ERROR_USAGE,
                         "--topic %s=%.140s: {thing}%s%s expected, each once and as a level of its "
                         "own, and no + # %% (as %s=fleet/{thing}/%s%s%s)",
                         kind->name, text, kind->second != NULL ? " and then " : "",
                         kind->second != NULL ? kind->second : "", kind->name, kind->name,
                         kind->second != NULL ? "/" : "", kind->second != NULL ? kind->second : "");
    const char *rest = thing + strlen("{thing}");
    if (second == NULL)
        snprintf(to, TOPIC_PATTERN_MAX, "%.*s%%s%s", (int)(thing - text), text, rest);
    else
        snprintf(to, TOPIC_PATTERN_MAX, "%.*s%%s%.*s%%s%s", (int)(thing - text), text,
                 (int)(second - rest), rest, second + strlen(kind->second));
    return true;
}

bool topic_set_choose(struct topic_set *set, const char *text, struct error *err)
{
    const char *equals = strchr(text, '=');
    size_t len = equals != NULL ? (size_t)(equals - text) : 0;

    for (size_t i = 0; i < KIND_COUNT; i++)
        if (len != 0 && strlen(kinds[i].name) == len && strncmp(text, kinds[i].name, len) == 0)
            return take_template(pattern_of(set, &kinds[i]), &kinds[i], equals + 1, err);
    return error_set(err, ERROR_USAGE,
                     "--topic %.140s: request=…, response=…, config=… or telemetry=… expected",
                     text);
}

/* ---- topics ---- */

char *topic_pattern_make(const char *pattern, const char *thing, const char *second)
{
    const char *hole = strstr(pattern, "%s");
    const char *rest = hole + strlen("%s");
    const char *other = strstr(rest, "%s");

    if (other == NULL)
        return xasprintf("%.*s%s%s", (int)(hole - pattern), pattern, thing, rest);
    return xasprintf("%.*s%s%.*s%s%s", (int)(hole - pattern), pattern, thing, (int)(other - rest),
                     rest, second != NULL ? second : "", other + strlen("%s"));
}

static bool take(struct slice *topic, const char *text, size_t len)
{
    if (topic->len < len || memcmp(topic->data, text, len) != 0)
        return false;
    topic->data += len;
    topic->len -= len;
    return true;
}

/* One level, of one byte at least. */
static bool take_level(struct slice *topic, struct slice *ret)
{
    const uint8_t *slash = topic->len != 0 ? memchr(topic->data, '/', topic->len) : NULL;
    size_t len = slash != NULL ? (size_t)(slash - topic->data) : topic->len;

    *ret = slice_of(topic->data, len);
    topic->data += len;
    topic->len -= len;
    return len != 0;
}

bool topic_pattern_match(const char *pattern, struct slice topic, struct slice *ret_thing,
                         struct slice *ret_second)
{
    const char *hole = strstr(pattern, "%s");
    const char *rest = hole + strlen("%s");
    const char *other = strstr(rest, "%s");

    *ret_second = slice_of(NULL, 0);
    if (topic.len == 0 || !take(&topic, pattern, (size_t)(hole - pattern)) ||
        !take_level(&topic, ret_thing))
        return false;
    if (other == NULL)
        return slice_is(topic, rest);
    return take(&topic, rest, (size_t)(other - rest)) && take_level(&topic, ret_second) &&
           slice_is(topic, other + strlen("%s"));
}
