/*
 * What an app reads of a document without parsing it (json_peek), against a parser that does; and
 * the whole reading of a message: the input is a topic, a newline, and its payload. Also what a
 * command service makes of it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "actors/companion_letter.h"
#include "actors/dispatch.h"
#include "actors/json_peek.h"
#include "actors/service_document.h"
#include "base/json.h"
#include "base/xmem.h"
#include "fleetsim/topics.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
    if (!ok)
        abort();
}

/* Names may occur twice. */
static bool same_text(const cJSON *a, const cJSON *b)
{
    char *text_a = cJSON_PrintUnformatted(a), *text_b = cJSON_PrintUnformatted(b);
    bool same = text_a != NULL && text_b != NULL && strcmp(text_a, text_b) == 0;

    cJSON_free(text_a);
    cJSON_free(text_b);
    return same;
}

static void check_value(const struct json_peek *peek, const cJSON *want)
{
    require((peek->value.data != NULL) == (want != NULL));
    if (want == NULL)
        return;
    cJSON *got = json_parse(peek->value, 64);
    require(got != NULL && same_text(got, want));
    char *text = json_peek_string(peek->value);
    require((text != NULL) == (cJSON_IsString(want) != 0));
    require(text == NULL || strcmp(text, want->valuestring) == 0);
    free(text);
    cJSON_Delete(got);
}

/* Names that are escaped are not for peeking; the parser takes what is no hexadecimal number behind
   \\u for zero, which ends a name, any control character for white space, and a byte order mark. */
static bool is_for_peeking(struct slice payload)
{
    for (size_t i = 0; i < payload.len; i++)
        if (payload.data[i] < 0x20 && strchr("\t\r\n", payload.data[i]) == NULL)
            return false;
    return payload.len != 0 && payload.data[0] != 0xef &&
           memmem(payload.data, payload.len, "\\u", 2) == NULL &&
           memchr(payload.data, 0, payload.len) == NULL;
}

static void check_peek(struct slice payload)
{
    struct json_peek members[] = {{.name = "clientToken"}, {.name = "version"}, {.name = "state"}};
    bool object = json_peek(payload, members, 3);
    cJSON *doc = json_parse(payload, 64);

    if (cJSON_IsObject(doc) && is_for_peeking(payload)) {
        require(object);
        for (size_t i = 0; i < 3; i++)
            check_value(&members[i], json_get(doc, members[i].name));
    }
    for (size_t i = 0; i < 3; i++) {
        free(json_peek_string(members[i].value));
        json_peek_int(members[i].value, -1);
    }
    cJSON_Delete(doc);
}

static void read_letter(struct slice topic, struct slice payload, struct slice correlation)
{
    struct companion_letter *letter =
        companion_letter_read(TOPIC_COMMAND_RESPONSE, topic, payload, correlation, 1);

    if (letter != NULL)
        companion_letter_free(letter);
}

/* What a command service makes of a car's response. */
static void read_response(struct slice payload)
{
    char *text = xstrndup((const char *)payload.data, payload.len);
    struct service_reason reason;
    char *status = service_document_read(text, &reason);

    if (status != NULL)
        dispatch_status_of(status);
    free(status);
    free(reason.code);
    free(reason.description);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *newline = size != 0 ? memchr(data, '\n', size) : NULL;

    if (newline == NULL)
        return 0;
    struct slice topic = slice_of(data, (size_t)(newline - data));
    struct slice payload = slice_of(newline + 1, size - topic.len - 1);
    check_peek(payload);
    read_letter(topic, payload, slice_of(NULL, 0));
    read_letter(topic, payload, topic);
    read_response(payload);
    return 0;
}
