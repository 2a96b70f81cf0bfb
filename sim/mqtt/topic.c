#include "mqtt/topic.h"

#include "mqtt/wire.h"

/* A topic or filter, level by level; an empty one still has one (empty) level. */
struct levels {
    struct slice rest;
    bool more;
};

static struct levels levels_of(struct slice s)
{
    return (struct levels){.rest = s, .more = true};
}

static bool level_next(struct levels *l, struct slice *ret)
{
    if (!l->more)
        return false;
    const uint8_t *slash = l->rest.len != 0 ? memchr(l->rest.data, '/', l->rest.len) : NULL;
    if (slash == NULL) {
        *ret = l->rest;
        l->more = false;
        return true;
    }
    size_t len = (size_t)(slash - l->rest.data);
    *ret = slice_of(l->rest.data, len);
    l->rest = slice_of(slash + 1, l->rest.len - len - 1);
    return true;
}

static bool has_wildcard(struct slice s)
{
    return s.len != 0 && (memchr(s.data, '+', s.len) != NULL || memchr(s.data, '#', s.len) != NULL);
}

static bool starts_with(struct slice s, const char *prefix)
{
    size_t len = strlen(prefix);
    return s.len >= len && memcmp(s.data, prefix, len) == 0;
}

/* Splits "$share/group/filter"; false if it is no shared subscription. */
static bool split_share(struct slice filter, struct slice *ret_group, struct slice *ret_filter)
{
    static const char prefix[] = "$share/";
    size_t len = sizeof prefix - 1;

    if (!starts_with(filter, prefix))
        return false;
    struct levels l = levels_of(slice_of(filter.data + len, filter.len - len));
    level_next(&l, ret_group);
    *ret_filter = l.more ? l.rest : slice_of(NULL, 0);
    return true;
}

bool mqtt_topic_name_valid(struct slice topic)
{
    return topic.len > 0 && topic.len <= WIRE_STRING_MAX && !has_wildcard(topic) &&
           wire_text_ok(topic);
}

bool mqtt_topic_filter_valid(struct slice filter)
{
    struct slice group, level;

    if (filter.len == 0 || filter.len > WIRE_STRING_MAX || !wire_text_ok(filter))
        return false;
    if (split_share(filter, &group, &filter) &&
        (group.len == 0 || has_wildcard(group) || filter.len == 0))
        return false;
    for (struct levels l = levels_of(filter); level_next(&l, &level);) {
        if (slice_is(level, "#"))
            return !l.more;
        if (level.len > 1 && has_wildcard(level))
            return false;
    }
    return true;
}

bool mqtt_topic_matches(struct slice filter, struct slice topic)
{
    struct slice group, want, have;

    split_share(filter, &group, &filter);
    if (starts_with(topic, "$") && (starts_with(filter, "+") || starts_with(filter, "#")))
        return false;
    struct levels f = levels_of(filter);
    struct levels t = levels_of(topic);
    while (level_next(&f, &want)) {
        /* Before a level is taken: '#' matches the parent level, too. */
        if (slice_is(want, "#"))
            return true;
        if (!level_next(&t, &have))
            return false;
        if (!slice_is(want, "+") && !slice_equal(want, have))
            return false;
    }
    return !t.more;
}

static bool is_capture(struct slice level)
{
    return level.len >= 2 && level.data[0] == '{' && level.data[level.len - 1] == '}';
}

static bool is_rest_capture(struct slice level)
{
    return is_capture(level) && level.len >= 5 && memcmp(level.data + level.len - 4, "...", 3) == 0;
}

static void keep(struct slice value, struct slice *captures, size_t max, size_t *count)
{
    if (*count < max)
        captures[(*count)++] = value;
}

bool topic_match(const char *template, struct slice topic, struct slice *captures, size_t max)
{
    struct levels f = levels_of(slice_str(template));
    struct levels t = levels_of(topic);
    struct slice want, have;
    size_t count = 0;

    while (level_next(&f, &want)) {
        if (slice_is(want, "#"))
            return true;
        if (is_rest_capture(want)) {
            keep(t.rest, captures, max, &count);
            return t.more && t.rest.len != 0;
        }
        if (!level_next(&t, &have))
            return false;
        if (is_capture(want)) {
            if (have.len == 0)
                return false;
            keep(have, captures, max, &count);
        } else if (!slice_is(want, "+") && !slice_equal(want, have)) {
            return false;
        }
    }
    return !t.more;
}
