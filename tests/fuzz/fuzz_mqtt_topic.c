/*
 * The input is a filter or template, a newline, and a topic. The matchers are held against slow
 * ones that follow the words of the standard, and every capture must lie within the topic.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mqtt/topic.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CAPTURES 4

static void require(bool ok)
{
    if (!ok)
        abort();
}

static size_t level_length(struct slice s)
{
    size_t n = 0;

    while (n < s.len && s.data[n] != '/')
        n++;
    return n;
}

static struct slice after(struct slice s, size_t n)
{
    return slice_of(s.data + n, s.len - n);
}

static bool slow_match(struct slice filter, struct slice topic)
{
    for (;;) {
        size_t f = level_length(filter), t = level_length(topic);
        struct slice level = slice_of(filter.data, f);
        if (slice_is(level, "#"))
            return true;
        if (!slice_is(level, "+") && !slice_equal(level, slice_of(topic.data, t)))
            return false;
        bool more_filter = f < filter.len, more_topic = t < topic.len;
        if (more_filter && !more_topic)
            return slice_is(after(filter, f + 1), "#");
        if (more_filter != more_topic)
            return false;
        if (!more_filter)
            return true;
        filter = after(filter, f + 1);
        topic = after(topic, t + 1);
    }
}

static void check_match(struct slice filter, struct slice topic)
{
    struct slice plain = filter;

    if (filter.len > 7 && memcmp(filter.data, "$share/", 7) == 0) {
        plain = after(filter, 7);
        plain = after(plain, level_length(plain) + 1);
    }
    bool hidden = topic.data[0] == '$' && (plain.data[0] == '+' || plain.data[0] == '#');
    require(mqtt_topic_matches(filter, topic) == (!hidden && slow_match(plain, topic)));
}

static void check_captures(const char *template, struct slice topic)
{
    struct slice captures[CAPTURES] = {0};

    if (!topic_match(template, topic, captures, CAPTURES))
        return;
    for (size_t i = 0; i < CAPTURES && captures[i].data != NULL; i++) {
        require(captures[i].len > 0);
        require(captures[i].data >= topic.data);
        require(captures[i].data + captures[i].len <= topic.data + topic.len);
    }
    /* Without a brace a template is a filter, but for what hides the topics that start with '$'. */
    if (strchr(template, '{') == NULL && topic.len > 0 && topic.data[0] != '$' &&
        strncmp(template, "$share/", 7) != 0)
        require(mqtt_topic_matches(slice_str(template), topic));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice input = slice_of(data, size), filter = input, topic = slice_of(NULL, 0);
    const uint8_t *newline = size != 0 ? memchr(data, '\n', size) : NULL;

    if (newline != NULL) {
        filter.len = (size_t)(newline - data);
        topic = after(input, filter.len + 1);
    }
    bool filter_ok = mqtt_topic_filter_valid(filter), topic_ok = mqtt_topic_name_valid(topic);
    bool shared = filter.len >= 7 && memcmp(filter.data, "$share/", 7) == 0;
    require(!mqtt_topic_name_valid(filter) || filter_ok || shared);
    mqtt_topic_matches(filter, topic);
    if (filter_ok && topic_ok)
        check_match(filter, topic);

    char *template = malloc(filter.len + 1);
    require(template != NULL);
    if (filter.len != 0)
        memcpy(template, filter.data, filter.len);
    template[filter.len] = '\0';
    check_captures(template, topic);
    free(template);
    return 0;
}
