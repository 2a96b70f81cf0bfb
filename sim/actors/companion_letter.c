#include "actors/companion_letter.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "actors/json_peek.h"
#include "base/xmem.h"
#include "mqtt/props.h"

struct companion_letter *companion_letter_new(usec_t at)
{
    struct companion_letter *letter = xcalloc(1, sizeof *letter);

    letter->at = at;
    letter->version = -1;
    return letter;
}

void companion_letter_free(struct companion_letter *letter)
{
    free(letter->subject);
    free(letter->detail);
    free(letter->token);
    free(letter->text);
    free((void *)(uintptr_t)letter->payload.data);
    free((void *)(uintptr_t)letter->topic.data);
    free((void *)(uintptr_t)letter->props.data);
    free(letter);
}

struct slice companion_letter_copy(struct slice s)
{
    uint8_t *copy = xmalloc(s.len + 1);

    if (s.len != 0)
        memcpy(copy, s.data, s.len);
    copy[s.len] = '\0';
    return slice_of(copy, s.len);
}

static char *dup_slice(struct slice s)
{
    return s.len != 0 ? xstrndup((const char *)s.data, s.len) : NULL;
}

static void read_shadow(struct companion_letter *letter, struct slice correlation)
{
    struct json_peek m[] = {{.name = "version"}, {.name = "clientToken"}, {.name = "code"}};
    /* Only a rejection has a code; asking for what is not there reads to the end. */
    bool rejected = letter->outcome == COMPANION_OUTCOME_REJECTED;

    (void)correlation;
    json_peek(letter->payload, m, rejected ? 3 : 2);
    letter->version = json_peek_int(m[0].value, -1);
    letter->token = json_peek_string(m[1].value);
    int64_t code = rejected ? json_peek_int(m[2].value, 0) : 0;
    letter->code = code > INT_MIN && code < INT_MAX ? (int)code : 0;
}

static void read_response(struct companion_letter *letter, struct slice correlation)
{
    struct json_peek m[] = {{.name = "requestId"}};

    /* A NUL would cut the id short. */
    letter->flag = correlation.len != 0 && memchr(correlation.data, 0, correlation.len) == NULL;
    if (letter->flag) {
        letter->token = dup_slice(correlation);
        return;
    }
    json_peek(letter->payload, m, 1);
    letter->token = json_peek_string(m[0].value);
}

static void read_presence(struct companion_letter *letter, struct slice correlation)
{
    struct json_peek m[] = {{.name = "versionNumber"},
                            {.name = "sessionIdentifier"},
                            {.name = "timestamp"},
                            {.name = "disconnectReason"},
                            {.name = "clientInitiatedDisconnect"}};
    bool gone = letter->kind == COMPANION_TOPIC_DISCONNECTED;

    (void)correlation;
    json_peek(letter->payload, m, gone ? 5 : 3);
    letter->version = json_peek_int(m[0].value, -1);
    letter->token = json_peek_string(m[1].value);
    letter->timestamp_ms = json_peek_int(m[2].value, 0);
    if (gone) {
        letter->text = json_peek_string(m[3].value);
        letter->flag = slice_is(m[4].value, "true");
    }
}

static void read_listening(struct companion_letter *letter, struct slice correlation)
{
    struct json_peek m[] = {{.name = "sessionIdentifier"}};

    (void)correlation;
    json_peek(letter->payload, m, 1);
    letter->token = json_peek_string(m[0].value);
}

/* "arn:…:thing/car-1", in quotes: the thing. */
static struct slice thing_of(struct slice arn)
{
    const uint8_t *slash = arn.len > 2 ? memrchr(arn.data, '/', arn.len - 1) : NULL;

    if (slash == NULL)
        return slice_of(NULL, 0);
    return slice_of(slash + 1, (size_t)(arn.data + arn.len - 1 - (slash + 1)));
}

static void read_execution(struct companion_letter *letter, struct slice correlation)
{
    struct json_peek m[] = {{.name = "executionId"}, {.name = "status"}, {.name = "targetArn"}};
    bool event = letter->outcome == COMPANION_OUTCOME_DOCUMENTS;

    (void)correlation;
    json_peek(letter->payload, m, event ? 3 : 2);
    letter->token = json_peek_string(m[0].value);
    letter->text = json_peek_string(m[1].value);
    letter->flag = letter->outcome == COMPANION_OUTCOME_REJECTED;
    if (event) {
        free(letter->subject);
        letter->subject = dup_slice(thing_of(m[2].value));
    }
}

static struct slice correlation_of(struct slice wire)
{
    struct mqtt_props props;
    const char *why = NULL;

    if (wire.len == 0 || mqtt_props_read(wire, MQTT_TYPE_PUBLISH, &props, &why) != 0)
        return slice_of(NULL, 0);
    return props.correlation_data;
}

struct companion_letter *companion_letter_read(const char *responses, struct slice topic,
                                               struct slice payload, struct slice props, usec_t at)
{
    static void (*const readers[COMPANION_TOPIC_KIND_COUNT])(struct companion_letter * letter,
                                                             struct slice correlation) = {
        [COMPANION_TOPIC_SHADOW] = read_shadow,
        [COMPANION_TOPIC_RESPONSE] = read_response,
        [COMPANION_TOPIC_CONNECTED] = read_presence,
        [COMPANION_TOPIC_DISCONNECTED] = read_presence,
        [COMPANION_TOPIC_SUBSCRIBED] = read_listening,
        [COMPANION_TOPIC_UNSUBSCRIBED] = read_listening,
        [COMPANION_TOPIC_EXECUTION] = read_execution,
    };
    struct companion_topic t;

    if (!companion_topic_parse(responses, topic, &t))
        return NULL;
    struct companion_letter *letter = companion_letter_new(at);
    letter->kind = t.kind;
    letter->verb = t.verb;
    letter->outcome = t.outcome;
    letter->subject = dup_slice(t.subject);
    letter->detail = dup_slice(t.detail);
    letter->payload = companion_letter_copy(payload);
    readers[t.kind](letter, correlation_of(props));
    return letter;
}
