#include "support/said.h"

#include <string.h>

const struct cloud_action *said_on(const struct cloud_actions *out, const char *topic)
{
    for (size_t i = 0; i < out->count; i++)
        if (out->items[i].topic != NULL && strcmp(out->items[i].topic, topic) == 0)
            return &out->items[i];
    return NULL;
}

const char *said(const struct cloud_actions *out, const char *topic)
{
    const struct cloud_action *a = said_on(out, topic);

    if (a == NULL)
        fail_msg("nothing on %s", topic);
    return a != NULL ? a->payload : "";
}

void assert_says(const struct cloud_actions *out, const char *topic, const char *part)
{
    const char *payload = said(out, topic);

    if (strstr(payload, part) == NULL)
        fail_msg("%s: no %s in %s", topic, part, payload);
}

void assert_lacks(const struct cloud_actions *out, const char *topic, const char *part)
{
    const char *payload = said(out, topic);

    if (strstr(payload, part) != NULL)
        fail_msg("%s: %s in %s", topic, part, payload);
}

void assert_silent(const struct cloud_actions *out, const char *topic)
{
    if (said_on(out, topic) != NULL)
        fail_msg("%s: %s", topic, said(out, topic));
}

void assert_says_at(const struct cloud_actions *out, size_t i, const char *topic, const char *part)
{
    assert_true(i < out->count);
    assert_string_equal(out->items[i].topic, topic);
    if (strstr(out->items[i].payload, part) == NULL)
        fail_msg("%s: no %s in %s", topic, part, out->items[i].payload);
}
