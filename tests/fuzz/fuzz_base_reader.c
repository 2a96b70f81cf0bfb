/*
 * The reader against cJSON: what it accepts, cJSON accepts as well, and both see the same
 * document. (cJSON takes more: control characters in strings, numbers like 01, lone surrogates.)
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/json_reader.h"

enum { DEPTH = 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
    if (!ok)
        abort();
}

/* As cJSON keeps it: up to the first NUL. */
static void require_text(struct slice text, const char *expected)
{
    char *room = malloc(text.len + 1);

    require(room != NULL && json_decode(text, room) <= text.len);
    require(strcmp(room, expected) == 0);
    free(room);
}

static void require_same(const struct json_value *value, const cJSON *json);

static void require_same_members(const struct json_value *value, const cJSON *json)
{
    struct json_value member;
    const cJSON *item = json->child;

    for (struct json_cursor c = json_enter(value); json_next(&c, &member); item = item->next) {
        require(item != NULL);
        if (value->type == JSON_OBJECT)
            require_text(member.key, item->string);
        require_same(&member, item);
    }
    require(item == NULL);
}

static void require_same(const struct json_value *value, const cJSON *json)
{
    switch (value->type) {
    case JSON_NULL:
        require(cJSON_IsNull(json));
        break;
    case JSON_FALSE:
        require(cJSON_IsFalse(json));
        break;
    case JSON_TRUE:
        require(cJSON_IsTrue(json));
        break;
    case JSON_NUMBER:
        require(cJSON_IsNumber(json));
        require(!islessgreater(json_number(value), json->valuedouble));
        break;
    case JSON_STRING:
        require(cJSON_IsString(json));
        require_text(value->text, json->valuestring);
        require(value->escaped == (memchr(value->text.data, '\\', value->text.len) != NULL));
        break;
    case JSON_ARRAY:
        require(cJSON_IsArray(json));
        require_same_members(value, json);
        break;
    case JSON_OBJECT:
        require(cJSON_IsObject(json));
        require_same_members(value, json);
        break;
    case JSON_TYPE_COUNT:
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_of(size != 0 ? data : NULL, size);
    struct json_value value;

    if (!json_check(text, DEPTH, &value))
        return 0;
    require(json_is_utf8(text));
    cJSON *json = json_parse(text, DEPTH);
    require(json != NULL);
    require_same(&value, json);
    cJSON_Delete(json);
    return 0;
}
