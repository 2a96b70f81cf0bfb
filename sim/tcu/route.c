#include "tcu/route.h"

#include <fleetsim/topics.h>

static bool take(struct slice *topic, const char *text, size_t len)
{
    if (topic->len < len || memcmp(topic->data, text, len) != 0)
        return false;
    topic->data += len;
    topic->len -= len;
    return true;
}

bool route_matches(const char *pattern, const char *thing, struct slice topic,
                   struct slice *ret_level)
{
    const char *hole = strstr(pattern, "%s");
    size_t head = (size_t)(hole - pattern);
    const char *rest = hole + 2;
    const char *plus = strchr(rest, '+');

    if (topic.data == NULL || !take(&topic, pattern, head) || !take(&topic, thing, strlen(thing)) ||
        (plus != NULL && !take(&topic, rest, (size_t)(plus - rest))))
        return false;
    if (plus == NULL)
        return slice_is(topic, rest);
    const uint8_t *end = topic.len != 0 ? memchr(topic.data, '/', topic.len) : NULL;
    struct slice level = slice_of(topic.data, end != NULL ? (size_t)(end - topic.data) : topic.len);
    if (ret_level != NULL)
        *ret_level = level;
    return slice_is(slice_of(topic.data + level.len, topic.len - level.len), plus + 1);
}

bool route_begins(const char *pattern, const char *thing, struct slice topic,
                  struct slice *ret_rest)
{
    const char *hole = strstr(pattern, "%s");

    *ret_rest = topic;
    return topic.data != NULL && take(ret_rest, pattern, (size_t)(hole - pattern)) &&
           take(ret_rest, thing, strlen(thing)) && take(ret_rest, hole + 2, strlen(hole + 2));
}

struct slice route_compose(char room[ROUTE_TOPIC_MAX], const char *pattern, const char *thing,
                           const char *second)
{
    const char *fill = thing;
    size_t used = 0;

    for (const char *p = pattern; *p != '\0';) {
        const char *hole = strstr(p, "%s");
        const char *text = hole == p ? fill : p;
        size_t len = hole == p ? strlen(fill) : hole != NULL ? (size_t)(hole - p) : strlen(p);
        if (len > ROUTE_TOPIC_MAX - used)
            return slice_of(NULL, 0);
        memcpy(room + used, text, len);
        used += len;
        if (hole == p) {
            fill = second != NULL ? second : "";
            p += 2;
        } else {
            p += len;
        }
    }
    return slice_of(room, used);
}

struct slice route_shadow_topic(char room[ROUTE_TOPIC_MAX], const char *thing, const char *name,
                                const char *rest)
{
    struct slice topic = route_compose(
        room, name == NULL ? TOPIC_SHADOW_PREFIX "/" : TOPIC_SHADOW_PREFIX "/name/%s/", thing,
        name);
    struct slice end = slice_of(rest, strlen(rest));

    if (topic.len == 0 || end.len > ROUTE_TOPIC_MAX - topic.len)
        return slice_of(NULL, 0);
    memcpy(room + topic.len, end.data, end.len);
    return slice_of(room, topic.len + end.len);
}

bool route_take_shadow_name(struct slice *rest, struct slice *ret_name)
{
    static const char prefix[] = "name/";
    size_t skip = sizeof prefix - 1;

    *ret_name = slice_of(NULL, 0);
    if (rest->len < skip || memcmp(rest->data, prefix, skip) != 0)
        return true;
    const uint8_t *name = rest->data + skip;
    size_t left = rest->len - skip;
    const uint8_t *end = left != 0 ? memchr(name, '/', left) : NULL;
    if (end == NULL)
        return false;
    *ret_name = slice_of(name, (size_t)(end - name));
    *rest = slice_of(end + 1, left - ret_name->len - 1);
    return true;
}
